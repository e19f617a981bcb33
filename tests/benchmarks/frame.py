"""The frame of every benchmark: how large, where, and what comes out of it.

A row is a function that takes a Setting and gives a Table: what was measured, line by line, and
the goals with what was reached.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Size(StrEnum):
    """How much is measured: TINY only shows that it works."""

    TINY = "tiny"
    SMALL = "small"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Setting:
    """How large, and a directory whose file system is the one that is measured."""

    size: Size
    scratch: Path

    def pick(self, *, tiny: int, small: int, full: int) -> int:
        return {Size.TINY: tiny, Size.SMALL: small, Size.FULL: full}[self.size]

    @contextmanager
    def room(self) -> Iterator[Path]:
        """A fresh directory, gone afterwards."""
        with tempfile.TemporaryDirectory(dir=self.scratch, prefix="bench-") as made:
            yield Path(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is wanted and what came out; `peers`: the same of others, in the same run.

    `is_met` None: it was not measured, or this size says nothing about it.
    """

    wanted: str
    reached: str
    is_met: bool | None
    peers: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a row measured. `notes`: what one must know to read it."""

    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    goals: tuple[Goal, ...]
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the list of goals. `name` is what is typed to run it alone."""

    number: int
    name: str
    title: str
    run: Callable[[Setting], Table]
    needs_desktop: bool = False
