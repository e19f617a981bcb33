"""A queue in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.queue.support import Queue, a_queue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "queue"
    found.mkdir(mode=0o700)
    return found


@pytest.fixture
def queue(folder: Path) -> Iterator[Queue]:
    with a_queue(folder) as opened:
        yield opened
