"""WriterLock: one writer among processes. It ends with its holder, so none is ever stale.

Taken for each transaction, so its file stays open: to open and check it each time, as FileLock
does, costs a fifth of a click. Both exclude each other; where there is no flock it is FileLock.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from pathlib import Path

from trayapp.lock_file import HAS_FLOCK, opened, slow_lock
from trayapp.queue.place import Place

_POLL_SECONDS = 0.001
"""Shorter than the pauses that somebody makes who has much to write."""
_LONGEST_POLL_SECONDS = 0.005
"""Fifty that wait side by side would otherwise take the processor from the one that writes."""


class WriterLock:
    """Used by one thread at a time. `acquire` may wait; it raises TimeoutError and OSError."""

    def __init__(self, path: Path, *, has_flock: bool = HAS_FLOCK) -> None:
        self._path = path
        self._slow = None if has_flock else slow_lock(path)
        self._file = -1
        self._place: Place | None = None
        self._closing: weakref.finalize[[int], WriterLock] | None = None

    def acquire(self, *, timeout: float) -> None:
        """Wait at most so many seconds for another process."""
        if self._slow is not None:
            self._slow.acquire(timeout=timeout, poll_interval=_POLL_SECONDS)
            return
        ends_at = time.monotonic() + timeout
        pause = _POLL_SECONDS
        while not self._has_locked():
            if time.monotonic() >= ends_at:
                raise TimeoutError(str(self._path))
            threading.Event().wait(pause)
            pause = min(pause * 1.1, _LONGEST_POLL_SECONDS)

    def release(self) -> None:
        """Let others write; no error when it is not held."""
        if self._slow is not None:
            self._slow.release(force=True)
        elif self._closing is not None:
            import fcntl  # noqa: PLC0415  # not on Windows

            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the file up too; it can be acquired again."""
        self.release()
        if self._closing is not None:
            self._closing()
            self._closing = None

    def _has_locked(self) -> bool:
        import fcntl  # noqa: PLC0415  # not on Windows

        if self._closing is None:
            self._file = opened(self._path)
            self._closing = weakref.finalize(self, os.close, self._file)
            self._place = Place.of(self._file)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # some file systems say the latter
            return False
        if Place.of(self._path) == self._place:
            return True
        self.close()  # others lock another file by now
        return False
