"""InstanceLock: held by whoever runs the worker, so that there is only one worker.

The kernel holds the lock, not the file's being there: a dead process blocks nobody. It is the lock
that FileLock takes, which itself is loaded where there is no flock only: that takes as long as to
read the queue and show it.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from trayapp.lock_file import HAS_FLOCK, opened, slow_lock

if TYPE_CHECKING:
    from filelock import FileLock

_POLL_SECONDS = 0.1


class InstanceLock:
    """The lock file beside the database. One thread takes it; any thread may give it back."""

    def __init__(self, path: Path, *, has_flock: bool = HAS_FLOCK) -> None:
        self._path = path
        self._slow = None if has_flock else slow_lock(path)
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

        file = opened(self._path)
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


def _has_taken(lock: FileLock, timeout: float) -> bool:
    try:
        lock.acquire(timeout=timeout, poll_interval=_POLL_SECONDS)
    except TimeoutError:
        return False
    return True
