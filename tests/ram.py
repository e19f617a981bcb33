"""Files in memory, for proofs of many thousand commits in which no disk plays a part.

Not for what is killed at a moment of chance: a disk that is never waited for leaves no such moment.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_RAM = Path("/dev/shm")  # noqa: S108  # nothing of it outlives the machine, and nothing has to
_ENOUGH_BYTES = 2**30


def directory() -> Path | None:
    """Where a temporary directory is to be made; None for where they always are."""
    if _RAM.is_dir() and shutil.disk_usage(_RAM).free > _ENOUGH_BYTES:
        return _RAM
    return None


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Stands in for pytest's own: `tmp_path = ram.tmp_path`."""
    with tempfile.TemporaryDirectory(dir=directory()) as made:
        yield Path(made)
