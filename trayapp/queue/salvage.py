"""Salvage: a damaged database -> a new one with every row that can still be read.

The caller holds the writer's lock. The new file is finished beside the damaged ones before those
are moved aside, so a crash at any point leaves either; nothing is overwritten or deleted.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from trayapp.queue import schema
from trayapp.queue.salvage_find import Finder, Found
from trayapp.queue.salvage_mend import Mender, shown_ms
from trayapp.queue.salvage_rows import Shape, shapes
from trayapp.queue.salvage_tasks import TaskMender
from trayapp.queue.salvaged import Salvage, record, recorded


class NotOursError(Exception):
    """Nothing shows that the damaged file is ours, or only the older app's rows are in it."""


def salvage(database: Path) -> Salvage:
    """Replace the damaged database by a new one. Raises NotOursError, sqlite3.Error, OSError."""
    kept = _free_name(database)
    new = _unfinished(database)
    for left in (new, *schema.beside(new)):
        left.unlink(missing_ok=True)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as connection:
            done = _build(connection, database, kept)
    except BaseException:
        new.unlink()
        raise
    _exchange(database, kept)
    return done


def finish(database: Path) -> None:
    """Finish what a crash left between moving the damaged files and putting the new one there."""
    new = _unfinished(database)
    if database.exists() or not new.exists():
        return
    with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as connection:
        found = recorded(connection) if schema.is_ours(connection) else None
    if found is None:
        new.unlink()  # it had not come to moving anything
        return
    _exchange(database, Path(found.kept))


def _unfinished(database: Path) -> Path:
    return database.with_name(database.name + ".salvaging")


def _free_name(database: Path) -> Path:
    """Where the damaged file goes: next to where it was, under a name that nothing has."""
    name = f"{database.name}.damaged-{datetime.now(UTC):%Y-%m-%dT%H%M%S}"
    number = 1
    while True:
        path = database.with_name(name if number == 1 else f"{name}-{number}")
        if not any(one.exists() for one in (path, *schema.beside(path))):
            return path
        number += 1


def _exchange(database: Path, kept: Path) -> None:
    """The damaged files first: as long as the new one waits, `finish` knows what to do."""
    for old, new in zip(
        (database, *schema.beside(database)), (kept, *schema.beside(kept)), strict=True
    ):
        with contextlib.suppress(FileNotFoundError):
            old.rename(new)
            new.chmod(0o600)
    _unfinished(database).rename(database)
    with contextlib.suppress(PermissionError):  # Windows opens no folder, and needs no sync of it
        folder = os.open(database.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _build(connection: sqlite3.Connection, database: Path, kept: Path) -> Salvage:
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("shown_ms", 1, shown_ms, deterministic=True)
    connection.row_factory = sqlite3.Row
    connection.execute("BEGIN IMMEDIATE")
    schema.create(connection)
    # What a new one begins with.
    connection.execute("DELETE FROM meta WHERE key = 'active_account'")
    connection.execute("DELETE FROM account")
    tables = shapes(connection)
    found = Finder(connection, database, tables).find()
    if not found.is_ours:
        raise NotOursError
    mender = Mender(connection, most_clicks=found.most_clicks)
    clicks = mender.mend_events()
    tasks = TaskMender(
        connection, tasks_are_whole=found.tasks_are_whole, names_are_whole=found.names_are_whole
    ).mend()
    mender.mend_accounts()
    _put_back(connection, tables)
    done = _counted(connection, kept, rebuilt_clicks=clicks, rebuilt_tasks=tasks, found=found)
    record(connection, done)
    connection.execute("COMMIT")
    return done


def _put_back(connection: sqlite3.Connection, tables: Sequence[Shape]) -> None:
    for shape in tables:
        if shape.table != "meta":
            connection.execute(
                f"INSERT OR IGNORE INTO {shape.table}"  # noqa: S608  # our own names
                f" SELECT {shape.selected} FROM found_{shape.table}"
            )
    connection.execute(schema.HOLD)  # whatever the damaged file says of that
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'sync_queue'")
    connection.execute(
        "INSERT INTO sqlite_sequence SELECT 'sync_queue', MAX(last) FROM named_sequence"
    )
    connection.execute(
        "INSERT INTO meta SELECT 'active_account', COALESCE("
        " (SELECT id FROM account WHERE CAST(id AS TEXT) ="
        "   (SELECT value FROM found_meta WHERE key = 'active_account')),"
        " (SELECT account FROM event WHERE seq > 0 ORDER BY seq DESC LIMIT 1), 1)"
    )


def _counted(
    connection: sqlite3.Connection,
    kept: Path,
    *,
    rebuilt_clicks: int,
    rebuilt_tasks: int,
    found: Found,
) -> Salvage:
    first, last, clicks, newest, numbered = connection.execute(
        "SELECT MIN(at_ms), MAX(at_ms), COUNT(*), COALESCE(MAX(seq), 0),"
        " COUNT(*) FILTER (WHERE seq > 0) FROM event"
    ).fetchone()
    newest = max(newest, found.newest_seq)
    gone = max(0, newest - numbered)
    after, before = _gap(connection, newest) if gone else (None, None)
    open_tasks, accounts, lost = connection.execute(
        "SELECT (SELECT COUNT(*) FROM sync_queue WHERE status <> 'discarded'),"
        " (SELECT COUNT(*) FROM account),"
        " (SELECT COUNT(*) FROM named_task AS named WHERE event NOT IN"
        "   (SELECT event FROM sync_queue WHERE event IS NOT NULL))"
    ).fetchone()
    return Salvage(
        kept=str(kept),
        clicks=clicks,
        all_clicks=clicks + gone,
        first_ms=first,
        last_ms=last,
        lost_after_ms=after,
        lost_before_ms=before,
        tasks=open_tasks,
        rebuilt_tasks=rebuilt_tasks,
        rebuilt_clicks=rebuilt_clicks,
        lost_tasks=lost,
        accounts=accounts,
    )


def _gap(connection: sqlite3.Connection, newest: int) -> tuple[int | None, int | None]:
    """The clicks around all those that are gone: the order of the clicks has holes there."""
    rows = connection.execute(
        "SELECT seq, at_ms FROM event WHERE seq > 0 UNION ALL SELECT 0, NULL"
        " UNION ALL SELECT ?, NULL ORDER BY 1",
        (newest + 1,),
    ).fetchall()
    holes = [
        (before, after)
        for before, after in itertools.pairwise(rows)
        if after["seq"] > before["seq"] + 1
    ]
    return holes[0][0]["at_ms"], holes[-1][1]["at_ms"]
