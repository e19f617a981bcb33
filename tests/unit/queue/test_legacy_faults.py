"""An upgrade of the older app's database that breaks off, or meets damage."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from tests.unit.queue.support import (
    SOON,
    OopsError,
    a_queue,
    database_in,
    everything_in,
    open_writer,
)
from tests.unit.queue.test_legacy import TASKS, V2, assert_upgraded, load
from trayapp.queue.errors import QueueError, QueueUnreadableError
from trayapp.queue.legacy import copy_path


class Fault:
    """Raises before the `number`th call of SQLite that the upgrade makes in this thread."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.calls = 0

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        called = isinstance(getattr(arg, "__self__", None), sqlite3.Connection)
        if event == "c_call" and called and "legacy" in Path(frame.f_code.co_filename).name:
            self.calls += 1
            if self.calls == self.number:
                raise OopsError


@contextlib.contextmanager
def profiled(fault: Fault) -> Iterator[None]:
    sys.setprofile(fault)
    try:
        yield
    finally:
        sys.setprofile(None)


def count_calls(folder: Path) -> int:
    load(folder, V2.dump)
    fault = Fault(0)
    with profiled(fault):
        writer = open_writer(folder)
    writer.close()
    return fault.calls


def test_an_upgrade_that_breaks_off_anywhere_is_finished_by_the_next_opening(
    folder: Path,
) -> None:
    trial = folder / "trial"
    trial.mkdir()
    calls = count_calls(trial)
    assert calls > 80
    rows = range(20, calls - 60)  # while one row after the other is moved, a few points will do
    for number in (n for n in range(1, calls + 1) if n not in rows or n % 97 == 0):
        here = folder / str(number)
        here.mkdir()
        before = load(here, V2.dump)
        with profiled(Fault(number)), pytest.raises(OopsError):
            open_writer(here)
        assert_upgraded(here, before)


def test_a_name_that_is_taken_refuses_the_upgrade_and_changes_nothing(folder: Path) -> None:
    before = load(folder, V2.dump, "CREATE TABLE account (id)")
    with pytest.raises(QueueError, match="account"):
        open_writer(folder)
    with contextlib.closing(sqlite3.connect(database_in(folder))) as connection:
        rows = connection.execute(TASKS).fetchall()
        connection.execute("DROP TABLE account")
    assert rows == before
    assert_upgraded(folder, before)


def test_a_damaged_older_database_is_not_upgraded(folder: Path) -> None:
    load(folder, V2.dump)
    path = database_in(folder)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'idx_sync_queue_status'"
        page = connection.execute(sql).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    raw = path.read_bytes()
    start, end = (page - 1) * size, page * size
    path.write_bytes(raw[:start] + raw[start:end].replace(b"failed", b"fooled") + raw[end:])
    with pytest.raises(QueueUnreadableError, match="nothing was changed"):
        open_writer(folder)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
        assert connection.execute("SELECT COUNT(*) FROM sync_queue").fetchone() == (60,)
    assert not copy_path(path).exists()


def test_the_copy_is_kept_as_it_was_when_the_new_database_is_damaged(folder: Path) -> None:
    load(folder, V2.dump)
    path = database_in(folder)
    with profiled(StopAt("_squeeze")), pytest.raises(OopsError):
        open_writer(folder)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'task_failed'"
        page = connection.execute(sql).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    raw = bytearray(path.read_bytes())
    end = page * size
    raw[end - 40 : end] = b"\x03" * 40
    path.write_bytes(bytes(raw))
    copy = copy_path(path).read_bytes()
    with pytest.raises(QueueUnreadableError, match="before the upgrade"):
        open_writer(folder)
    assert copy_path(path).read_bytes() == copy


class StopAt(Fault):
    """Raises when this function of the upgrade is entered."""

    def __init__(self, name: str) -> None:
        super().__init__(0)
        self.name = name

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        del arg
        if event == "call" and frame.f_code.co_name == self.name:
            raise OopsError


def test_pages_that_somebody_still_reads_are_erased_by_the_next_opening(folder: Path) -> None:
    before = load(folder, V2.dump)
    path = database_in(folder)
    with contextlib.closing(sqlite3.connect(path)) as first:
        first.execute("PRAGMA journal_mode = WAL")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as stranger:
        stranger.execute("BEGIN")
        stranger.execute("SELECT COUNT(*) FROM sync_queue").fetchone()
        writer = open_writer(folder, busy_seconds=SOON)
        assert writer.rows("SELECT value FROM meta WHERE key = 'scrub'")[0][0] == "1"
        assert b"CANARY" in everything_in(folder)
        stranger.execute("COMMIT")
    writer.close()
    assert_upgraded(folder, before)


def test_a_copy_that_the_user_moved_away_is_not_missed(folder: Path) -> None:
    load(folder, V2.dump)
    with profiled(StopAt("_squeeze")), pytest.raises(OopsError):
        open_writer(folder)
    copy_path(database_in(folder)).unlink()
    with a_queue(folder) as queue:
        assert queue.sql("SELECT * FROM meta WHERE key = 'scrub'") == []
    assert b"CANARY" not in everything_in(folder)


@pytest.mark.parametrize("make", [lambda path: path.write_bytes(b"left over" * 1000)])
def test_what_an_earlier_copy_left_behind_does_no_harm(
    folder: Path, make: Callable[[Path], object]
) -> None:
    before = load(folder, V2.dump)
    for suffix in ("", "-journal", "-wal", "-shm"):
        path = copy_path(database_in(folder))
        make(path.with_name(path.name + suffix))
    assert_upgraded(folder, before)


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        pytest.param("CAST(x'2d80' AS TEXT)", "-\ufffd", id="no UTF-8"),
        pytest.param("CAST('{\"id\": 7}' AS BLOB)", '{"id": 7}', id="bytes"),
        pytest.param("'[\"\\ud800\"]'", '["?"]', id="half a character"),
        pytest.param("'[' || replace(hex(zeroblob(5000)), '00', '[')", None, id="deep"),
        pytest.param("'q29kZQ==' ", "q29kZQ==", id="encrypted"),
        pytest.param("'a' || char(0) || 'b'", "a\x00b", id="NUL"),
    ],
)
def test_no_row_is_left_behind_for_a_strange_payload(
    folder: Path, payload: str, shown: str | None
) -> None:
    load(folder, V2.dump, f"UPDATE sync_queue SET payload = {payload} WHERE id = 7")  # noqa: S608
    with a_queue(folder) as queue:
        task = queue.task(7)
    assert task.payload == (shown or "[" * 5001)
