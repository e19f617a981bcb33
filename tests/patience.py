"""Patience: how long something takes while the machine runs; that it stands still does not count.

A test that demands a second or two would else fail wherever many machines share a processor.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

DEADLINE_SECONDS = 10.0

_POLL_SECONDS = 0.02
_LONGEST_ROUND_SECONDS = 0.25
"""A round that takes longer was held up."""


@dataclass
class Taken:
    """Told when the block has ended: in which the machine ran, and by the clock."""

    seconds: float = 0.0
    wall_seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """A round took so long."""
        self.seconds += min(seconds, _LONGEST_ROUND_SECONDS)
        self.wall_seconds += seconds


def wait_for(what: Callable[[], bool], *, seconds: float = DEADLINE_SECONDS) -> bool:
    """Whether it comes true within so many seconds in which the machine runs."""
    taken, began = Taken(), time.monotonic()
    while not what():
        if taken.seconds > seconds:
            return False
        threading.Event().wait(_POLL_SECONDS)
        began, before = time.monotonic(), began
        taken.add(began - before)
    return True


@contextmanager
def stopwatch() -> Iterator[Taken]:
    """Measure the block; what keeps the interpreter to itself counts less."""
    taken, ended = Taken(), threading.Event()

    def count() -> None:
        began = time.monotonic()
        has_ended = False
        while not has_ended:
            has_ended = ended.wait(_POLL_SECONDS)
            began, before = time.monotonic(), began
            taken.add(began - before)

    thread = threading.Thread(target=count, name="stopwatch")
    thread.start()
    try:
        yield taken
    finally:
        ended.set()
        thread.join()
