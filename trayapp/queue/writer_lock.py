"""WriterLock: one writer among processes. It ends with its holder, so none is ever stale.

Taken for each transaction, so its file stays open: to open and check it each time, as FileLock
does, costs a fifth of a click. Both exclude each other; where there is no flock it is FileLock.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from trayapp.queue.place import Place

if TYPE_CHECKING:
    from filelock import FileLock

_HAS_FLOCK = find_spec("fcntl") is not None
_POLL_SECONDS = 0.001
"""Shorter than the pauses that somebody makes who has much to write."""
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


class WriterLock:
    """Used by one thread at a time. `acquire` may wait; it raises TimeoutError and OSError."""

    def __init__(self, path: Path, *, has_flock: bool = _HAS_FLOCK) -> None:
        self._path = path
        self._slow = None if has_flock else _slow_lock(path)
        self._file = -1
        self._place: Place | None = None
        self._closing: weakref.finalize[[int], WriterLock] | None = None

    def acquire(self, *, timeout: float) -> None:
        """Wait at most so many seconds for another process."""
        if self._slow is not None:
            self._slow.acquire(timeout=timeout, poll_interval=_POLL_SECONDS)
            return
        ends_at = time.monotonic() + timeout
        while not self._has_locked():
            if time.monotonic() >= ends_at:
                raise TimeoutError(str(self._path))
            threading.Event().wait(_POLL_SECONDS)

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
            self._file = self._opened()
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

    def _opened(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(self._path, flags, _FILE_MODE)
        except FileNotFoundError:  # the folder was deleted while we run
            self._path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            return os.open(self._path, flags, _FILE_MODE)


def _slow_lock(path: Path) -> FileLock:
    from filelock import FileLock  # noqa: PLC0415  # takes longer to load than all that we read

    return FileLock(path, mode=_FILE_MODE, thread_local=False)
