"""NewFile: a file that is there whole or not at all, closed to others."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def new_file(path: Path, *, replace: bool = False) -> Iterator[BinaryIO]:
    """What is written to it comes to `path` at the end, unless that raises.

    Raises FileExistsError where there is one and `replace` is false, at once and at the end, and
    OSError.
    """
    if not replace and os.path.lexists(path):
        raise FileExistsError(path)
    hidden = path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}")
    descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            hidden.replace(path)
        else:
            _put(hidden, path)
    finally:
        with suppress(OSError):
            hidden.unlink()


def _put(hidden: Path, path: Path) -> None:
    """Give it its name, which nobody else may have taken meanwhile."""
    try:
        os.link(hidden, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without links: an empty file takes the name first
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        hidden.replace(path)
