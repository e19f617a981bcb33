"""What the tests of the import share: older databases, and a queue to bring them to."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.unit.queue.support import Queue, a_queue
from trayapp.transfer.importing import import_database
from trayapp.transfer.summary import Summary

DUMPS = Path(__file__).parents[2] / "data" / "legacy"
V1, V2, V5 = "incident_v1.sql", "incident_v2_reasons.sql", "later_v5.sql"
USER = "cd613e30-d8f1-4adf-91b7-584a2265b1f5"
ENTRY = "e4b06ce6-0741-47a8-bce4-2c8218072e8c"
OTHER_ENTRY = "3bab6c39-8d88-448a-beed-8d14f06d3fef"
AT = 1_767_844_800  # 2026-01-08 04:00 UTC
TABLE = (
    "CREATE TABLE sync_queue (id INTEGER PRIMARY KEY AUTOINCREMENT, entity_type TEXT NOT NULL,"
    " payload TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'pending', retry_count INTEGER NOT NULL"
    " DEFAULT 0, created_at INTEGER NOT NULL, last_retry_at INTEGER, error_message TEXT)"
)


@dataclass(frozen=True)
class Row:
    """A row as the older app wrote it; `at` counts from `AT`."""

    kind: str
    at: int = 0
    payload: object = ""
    status: str = "failed"
    reason: str | None = None
    id: int | None = None


def start(at: int = 0, *, note: str = "Calls", user: str = USER, status: str = "failed") -> Row:
    fields = {"projectId": "p-1", "userId": user, "description": note, "accessToken": "CANARY-1"}
    return Row("time_entry_start", at, fields, status)


def step(kind: str, at: int = 0, *, entry: str = ENTRY, status: str = "failed") -> Row:
    return Row(f"time_entry_{kind}", at, {"id": entry, "refreshToken": "CANARY-2"}, status)


def dumped(folder: Path, dump: str, *more: str) -> Path:
    """The file that a dump makes."""
    return scripted(folder, (DUMPS / dump).read_text(encoding="utf-8"), *more)


def scripted(folder: Path, *scripts: str) -> Path:
    path = folder / "old" / "hubnity.db"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for script in scripts:
            connection.executescript(script)
        connection.commit()
    return path


def old_file(folder: Path, *rows: Row, in_ms: bool = False) -> Path:
    """A file with these rows."""
    path = scripted(folder, TABLE)
    scale = 1000 if in_ms else 1
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for row in rows:
            connection.execute(
                "INSERT INTO sync_queue VALUES (?, ?, ?, ?, 5, ?, ?, ?)",
                (
                    row.id,
                    row.kind,
                    row.payload if isinstance(row.payload, str) else json.dumps(row.payload),
                    row.status,
                    (AT + row.at) * scale,
                    (AT + row.at + 90) * scale,
                    row.reason,
                ),
            )
        connection.commit()
    return path


def cause_of(reason: str) -> str:
    """Enough to see that it is asked."""
    return "signed_out" if reason.startswith("HTTP 401") else "unknown"


def bring(queue: Queue, path: Path, user: str = "") -> Summary:
    return import_database(path, queue.mutex, cause_of=cause_of, user=user)


@contextlib.contextmanager
def queue_in(folder: Path) -> Iterator[Queue]:
    home = folder / "ours"
    home.mkdir(exist_ok=True)
    with a_queue(home) as queue:
        yield queue


def all_bytes(folder: Path) -> bytes:
    """All bytes of all files below a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
