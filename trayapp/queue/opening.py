"""Opening: what is not ours is refused, what is ours is checked, upgraded or created.

The caller holds the writer's lock. Blocks for as long as reading a file of some megabytes takes.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from trayapp.queue import age, schema
from trayapp.queue.errors import (
    DamagedError,
    QueueUnreadableError,
    translated,
)
from trayapp.queue.pages import HEADER, MAGIC
from trayapp.queue.salvaged import TABLES, Salvage, record, recorded

_CHECKED_BYTES, _READ_BYTES = 1 << 24, 1 << 22
"""Larger files are not checked, and not read through, at each opening: it would take 50 ms."""
_WAL_HEADER = 32
_FRACTIONS = bytes((0, 64, 32, 32))
_OURS = {"event", "sync_queue", "segment", "tally"}


def opened(
    database: Path, *, busy_seconds: float, is_suspect: bool, mark: Path | None = None
) -> sqlite3.Connection:
    """A connection that can write, to our schema. Raises QueueError.

    `is_suspect`: damage has been met in it, so all of it is looked at. `mark`: what tells an older
    copy of it.
    """
    with translated():
        lacks_wal = _lacks_wal(database)
        _look_first(database, busy_seconds, is_suspect=is_suspect)
        _make_private(database)
        connection = sqlite3.connect(
            database, timeout=busy_seconds, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        try:
            _bring_up_to_date(connection, database)
            is_replaced = age.is_behind(connection, mark)
            if lacks_wal or is_replaced:
                _doubt(connection, is_replaced=is_replaced)
            if not age.is_marked(connection, mark):
                age.grow(connection, mark)
        except BaseException:
            connection.close()
            raise
        return connection


def _look_first(database: Path, busy_seconds: float, *, is_suspect: bool) -> None:
    """Refuse what is not ours before anything can change it: closing a writer would."""
    journal, wal, shm = schema.beside(database)
    had_index = shm.exists()
    size = database.stat().st_size if database.exists() else 0
    if not size:
        if not journal.exists() and wal.exists() and wal.stat().st_size > _WAL_HEADER:
            # SQLite would delete it.
            msg = "the database is empty, but its WAL is not"
            raise DamagedError(msg)
        return
    _check_header(database)
    uri = f"{database.absolute().as_uri()}?mode=ro"
    # What only a writer can read, as after a crash in rollback mode, is checked again by one.
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(sqlite3.connect(uri, uri=True, timeout=busy_seconds)) as connection,
    ):
        _refuse_strangers(connection, database)
        # One that is being upgraded has a copy, and tokens in it: its own check comes later.
        is_ours = schema.is_ours(connection) and not _is_unfinished(connection)
        # After a crash, which leaves the index there, the whole of a large file is too much.
        if is_ours and _hides_clicks(connection, database, wal, everywhere=not had_index):
            msg = "the WAL belongs to another database"
            raise DamagedError(msg)
        if is_ours and (is_suspect or size <= _CHECKED_BYTES):
            _check(connection, thoroughly=is_suspect or size <= _READ_BYTES)


def _hides_clicks(
    connection: sqlite3.Connection, database: Path, wal: Path, *, everywhere: bool
) -> bool:
    if not wal.exists() or not wal.stat().st_size:
        return False
    from trayapp.queue.salvage_find import hides_clicks  # noqa: PLC0415  # after a crash

    return hides_clicks(connection, database, wal, everywhere=everywhere)


def _check_header(database: Path) -> None:
    """Raises DamagedError where a file of ours says that SQLite may not read or write it."""
    with database.open("rb") as file:
        header = file.read(HEADER)
    is_ours = int.from_bytes(header[68:72]) == schema.APPLICATION_ID
    if not header.startswith(MAGIC) or not is_ours:
        return
    journals, fractions = header[18:20], header[20:24]
    layout, encoding = int.from_bytes(header[44:48]), int.from_bytes(header[56:60])
    is_known = set(journals) <= {1, 2} and layout <= 4 and encoding <= 1  # noqa: PLR2004  # see fileformat2
    if not is_known or fractions != _FRACTIONS:
        msg = "the header of the database is damaged"
        raise DamagedError(msg)


def _check(connection: sqlite3.Connection, *, thoroughly: bool) -> None:
    """Raises DamagedError."""
    with translated():
        pragma = "integrity_check" if thoroughly else "quick_check"
        connection.text_factory = bytes  # it names things by what their damaged bytes say
        found = connection.execute(f"PRAGMA {pragma}(1)").fetchone()[0].decode(errors="replace")
        connection.text_factory = str
        if found != "ok":
            msg = f"the database is damaged ({found})"
            raise DamagedError(msg)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
        for table in tables.intersection(TABLES) if thoroughly else ():
            for _row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608  # our own names
                pass


def _refuse_strangers(connection: sqlite3.Connection, database: Path) -> None:
    version, is_ours = schema.version(connection), schema.is_ours(connection)
    schema.refuse_newer(connection, database)
    if version == 0 and (schema.is_empty(connection) or _is_legacy(connection)):
        return
    if is_ours and schema.FIRST_VERSION <= version <= schema.SCHEMA_VERSION:
        return
    if _has_our_tables(connection):
        msg = "the header of the database is damaged"
        raise DamagedError(msg)
    msg = (
        f"{database} is a database of another program (schema {version}); it was"
        " left as it is. Move it away, then start again"
    )
    raise QueueUnreadableError(msg)


def _is_legacy(connection: sqlite3.Connection) -> bool:
    from trayapp.queue.legacy import is_legacy  # noqa: PLC0415  # once in a life

    return is_legacy(connection)


def _has_our_tables(connection: sqlite3.Connection) -> bool:
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return {row[0] for row in rows} >= _OURS


def _make_private(database: Path) -> None:
    if not database.exists():
        os.close(os.open(database, os.O_CREAT | os.O_WRONLY, 0o600))
    for path in (database, *schema.beside(database)):
        with contextlib.suppress(FileNotFoundError):
            path.chmod(0o600)


def _bring_up_to_date(connection: sqlite3.Connection, database: Path) -> None:
    _refuse_strangers(connection, database)
    version = schema.version(connection)
    is_old = version == 0 and _is_legacy(connection)
    if is_old:
        from trayapp.queue import legacy  # noqa: PLC0415  # once in a life

        legacy.refuse_damaged(connection)
        schema.prepare(connection)
        legacy.upgrade(connection, database)
    else:
        schema.prepare(connection)
        if version < schema.SCHEMA_VERSION:
            _to_this_schema(connection, version)
    if _is_unfinished(connection):
        from trayapp.queue import legacy  # noqa: PLC0415  # the same

        legacy.finish_erasing(connection, database)


def _is_unfinished(connection: sqlite3.Connection) -> bool:
    """Whether an upgrade of an older app's database has yet to erase what it left behind."""
    return connection.execute("SELECT 1 FROM meta WHERE key = 'scrub'").fetchone() is not None


def _to_this_schema(connection: sqlite3.Connection, version: int) -> None:
    from trayapp.queue.migration import migrate  # noqa: PLC0415  # after an update

    connection.execute("BEGIN IMMEDIATE")
    (migrate if version else schema.create)(connection)
    connection.execute("COMMIT")


def _lacks_wal(database: Path) -> bool:
    """Whether a WAL was taken away after a crash: its index is still there."""
    _journal, wal, shm = schema.beside(database)
    return shm.exists() and not wal.exists() and database.exists()


def _doubt(connection: sqlite3.Connection, *, is_replaced: bool) -> None:
    """The file is as it was some time ago: what it calls unsent may have been sent since."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE sync_queue SET doubt = 'unknown' WHERE doubt = 'none'")
    clicks, first, last, tasks = connection.execute(
        "SELECT COUNT(*), MIN(at_ms), MAX(at_ms),"
        " (SELECT COUNT(*) FROM sync_queue WHERE status <> 'discarded') FROM event"
    ).fetchone()
    done = Salvage(
        kept="",
        is_replaced=is_replaced,
        clicks=clicks,
        all_clicks=clicks,
        first_ms=first,
        last_ms=last,
        tasks=tasks,
    )
    if recorded(connection) is None:  # else a salvage has just said more
        record(connection, done)
    connection.execute("COMMIT")
