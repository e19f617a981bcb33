"""Checkup: how sound the queue's file is, found out without changing it and without a lock."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from trayapp.light import dataclass
from trayapp.queue import legacy, schema
from trayapp.queue.errors import DamagedError, QueueUnreadableError, translated


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """What there is: sizes in bytes, and the number of the schema."""

    size: int
    wal_size: int
    schema: int

    @property
    def is_outdated(self) -> bool:
        """Whether the next start brings it up to date."""
        return self.schema < schema.SCHEMA_VERSION


def check_up(database: Path) -> Checkup:
    """Look at all of it, which takes a second for each some hundred megabytes.

    Raises QueueError: what is wrong with it.
    """
    _journal, wal, _shm = schema.beside(database)
    uri = f"{database.absolute().as_uri()}?mode=ro"
    with translated(), contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.execute("PRAGMA query_only = ON")
        schema.refuse_newer(connection, database)
        number = schema.version(connection)
        if not schema.is_ours(connection) and not _will_be_ours(connection):
            msg = f"{database} is a database of another program"
            raise QueueUnreadableError(msg)
        connection.text_factory = bytes  # it names things by what their damaged bytes say
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0].decode(errors="replace")
        if found != "ok":
            msg = f"the database is damaged ({found})"
            raise DamagedError(msg)
        return Checkup(
            size=database.stat().st_size,
            wal_size=wal.stat().st_size if wal.exists() else 0,
            schema=number,
        )


def _will_be_ours(connection: sqlite3.Connection) -> bool:
    return schema.is_empty(connection) or legacy.is_legacy(connection)
