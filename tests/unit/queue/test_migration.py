"""Databases of our earlier schemas, opened by this version."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.unit.queue.support import a_queue, database_in
from trayapp.queue import schema
from trayapp.queue.reader import QueueReader

DUMPS = Path(__file__).parents[2] / "data" / "schema"
EVENT = (
    "INSERT INTO event (seq, id, account, entry, kind, at_ms, offset_minutes, zone, boot_id,"
    " boot_ms, project, note)"
    " VALUES (1, 'x', 1, 'one', 'time_entry_start', 5, 0, '', '', 0, 'W', '');"
    "INSERT INTO sync_queue (account, entity_type, payload, created_at, entry, event)"
    " VALUES (1, 'time_entry_start', '{}', 5, 'one', 'x');"
)


@pytest.fixture(params=["100", "101", "102"])
def old(folder: Path, request: pytest.FixtureRequest) -> Path:
    """A database of an earlier schema, with a click in it."""
    with contextlib.closing(sqlite3.connect(database_in(folder))) as connection:
        connection.executescript((DUMPS / f"{request.param}.sql").read_text() + EVENT)
    return folder


def shape_of(folder: Path) -> list[tuple[object, ...]]:
    """Tables with their columns, indexes and triggers."""
    with contextlib.closing(sqlite3.connect(database_in(folder))) as connection:
        objects = connection.execute(
            "SELECT type, name FROM sqlite_schema ORDER BY name"
        ).fetchall()
        columns = [
            (name, *row)
            for kind, name in objects
            if kind == "table"
            for row in connection.execute(
                'SELECT name, type, "notnull", dflt_value FROM pragma_table_info(?) ORDER BY name',
                (name,),
            )
        ]
    return [*objects, *columns]


def test_an_earlier_schema_becomes_the_one_a_fresh_database_has(old: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    with a_queue(fresh), a_queue(old):
        assert shape_of(old) == shape_of(fresh)


def test_what_it_holds_is_kept(old: Path) -> None:
    with contextlib.closing(QueueReader(database_in(old))) as reader:
        assert reader.is_outdated
    with a_queue(old) as queue:
        assert not queue.reader.is_outdated
        assert [event.id for event in queue.reader.newest_entry()] == ["x"]
        queue.click("two")
        assert [tally.count for tally in queue.reader.tallies()] == [2]


def test_a_task_that_an_older_one_holds_is_held_afterwards_too(old: Path) -> None:
    with contextlib.closing(sqlite3.connect(database_in(old))) as connection:
        connection.executescript(
            EVENT.replace("'x'", "'y'").replace("(1, 'y'", "(2, 'y'").replace("start", "stop")
        )
    with a_queue(old) as queue:
        queue.fail(1)
        with queue.writing() as writer:
            assert writer.tasks.next_task(1, queue.now) is None
            writer.tasks.remove([queue.task(1)])
            task = writer.tasks.next_task(1, queue.now)
    assert task is not None
    assert task.event_id == "y"


def test_opening_it_twice_changes_nothing(old: Path) -> None:
    with a_queue(old):
        pass
    with a_queue(old) as queue:
        assert queue.sql("PRAGMA user_version") == [(schema.SCHEMA_VERSION,)]
