"""What the tests of batches share: a server that takes them, and how they read its calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fake_server import Applied, Bench, Call, FakeServer, a_bench
from tests.fakes import FakeClock
from trayapp.sync.outcome import (
    Doubtful,
    Outcome,
    Refused,
    Several,
)
from trayapp.sync.server import Capabilities, Write

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CLICKS = 4
RESET = Doubtful("Network error: connection reset")
REFUSED = Refused("HTTP 422: project closed")


class BatchingServer(FakeServer):
    """Takes an entry's clicks at once, and finished entries of several in one request."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, repeatable=False, one_active=True, at_once=CLICKS)
        self.batch = 100
        self.keeps_events = False
        self.bad: dict[str, Outcome] = {}

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            one_active=not self.keeps_events, batch=self.batch, keeps_events=self.keeps_events
        )

    def send(self, write: Write) -> Outcome:
        if not write.parts:
            return super().send(write)
        call = Call(verb="batch", entry_id="", events=write.settles, at=self.now)
        with self._asked(call):
            step = self._step(call)
            if step is not None and not isinstance(step, Applied):
                return step
            told = tuple(self._take(part) for part in write.parts)
            return step.outcome if isinstance(step, Applied) else Several(parts=told)

    def _take(self, part: Write) -> Outcome:
        call = self._call("part", part)
        if call.entry_id in self.bad:
            return self.bad[call.entry_id]
        self._apply(call)
        return self._delivered(call)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path / "queue") as made:
        made.new_worker(BatchingServer(made.clock))
        yield made


def server_of(bench: Bench) -> BatchingServer:
    assert isinstance(bench.server, BatchingServer)
    return bench.server


def verbs(bench: Bench) -> list[str]:
    return [call.verb for call in bench.server.calls]


def entries_of(call: Call) -> list[str]:
    return list(dict.fromkeys(event.rpartition("-")[0] for event in call.events))
