"""Seldom: tells of changes at once, but not more than every so often; of the last one always.

To read a status and show it takes longer than to send a task, and a backlog has many tasks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

EVERY_SECONDS = 0.1
"""Nobody sees more of them."""


def _later(seconds: float, job: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, job)
    timer.name, timer.daemon = "tell", True
    timer.start()


class Seldom:
    """Call it from any thread; it does not block. `tell` is called there, or on a thread "tell"."""

    def __init__(
        self,
        tell: Callable[[], None],
        *,
        now: Callable[[], float] = time.monotonic,
        later: Callable[[float, Callable[[], None]], None] = _later,
    ) -> None:
        self._tell = tell
        self._now = now
        self._later = later
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._is_due = False

    def __call__(self) -> None:
        with self._lock:
            if self._is_due:
                return  # which will tell of this, too
            now = self._now()
            wait = self._next_at - now
            self._is_due = wait > 0
            if not self._is_due:
                self._next_at = now + EVERY_SECONDS
        if wait <= 0:
            self._tell()
            return
        try:
            self._later(wait, self._tell_late)
        except RuntimeError:  # no thread is to be had: early is better than never
            self._tell_late()

    def _tell_late(self) -> None:
        with self._lock:
            # Before it is told, so that no change is missed.
            self._is_due = False
            self._next_at = self._now() + EVERY_SECONDS
        self._tell()
