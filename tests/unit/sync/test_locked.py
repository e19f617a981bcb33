"""A locked keyring: everything waits behind one gate, and goes by itself when it opens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fake_server import Bench, a_bench
from trayapp.queue.task import Doubt, GateKind
from trayapp.sync.outcome import Doubtful, Locked
from trayapp.sync.retry import release
from trayapp.sync.snapshot import read_status
from trayapp.sync.status import Link

SECOND = timedelta(seconds=1)
LOCKED = Locked("Keyring: it is locked")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path / "queue") as made:
        made.fill(entries=3, clicks=2)
        yield made


def lock(bench: Bench) -> None:
    bench.server.rule = lambda _: LOCKED


def unlock(bench: Bench) -> None:
    bench.server.rule = lambda _: None


@pytest.mark.timeout(60)
def test_nothing_fails_and_everything_goes_when_it_opens(bench: Bench) -> None:
    lock(bench)
    bench.run_for(timedelta(days=7))
    status = read_status(bench.reader, bench.clock.now())
    assert (status.link, status.reason) == (Link.LOCKED, LOCKED.reason)
    assert (status.pending, status.failed, status.doubtful) == (6, 0, 0)
    assert {task.retry_count for task in bench.tasks()} == {0}
    unlock(bench)
    bench.run_for(61 * SECOND)
    assert bench.all_arrived()


def test_it_is_tried_after_five_seconds_and_at_least_once_a_minute(bench: Bench) -> None:
    lock(bench)
    began_at = bench.clock.now()
    bench.run_for(timedelta(minutes=5))
    tries = [(call.at - began_at) // SECOND for call in bench.server.calls]
    assert tries == [0, 5, 15, 35, 75, 135, 195, 255]


def test_retry_all_tries_at_once(bench: Bench) -> None:
    lock(bench)
    bench.run_for(timedelta(minutes=5))
    unlock(bench)
    bench.retry_all()
    bench.run()
    assert bench.all_arrived()


def test_whoever_opens_it_need_not_wait(bench: Bench) -> None:
    lock(bench)
    bench.run_for(timedelta(minutes=5))
    unlock(bench)
    with bench.writing() as writer:
        release(writer, GateKind.LOCKED)
    bench.run()
    assert bench.all_arrived()


def test_what_was_in_doubt_before_is_still_looked_for_afterwards(bench: Bench) -> None:
    bench.server.script.append(Doubtful("Network error: connection reset"))
    bench.run()
    lock(bench)
    bench.run_for(timedelta(minutes=5))
    assert bench.task(1).doubt is Doubt.SENT
    unlock(bench)
    bench.run_for(timedelta(minutes=2))
    assert bench.all_arrived()
