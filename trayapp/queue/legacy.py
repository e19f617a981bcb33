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
from pathlib import Path

from trayapp.queue import schema
from trayapp.queue.errors import QueueUnreadableError

_SECRET_KEY = re.compile(
    r"token|secret|passw|authori[sz]ation|cookie|api_?key|credential|jwt", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    r"((?:token|secret|password|authorization|api_?key|bearer)[\"']?\s*[:= ]\s*[\"']?)"
    r"[^\s\"',}]+",
    re.IGNORECASE,
)
_OLD = "old_sync_queue"


def is_legacy(connection: sqlite3.Connection) -> bool:
    """Whether this is a database of the older app: its queue knows no events."""
    columns = {row[1] for row in connection.execute("PRAGMA table_info(sync_queue)")}
    return bool(columns) and "event" not in columns


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
        connection.execute("ROLLBACK")
        raise


def finish_erasing(connection: sqlite3.Connection, database: Path) -> None:
    """Erase what an upgrade left behind; does nothing when no upgrade asks for it."""
    if not connection.execute("SELECT 1 FROM meta WHERE key = 'scrub'").fetchone():
        return
    _squeeze(connection)
    copied = copy_path(database)
    if copied.exists():
        _erase_copy(copied)
    with connection:
        connection.execute("DELETE FROM meta WHERE key = 'scrub'")


def redact(payload: str) -> str:
    """A payload without secrets; what is not JSON is left, shortened of anything like a token."""
    try:
        value = json.loads(payload)
    except ValueError:
        return redact_text(payload)
    return json.dumps(_without_secrets(value), ensure_ascii=False)


def redact_text(text: str) -> str:
    """A text without the value of anything that calls itself a secret."""
    return _SECRET_TEXT.sub(r"\1…", text)


def _without_secrets(value: object) -> object:
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not _SECRET_KEY.search(str(key))}
        return {key: _without_secrets(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return redact_text(value) if isinstance(value, str) else value


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    with contextlib.closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)
        if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            msg = f"{target}: the copy made before the upgrade is damaged; nothing was changed"
            raise QueueUnreadableError(msg)


def _move(connection: sqlite3.Connection) -> None:
    connection.execute(f"ALTER TABLE sync_queue RENAME TO {_OLD}")
    connection.execute("DROP INDEX IF EXISTS idx_sync_queue_status")
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    if "time_entries" in tables:
        connection.execute("ALTER TABLE time_entries RENAME TO legacy_time_entries")
    last_id = connection.execute(
        "SELECT seq FROM sqlite_sequence WHERE name = ?", (_OLD,)
    ).fetchone()
    schema.create(connection)
    _move_tasks(connection)
    # Ids are never reused, not even those of tasks that had left the old queue.
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'sync_queue'")
    if last_id:
        connection.execute("INSERT INTO sqlite_sequence VALUES ('sync_queue', ?)", last_id)
    connection.execute(f"DROP TABLE {_OLD}")
    connection.execute("INSERT INTO meta VALUES ('scrub', '1')")


def _move_tasks(connection: sqlite3.Connection) -> None:
    if not _has_reasons(connection, _OLD):
        connection.execute(f"ALTER TABLE {_OLD} ADD COLUMN error_message TEXT")
    rows = connection.execute(
        "SELECT id, entity_type, payload, status, retry_count, created_at, last_retry_at,"
        " error_message FROM old_sync_queue ORDER BY id"
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
                status if status in {"pending", "failed"} else "discarded",
                retries,
                created * 1000,
                None if retried is None else retried * 1000,
                redact_text(why or ""),
                _field(payload, "id"),
                "unknown",
            ),
        )


def _has_reasons(connection: sqlite3.Connection, table: str) -> bool:
    columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    return "error_message" in columns


def _field(payload: str, name: str) -> str:
    try:
        value = json.loads(payload)
    except ValueError:
        return ""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _squeeze(connection: sqlite3.Connection) -> None:
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _erase_copy(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as copy:
        copy.execute("PRAGMA secure_delete = ON")
        copy.create_function("redact", 1, redact, deterministic=True)
        copy.create_function("redact_text", 1, redact_text, deterministic=True)
        copy.execute("UPDATE sync_queue SET payload = redact(payload)")
        if _has_reasons(copy, "sync_queue"):
            copy.execute("UPDATE sync_queue SET error_message = redact_text(error_message)")
        _squeeze(copy)
