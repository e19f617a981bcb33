"""Age: an older copy that was put back is noticed, a crash is not taken for one."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.unit.queue.damage import PAGE, overwrite, pages_of, table
from tests.unit.queue.support import Queue, database_in
from trayapp.mutex import Mutex
from trayapp.queue import age, salvage_words, schema
from trayapp.queue.errors import QueueError
from trayapp.queue.reader import QueueReader
from trayapp.queue.salvaged import Salvage
from trayapp.queue.store import QueueWriter

DOUBTS = "SELECT doubt FROM sync_queue ORDER BY id"


def mark_in(folder: Path) -> Path:
    return folder.with_name("mark")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    return made


def run(
    folder: Path, work: Callable[[Queue], object] = lambda _queue: None, *, mark: Path | None = None
) -> Salvage | None:
    """A run of the program; what the user is told."""
    writer = QueueWriter(database_in(folder), folder / "queue.lock", mark=mark or mark_in(folder))
    with contextlib.closing(writer), contextlib.closing(QueueReader(database_in(folder))) as reader:
        done = reader.salvaged()
        writer.forget_salvage()
        queue = Queue(folder, Mutex(writer), reader, FakeClock())
        work(queue)
        with contextlib.suppress(QueueError):
            queue.do(QueueWriter.grow_older)
    return done


def test_week_after_week_nothing_is_doubted(folder: Path) -> None:
    for _week in range(5):
        assert run(folder, lambda queue: queue.click("e1")) is None
    assert mark_in(folder).stat().st_mode & 0o777 == 0o600
    assert set(table(database_in(folder), DOUBTS)) == {("none",)}


def test_an_older_copy_is_noticed_and_all_it_calls_unsent_is_in_doubt(folder: Path) -> None:
    run(folder, lambda queue: queue.click("e1"))
    shutil.copy(database_in(folder), folder / "backup")
    run(folder, lambda queue: queue.click("e2"))
    shutil.copy(folder / "backup", database_in(folder))
    done = run(folder)
    assert done is not None
    assert (done.is_replaced, done.kept, done.clicks, done.tasks) == (True, "", 1, 1)
    assert table(database_in(folder), DOUBTS) == [("unknown",)]
    assert run(folder) is None


def test_a_copy_made_while_it_ran_is_noticed_after_it_ended(folder: Path) -> None:
    def work(queue: Queue) -> None:
        queue.click("e1")
        queue.sql("PRAGMA wal_checkpoint")
        shutil.copy(database_in(folder), folder / "backup")
        queue.click("e2")

    run(folder, work)
    shutil.copy(folder / "backup", database_in(folder))
    done = run(folder)
    assert done is not None
    assert done.is_replaced


def test_another_database_is_noticed(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "data"
    other.mkdir(parents=True)
    for _ in range(9):
        run(other, lambda queue: queue.click("e1"))
    run(folder, lambda queue: queue.click("e2"))
    shutil.copy(database_in(other), database_in(folder))
    done = run(folder)
    assert done is not None
    assert done.is_replaced


def test_a_new_one_in_place_of_a_lost_one_has_nothing_to_doubt(folder: Path) -> None:
    run(folder, lambda queue: queue.click("e1"))
    database_in(folder).unlink()
    assert run(folder) is None


@pytest.mark.parametrize("left", [b"", b"\xff\xfe", b"half a mar", None])
def test_without_a_mark_nothing_is_doubted(folder: Path, left: bytes | None) -> None:
    run(folder, lambda queue: queue.click("e1"))
    mark_in(folder).unlink()
    if left is not None:
        mark_in(folder).write_bytes(left)
    assert run(folder) is None


def test_a_mark_that_cannot_be_written_keeps_nobody_from_clicking(folder: Path) -> None:
    nowhere = folder / "no" / "mark"
    for _ in range(2):
        assert run(folder, lambda queue: queue.click("e1"), mark=nowhere) is None
    assert len(table(database_in(folder), DOUBTS)) == 2


def test_who_only_looks_changes_neither_the_file_nor_the_mark(folder: Path) -> None:
    run(folder, lambda queue: queue.click("e1"))
    before = [path.read_bytes() for path in (database_in(folder), mark_in(folder))]
    run(folder)
    assert [path.read_bytes() for path in (database_in(folder), mark_in(folder))] == before


def test_a_copy_of_before_a_crash_is_noticed_once_it_was_open_again(folder: Path) -> None:
    database = database_in(folder)
    crashed = (database, schema.beside(database)[1], mark_in(folder))

    def work(queue: Queue) -> None:
        queue.click("e1")
        queue.sql("PRAGMA wal_checkpoint")
        shutil.copy(database_in(folder), folder / "backup")
        queue.click("e2")
        for path in crashed:
            shutil.copy(path, folder / f"crashed-{path.name}")

    run(folder, work)
    for path in crashed:
        shutil.copy(folder / f"crashed-{path.name}", path)
    assert run(folder) is None
    shutil.copy(folder / "backup", database_in(folder))
    done = run(folder)
    assert done is not None
    assert done.is_replaced


def test_a_full_disk_keeps_nobody_from_reading(folder: Path) -> None:
    run(folder, lambda queue: queue.click("e1"))
    with contextlib.closing(sqlite3.connect(database_in(folder))) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON meta WHEN NEW.key = 'age'"
            " BEGIN SELECT no_such_function(); END"
        )
    for count in (2, 3):
        assert run(folder, lambda queue: queue.click("e2")) is None
        assert len(table(database_in(folder), DOUBTS)) == count
        mark_in(folder).unlink(missing_ok=True)


def test_a_full_disk_leaves_the_mark_as_it_was(folder: Path) -> None:
    run(folder, lambda queue: queue.click("e1"))
    before, limits = mark_in(folder).read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        age.put(mark_in(folder), age.Age("another", 1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert mark_in(folder).read_bytes() == before != b""


def test_what_a_longer_mark_left_behind_is_no_part_of_it(folder: Path, tmp_path: Path) -> None:
    mark_in(folder).write_text("a" * 99)
    run(folder, lambda queue: queue.click("e1"))
    assert mark_in(folder).read_text().endswith("a" * 9)
    shutil.copy(database_in(folder), tmp_path / "copy")
    run(folder, lambda queue: queue.click("e2"))
    shutil.copy(tmp_path / "copy", database_in(folder))
    assert run(folder) is not None


def test_a_salvage_is_told_as_such(folder: Path) -> None:
    run(folder, lambda queue: queue.click("e1"))
    raw = bytearray(database_in(folder).read_bytes())
    for name in ("meta", "event_entry"):
        overwrite(raw, pages_of(database_in(folder), name)[0], bytes(PAGE))
    database_in(folder).write_bytes(raw)
    done = run(folder)
    assert done is not None
    assert done.kept
    assert not done.is_replaced
    assert run(folder) is None


PROGRAM = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.unit.queue.test_age import run
folder = Path(sys.argv[1])
def work(queue):
    queue.click("e1")
    os.kill(os.getpid(), 9)
run(folder, work)
"""


def test_a_kill_is_not_taken_for_an_older_copy(folder: Path) -> None:
    root = Path(__file__).parents[3]
    for _ in range(3):
        ran = subprocess.run(  # noqa: S603  # ourselves
            [sys.executable, "-c", PROGRAM, folder, root],
            env={**os.environ},
            capture_output=True,
            text=True,
            check=False,
            cwd=root,
        )
        assert ran.returncode == -9, ran.stderr
    assert run(folder) is None
    assert table(database_in(folder), DOUBTS) == [("none",)] * 3


def test_the_user_is_told_where_the_copy_ends() -> None:
    done = Salvage(kept="", is_replaced=True, last_ms=1_773_075_600_000, tasks=1)
    words = salvage_words.text(done, UTC)
    assert salvage_words.title(done) == "The database is another one"
    assert "an older copy or another. Its newest click was made at 9 Mar 2026 17:00" in words
    assert "1 click may have been sent already" in words
    assert "newest" not in salvage_words.text(Salvage(kept="", is_replaced=True))
