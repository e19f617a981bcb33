"""Figures: medians, quantiles, and ratios of what was measured side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def p99(values: Sequence[float]) -> float:
    return quantile(values, 0.99)


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median of ratios, and between which values the middle half of them lies."""

    mid: float
    low: float
    high: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> Ratio:
        return cls(median(ratios), quantile(ratios, 0.25), quantile(ratios, 0.75))

    def __str__(self) -> str:
        return f"{self.mid:.2f} ({self.low:.2f} … {self.high:.2f})"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Blocks of seconds, each measured right beside a block of its base."""

    ours: tuple[tuple[float, ...], ...]
    base: tuple[tuple[float, ...], ...]

    @property
    def ratio(self) -> Ratio:
        """Of medians, block by block: what disturbs the machine disturbs both."""
        pairs = zip(self.ours, self.base, strict=True)
        return Ratio.of([median(mine) / median(other) for mine, other in pairs])

    @property
    def all_ours(self) -> list[float]:
        return [one for block in self.ours for one in block]

    @property
    def all_base(self) -> list[float]:
        return [one for block in self.base for one in block]

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(self.ours + other.ours, self.base + other.base)


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def block(work: Callable[[], object], times: int) -> tuple[float, ...]:
    return tuple(seconds_of(work) for _ in range(times))


def paired(
    ours: Callable[[], object], base: Callable[[], object], *, blocks: int, times: int
) -> Pairs:
    """A B A B: neither has the machine to itself for longer than a block."""
    mine: list[tuple[float, ...]] = []
    other: list[tuple[float, ...]] = []
    for _ in range(blocks):
        mine.append(block(ours, times))
        other.append(block(base, times))
    return Pairs(tuple(mine), tuple(other))


def us(seconds: float) -> str:
    return f"{seconds * 1e6:.0f}"


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f}"


def mib(count: float) -> str:
    return f"{count / (1 << 20):.1f}"
