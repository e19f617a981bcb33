"""The database as doctor finds it: sound, old, newer, strange, damaged; and left as it was."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.unit.queue.support import Queue
from trayapp.config import Paths
from trayapp.doctor.check import Finding, State
from trayapp.doctor.storage import Known, delivery_finding, look_at_database, read_known
from trayapp.mutex import Mutex
from trayapp.queue import schema
from trayapp.queue.reader import QueueReader
from trayapp.queue.store import QueueWriter

Hurt = Callable[[Path], None]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A database with a click that waits, and nobody who has it open."""
    found = Paths.under(tmp_path)
    found.make()
    writer = QueueWriter(found.database, found.writer_lock)
    with closing(QueueReader(found.database)) as reader:
        queue = Queue(tmp_path, Mutex(writer), reader)
        for number in range(60):
            queue.click_many(f"entry-{number}", 4)
    writer.close()
    return found


def database(paths: Paths) -> Finding:
    return look_at_database(paths)["database"]


def known(paths: Paths) -> Known:
    return read_known(paths, FakeClock())


def sql(*statements: str) -> Hurt:
    def hurt(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    return hurt


def overwritten(start: int) -> Hurt:
    def hurt(path: Path) -> None:
        raw = bytearray(path.read_bytes())
        raw[start : start + 4096] = b"\xff" * 4096
        path.write_bytes(raw)

    return hurt


def test_a_sound_one_is_told_with_its_schema_and_size(paths: Paths) -> None:
    found = database(paths)
    assert found.state is State.OK
    said = rf"The database is sound \(schema {schema.SCHEMA_VERSION}, 0\.\d MB, WAL 0\.0 MB\)\."
    assert re.fullmatch(said, found.message)
    assert known(paths).account is not None


def test_none_yet_is_ok_and_none_is_made(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path)
    assert database(paths).message == "There is no database yet: the first click makes it."
    assert known(paths).is_signed_in is False
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("hurt", "state", "message", "advice"),
    [
        pytest.param(
            overwritten(0),
            State.PROBLEM,
            "The database needs you: the database is damaged. Nothing was changed.",
            "Click again, or start Trayapp: what can still be read is brought back.",
            id="its head is damaged",
        ),
        pytest.param(
            overwritten(4096 * 30),
            State.PROBLEM,
            "The database needs you: the database is damaged. Nothing was changed.",
            "Click again, or start Trayapp: what can still be read is brought back.",
            id="a page is damaged",
        ),
        pytest.param(
            sql(
                f"PRAGMA user_version = {schema.SCHEMA_VERSION + 1}",
                "UPDATE meta SET value = '2.4.0' WHERE key = 'needs'",
            ),
            State.PROBLEM,
            "The database needs you: a newer Trayapp made the database. Nothing was changed.",
            "Start Trayapp 2.4.0 or a newer one.",
            id="newer",
        ),
        pytest.param(
            sql("PRAGMA application_id = 7"),
            State.PROBLEM,
            "The database needs you: the database is of another program, or damaged."
            " Nothing was changed.",
            "Move it away, then try again; the log names it.",
            id="strange",
        ),
        pytest.param(
            sql(f"PRAGMA user_version = {schema.FIRST_VERSION}"),
            State.OK,
            "The database is of an earlier Trayapp; the next start brings it up to date.",
            "",
            id="older",
        ),
    ],
)
def test_each_trouble_is_told_with_what_to_do_and_left_as_it_is(
    paths: Paths, hurt: Hurt, state: State, message: str, advice: str
) -> None:
    hurt(paths.database)
    before = paths.database.read_bytes()
    assert database(paths) == Finding(state, message, advice)
    known(paths)  # whatever it can read, it raises nothing
    assert paths.database.read_bytes() == before


def test_what_waits_is_ok_and_what_failed_needs_the_user(paths: Paths) -> None:
    found = delivery_finding(known(paths))
    assert found.state is State.OK
    assert found.message.startswith("240 waiting since ")
    sql("UPDATE sync_queue SET status = 'failed', cause = 'refused' WHERE id = 1")(paths.database)
    found = delivery_finding(known(paths))
    assert found.state is State.WARNING
    assert found.advice == "Type “trayapp failed”: it says why."


def test_who_has_to_sign_in_again_is_told_so(paths: Paths) -> None:
    sql(
        "UPDATE account SET kind = 'hubnity', url = 'https://h.example', user = 'anna',"
        " gate = 'signed_out', gate_reason = 'HTTP 401: Unauthorized', gate_since_ms = 0,"
        " gate_tries = 0, gate_seeks_other = 0, gate_by_server = 0"
    )(paths.database)
    found = delivery_finding(known(paths))
    assert (found.state, found.advice) == (
        State.WARNING,
        "Type “trayapp login”; all of it goes then.",
    )
    assert known(paths).is_signed_in


def test_where_nobody_may_look_it_cannot_be_reached(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path / ("x" * 300))
    found = database(paths)
    assert found.state is State.PROBLEM
    assert "the database cannot be reached" in found.message
    assert found.advice == "See to its disk and its folder, then try again."
    assert known(paths) == Known()


def test_where_the_database_cannot_be_read_the_rest_is_not_known(paths: Paths) -> None:
    paths.database.write_bytes(b"\xff" * 8192)
    assert known(paths) == Known()
    assert (known(paths).account, known(paths).skew, known(paths).is_signed_in) == (
        None,
        None,
        False,
    )
    assert delivery_finding(known(paths)).state is State.UNKNOWN
