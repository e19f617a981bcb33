"""The older app's database, upgraded in place: every row kept, no token left anywhere.

A copy is made first; the new tables come in one transaction; then whatever held a token is
erased from the file, its WAL and the copy. A crash at any point is finished at the next opening.
The caller holds the writer's lock.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from trayapp.i18n import _
from trayapp.queue import schema
from trayapp.queue.errors import QueueUnreadableError
from trayapp.queue.legacy_rows import (
    KINDS,
    OldRow,
    grouped,
    old_row,
    redact,
    redact_text,
    users_of,
)
from trayapp.queue.legacy_tasks import UNKNOWN, Bringer, account_of

__all__ = [
    "columns_of",
    "copy_path",
    "finish_erasing",
    "is_legacy",
    "open_old",
    "redact",
    "redact_text",
    "upgrade",
]

_COLUMNS = frozenset(
    {"id", "entity_type", "payload", "status", "retry_count", "created_at", "last_retry_at"}
)
_LONGEST = 64 * 1024 * 1024
_COMPUTED = (
    "SELECT COUNT(*) FROM sqlite_schema WHERE type IN ('table', 'view') AND rootpage = 0"
    " AND lower(name) IN ('sync_queue', 'app_meta')"
)
_OLD = "old_sync_queue"


def is_legacy(connection: sqlite3.Connection) -> bool:
    """Whether this is a database of the older app: its queue knows no events."""
    columns = columns_of(connection)
    # A view could go on for ever; the older app has none.
    (computed,) = connection.execute(_COMPUTED).fetchone()
    return columns >= _COLUMNS and "event" not in columns and not computed


def open_old(copy: Path) -> sqlite3.Connection:
    """A connection to a copy of an older database that may be damaged; it mends what it can."""
    connection = sqlite3.connect(copy, isolation_level=None)
    connection.text_factory = _as_text
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)  # what is computed may be endless
    # Else nothing is read of a file that was cut short, or whose list of tables is damaged.
    connection.execute("PRAGMA writable_schema = ON")
    return connection


def copy_path(database: Path) -> Path:
    """Where the copy made before an upgrade lies."""
    return database.with_name(database.name + ".before-upgrade")


def refuse_damaged(connection: sqlite3.Connection) -> None:
    """Raise QueueUnreadableError where an upgrade could not bring everything over."""
    if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
        msg = _(
            "The older app's database is damaged; it was not upgraded, and nothing was changed."
            " Move it away, start Trayapp, then bring over what it still holds with"
            " “trayapp import FILE”"
        )
        raise QueueUnreadableError(msg)


def upgrade(connection: sqlite3.Connection, database: Path) -> None:
    """Make it our schema. `connection` must be in autocommit mode. Raises QueueUnreadableError."""
    _copy(connection, copy_path(database))
    connection.execute("BEGIN IMMEDIATE")
    try:
        _move(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def finish_erasing(connection: sqlite3.Connection, database: Path) -> None:
    """Erase what an upgrade left behind; `opening` knows whether one has.

    While somebody else still reads the old pages they stay, and the next opening erases them.
    """
    if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
        msg = f"{database} is damaged; {copy_path(database)} is as it was before the upgrade"
        raise QueueUnreadableError(msg)
    erased = _squeeze(connection)
    copied = copy_path(database)
    if copied.exists():
        erased = _erase_copy(copied) and erased
    if erased:
        connection.execute("DELETE FROM meta WHERE key = 'scrub'")


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    with contextlib.closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)


def _move(connection: sqlite3.Connection) -> None:
    connection.execute(f"ALTER TABLE sync_queue RENAME TO {_OLD}")
    connection.execute("DROP INDEX IF EXISTS idx_sync_queue_status")
    if columns_of(connection, "time_entries"):
        connection.execute("ALTER TABLE time_entries RENAME TO legacy_time_entries")
    schema.create(connection)
    last_id = connection.execute(
        "SELECT seq FROM sqlite_sequence WHERE name = ?", (_OLD,)
    ).fetchone()
    with _any_text(connection):
        _move_tasks(connection)
    # Ids are never reused, not even those of tasks that had left the old queue.
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'sync_queue'")
    if last_id:
        connection.execute("INSERT INTO sqlite_sequence VALUES ('sync_queue', ?)", tuple(last_id))
    connection.execute(f"DROP TABLE {_OLD}")
    connection.execute("INSERT INTO meta VALUES ('scrub', '1')")


def _move_tasks(connection: sqlite3.Connection) -> None:
    if "error_message" not in columns_of(connection, _OLD):
        connection.execute(f"ALTER TABLE {_OLD} ADD COLUMN error_message TEXT")
    rows = [
        row
        for values in connection.execute(
            "SELECT id, CAST(entity_type AS TEXT), CAST(payload AS TEXT), CAST(status AS TEXT),"
            " retry_count, created_at, last_retry_at, CAST(error_message AS TEXT)"
            " FROM old_sync_queue ORDER BY id"
        ).fetchall()
        if (row := old_row(values))
    ]
    users = users_of(rows)
    owner = users[0] if len(users) == 1 else ""
    bringer = Bringer(connection.execute, cause_of=lambda _: UNKNOWN, keep_ids=True)
    brought: set[int] = set()
    for group in grouped(rows, owner=owner):
        done = bringer.bring(group)
        brought |= {row.id for row in (*done.added, *done.cancelled)}
    account = account_of(connection.execute, owner)
    for row in rows:
        if row.id not in brought:
            _keep(connection, row, account)


def _keep(connection: sqlite3.Connection, row: OldRow, account: int) -> None:
    """What is not sent: what had arrived or was cancelled, what we do not know, what is illegible.

    Clicks that nobody can read have failed, for their hours may be missing on the server.
    """
    is_lost = row.kind in KINDS and not row.is_finished
    connection.execute(
        "INSERT INTO sync_queue (id, account, entity_type, payload, status, retry_count,"
        " created_at, last_retry_at, error_message, cause, doubt)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'unknown')",
        (
            row.id,
            account,
            row.kind,
            row.payload,
            "failed" if is_lost else "discarded",
            row.retries,
            row.created_ms,
            row.retried_ms,
            row.reason,
            UNKNOWN,
        ),
    )


def columns_of(connection: sqlite3.Connection, table: str = "sync_queue") -> set[str]:
    """The columns of a table; empty when there is none."""
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return {row[0] for row in rows}


@contextlib.contextmanager
def _any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Texts that are no UTF-8 are read too: no row is left behind for one bad byte."""
    connection.text_factory = _as_text
    try:
        yield
    finally:
        connection.text_factory = str


def _as_text(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _squeeze(connection: sqlite3.Connection) -> bool:
    """Leave nothing of erased rows in the file and its WAL; False when others still read them."""
    connection.execute("VACUUM")
    return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)


def _erase_copy(path: Path) -> bool:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as copy:
        copy.execute("BEGIN IMMEDIATE")
        with _any_text(copy):
            rows = copy.execute("SELECT CAST(payload AS TEXT), id FROM sync_queue").fetchall()
            cleaned = [(redact(payload), task_id) for payload, task_id in rows]
            copy.executemany("UPDATE sync_queue SET payload = ? WHERE id = ?", cleaned)
            if "error_message" in columns_of(copy, "sync_queue"):
                rows = copy.execute("SELECT error_message, id FROM sync_queue").fetchall()
                cleaned = [(redact_text(why or ""), task_id) for why, task_id in rows]
                copy.executemany("UPDATE sync_queue SET error_message = ? WHERE id = ?", cleaned)
        copy.execute("COMMIT")
        return _squeeze(copy)
