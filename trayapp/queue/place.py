"""Place: which file lies at a path, told apart from one that lay there before.

A database that is moved or deleted while it is open takes writes that nobody will ever see.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from trayapp.light import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A file by what stays the same as long as it is the same one."""

    device: int
    node: int

    @classmethod
    def of(cls, path: Path | int) -> Self | None:
        """The file at this path now, or open as this one; None: there is none. Raises OSError."""
        try:
            found = os.stat(path)  # noqa: PTH116  # before each transaction: half the time
        except (FileNotFoundError, NotADirectoryError):
            return None
        return cls(found.st_dev, found.st_ino)
