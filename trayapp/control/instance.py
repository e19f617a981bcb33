"""InstanceLock: held by whoever runs the worker, so that there is only one worker.

The kernel holds the lock, not the file's being there: a dead process blocks nobody. It is the lock
that FileLock takes, which itself is loaded where there is no flock only: that takes as long as to
read the queue and show it.
"""

from __future__ import annotations

import os
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock

_HAS_FLOCK = find_spec("fcntl") is not None
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_POLL_SECONDS = 0.1


class InstanceLock:
    """The lock file beside the database. One thread takes it; any thread may give it back."""

    def __init__(self, path: Path, *, has_flock: bool = _HAS_FLOCK) -> None:
        self._path = path
        self._slow = None if has_flock else _slow_lock(path)
        self._file: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds it."""
        return self._file is not None if self._slow is None else bool(self._slow.is_locked)

    def try_acquire(self) -> bool:
        """Take it if nobody has it; True also when this object has it already. Never waits.

        Raises OSError where the file cannot be made.
        """
        return self.acquire(timeout=0)

    def acquire(self, timeout: float) -> bool:
        """Take it, waiting at most `timeout` seconds for another process; False if in vain.

        Raises OSError where the file cannot be made.
        """
        if self.is_held:  # the library would count, and ask for as many releases
            return True
        if self._slow is not None:
            return _has_taken(self._slow, timeout)
        ends_at = time.monotonic() + timeout
        while not self._has_locked():
            left = ends_at - time.monotonic()
            if left <= 0:
                return False
            threading.Event().wait(min(left, _POLL_SECONDS))
        return True

    def release(self) -> None:
        """Give it back; nothing happens when it is not held. The file stays, on purpose."""
        if self._slow is not None:
            self._slow.release(force=True)
        elif self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def _has_locked(self) -> bool:
        import fcntl  # noqa: PLC0415  # not on Windows

        file = self._opened()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_mine = os.path.samestat(os.fstat(file), self._path.stat())
        except (BlockingIOError, PermissionError, FileNotFoundError):
            is_mine = False  # another's, or no more what others lock
        except OSError:
            os.close(file)
            raise
        if is_mine:
            self._file = file
        else:
            os.close(file)
        return is_mine

    def _opened(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(self._path, flags, _FILE_MODE)
        except FileNotFoundError:
            self._path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            return os.open(self._path, flags, _FILE_MODE)


def _slow_lock(path: Path) -> FileLock:
    from filelock import FileLock  # noqa: PLC0415  # see the top

    # thread_local off: taken by the thread that starts the program, released by the one that
    # ends it.
    return FileLock(path, mode=_FILE_MODE, thread_local=False)


def _has_taken(lock: FileLock, timeout: float) -> bool:
    try:
        lock.acquire(timeout=timeout, poll_interval=_POLL_SECONDS)
    except TimeoutError:
        return False
    return True
