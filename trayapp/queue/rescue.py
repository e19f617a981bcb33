"""Rescue: a database that was moved or deleted under an open connection is put back.

SQLite goes on reading and writing the file that no name leads to. The caller holds the writer's
lock and closes the connection afterwards.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from trayapp.queue import schema
from trayapp.queue.place import Place


def rescue(connection: sqlite3.Connection, database: Path, place: Place | None) -> None:
    """Put it back where nothing lies now; beside what lies there, if no name leads to it.

    Raises sqlite3.Error, OSError.
    """
    if not database.exists():
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # They are those of the deleted file, and would be taken for the new one's.
        for path in schema.beside(database):
            path.unlink(missing_ok=True)
        _copy(connection, database)
    elif not _has_a_name(place, database.parent):
        _copy(connection, database.with_name(f"{database.name}.replaced-{_now()}"))


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}"


def _has_a_name(place: Place | None, folder: Path) -> bool:
    """Whether it was only moved aside, as a salvage by another process does."""
    with os.scandir(folder) as found:
        return any(Place.of(Path(one.path)) == place for one in found)


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    unfinished = target.with_name(target.name + ".returning")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with contextlib.closing(sqlite3.connect(unfinished)) as copy:
        connection.backup(copy)
    for path in schema.beside(unfinished):
        path.unlink(missing_ok=True)
    unfinished.rename(target)
