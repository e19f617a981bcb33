"""What the server inside keeps: events of entries in its own SQLite file, and which were removed.

One connection behind a plain lock; any thread may call. Each method blocks for one transaction
at most, and raises sqlite3.Error or OSError when the file cannot be used. A damaged or lost file
is made anew where the past is known: all that it held came from the local log.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TypeVar

from trayapp.light import dataclass
from trayapp.queue.errors import DamagedError, QueueError, translated
from trayapp.queue.schema import beside

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
CREATE TABLE IF NOT EXISTS rebuilt ( -- one row, until the user was told
    clicks INTEGER NOT NULL,
    kept TEXT NOT NULL
) STRICT;
"""
_CHECKED_BYTES = 1 << 24
"""A larger file is not read through at each opening."""
_COLUMNS = "id, entry_id, kind, at_ms, offset_s, zone, project, note, detail"
_INSERT = f"INSERT INTO event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # ours


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
    BEHIND = "behind"
    """An earlier one of its entry, put along with it, was not stored."""


_STANDS = frozenset({Put.STORED, Put.KNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was stored here, as the local log has it: events in order, and entries removed here."""

    events: tuple[StoredEvent, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """The file was made anew from so many clicks. `kept`: where the damaged one is, or nothing."""

    clicks: int
    kept: str


T = TypeVar("T")


class EmbeddedStore:
    """The file of the server inside, created 0600. Safe from any thread; blocks for one fsync."""

    def __init__(
        self,
        path: Path,
        *,
        past: Callable[[], Past] | None = None,
        tell: Callable[[Rebuilt], bool] = lambda _done: False,
    ) -> None:
        """`past` tells what to make a damaged or lost file anew from; it may read a database.

        Without it what cannot be opened is an error and left alone; with it, it is tried again by
        whatever needs the file. `tell` tells the user of it, at once or, when it is False, when the
        file is opened next; it must not call us.
        """
        self._path = path
        self._past = past
        self._tell = tell
        self._lock = threading.Lock()
        self._kept = ""
        self._connection: sqlite3.Connection | None = None
        wrong = () if past is None else (sqlite3.Error, OSError, QueueError)
        with contextlib.suppress(*wrong):
            self._mending(lambda: self._db)

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        # SQLite gives its WAL and shared-memory files the mode of the database.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        is_small = self._path.stat().st_size <= _CHECKED_BYTES
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA wal_autocheckpoint=100")
            if is_small:
                _check(db)
            self._prepare(db)
            row = db.execute("SELECT clicks, kept FROM rebuilt").fetchone()
            if row and self._tell(Rebuilt(clicks=row[0], kept=row[1])):
                db.execute("DELETE FROM rebuilt")
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Tables and their past come in one transaction: a crash leaves none of it."""
        is_new = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'event'").fetchone() is None
        past = self._past() if is_new and self._past is not None else Past()
        with db:
            db.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";\n"):
                db.execute(statement)
            _bring_up_to_date(db)
            db.executemany(_INSERT.replace("INSERT", "INSERT OR IGNORE"), map(_row, past.events))
            removed = [(entry_id,) for entry_id in past.removed]
            db.executemany("INSERT OR IGNORE INTO tombstone VALUES (?)", removed)
            if self._kept or past.events:
                db.execute("INSERT INTO rebuilt VALUES (?, ?)", (len(past.events), self._kept))
        self._kept = ""

    def _mending(self, work: Callable[[], T]) -> T:
        """Do this; where it meets damage, once more with a file made anew."""
        with self._lock:
            try:
                return work()
            except sqlite3.Error as error:
                if self._past is None or not _is_damage(error):
                    raise
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            self._kept = _set_aside(self._path)
            return work()

    def put(self, *events: StoredEvent) -> list[Put]:
        """Store these durably and in order, but what is known, or what its entry cannot take.

        Then what is behind it in that entry is left out too; other entries go on.
        """
        return self._mending(lambda: self._put(events))

    def _put(self, events: Sequence[StoredEvent]) -> list[Put]:
        done: list[Put] = []
        stuck: set[str] = set()
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for event in events:
                done.append(Put.BEHIND if event.entry_id in stuck else self._put_one(event))
                if done[-1] not in _STANDS:
                    stuck.add(event.entry_id)
        return done

    def _put_one(self, event: StoredEvent) -> Put:
        refusal = self._refusal(event)
        if refusal is None:
            self._db.execute(_INSERT, _row(event))
        return refusal or Put.STORED

    def _refusal(self, event: StoredEvent) -> Put | None:
        if self._has_tombstone(event.entry_id):
            return Put.GONE
        same_id = self._select("WHERE id = ?", (event.id,))
        if same_id:
            return Put.KNOWN if same_id[0] == event else Put.DIFFERS
        siblings = self._select("WHERE entry_id = ? ORDER BY at_ms", (event.entry_id,))
        if not siblings:
            return None if _opens(event) else Put.NOT_STARTED
        return Put.NOT_LATER if event.at_ms <= siblings[-1].at_ms else None

    def events(self, entry_id: str) -> tuple[StoredEvent, ...]:
        """The events of an entry in order of time; none when the entry is unknown or removed."""
        where = "WHERE entry_id = ? ORDER BY at_ms"
        return self._mending(lambda: self._select(where, (entry_id,)))

    def entries_begun(self, from_ms: int, to_ms: int) -> tuple[str, ...]:
        """The entries whose first event lies in [`from_ms`, `to_ms`), oldest first."""
        sql = (
            "SELECT entry_id, min(at_ms) AS began FROM event GROUP BY entry_id"
            " HAVING began >= ? AND began < ? ORDER BY began"
        )
        rows = self._mending(lambda: self._db.execute(sql, (from_ms, to_ms)).fetchall())
        return tuple(str(row[0]) for row in rows)

    def is_removed(self, entry_id: str) -> bool:
        """Whether somebody removed the entry here."""
        return self._mending(lambda: self._has_tombstone(entry_id))

    def remove(self, entry_id: str) -> bool:
        """Remove an entry for good; False when there is none."""
        return self._mending(lambda: self._remove(entry_id))

    def _remove(self, entry_id: str) -> bool:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            removed = self._db.execute("DELETE FROM event WHERE entry_id = ?", (entry_id,))
            if not removed.rowcount:
                return False
            self._db.execute("INSERT OR IGNORE INTO tombstone VALUES (?)", (entry_id,))
            return True

    def close(self) -> None:
        """Close the file; may be called more than once."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()

    def _has_tombstone(self, entry_id: str) -> bool:
        found = self._db.execute("SELECT 1 FROM tombstone WHERE entry_id = ?", (entry_id,))
        return found.fetchone() is not None

    def _select(self, where: str, values: Iterable[str]) -> tuple[StoredEvent, ...]:
        # `where` is one of the constants above, never a client's text.
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM event {where}", tuple(values))  # noqa: S608  # ours
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


def _row(event: StoredEvent) -> tuple[str | int, ...]:
    about = (event.zone, event.project, event.note, event.detail)
    return (event.id, event.entry_id, event.kind, event.at_ms, event.offset_s, *about)


def _bring_up_to_date(db: sqlite3.Connection) -> None:
    """A file from before there were edits has no place for one."""
    columns = {row[1] for row in db.execute("PRAGMA table_info(event)")}
    if "detail" not in columns:
        db.execute("ALTER TABLE event ADD COLUMN detail TEXT NOT NULL DEFAULT ''")


def _check(db: sqlite3.Connection) -> None:
    """Raises sqlite3.DatabaseError for a file that is damaged anywhere."""
    found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        error = sqlite3.DatabaseError(f"the database is damaged ({found})")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _opens(event: StoredEvent) -> bool:
    """Whether an entry may begin with it: a start does, and what says all of the entry's times.

    The latter comes first where an entry was deleted before any of it was sent, and brought back.
    """
    has_times = event.kind == "time_entry_edit" and event.detail != ""
    return event.kind == "time_entry_start" or has_times


def _is_damage(error: sqlite3.Error) -> bool:
    try:
        with translated():
            raise error
    except DamagedError:
        return True
    except QueueError:
        return False


def _set_aside(path: Path) -> str:
    """Keep the damaged file under a name that nothing has; that name."""
    kept = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y-%m-%dT%H%M%S%f}")
    for old, new in zip((path, *beside(path)), (kept, *beside(kept)), strict=True):
        with contextlib.suppress(FileNotFoundError):
            old.rename(new)
    return str(kept)
