"""What the tests of the worker share: spans of time, outcomes, and its thread for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.fake_server import Bench
from trayapp.sync.outcome import Doubtful, Offline

DEADLINE = 10.0
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OFFLINE = Offline("Network error: connection refused")
RESET = Doubtful("Network error: connection reset")


class running:  # noqa: N801  # reads as what it is: `with running(bench)`
    """The worker's thread, started and joined; gives a way to wait until something is so."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __enter__(self) -> Callable[[Callable[[], bool]], None]:
        self._bench.worker.start()
        return self._until

    def __exit__(self, *_: object) -> None:
        assert self._bench.worker.stop(DEADLINE)

    def _until(self, is_so: Callable[[], bool]) -> None:
        tick = threading.Event()
        for _ in range(int(DEADLINE / 0.01)):
            if is_so():
                return
            tick.wait(0.01)
        pytest.fail("it never came about")
