"""WriterLock: one writer among processes. It ends with its holder, so none is ever stale.

Taken for each transaction, so its file stays open: to open and check it each time, as FileLock
does, costs a fifth of a click. Both exclude each other; where there is no flock it is FileLock.
"""

from __future__ import annotations

import errno
import os
import threading
import time
import weakref
from pathlib import Path

from filelock import FileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows
    _HAS_FLOCK = False
else:
    _HAS_FLOCK = True

_POLL_SECONDS = 0.005
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_HELD_ELSEWHERE = frozenset({errno.EACCES, errno.EAGAIN})
_NO_FLOCK = frozenset({errno.ENOSYS, errno.EOPNOTSUPP})


class WriterLock:
    """Used by one thread at a time. `acquire` may wait; it raises Timeout and OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._slow: FileLock | None = None if _HAS_FLOCK else self._file_lock()
        self._file = -1
        self._closing: weakref.finalize[[int], WriterLock] | None = None

    def acquire(self, *, timeout: float) -> None:
        """Wait at most so many seconds for another process."""
        ends_at = time.monotonic() + timeout
        while self._slow is None:
            if self._has_locked():
                return
            if time.monotonic() >= ends_at:
                raise Timeout(str(self._path))
            threading.Event().wait(_POLL_SECONDS)
        self._slow.acquire(timeout=timeout, poll_interval=_POLL_SECONDS)

    def release(self) -> None:
        """Let others write; no error when it is not held."""
        if self._slow is not None:
            self._slow.release(force=True)
        elif self._closing is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the file up too; it can be acquired again."""
        self.release()
        if self._closing is not None:
            self._closing()
            self._closing = None

    def _has_locked(self) -> bool:
        """Whether the lock is ours now, or this file system has none of the kind."""
        if self._closing is None:
            self._file = self._opened()
            self._closing = weakref.finalize(self, os.close, self._file)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_FLOCK:
                self._slow = self._file_lock()
            elif error.errno not in _HELD_ELSEWHERE:
                raise
            return False
        if self._is_at_its_place():
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

    def _is_at_its_place(self) -> bool:
        mine = os.fstat(self._file)
        try:
            there = os.stat(self._path)  # noqa: PTH116  # before each transaction: half the time
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)

    def _file_lock(self) -> FileLock:
        return FileLock(self._path, mode=_FILE_MODE, thread_local=False)
