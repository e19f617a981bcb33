"""Nothing else in the program writes to the queue's database: proved on the running app."""

from __future__ import annotations

import re
import sqlite3
from itertools import groupby
from pathlib import Path

import pytest

from tests.integration.program_support import Running, running
from tests.integration.recorded_app import Statement
from tests.tools import needed
from trayapp.queue.reader import QueueReader
from trayapp.sync.snapshot import read_status

WRITES = re.compile(
    r"(?:--.*?\s)?(?:INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|VACUUM|REINDEX)\b",
    re.IGNORECASE,
)
"""Statements that change a file. A trigger's come as a comment, `-- INSERT`, within the cause's."""


@pytest.fixture
def exercised(tmp_path: Path) -> Running:
    """An app after a day's work: clicks, reads, retries, a switch, an end."""
    with running(tmp_path) as app:
        _exercise(app)
    return app


def _exercise(app: Running) -> None:
    for name in ("start", "pause", "resume", "pause"):
        assert app.click(name, project="Website" if name == "start" else None).changed
    assert not app.click("pause").changed
    assert app.click("start", project="Support").changed
    assert app.ask("retry").ok
    assert app.ask("retry", wait=True).ok
    app.wait_until_all_sent()
    assert app.click("stop").changed
    app.wait_until_all_sent()


def test_the_queues_database_is_opened_for_writing_once_and_by_the_writer(
    exercised: Running,
) -> None:
    names = [one.name for one in exercised.record.opened if "trayapp.db" in one.name]
    writing = [name for name in names if "mode=ro" not in name]
    assert writing == [str(exercised.paths.database)]
    reading = [name for name in names if "mode=ro" in name]
    assert reading
    assert {name.partition("?")[0] for name in reading} == {exercised.paths.database.as_uri()}
    assert exercised.record.traced == len(exercised.record.opened)


def test_who_reads_cannot_write(exercised: Running) -> None:
    opened = enumerate(exercised.record.opened, start=1)
    readers = {number for number, one in opened if "mode=ro" in one.name}
    ran = [one for one in exercised.record.statements if one.connection in readers]
    assert ran
    assert [one.sql for one in ran if WRITES.match(one.sql)] == []
    reader = QueueReader(exercised.paths.database)
    try:
        for pragma in ("ON", "OFF"):  # the file itself is opened for reading only
            reader._connection.execute(f"PRAGMA query_only = {pragma}")
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reader._connection.execute("DELETE FROM sync_queue")
    finally:
        reader.close()


def test_the_readers_of_the_app_refuse_to_write_by_pragma_too(exercised: Running) -> None:
    statements = exercised.record.statements
    longest = max(
        (number for number, one in enumerate(exercised.record.opened, 1) if "mode=ro" in one.name),
        key=lambda number: sum(one.connection == number for one in statements),
    )
    first = next(one for one in statements if one.connection == longest)
    assert first.sql == "PRAGMA query_only = ON"


def test_every_write_is_made_with_the_mutex_and_the_lock_file_held(exercised: Running) -> None:
    writer = _writers_statements(exercised)
    writes = [one for one in writer if WRITES.match(one.sql)]
    assert len(writes) > 50
    assert [one for one in writes if not one.file_lock_is_held] == []
    # The mutex is made around the writer when it has opened its file.
    assert [one for one in writes if one.mutex_exists and not one.mutex_is_ours] == []
    made_before = [one for one in writes if not one.mutex_exists]
    assert {one.thread for one in made_before} == {"MainThread"}
    assert not any("INTO event" in one.sql for one in made_before)
    assert {"MainThread", "sync"} == {one.thread for one in writes}


def test_every_write_lies_in_a_transaction_of_one_thread(exercised: Running) -> None:
    writer = [one for one in _writers_statements(exercised) if one.mutex_exists]
    begins = [one for one in writer if one.sql == "BEGIN IMMEDIATE"]
    commits = [one for one in writer if one.sql == "COMMIT"]
    assert len(begins) == len(commits) > 10
    for inside, statements in groupby(_with_transaction(writer), key=lambda pair: pair[0]):
        threads = {one.thread for _number, one in statements}
        assert len(threads) == 1, inside


def test_a_click_and_its_task_and_the_stop_it_brings_are_one_transaction(
    exercised: Running,
) -> None:
    writer = [one for one in _writers_statements(exercised) if one.mutex_exists]
    inserts: dict[int, list[str]] = {}
    for number, one in _with_transaction(writer):
        found = re.match(r"INSERT INTO (event|sync_queue) .*?'(time_entry_\w+)'", one.sql)
        insert = found and f"{found[1]} {found[2]}"
        # SQLite tells a statement once more for each of its triggers.
        if insert and insert not in inserts.get(number, ())[-1:]:
            inserts.setdefault(number, []).append(insert)
    alone = [
        [f"event time_entry_{kind}", f"sync_queue time_entry_{kind}"]
        for kind in ("start", "pause", "resume", "pause", "stop")
    ]
    stop_and_start = [*alone[-1], *alone[0]]
    assert list(inserts.values()) == [*alone[:-1], stop_and_start, alone[-1]]


@pytest.mark.timeout(120)
def test_the_kernel_sees_the_file_opened_for_writing_by_the_writer_only(tmp_path: Path) -> None:
    trace = tmp_path / "strace"
    strace = [needed("strace"), "-f", "-q", "-e", "trace=open,openat,creat", "-o", str(trace)]
    home = tmp_path / "home"
    home.mkdir()
    with running(home, under=strace) as app:
        _exercise(app)
    name = re.escape(str(app.paths.database))
    opened = re.findall(rf'"{name}", ([A-Z_|]+)', trace.read_text(encoding="utf-8"))
    for_writing = [flags for flags in opened if "O_RDONLY" not in flags]
    # Making it private to its user, before SQLite opens it for the one writer.
    assert [flags.split("|")[0] for flags in for_writing] == ["O_WRONLY", "O_RDWR"]
    assert len(opened) > len(for_writing)


def test_reading_takes_no_lock_and_waits_for_no_writer(tmp_path: Path) -> None:
    with running(tmp_path) as app:
        app.click("start", project="Website")
        app.wait_until_all_sent()
        writer = sqlite3.connect(app.paths.database, isolation_level=None)
        try:
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("UPDATE meta SET value = value")
            reader = QueueReader(app.paths.database)
            assert read_status(reader, app.clock.now()).all_sent
            reader.close()
            writer.execute("ROLLBACK")
        finally:
            writer.close()


def _writers_statements(app: Running) -> list[Statement]:
    (number,) = (
        number
        for number, one in enumerate(app.record.opened, start=1)
        if one.name == str(app.paths.database)
    )
    return [one for one in app.record.statements if one.connection == number]


def _with_transaction(statements: list[Statement]) -> list[tuple[int, Statement]]:
    """Each statement with the number of its transaction; one outside any fails the test."""
    found, number, inside = [], 0, False
    for one in statements:
        if one.sql == "BEGIN IMMEDIATE":
            assert not inside
            number, inside = number + 1, True
        assert inside or not WRITES.match(one.sql), one
        found.append((number, one))
        if one.sql in {"COMMIT", "ROLLBACK"}:
            inside = False
    return found
