"""InstanceLock: held by whoever runs the worker, so that there is only one worker.

The kernel holds the lock, not the file's being there: a dead process blocks nobody.
"""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

_FILE_MODE = 0o600
_POLL_SECONDS = 0.1


class InstanceLock:
    """The lock file beside the database. One thread takes it; any thread may give it back."""

    def __init__(self, path: Path) -> None:
        # thread_local off: taken by the thread that starts the program, released by the one that
        # ends it.
        self._lock = FileLock(path, mode=_FILE_MODE, thread_local=False)

    @property
    def is_held(self) -> bool:
        """Whether this object holds it."""
        return bool(self._lock.is_locked)

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
        try:
            self._lock.acquire(timeout=timeout, poll_interval=_POLL_SECONDS)
        except Timeout:
            return False
        return True

    def release(self) -> None:
        """Give it back; nothing happens when it is not held. The file stays, on purpose."""
        if self.is_held:
            self._lock.release()
