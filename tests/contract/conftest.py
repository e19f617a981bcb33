"""Each test of the contract runs on every server.

`networked` is one that is reached by HTTP, `shared` one whose records others can change, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.contract.stages import Stage, embedded_inside, embedded_on_loopback, plain

_STAGES: tuple[tuple[str, Callable[[Path], AbstractContextManager[Stage]]], ...] = (
    ("inside", embedded_inside),
    ("loopback", embedded_on_loopback),
    ("plain", plain),
)


@pytest.fixture(params=[pytest.param(make, id=name) for name, make in _STAGES])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with request.param(tmp_path) as made:
        yield made


@pytest.fixture(params=[pytest.param(make, id=name) for name, make in _STAGES if name != "inside"])
def networked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with request.param(tmp_path) as made:
        yield made


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Stage]:
    with plain(tmp_path) as made:
        yield made
