"""Patience: how long something takes while the machine runs; that it stands still does not count.

A test that demands a second or two would else fail wherever many machines share a processor.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

DEADLINE_SECONDS = 20.0

_POLL_SECONDS = 0.02
_LONGEST_ROUND_SECONDS = 0.25
"""A round that takes longer was held up."""


def wait_for(what: Callable[[], bool], *, seconds: float = DEADLINE_SECONDS) -> bool:
    """Whether it comes true within so many seconds in which the machine runs."""
    taken, began = 0.0, time.monotonic()
    while not what():
        if taken > seconds:
            return False
        threading.Event().wait(_POLL_SECONDS)
        now = time.monotonic()
        taken += min(now - began, _LONGEST_ROUND_SECONDS)
        began = now
    return True


class Stopwatch:
    """Measures the block it is entered for; what keeps the interpreter to itself counts less."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """In which the machine ran."""
        self.wall_seconds = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._count, name="stopwatch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _count(self) -> None:
        before = time.monotonic()
        has_ended = False
        while not has_ended:
            has_ended = self._ended.wait(_POLL_SECONDS)
            now = time.monotonic()
            self.seconds += min(now - before, _LONGEST_ROUND_SECONDS)
            self.wall_seconds += now - before
            before = now
