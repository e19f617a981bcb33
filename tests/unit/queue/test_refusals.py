"""What is not ours is refused and left as it is; what a crash left of ours is opened."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.queue.support import (
    a_queue,
    as_it_is,
    database_in,
    open_writer,
)
from trayapp.queue import schema
from trayapp.queue.errors import (
    QueueError,
    QueueUnreadableError,
    SchemaTooNewError,
)


def make(path: Path, script: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def newer(path: Path) -> None:
    with a_queue(path.parent) as queue:
        queue.click("e1")
    make(path, f"PRAGMA user_version = {schema.SCHEMA_VERSION + 1}")


@pytest.mark.parametrize(
    ("prepare", "error", "words"),
    [
        pytest.param(newer, SchemaTooNewError, "newer Trayapp", id="newer"),
        pytest.param(
            lambda path: make(path, "CREATE TABLE sync_queue (id); PRAGMA user_version = 5"),
            QueueUnreadableError,
            "another program .schema 5.*Move it away",
            id="the older app's later one",
        ),
        pytest.param(
            lambda path: make(path, "CREATE TABLE moz_places (id)"),
            QueueUnreadableError,
            "another program",
            id="another program's without a version",
        ),
        pytest.param(
            lambda path: make(path, "CREATE TABLE sync_queue (id, event)"),
            QueueUnreadableError,
            "another program",
            id="another program's with a queue",
        ),
        pytest.param(
            lambda path: make(path, "CREATE TABLE t (id); PRAGMA user_version = 100"),
            QueueUnreadableError,
            "another program",
            id="another program's with our number",
        ),
    ],
)
def test_what_is_not_ours_is_refused_untouched(
    folder: Path, prepare: Callable[[Path], object], error: type[QueueError], words: str
) -> None:
    path = database_in(folder)
    prepare(path)
    path.chmod(0o640)
    before = as_it_is(folder)
    with pytest.raises(error, match=words):
        open_writer(folder)
    assert as_it_is(folder) == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_newer_database_whose_last_writer_was_killed_is_left_untouched_too(folder: Path) -> None:
    source = folder / "killed"
    source.mkdir()
    with a_queue(source) as queue:
        with queue.writing() as writer:
            writer.run(f"PRAGMA user_version = {schema.SCHEMA_VERSION + 1}")
        files = as_it_is(source)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with pytest.raises(SchemaTooNewError):
        open_writer(folder)
    after = as_it_is(folder)
    assert {name: after[name] for name in files} == files


def kill_in_rollback_mode(source: Path, target: Path) -> None:
    """In `target` what a process leaves that dies while it writes to the database in `source`."""
    with contextlib.closing(
        sqlite3.connect(database_in(source), isolation_level=None)
    ) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE sync_queue SET payload = zeroblob(200000)")
        files = as_it_is(source)
        connection.execute("ROLLBACK")
    assert "queue.db-journal" in files
    for name, content in files.items():
        (target / name).write_bytes(content)


def test_a_strangers_database_that_was_killed_is_refused_too(folder: Path) -> None:
    source = folder / "killed"
    source.mkdir()
    make(
        database_in(source),
        "CREATE TABLE sync_queue (payload); INSERT INTO sync_queue VALUES (1);"
        "PRAGMA user_version = 5",
    )
    kill_in_rollback_mode(source, folder)
    with pytest.raises(QueueUnreadableError, match="another program"):
        open_writer(folder)


def test_a_queue_in_rollback_mode_that_was_killed_is_opened(folder: Path) -> None:
    """A journal to roll back is beyond a read-only look: the writer does it."""
    source = folder / "killed"
    source.mkdir()
    with a_queue(source) as queue:
        clicked = queue.click("e1")
    kill_in_rollback_mode(source, folder)
    with a_queue(folder) as queue:
        assert queue.reader.newest_entry() == (clicked,)
        assert queue.sql("PRAGMA integrity_check") == [("ok",)]


def test_a_folder_in_the_files_place_is_a_queue_error(folder: Path) -> None:
    database_in(folder).mkdir()
    with pytest.raises(QueueError):
        open_writer(folder)


def test_a_folder_in_the_lock_files_place_is_a_queue_error(folder: Path) -> None:
    (folder / "queue.lock").mkdir()
    with pytest.raises(QueueError):
        open_writer(folder)
