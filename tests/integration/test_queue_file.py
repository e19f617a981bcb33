"""The queue's file among real processes: watched, killed, and in each other's way."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.queue_program import ACK, BEGUN, FULL, HELD
from tests.unit.queue.support import SOON, Queue, a_queue, as_it_is, open_writer
from tests.unit.queue.test_legacy import V1, V2, Old, assert_upgraded, load
from trayapp.mutex import Mutex
from trayapp.queue.errors import QueueBusyError

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 15
PROGRAM = (sys.executable, "-m", "tests.integration.queue_program")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "queue"
    found.mkdir(mode=0o700)
    return found


def start(verb: str, folder: Path, more: object, *, under: tuple[str, ...] = ()) -> Program:
    return Program([*under, *PROGRAM, verb, str(folder), str(more)])


class Program(subprocess.Popen[str]):
    """The program, with its output as lines."""

    def __init__(self, command: list[str]) -> None:
        super().__init__(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def line(self) -> list[str]:
        assert self.stdout is not None
        return self.stdout.readline().split()

    def rest(self) -> list[list[str]]:
        """All other lines, once it has ended."""
        # What was read ahead counts, too; `communicate` would leave it out.
        assert self.stdout is not None
        assert self.stdin is not None
        self.stdin.close()
        with self.stdout:
            told = [line.split() for line in self.stdout]
        self.wait(DEADLINE_SECONDS)
        return told

    def die(self) -> list[list[str]]:
        self.kill()
        return self.rest()


@contextlib.contextmanager
def holder(folder: Path) -> Iterator[Program]:
    program = start("hold", folder, "")
    try:
        assert program.line() == [HELD]
        yield program
    finally:
        program.die()


def recorded(queue: Queue) -> list[str]:
    """Ids of the events in order, each with its task."""
    events = [str(row[0]) for row in queue.sql("SELECT id FROM event ORDER BY seq")]
    tasks = [str(row[0]) for row in queue.sql("SELECT event FROM sync_queue ORDER BY id")]
    assert events == tasks
    assert queue.sql("PRAGMA integrity_check") == [("ok",)]
    return events


# -- durable -------------------------------------------------------------------------------------


def test_a_click_is_one_fsync_and_is_told_only_after_it(folder: Path) -> None:
    clicks, trace = 100, folder / "trace"
    under = ("strace", "-f", "-y", "-e", "trace=fsync,fdatasync,write", "-o", str(trace))
    program = start("click", folder, clicks, under=under)
    program.rest()
    assert program.returncode == 0
    calls = trace.read_text(encoding="utf-8").partition(BEGUN)[2]
    until_ack = calls.split(f'"{ACK} ')
    syncs = [len(re.findall(r"f(?:data)?sync\(\d+<[^>]*queue\.db", part)) for part in until_ack]
    assert len(syncs) == clicks + 1
    assert min(syncs[:-1]) == 1
    assert 1.00 <= sum(syncs[:-1]) / clicks <= 1.15


@pytest.mark.parametrize("clicks", [1, 7, 23, 60])
def test_a_click_that_was_acknowledged_survives_a_kill(folder: Path, clicks: int) -> None:
    program = start("click", folder, 1_000_000)
    assert program.line() == [BEGUN]
    told = [program.line() for _ in range(clicks)]
    told += [line for line in program.die() if len(line) == 2 and len(line[1]) == 36]
    assert program.returncode == -signal.SIGKILL
    with a_queue(folder) as queue:
        found = recorded(queue)
    # At most the last one was durable and could not be told any more.
    assert found[: len(told)] == [event_id for _, event_id in told]
    assert len(found) <= len(told) + 1


def test_a_full_disk_loses_no_click_that_was_acknowledged(folder: Path) -> None:
    program = start("click-until-full", folder, 400_000)
    lines = program.rest()
    assert program.returncode == 0
    assert lines[0] == [BEGUN]
    assert lines[-1] == [FULL]
    told = [line[1] for line in lines[1:-1]]
    assert told
    with a_queue(folder) as queue:
        assert recorded(queue) == told
        later = queue.click("e1")
        assert recorded(queue) == [*told, later.id]


# -- one writer at a time ------------------------------------------------------------------------


def test_writers_of_several_processes_never_meet(folder: Path) -> None:
    with a_queue(folder):
        pass
    each = 40
    programs = [start("click", folder, each) for _ in range(3)]
    for program in programs:
        program.rest()
        assert program.returncode == 0
    with a_queue(folder) as queue:
        assert len(recorded(queue)) == 3 * each
        seen = [int(str(row[0])) for row in queue.sql("SELECT note FROM event ORDER BY seq")]
    assert seen == list(range(3 * each))


def test_a_writer_waits_for_another_process_no_longer_than_it_may(folder: Path) -> None:
    writer = open_writer(folder, busy_seconds=SOON)
    mutex = Mutex(writer)
    with holder(folder), pytest.raises(QueueBusyError), mutex.lock():
        pass
    with mutex.lock():
        pass
    writer.close()


def test_a_reader_waits_for_nobody(folder: Path) -> None:
    with a_queue(folder) as queue:
        event = queue.click("e1")
        with holder(folder):
            assert queue.reader.newest_entry() == (event,)
            assert len(queue.reader.accounts()) == 1


def test_a_writer_that_is_killed_holds_nobody_and_leaves_nothing_half_done(folder: Path) -> None:
    with a_queue(folder) as queue:
        queue.click("e1")
        with holder(folder) as program:
            program.kill()
            program.wait(DEADLINE_SECONDS)
            event = queue.click("e1")
        assert len(queue.reader.accounts()) == 1
        assert recorded(queue)[-1] == event.id


# -- the older app's database --------------------------------------------------------------------


@pytest.mark.parametrize("old", [V1, V2], ids=lambda old: old.dump)
@pytest.mark.parametrize(
    ("point", "copied"),
    [
        pytest.param("call _copy", False, id="before the copy"),
        pytest.param("return _copy", True, id="after the copy"),
        pytest.param("return _move", True, id="before the commit"),
        pytest.param("return upgrade", True, id="after the commit"),
        pytest.param("call _squeeze", True, id="before the vacuum"),
        pytest.param("call _erase_copy", True, id="before the copy is erased"),
        pytest.param("return _any_text", True, id="among the rows"),
        pytest.param("return _erase_copy", True, id="after the copy is erased"),
        pytest.param("return finish_erasing", True, id="at the very end"),
    ],
)
def test_an_upgrade_that_is_killed_is_finished_by_the_next_opening(
    folder: Path, old: Old, point: str, *, copied: bool
) -> None:
    before = load(folder, old.dump)
    program = start("upgrade", folder, point)
    program.rest()
    assert program.returncode == -signal.SIGKILL
    assert ("queue.db.before-upgrade" in as_it_is(folder)) is copied
    assert_upgraded(folder, before)
