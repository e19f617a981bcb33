"""The older app's database, upgraded in place: every row kept, no token left anywhere.

A copy is made first; the new tables come in one transaction; then whatever held a token is
erased from the file, its WAL and the copy. A crash at any point is finished at the next opening.
The caller holds the writer's lock.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from trayapp import log
from trayapp.queue import schema
from trayapp.queue.errors import QueueUnreadableError

_SECRET_KEY = re.compile(
    r"token|secret|passw|authori[sz]ation|bearer|cookie|api[-_]?key|credential|jwt", re.IGNORECASE
)
_COLUMNS = frozenset(
    {"id", "entity_type", "payload", "status", "retry_count", "created_at", "last_retry_at"}
)
# Any other status, such as one it had while being sent, means that it may not have arrived.
_FINISHED = frozenset({"sent", "synced", "done", "completed", "cancelled"})
_OLD = "old_sync_queue"


def is_legacy(connection: sqlite3.Connection) -> bool:
    """Whether this is a database of the older app: its queue knows no events."""
    columns = _columns(connection, "sync_queue")
    return columns >= _COLUMNS and "event" not in columns


def copy_path(database: Path) -> Path:
    """Where the copy made before an upgrade lies."""
    return database.with_name(database.name + ".before-upgrade")


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
    """Erase what an upgrade left behind; does nothing when no upgrade asks for it.

    While somebody else still reads the old pages they stay, and the next opening erases them.
    """
    if not connection.execute("SELECT 1 FROM meta WHERE key = 'scrub'").fetchone():
        return
    if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
        msg = f"{database} is damaged; {copy_path(database)} is as it was before the upgrade"
        raise QueueUnreadableError(msg)
    erased = _squeeze(connection)
    copied = copy_path(database)
    if copied.exists():
        erased = _erase_copy(copied) and erased
    if erased:
        connection.execute("DELETE FROM meta WHERE key = 'scrub'")


def redact(payload: str) -> str:
    """A payload without secrets; what is not JSON is left, without anything like a token."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return redact_text(payload)
    return _clean(json.dumps(_without_secrets(value), ensure_ascii=False))


def redact_text(text: str) -> str:
    """A text without the value of anything that calls itself a secret."""
    return log.redact(text)


def _without_secrets(value: object) -> object:
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not _SECRET_KEY.search(str(key))}
        return {key: _without_secrets(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return redact_text(value) if isinstance(value, str) else value


def _clean(text: str) -> str:
    """Half a character, which JSON can name and no database can keep, becomes a question mark."""
    return text.encode(errors="replace").decode()


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    with contextlib.closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)
        intact = copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    if not intact:
        target.unlink()
        msg = "The older app's database is damaged; it was not upgraded, and nothing was changed"
        raise QueueUnreadableError(msg)


def _move(connection: sqlite3.Connection) -> None:
    connection.execute(f"ALTER TABLE sync_queue RENAME TO {_OLD}")
    connection.execute("DROP INDEX IF EXISTS idx_sync_queue_status")
    if _columns(connection, "time_entries"):
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
    if "error_message" not in _columns(connection, _OLD):
        connection.execute(f"ALTER TABLE {_OLD} ADD COLUMN error_message TEXT")
    rows = connection.execute(
        "SELECT id, entity_type, CAST(payload AS TEXT), status, retry_count, created_at,"
        " last_retry_at, error_message FROM old_sync_queue ORDER BY id"
    ).fetchall()
    users = {user for row in rows if (user := _field(row[2], "userId"))}
    account = connection.execute(
        "INSERT INTO account (kind, url, user) VALUES ('hubnity', '', ?) RETURNING id",
        (users.pop() if len(users) == 1 else "",),
    ).fetchone()[0]
    for task_id, kind, payload, status, retries, created, retried, why in rows:
        connection.execute(
            "INSERT INTO sync_queue (id, account, entity_type, payload, status, retry_count,"
            " created_at, last_retry_at, error_message, entry, cause, doubt)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'unknown')",
            (
                task_id,
                account,
                kind,
                redact(payload),
                _status(status),
                retries,
                created * 1000,
                None if retried is None else retried * 1000,
                redact_text(why or ""),
                _field(payload, "id"),
                "unknown",
            ),
        )


def _status(old: str) -> str:
    if old in _FINISHED:
        return "discarded"
    return "failed" if old == "failed" else "pending"


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return {row[0] for row in rows}


def _field(payload: str, name: str) -> str:
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return ""
    found = value.get(name) if isinstance(value, dict) else None
    return _clean(found) if isinstance(found, str) else ""


@contextlib.contextmanager
def _any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Texts that are no UTF-8 are read too: no row is left behind for one bad byte."""
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    try:
        yield
    finally:
        connection.text_factory = str


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
            if "error_message" in _columns(copy, "sync_queue"):
                rows = copy.execute("SELECT error_message, id FROM sync_queue").fetchall()
                cleaned = [(redact_text(why or ""), task_id) for why, task_id in rows]
                copy.executemany("UPDATE sync_queue SET error_message = ? WHERE id = ?", cleaned)
        copy.execute("COMMIT")
        return _squeeze(copy)
