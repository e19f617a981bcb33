"""What the server inside keeps: events of entries in its own SQLite file, and which were removed.

One connection behind a plain lock; any thread may call. Each method blocks for one transaction
at most, and raises sqlite3.Error when the file cannot be used.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    entry_id TEXT NOT NULL,      -- the client's uuid
    id TEXT NOT NULL UNIQUE,     -- the client's uuid
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL,      -- UTC, milliseconds since 1970
    offset_s INTEGER NOT NULL,   -- of the user's clock, east of UTC
    zone TEXT NOT NULL,
    project TEXT NOT NULL,
    note TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '', -- of an edit: all times of the entry, JSON
    PRIMARY KEY (entry_id, at_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS event_at ON event (at_ms);
CREATE TABLE IF NOT EXISTS tombstone (
    entry_id TEXT PRIMARY KEY    -- removed for good: no event of it is taken again
) STRICT, WITHOUT ROWID;
"""
_COLUMNS = "id, entry_id, kind, at_ms, offset_s, zone, project, note, detail"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One event as a client sent it; two are the same when all of it is."""

    id: str
    entry_id: str
    kind: str
    at_ms: int
    offset_s: int
    zone: str
    project: str
    note: str
    detail: str = ""


class Put(Enum):
    """What became of an event that was put."""

    STORED = "stored"
    KNOWN = "known"
    DIFFERS = "differs"
    NOT_STARTED = "not_started"
    NOT_LATER = "not_later"
    GONE = "gone"


class EmbeddedStore:
    """The file of the server inside, created 0600. Safe from any thread; blocks for one fsync."""

    def __init__(self, path: Path) -> None:
        # SQLite gives its WAL and shared-memory files the mode of the database.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA wal_autocheckpoint=100")
            self._db.executescript(_SCHEMA)
            self._bring_up_to_date()
        except sqlite3.Error:
            self._db.close()
            raise

    def _bring_up_to_date(self) -> None:
        """A file from before there were edits has no place for one."""
        columns = {row[1] for row in self._db.execute("PRAGMA table_info(event)")}
        if "detail" not in columns:
            self._db.execute("ALTER TABLE event ADD COLUMN detail TEXT NOT NULL DEFAULT ''")

    def put(self, event: StoredEvent) -> Put:
        """Store `event` durably, unless it is known, or the entry cannot take it."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            refusal = self._refusal(event)
            if refusal is not None:
                return refusal
            self._db.execute(
                f"INSERT INTO event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (
                    event.id,
                    event.entry_id,
                    event.kind,
                    event.at_ms,
                    event.offset_s,
                    event.zone,
                    event.project,
                    event.note,
                    event.detail,
                ),
            )
            return Put.STORED

    def _refusal(self, event: StoredEvent) -> Put | None:
        if self._has_tombstone(event.entry_id):
            return Put.GONE
        same_id = self._select("WHERE id = ?", (event.id,))
        if same_id:
            return Put.KNOWN if same_id[0] == event else Put.DIFFERS
        siblings = self._select("WHERE entry_id = ? ORDER BY at_ms", (event.entry_id,))
        if not siblings:
            return None if event.kind == "time_entry_start" else Put.NOT_STARTED
        return Put.NOT_LATER if event.at_ms <= siblings[-1].at_ms else None

    def events(self, entry_id: str) -> tuple[StoredEvent, ...]:
        """The events of an entry in order of time; none when the entry is unknown or removed."""
        with self._lock:
            return self._select("WHERE entry_id = ? ORDER BY at_ms", (entry_id,))

    def entries_begun(self, from_ms: int, to_ms: int) -> tuple[str, ...]:
        """The entries whose first event lies in [`from_ms`, `to_ms`), oldest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT entry_id, min(at_ms) AS began FROM event GROUP BY entry_id"
                " HAVING began >= ? AND began < ? ORDER BY began",
                (from_ms, to_ms),
            )
            return tuple(str(row[0]) for row in rows)

    def is_removed(self, entry_id: str) -> bool:
        """Whether somebody removed the entry here."""
        with self._lock:
            return self._has_tombstone(entry_id)

    def remove(self, entry_id: str) -> bool:
        """Remove an entry for good; False when there is none."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            removed = self._db.execute("DELETE FROM event WHERE entry_id = ?", (entry_id,))
            if not removed.rowcount:
                return False
            self._db.execute("INSERT OR IGNORE INTO tombstone VALUES (?)", (entry_id,))
            return True

    def close(self) -> None:
        """Close the file; may be called more than once."""
        with self._lock:
            self._db.close()

    def _has_tombstone(self, entry_id: str) -> bool:
        found = self._db.execute("SELECT 1 FROM tombstone WHERE entry_id = ?", (entry_id,))
        return found.fetchone() is not None

    def _select(self, where: str, values: Iterable[str]) -> tuple[StoredEvent, ...]:
        # `where` is one of the constants above, never a client's text.
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM event {where}", tuple(values))  # noqa: S608
        return tuple(
            StoredEvent(
                id=row[0],
                entry_id=row[1],
                kind=row[2],
                at_ms=row[3],
                offset_s=row[4],
                zone=row[5],
                project=row[6],
                note=row[7],
                detail=row[8],
            )
            for row in rows
        )
