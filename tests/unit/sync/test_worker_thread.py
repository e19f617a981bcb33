"""The worker's thread: it sleeps until there is something to do, and it ends when told."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta

from tests import benches
from tests.fake_server import Bench, Call, a_worker
from tests.unit.sync.worker_support import DEADLINE, OFFLINE, SECOND, running
from trayapp.queue.task import Doubt
from trayapp.sync.claim import Pause
from trayapp.sync.rules import Rules
from trayapp.sync.worker import SyncWorker

bench = benches.bench
plain = benches.plain


class CountingWorker(SyncWorker):
    """A SyncWorker that tells each step, and lets a test look in just before it waits."""

    def __init__(self, bench: Bench) -> None:
        made = a_worker(bench, bench.server)
        super().__init__(made._at.queue, made._at.ports, made._at.rules)
        self.steps = 0
        self.stepped = threading.Event()
        self.before_wait: Callable[[], None] = lambda: None

    def run_once(self) -> Pause | None:
        pause = super().run_once()
        self.steps += 1
        if pause is not None:
            self.before_wait()
            self.stepped.set()
        return pause


def hanging(bench: Bench) -> tuple[threading.Event, threading.Event]:
    """Its server's requests hang: set once one does, and to be set for them to go on."""
    asked, go_on = threading.Event(), threading.Event()

    def hang(_: Call) -> None:
        asked.set()
        go_on.wait(DEADLINE)

    bench.server.during = hang
    return asked, go_on


class TestTheThread:
    def test_it_is_called_sync_and_never_lives_on_its_own(self, bench: Bench) -> None:
        bench.worker.start()
        names = {thread.name: thread.daemon for thread in threading.enumerate()}
        assert names["sync"] is True
        assert bench.worker.stop(DEADLINE)
        assert "sync" not in {thread.name for thread in threading.enumerate()}

    def test_a_click_is_delivered_without_anybody_asking(self, bench: Bench) -> None:
        with running(bench) as until:
            bench.click("a")
            until(lambda: bool(bench.server.ledger))
        assert bench.all_arrived()
        assert bench.server.closed == 1

    def test_while_nothing_is_due_it_does_not_wake_up(self, bench: Bench) -> None:
        bench.worker = worker = CountingWorker(bench)
        with running(bench) as until:
            until(worker.stepped.is_set)
            waits: list[float | None] = []
            event = worker._woken
            worker._woken = WatchedEvent(waits)
            event.set()  # the old one: one step more, then it waits on ours
            until(lambda: len(waits) == 1)
            worker.wake()
            until(lambda: len(waits) == 2)
            steps = worker.steps
            threading.Event().wait(0.3)
            assert worker.steps == steps
            assert waits == [None, None]

    def test_a_click_between_the_look_and_the_wait_is_not_lost(self, bench: Bench) -> None:
        bench.worker = worker = CountingWorker(bench)
        clicked = threading.Event()

        def click() -> None:
            if not clicked.is_set():
                clicked.set()
                bench.click("a")

        worker.before_wait = click
        with running(bench) as until:
            until(lambda: bool(bench.server.ledger))
        assert bench.all_arrived()

    def test_it_wakes_up_when_something_falls_due(self, bench: Bench) -> None:
        bench.server.script.append(OFFLINE)
        bench.server.during = lambda _: bench.clock.advance(5)  # it is due when it is settled
        bench.click("a")
        rules = Rules(jitter=lambda _: timedelta(milliseconds=50))
        bench.worker = a_worker(bench, bench.server, rules=rules)
        with running(bench) as until:
            until(lambda: bench.gate is not None)
            bench.clock.advance(SECOND)
            until(lambda: bool(bench.server.ledger))
        assert bench.all_arrived()

    def test_stopping_before_starting_is_no_trouble(self, bench: Bench) -> None:
        assert bench.worker.stop(0)

    def test_a_stopped_worker_claims_nothing(self, bench: Bench) -> None:
        bench.click("a")
        bench.worker.stop(0)
        assert bench.worker.run_once() == Pause(None)
        assert bench.task(1).doubt is Doubt.NONE

    def test_stopping_in_a_request_waits_for_its_answer_and_writes_it_down(
        self, bench: Bench
    ) -> None:
        asked, go_on = hanging(bench)
        bench.click("a")
        bench.click("a")
        bench.worker.start()
        assert asked.wait(DEADLINE)
        assert not bench.worker.stop(0)
        go_on.set()
        assert bench.worker.stop(DEADLINE)
        assert [task.id for task in bench.tasks()] == [2]
        assert bench.task(2).doubt is Doubt.NONE

    def test_stopping_in_a_hanging_request_leaves_in_time_and_it_is_in_doubt_next_time(
        self, plain: Bench
    ) -> None:
        asked, go_on = hanging(plain)
        plain.click("a")
        plain.worker.start()
        assert asked.wait(DEADLINE)
        assert not plain.worker.stop(0.1)
        with sqlite3.connect(plain.folder / "queue.db") as left_behind:
            doubts = left_behind.execute("SELECT doubt, sends FROM sync_queue").fetchall()
        left_behind.close()
        assert doubts == [("sent", 1)]
        go_on.set()
        assert plain.worker.stop(DEADLINE)


class WatchedEvent(threading.Event):
    """An Event that remembers how long it was waited for."""

    def __init__(self, waits: list[float | None]) -> None:
        super().__init__()
        self._waits = waits

    def wait(self, timeout: float | None = None) -> bool:
        self._waits.append(timeout)
        return super().wait(timeout)
