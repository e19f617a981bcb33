"""The worker: one request at a time, on one thread, that sleeps until there is something to do."""

from __future__ import annotations

import itertools
import logging
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fake_server import Applied, Bench, Call, FakeServer, Step, a_bench, a_worker
from trayapp.mutex import Mutex
from trayapp.queue.errors import QueueError
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account, Doubt
from trayapp.sync.claim import Pause
from trayapp.sync.outcome import (
    Absent,
    AlreadySo,
    Blocked,
    Conflict,
    Doubtful,
    Offline,
    Outcome,
    Refused,
    Removed,
    ServerTrouble,
    SignedOut,
    Throttled,
    WrongAddress,
)
from trayapp.sync.server import TimeServer
from trayapp.sync.settlement import Rules
from trayapp.sync.worker import SyncWorker, WorkerPorts
from trayapp.tracking.catalog import Catalog, Project

DEADLINE = 10.0
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OFFLINE = Offline("Network error: connection refused")
RESET = Doubtful("Network error: connection reset")


class FaultyWriter(QueueWriter):
    """A QueueWriter whose transactions fail on request; nothing of them stays."""

    commits_to_fail = 0
    rollbacks_to_fail = 0
    reopenings_to_fail = 0

    def commit(self) -> None:
        if self.commits_to_fail:
            self.commits_to_fail -= 1
            msg = "disk full"
            raise QueueError(msg)
        super().commit()

    def rollback(self) -> None:
        if self.rollbacks_to_fail:
            self.rollbacks_to_fail -= 1
            msg = "disk gone"
            raise QueueError(msg)
        super().rollback()

    def reopen(self) -> FaultyWriter:
        if self.reopenings_to_fail:
            self.reopenings_to_fail -= 1
            msg = "disk still gone"
            raise QueueError(msg)
        return super().reopen()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path / "queue") as made:
        yield made


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path / "plain", repeatable=False) as made:
        yield made


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[tuple[Bench, FaultyWriter]]:
    with a_bench(tmp_path / "queue") as made:
        writer = FaultyWriter(made.folder / "queue.db", made.folder / "queue.lock")
        made.mutex = Mutex(writer)
        made.new_worker()
        yield made, writer
        writer.close()


class TestOneStep:
    def test_it_connects_only_when_there_is_something_to_send(self, bench: Bench) -> None:
        connected: list[Account] = []
        bench.worker = with_ports(bench, connected.append)
        bench.run()
        assert connected == []
        bench.click("a")
        bench.run()
        assert [account.kind for account in connected] == ["embedded"]

    def test_it_tells_what_changed_and_when_it_rests(self, bench: Bench) -> None:
        bench.click("a")
        assert bench.worker.run_once() is None  # connects
        assert bench.worker.run_once() is None  # asks
        assert (bench.changed, bench.rested) == ([], [])
        assert bench.worker.run_once() == Pause(None)  # settles
        assert (len(bench.changed), len(bench.rested)) == (1, 1)

    def test_another_account_gets_a_server_of_its_own_and_nothing_of_the_first(
        self, bench: Bench
    ) -> None:
        bench.click("a")
        bench.server.script.append(OFFLINE)
        bench.run()
        with bench.writing() as writer:
            writer.accounts.use("hubnity", "https://time.example", "me")
        bench.run()
        assert len(bench.server.calls) == 1
        bench.click("b")
        bench.run()
        assert bench.server.ledger == [("b", "b-1")]
        assert bench.server.closed == 1

    def test_what_was_begun_before_a_sign_in_ends_at_the_server_inside(self, bench: Bench) -> None:
        bench.click("a")
        bench.run()
        with bench.writing() as writer:
            writer.accounts.use("hubnity", "https://time.example", "me")
        bench.click("a")
        bench.click("b")
        bench.run()
        assert bench.server.ledger == [("a", "a-1"), ("b", "b-1"), ("a", "a-2")]
        assert bench.worker.run_once() == Pause(None)

    def test_projects_are_listed_once_a_run_and_kept(self, bench: Bench) -> None:
        listed = Catalog(projects=(Project(id="1", name="Website"),), binds=True)
        bench.server.projects = OFFLINE
        with bench.writing() as writer:
            account = writer.accounts.use("hubnity", "https://time.example", "me")
        bench.run()
        assert bench.server.listed == 1
        bench.server.projects = listed
        bench.clock.advance(timedelta(days=1).total_seconds())
        bench.click("a")
        bench.click("b")
        bench.run()
        assert bench.server.listed == 2
        with bench.writing() as writer:
            assert writer.accounts.catalog(account.id) == listed

    def test_new_credentials_get_a_new_server_object(self, bench: Bench) -> None:
        bench.click("a")
        bench.run()
        bench.worker.reconnect()
        bench.click("a")
        bench.run()
        assert bench.server.closed == 1
        assert bench.all_arrived()

    def test_a_restart_with_only_a_fallen_head_asks_whether_the_server_is_well(
        self, bench: Bench
    ) -> None:
        bench.click("a")
        bench.server.rule = lambda _: ServerTrouble("HTTP 500: Internal Server Error")
        bench.run_for(20 * MINUTE)
        assert len(bench.failed) == 1
        bench.new_worker()
        bench.server.calls.clear()
        bench.run_for(15 * MINUTE)
        assert {call.verb for call in bench.server.calls} == {"check"}

    def test_a_restart_connects_to_nobody_before_somebody_acts_or_anything_is_due(
        self, bench: Bench
    ) -> None:
        bench.click("a")
        bench.server.script.append(RESET)
        bench.run()
        bench.new_worker()
        assert bench.worker.run_once() == Pause(bench.clock.now() + SECOND)

    def test_a_restart_while_signed_out_connects_to_nobody(self, bench: Bench) -> None:
        bench.click("a")
        bench.server.script.append(SignedOut("HTTP 401: Unauthorized"))
        bench.run()
        bench.click("b")
        bench.new_worker()
        assert bench.worker.run_once() == Pause(None)

    def test_a_stop_that_failed_of_trouble_is_tried_again_when_it_blocks_the_next_entry(
        self, tmp_path: Path
    ) -> None:
        def one_active(call: Call) -> Step:
            if is_down:
                return ServerTrouble("HTTP 500: Internal Server Error")
            stopped = len(bench.server.arrived("a")) == 4
            return None if stopped or call.entry_id == "a" else Blocked("HTTP 409: active")

        is_down: list[bool] = []
        with a_bench(tmp_path / "one", one_active=True) as bench:
            bench.server.rule = one_active
            for _ in range(3):
                bench.click("a")
            bench.run()
            is_down.append(True)
            bench.click("a")
            bench.run_for(HOUR)
            assert len(bench.failed) == 1
            bench.click("b")
            is_down.clear()
            bench.run_for(HOUR)
            assert bench.all_arrived()

    @pytest.mark.parametrize("error", [ValueError, LookupError])
    def test_an_account_of_an_unknown_kind_waits_for_somebody_with_one_line_in_the_log(
        self, bench: Bench, error: type[Exception], caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(_: Account) -> None:
            msg = "no server of the kind 'toggl' is built in"
            raise error(msg)

        bench.click("a")
        bench.worker = with_ports(bench, fail)
        assert [bench.worker.run_once() for _ in range(3)] == [Pause(None)] * 3
        (line,) = caplog.messages
        assert "'toggl'" in line

    def test_an_account_of_an_unknown_kind_is_served_once_it_is_known(self, bench: Bench) -> None:
        def fail(_: Account) -> None:
            if unknown:
                raise ValueError

        unknown = [True]
        bench.click("a")
        bench.worker = with_ports(bench, fail)
        assert bench.run() == Pause(None)
        unknown.clear()
        bench.run()
        assert bench.all_arrived()

    def test_a_server_of_an_unknown_kind_is_not_served_by_the_one_before(
        self, bench: Bench
    ) -> None:
        def fail(account: Account) -> None:
            if account.kind != "embedded":
                raise LookupError

        bench.click("a")
        bench.worker = with_ports(bench, fail)
        bench.run()
        with bench.writing() as writer:
            writer.accounts.use("toggl", "https://time.example", "me")
        bench.click("b")
        assert bench.run() == bench.run() == Pause(None)
        assert bench.server.closed == 1
        assert bench.server.ledger == [("a", "a-1")]

    def test_a_twin_is_told(self, plain: Bench, caplog: pytest.LogCaptureFixture) -> None:
        plain.server.script.append(RESET)
        plain.click("a")
        plain.run_for(5 * SECOND)
        plain.server.ledger.append(("a", "a-1"))  # too late for the first look
        plain.server.rule = lambda call: None if call.verb == "send" else Absent()
        plain.run_for(MINUTE)
        assert plain.reader.twins() == 1
        assert "may stand on the server twice" in caplog.text

    def test_a_stopping_worker_looks_for_no_twins(self, plain: Bench) -> None:
        plain.server.script.append(RESET)
        plain.click("a")
        plain.run_for(5 * SECOND)
        plain.server.ledger.append(("a", "a-1"))

        def stop(call: Call) -> None:
            if call.verb == "send":
                plain.worker.stop(0)

        plain.server.during = stop
        plain.server.rule = lambda call: None if call.verb == "send" else Absent()
        plain.run_for(MINUTE)
        assert plain.server.made("twins") == []


def with_ports(bench: Bench, connected: Callable[[Account], None]) -> SyncWorker:
    def server_for(account: Account) -> TimeServer:
        connected(account)
        return bench.server

    ports = WorkerPorts(
        server_for=server_for,
        clock=bench.clock,
        changed=lambda: None,
        rested=lambda: None,
        removed=lambda _: None,
        recover=lambda: None,
    )
    return SyncWorker(bench.mutex, ports, Rules(jitter=lambda wait: wait))


class TestTroubleWithTheQueue:
    def test_an_answer_that_could_not_be_written_down_is_settled_later_and_not_asked_again(
        self, faulty: tuple[Bench, FaultyWriter]
    ) -> None:
        bench, writer = faulty
        bench.click("a")
        bench.worker.run_once()
        bench.worker.run_once()
        writer.commits_to_fail = 2
        for _ in range(2):
            with pytest.raises(QueueError):
                bench.worker.run_once()
        assert bench.task(1).doubt is Doubt.SENT
        bench.run()
        assert bench.all_arrived()
        assert len(bench.server.calls) == 1

    def test_an_answer_that_cannot_be_written_down_at_the_end_is_in_doubt_next_time(
        self, faulty: tuple[Bench, FaultyWriter], caplog: pytest.LogCaptureFixture
    ) -> None:
        bench, writer = faulty
        bench.click("a")
        bench.worker.run_once()
        bench.worker.run_once()
        writer.commits_to_fail = 1
        bench.worker.settle()
        assert "could not be written down" in caplog.text
        bench.new_worker()
        bench.run()
        assert [call.verb for call in bench.server.calls] == ["send", "look"]
        assert bench.all_arrived()

    def test_a_busy_queue_is_tried_again(
        self, faulty: tuple[Bench, FaultyWriter], caplog: pytest.LogCaptureFixture
    ) -> None:
        bench, writer = faulty
        bench.click("a")
        writer.commits_to_fail = 1
        with running(bench) as step:
            step(lambda: "cannot be used now" in caplog.text)
            bench.worker.wake()
            step(lambda: len(bench.server.ledger) == 1)
        assert bench.all_arrived()

    @pytest.mark.parametrize("reopenings_to_fail", [0, 1])
    def test_a_poisoned_queue_is_opened_again(
        self,
        faulty: tuple[Bench, FaultyWriter],
        caplog: pytest.LogCaptureFixture,
        reopenings_to_fail: int,
    ) -> None:
        bench, writer = faulty
        bench.click("a")
        writer.commits_to_fail = writer.rollbacks_to_fail = 1
        writer.reopenings_to_fail = reopenings_to_fail
        with running(bench) as step:
            step(lambda: "opening it again" in caplog.text)
            step(lambda: bool(reopenings_to_fail) == ("cannot be opened again yet" in caplog.text))
            while not bench.server.ledger:
                bench.worker.wake()
        assert bench.all_arrived()
        caplog.clear()

    def test_the_unexpected_is_logged_and_the_thread_goes_on(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        def explode(_: Call) -> None:
            bench.server.during = lambda _: None
            msg = "a server that breaks its promise"
            raise RuntimeError(msg)

        bench.server.during = explode
        bench.click("a")
        with running(bench) as step:
            step(lambda: "Unexpected" in caplog.text)
            bench.worker.wake()
            step(lambda: len(bench.server.ledger) == 1)
        assert [call.verb for call in bench.server.calls] == ["send", "look", "send"]
        caplog.clear()

    def test_without_a_server_there_is_nothing_to_ask(self, bench: Bench) -> None:
        with pytest.raises(RuntimeError, match="no server"):
            bench.worker._turns._connected()


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


class CountingWorker(SyncWorker):
    """A SyncWorker that tells each step, and lets a test look in just before it waits."""

    def __init__(self, bench: Bench) -> None:
        made = a_worker(bench, bench.server)
        super().__init__(made._queue, made._ports, made._turns._rules)
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
        asked, go_on = threading.Event(), threading.Event()

        def hang(_: Call) -> None:
            asked.set()
            go_on.wait(DEADLINE)

        bench.server.during = hang
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
        asked, go_on = threading.Event(), threading.Event()

        def hang(_: Call) -> None:
            asked.set()
            go_on.wait(DEADLINE)

        plain.server.during = hang
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


ANSWERS: list[Outcome] = [
    OFFLINE,
    RESET,
    Doubtful("Network error: no answer in time", timed_out=True),
    Doubtful("HTTP 502: Bad Gateway", answered=True),
    ServerTrouble("HTTP 500: Internal Server Error"),
    ServerTrouble("HTTP 503: Busy", retry_after=timedelta(seconds=30)),
    Throttled("HTTP 429: Too Many Requests", retry_after=timedelta(seconds=2)),
    Blocked("HTTP 409: already active"),
    WrongAddress("HTTP 404: Not Found"),
    Refused("HTTP 422: project closed"),
    Conflict("Conflict: the server shows 09:00"),
    AlreadySo("HTTP 409: already stopped"),
    Removed("HTTP 404: no such entry"),
]
# Those that end an entry are left out where everything has to arrive.
PASSING = [one for one in ANSWERS if not isinstance(one, Conflict | Removed)]
DOUBTS = [one for one in ANSWERS if isinstance(one, Doubtful)]


def steps_of(answers: list[Outcome]) -> st.SearchStrategy[list[Step]]:
    step = st.one_of(st.none(), st.sampled_from(answers), st.sampled_from(DOUBTS).map(Applied))
    return st.lists(step, max_size=40)


MOVES = st.lists(
    st.one_of(
        st.integers(min_value=0, max_value=3),  # a click on this entry
        st.sampled_from([SECOND, 15 * SECOND, 20 * MINUTE]),
        st.sampled_from(["retry", "restart", "restart in a request"]),
    ),
    max_size=25,
)


def play(bench: Bench, script: list[Step], moves: list[int | timedelta | str]) -> None:
    """Clicks, time, retries and restarts, against a server that answers by the script."""
    bench.server.script.extend(script)
    for move in moves:
        if isinstance(move, int):
            bench.click(f"entry-{move}")
        elif isinstance(move, timedelta):
            bench.run_for(move)
        elif move == "retry":
            bench.retry_all()
        else:
            if move == "restart in a request":
                bench.worker.run_once()
                bench.worker.run_once()
            bench.new_worker()
        in_order(bench)


def in_order(bench: Bench) -> None:
    """What arrived of each entry is in the order of its clicks, and nothing twice."""
    assert bench.server.most_in_flight <= 1
    for entry_id, events in bench.clicked.items():
        arrived = bench.server.arrived(entry_id)
        assert arrived == [event for event in events if event in arrived]


HYPOTHESIS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class ReadingServer(FakeServer):
    """Looks are never scripted: whether something arrived can always be told."""

    def _step(self, call: Call) -> Step:
        return None if call.verb == "look" else super()._step(call)


class TestAnyMixOfTrouble:
    @HYPOTHESIS
    @given(script=steps_of(ANSWERS), moves=MOVES, repeatable=st.booleans())
    def test_order_within_an_entry_is_never_broken_and_nothing_arrives_twice(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        script: list[Step],
        moves: list[int | timedelta | str],
        repeatable: bool,  # noqa: FBT001
    ) -> None:
        with a_bench(tmp_path_factory.mktemp("queue"), repeatable=repeatable) as bench:
            bench.new_worker(ReadingServer(bench.clock, repeatable=repeatable))
            play(bench, script, moves)
            bench.server.script.clear()
            bench.run_for(timedelta(days=1))
            in_order(bench)

    @HYPOTHESIS
    @given(script=steps_of(PASSING), moves=MOVES, repeatable=st.booleans())
    def test_once_the_server_is_well_a_retry_brings_everything_there_once(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        script: list[Step],
        moves: list[int | timedelta | str],
        repeatable: bool,  # noqa: FBT001
    ) -> None:
        with a_bench(tmp_path_factory.mktemp("queue"), repeatable=repeatable) as bench:
            bench.new_worker(ReadingServer(bench.clock, repeatable=repeatable))
            play(bench, script, moves)
            bench.server.script.clear()
            bench.run_for(timedelta(days=31))
            bench.retry_all()
            bench.run_for(timedelta(days=1))
            assert bench.all_arrived()


def test_jitter_of_a_real_day_never_breaks_a_promise(tmp_path: Path) -> None:
    spread = random.Random(7)  # noqa: S311  # spreads waits
    rules = Rules(jitter=lambda wait: wait * spread.uniform(0.9, 1.1))
    with a_bench(tmp_path / "queue") as bench:
        bench.worker = a_worker(bench, bench.server, rules=replace(rules, max_attempts=3))
        bench.server.rule = lambda _: OFFLINE
        bench.fill(entries=5, clicks=4)
        bench.run_for(timedelta(hours=3))
        times = [call.at for call in bench.server.calls]
        waits = [b - a for a, b in itertools.pairwise(times)]
        assert all(4.5 * SECOND <= wait <= 5.5 * MINUTE for wait in waits)
        bench.server.rule = lambda _: None
        bench.run_for(6 * MINUTE)
        assert bench.all_arrived()


def test_the_log_names_no_payload(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bench.click("a")
    bench.run()
    assert "Website" not in caplog.text
