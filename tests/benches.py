"""The benches that most tests of the worker use, as fixtures: `bench = benches.bench` takes one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_server import Bench, a_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path / "queue") as made:
        yield made


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Bench]:
    """A server where nothing may be repeated."""
    with a_bench(tmp_path / "plain", repeatable=False) as made:
        yield made
