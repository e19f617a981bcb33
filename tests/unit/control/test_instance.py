"""One worker at a time: the instance lock among threads, processes and the dead."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trayapp.control.instance import InstanceLock

_WAIT_SECONDS = 10
_PROJECT = Path(__file__).parents[3]
# Says what became of it, then keeps what it has until its input ends.
_CONTENDER = """
import sys
from pathlib import Path
from trayapp.control.instance import InstanceLock
lock = InstanceLock(Path(sys.argv[1]))
sys.stdin.readline()
print("won" if lock.try_acquire() else "lost", flush=True)
sys.stdin.read()
"""

Contender = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture(name="path")
def _path(home: Path) -> Path:
    return home / "instance.lock"


@pytest.fixture(name="contender")
def _contender(path: Path) -> Iterator[Contender]:
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        child = subprocess.Popen(  # noqa: S603  # our own interpreter and text
            [sys.executable, "-c", _CONTENDER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_PROJECT,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate(timeout=_WAIT_SECONDS)


def _go(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()


def _outcome(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def test_it_is_the_lock_that_the_library_takes(path: Path) -> None:
    """An older Trayapp, and one on a system without flock, take it so."""
    ours, other = InstanceLock(path), InstanceLock(path, has_flock=False)
    assert other.try_acquire()
    assert not ours.try_acquire()
    assert other.try_acquire()
    other.release()
    assert ours.acquire(timeout=1)
    assert not other.acquire(timeout=0)
    ours.release()
    ours.release()
    other.release()


def test_a_file_that_took_the_others_place_is_another_lock(path: Path) -> None:
    holder, later = InstanceLock(path), InstanceLock(path)
    assert holder.try_acquire()
    path.unlink()
    assert later.try_acquire()
    holder.release()
    later.release()


def test_its_folder_is_made_and_closed_to_others(path: Path) -> None:
    lock = InstanceLock(path.parent / "new" / path.name)
    assert lock.try_acquire()
    assert (path.parent / "new").stat().st_mode & 0o777 == 0o700
    lock.release()


def test_one_holder_at_a_time(path: Path) -> None:
    first, second = InstanceLock(path), InstanceLock(path)

    assert first.try_acquire()
    assert not second.try_acquire()
    assert (first.is_held, second.is_held) == (True, False)

    first.release()
    assert second.try_acquire()
    second.release()


def test_taking_it_twice_needs_one_release(path: Path) -> None:
    lock, other = InstanceLock(path), InstanceLock(path)
    assert lock.try_acquire()
    assert lock.try_acquire()

    lock.release()

    assert other.try_acquire()
    lock.release()
    assert other.is_held
    other.release()


def test_the_file_is_for_its_owner_only_and_stays(path: Path) -> None:
    lock = InstanceLock(path)

    assert lock.try_acquire()
    assert path.stat().st_mode & 0o777 == 0o600
    lock.release()

    assert path.exists()


def test_a_file_left_behind_blocks_nobody(path: Path) -> None:
    path.write_text("4711")
    lock = InstanceLock(path)

    assert lock.try_acquire()
    lock.release()


def test_waiting_in_vain_ends_in_time(path: Path) -> None:
    holder, waiter = InstanceLock(path), InstanceLock(path)
    assert holder.try_acquire()

    assert not waiter.acquire(timeout=0.15)

    holder.release()


def test_who_waits_gets_it_when_it_is_given_back_by_another_thread(path: Path) -> None:
    holder, waiter = InstanceLock(path), InstanceLock(path)
    assert holder.try_acquire()
    taken: list[bool] = []
    thread = threading.Thread(target=lambda: taken.append(waiter.acquire(timeout=_WAIT_SECONDS)))
    thread.start()

    threading.Thread(target=holder.release).start()

    thread.join(_WAIT_SECONDS)
    assert taken == [True]
    waiter.release()


def test_a_directory_that_cannot_be_used_is_told(home: Path) -> None:
    (home / "file").write_text("")

    with pytest.raises(OSError, match="file"):
        InstanceLock(home / "file" / "instance.lock").try_acquire()


def test_of_two_processes_one_wins(contender: Contender) -> None:
    children = [contender(), contender()]

    for child in children:
        _go(child)

    assert sorted(_outcome(child) for child in children) == ["lost", "won"]


def test_kill_9_of_the_holder_frees_it(contender: Contender, path: Path) -> None:
    holder = contender()
    _go(holder)
    assert _outcome(holder) == "won"
    lock = InstanceLock(path)
    assert not lock.try_acquire()

    holder.kill()
    holder.wait(_WAIT_SECONDS)

    assert lock.try_acquire()
    lock.release()
