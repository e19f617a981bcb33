"""Lock files: opened as nobody else's link, and locked by a library where there is no flock.

Loaded at each start, and so without filelock: to load that takes as long as to read the queue.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock

HAS_FLOCK = find_spec("fcntl") is not None
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


def opened(path: Path) -> int:
    """The file, made where it is missing, and its folder. Raises OSError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, _FILE_MODE)
    except FileNotFoundError:  # also while we run the folder may be deleted
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        return os.open(path, flags, _FILE_MODE)


def slow_lock(path: Path) -> FileLock:
    """The same lock, for any system: it excludes flock, but opens its file each time.

    One thread may take it and another give it back.
    """
    from filelock import FileLock  # noqa: PLC0415  # see the top

    return FileLock(path, mode=_FILE_MODE, thread_local=False)
