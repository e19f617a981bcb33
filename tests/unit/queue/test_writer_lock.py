"""The writer's lock: among processes, among files that took each other's place, without flock."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from trayapp.queue.writer_lock import WriterLock

SOON = 0.02


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "writer.lock"


def is_free(path: Path) -> bool:
    """Whether a FileLock, as an older or another Trayapp takes it, gets it now."""
    try:
        with FileLock(path, timeout=0):
            return True
    except Timeout:
        return False


@pytest.mark.parametrize("has_flock", [True, False], ids=["flock", "no flock"])
def test_it_keeps_others_out_until_it_is_released(path: Path, *, has_flock: bool) -> None:
    lock = WriterLock(path, has_flock=has_flock)
    lock.acquire(timeout=SOON)
    assert not is_free(path)
    lock.release()
    assert is_free(path)
    lock.close()


def test_it_waits_for_another_and_says_when_that_takes_too_long(path: Path) -> None:
    path.parent.mkdir()
    lock, other = WriterLock(path), FileLock(path, thread_local=False)
    other.acquire()
    with pytest.raises(TimeoutError):
        lock.acquire(timeout=SOON)
    releasing = threading.Timer(SOON, other.release)
    releasing.start()
    lock.acquire(timeout=10)
    releasing.join()
    assert not is_free(path)
    lock.close()


def test_its_file_and_folder_are_closed_to_others(path: Path) -> None:
    lock = WriterLock(path)
    lock.acquire(timeout=SOON)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    lock.close()


@pytest.mark.parametrize("replaced", [pytest.param(True, id="another"), pytest.param(False, id="")])
def test_a_file_that_is_gone_from_its_place_locks_nothing(path: Path, *, replaced: bool) -> None:
    lock = WriterLock(path)
    lock.acquire(timeout=SOON)
    lock.release()
    path.unlink()
    if replaced:
        path.touch(0o600)
    lock.acquire(timeout=SOON)
    assert not is_free(path)
    lock.close()


def test_to_release_or_close_it_twice_is_no_error(path: Path) -> None:
    lock = WriterLock(path)
    lock.release()
    lock.close()
    lock.acquire(timeout=SOON)
    lock.release()
    lock.release()
    lock.close()
    lock.close()
    assert is_free(path)


def test_what_nobody_holds_any_more_is_closed(path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    lock = WriterLock(path)
    lock.acquire(timeout=SOON)
    del lock
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert is_free(path)


def test_a_place_that_cannot_be_written_to_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        WriterLock(tmp_path).acquire(timeout=SOON)
