"""A disk that fails: the click is refused with a clear line, nothing is half done, and it heals."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.integration.core_support import Bench, bench_inside, made_paths
from tests.unit.queue.support import SOON, Queue, a_queue, database_in, open_writer
from trayapp.app import App, surroundings
from trayapp.config import Settings
from trayapp.core import Listener
from trayapp.desktop.faces import Faces
from trayapp.desktop.menu import Action
from trayapp.mutex import Mutex
from trayapp.queue.error_words import in_words
from trayapp.queue.errors import QueueBusyError, QueueError, StorageError
from trayapp.queue.salvaged import Salvage
from trayapp.sync.status import SyncStatus
from trayapp.tracking.entry import TrackerState
from trayapp.tracking.tracker import Pause, Running, Start, Stop, state_of

NOBODY = 65534


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bench_inside(tmp_path) as (made, _plug):
        made.work()
        made.clicks(Start("Website"))
        yield made


def refused(bench: Bench) -> str:
    """A click that cannot be recorded: everything is as before; what the user reads."""
    before = bench.clicked
    bench.clock.advance(60)
    with pytest.raises(QueueError) as caught:
        bench.click(Pause())
    assert bench.clicked == before
    assert isinstance(state_of(bench.clicked), Running)
    return str(caught.value)


def goes_on(bench: Bench) -> None:
    """Without a restart."""
    before = bench.clicked
    bench.clicks(Pause())
    assert len(bench.clicked) == len(before) + 1
    assert bench.rows("PRAGMA integrity_check") == [("ok",)]
    bench.work()
    assert bench.status.all_sent


def test_a_full_disk(bench: Bench) -> None:
    with bench.core._queue.lock() as guard:
        pages = guard.value.rows("PRAGMA page_count")[0][0]
        guard.value.run(f"PRAGMA max_page_count = {pages}")
    bench.clock.advance(60)
    with pytest.raises(StorageError, match="database or disk is full") as caught:
        bench.click(Start("x" * 90_000))
    words = in_words("{reason}. Nothing was recorded; {advice}.", caught.value)
    assert "disk is full. Nothing was recorded; make room" in words
    with bench.core._queue.lock() as guard:
        guard.value.run("PRAGMA max_page_count = 1000000")
    goes_on(bench)


@contextlib.contextmanager
def no_file_may_grow_beyond(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handled)


@pytest.mark.parametrize("room", range(0, 60_000, 4_000))
def test_a_disk_that_is_full_at_any_write(bench: Bench, room: int) -> None:
    """Room for so many bytes more, and then no file grows."""
    wal = bench.paths.database.with_name("trayapp.db-wal")
    recorded: list[object] = []
    with no_file_may_grow_beyond(wal.stat().st_size + room):
        with contextlib.suppress(QueueError):
            for _ in range(100):
                bench.clock.advance(60)
                recorded.append(bench.click(Stop() if len(recorded) % 2 else Pause()))
                recorded.append(bench.click(Start("Website")))
        count = len(bench.clicked)
    assert bench.rows("SELECT COUNT(*) FROM event") == [(count,)]
    bench.clicks(Start("Something else"))
    assert bench.rows("PRAGMA integrity_check") == [("ok",)]
    bench.work()
    assert bench.status.all_sent


class Onlooker(Faces):
    """Whoever sees the icon and reads the notifications."""

    def __init__(self) -> None:
        self.seen: list[TrackerState] = []
        self.told: list[tuple[str, str]] = []

    def quiet_until(self, now: datetime) -> None:
        del now

    def show(self, status: SyncStatus) -> None:
        self.seen.append(status.tracker)

    def tell(self, title: str, body: str) -> None:
        self.told.append((title, body))


def test_who_clicks_in_the_menu_on_a_full_disk_is_told_and_can_click_later(tmp_path: Path) -> None:
    clock, onlooker = FakeClock(), Onlooker()
    app = App(surroundings(made_paths(tmp_path), Settings(), clock), faces=onlooker)
    try:
        app._answers.act(Action.START, clock.stamp())
        clock.advance(60)
        with no_file_may_grow_beyond(0):
            app._answers.act(Action.PAUSE, clock.stamp())
        app._tick()
        assert onlooker.seen[-1] is TrackerState.RUNNING
        ((title, body),) = onlooker.told
        assert title == "Not recorded"
        assert body.startswith("This was not recorded: the ")
        assert "Nothing has changed; " in body
        app._answers.act(Action.PAUSE, clock.stamp())
        assert onlooker.seen[-1:] == [TrackerState.PAUSED]
        assert len(onlooker.told) == 1
    finally:
        app.core.close()


def test_the_database_is_deleted_while_the_app_runs(bench: Bench) -> None:
    clicked = bench.clicked
    for path in bench.paths.data_dir.glob("trayapp.db*"):
        path.unlink()
    bench.clicks(Pause())
    assert bench.clicked[:-1] == clicked
    assert bench.rows("SELECT COUNT(*) FROM event") == [(len(clicked) + 1,)]
    assert stat.S_IMODE(bench.paths.database.stat().st_mode) == 0o600
    goes_on_after_a_stop(bench)


def goes_on_after_a_stop(bench: Bench) -> None:
    bench.clicks(Stop())
    bench.work()
    assert bench.status.all_sent
    assert bench.rows("PRAGMA integrity_check") == [("ok",)]


def test_the_folder_is_deleted_while_the_app_runs(bench: Bench) -> None:
    clicked = bench.clicked
    shutil.rmtree(bench.paths.data_dir)
    bench.clicks(Pause())
    assert bench.clicked[:-1] == clicked
    goes_on_after_a_stop(bench)


def test_only_the_database_file_is_deleted(bench: Bench) -> None:
    clicked = bench.clicked
    bench.paths.database.unlink()
    bench.clicks(Pause())
    assert bench.clicked[:-1] == clicked
    goes_on_after_a_stop(bench)


def test_the_database_is_deleted_in_the_middle_of_a_click(queue_in: Queue) -> None:
    kept = queue_in.click("e1")
    lost = queue_in.event("e2")

    def work() -> None:
        with queue_in.writing() as writer:
            writer.record([lost], queue_in.now)
            database_in(queue_in.folder).unlink()

    with pytest.raises(StorageError, match="moved or deleted"):
        work()
    assert queue_in.click("e3").entry_id == "e3"
    assert queue_in.reader.events("e1") == (kept,)
    assert queue_in.reader.events("e2") == ()


@pytest.fixture
def queue_in(tmp_path: Path) -> Iterator[Queue]:
    folder = tmp_path / "queue"
    folder.mkdir()
    with a_queue(folder) as queue:
        yield queue


def test_another_file_is_put_in_its_place(queue_in: Queue, tmp_path: Path) -> None:
    """A copy is restored over it: what it replaced is kept too."""
    other = tmp_path / "other"
    other.mkdir()
    with a_queue(other) as queue:
        restored = queue.click("of the copy")
    clicked = queue_in.click("e1")
    path = database_in(queue_in.folder)
    for one in queue_in.folder.glob("queue.db*"):
        one.unlink()
    shutil.copy(database_in(other), path)
    queue_in.click("e2")
    assert queue_in.reader.events("of the copy") == (restored,)
    assert queue_in.reader.events("e1") == ()
    (replaced,) = queue_in.folder.glob("queue.db.replaced-*")
    with contextlib.closing(sqlite3.connect(replaced)) as connection:
        assert connection.execute("SELECT id FROM event").fetchall() == [(clicked.id,)]


def test_what_another_process_salvaged_is_written_to(queue_in: Queue) -> None:
    queue_in.click("e1")
    path = database_in(queue_in.folder)
    aside = path.rename(path.with_name("queue.db.damaged-now"))
    shutil.copy(aside, path)
    for suffix in ("-wal", "-shm"):
        (queue_in.folder / f"queue.db{suffix}").rename(aside.with_name(aside.name + suffix))
    writer = open_writer(queue_in.folder)
    with Mutex(writer).lock() as guard:
        guard.value.record([queue_in.event("e3")], queue_in.now)
    writer.close()
    queue_in.click("e2")
    assert list(queue_in.folder.glob("*.replaced-*")) == []
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM event").fetchone() == (2,)


def test_a_second_process_that_holds_the_lock(queue_in: Queue) -> None:
    writer = open_writer(queue_in.folder, busy_seconds=SOON)
    hasty = Mutex(writer)
    kept = queue_in.click("e1")
    busy = pytest.raises(QueueBusyError, match="another process has held the database")
    with queue_in.writing(), busy, hasty.lock():
        pass
    assert queue_in.reader.events("e1") == (kept,)
    with hasty.lock() as guard:
        assert guard.value.events.of_entry("e1") == (kept,)
    writer.close()


def test_damage_that_is_met_while_running_is_salvaged_without_a_restart(tmp_path: Path) -> None:
    told: list[Salvage] = []
    with bench_inside(tmp_path) as (bench, _plug):
        bench.work()
        bench.core._listener = Listener(salvaged=told.append)
        bench.clicks(Start("Website"), Pause())
        hurt(bench.paths.database)
        bench.clock.advance(60)
        with pytest.raises(QueueError, match="damaged"):
            bench.click(Stop())
        bench.clicks(Stop())
        bench.work()
        assert bench.status.all_sent
        assert [(done.clicks, done.all_clicks) for done in told] == [(2, 2)]
        assert bench.core.reader.salvaged() is None
        assert len(bench.clicked) == 3


def test_damage_that_only_a_reader_meets_is_salvaged_too(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        bench.work()
        bench.clicks(Start("Website"), Pause())
        hurt(bench.paths.database)
        assert bench.status.pending == 2
        assert bench.core.reader.salvaged() is not None
        assert len(bench.clicked) == 2


def hurt(path: Path) -> None:
    """As a disk does it: under the open file, and what is remembered of it is outdated."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'event_entry'"
        ).fetchone()
        with path.open("r+b") as file:
            file.seek((root - 1) * 4096)
            file.write(b"\xff" * 4096)
        connection.execute("UPDATE meta SET value = value")


PROGRAM = """
import os, sys
from pathlib import Path
folder, uid = Path(sys.argv[1]), int(sys.argv[2])
sys.path.insert(0, sys.argv[3])
from tests.unit.queue.support import a_queue, database_in
from trayapp.queue import legacy, migration, rescue, salvage  # while we may read the program
from trayapp.queue.errors import QueueError
if os.getuid() == 0:
    os.setgid(uid)
    os.setuid(uid)
with a_queue(folder) as queue:
    queue.click("e1")
    for path, mode in (
        (folder, 0o500), (folder, 0), (folder / "queue.lock", 0), (folder / "queue.lock", 0o400)
    ):
        before = path.stat().st_mode & 0o777
        path.chmod(mode)
        try:
            queue.click("e2")
            print("recorded")
        except QueueError as error:
            print("refused:", error)
        path.chmod(before)
        queue.click("e3")
    print(queue.sql("SELECT COUNT(*) FROM event WHERE entry = 'e3'"))
    print(queue.sql("SELECT COUNT(*) FROM event WHERE entry = 'e2'"))
folder.chmod(0o500)
database_in(folder).chmod(0o400)
try:
    with a_queue(folder):
        print("opened")
except QueueError as error:
    print("refused:", error)
"""


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions of another kind")
def test_permissions_that_are_lost_and_come_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("queue")
    if os.getuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        for parent in folder.parents:
            if str(parent).startswith("/tmp/"):  # noqa: S108  # pytest's own
                parent.chmod(0o755)
    root = Path(__file__).parents[2]
    ran = subprocess.run(  # noqa: S603  # ourselves
        [sys.executable, "-c", PROGRAM, folder, str(NOBODY), root],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    folder.chmod(0o700)
    lines = ran.stdout.splitlines()
    recorded = lines[:4].count("recorded")
    assert lines[4:6] == ["[(4,)]", f"[({recorded},)]"], ran.stderr
    for line in (*lines[:4], lines[6]):
        assert line == "recorded" or line.startswith("refused: the database cannot be used now (")
    assert lines[6] != "opened"
