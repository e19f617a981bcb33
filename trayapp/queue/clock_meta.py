"""What is kept about the clock: which one the stored waits were measured by, and what it is worth.

Waits are stored as wall times, so that people and other programs can read them. An anchor beside
them tells how far the wall clock then was from the boot clock, so that they can follow when the
wall clock is set.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Self, TypeVar

from trayapp.light import dataclass
from trayapp.tracking.entry import MILLISECOND, Stamp, to_ms

T = TypeVar("T")

ANCHOR, SKEW, KEPT = "clock", "clock_skew", "clock_kept"
"""Keys of `meta`."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """How far the wall clock was ahead of the boot clock, in which boot."""

    boot_id: str
    offset_ms: int

    @classmethod
    def of(cls, stamp: Stamp) -> Self:
        """Where the clocks are at this moment."""
        return cls(stamp.boot_id, to_ms(stamp.at) - stamp.boot // MILLISECOND)

    def step_to(self, stamp: Stamp) -> timedelta | None:
        """By how much the wall clock was set since; None: it was another boot, nobody knows."""
        now = Anchor.of(stamp)
        if now.boot_id != self.boot_id:
            return None
        return (now.offset_ms - self.offset_ms) * MILLISECOND


@dataclass(frozen=True, slots=True)
class Skew:
    """How far the wall clock was ahead of the server's, of which account."""

    account_id: int
    ms: int


@lru_cache(maxsize=2)  # asked before each transaction, and nearly always for the same
def anchor_of(text: str | None) -> Anchor | None:
    """From what `meta` holds; None for nothing, and for what is damaged."""

    def made() -> Anchor:
        boot_id, offset_ms = json.loads(text or "")
        return Anchor(str(boot_id), int(offset_ms))

    return _sound(made)


def skew_of(text: str | None) -> Skew | None:
    """The same."""

    def made() -> Skew:
        account_id, ms = json.loads(text or "")
        return Skew(int(account_id), int(ms))

    return _sound(made)


def kept_of(text: str | None) -> dict[str, int]:
    """By how many ms the clock was set during entries that the user wants as they are."""

    def made() -> dict[str, int]:
        return {str(entry): int(step_ms) for entry, step_ms in json.loads(text or "")}

    return _sound(made) or {}


def _sound(make: Callable[[], T]) -> T | None:
    try:
        return make()
    except (ValueError, TypeError, RecursionError):
        return None
