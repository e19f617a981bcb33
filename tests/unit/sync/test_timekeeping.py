"""Waits last as long as the boot clock says, whatever becomes of the wall clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fake_server import Bench, a_bench
from tests.fakes import FakeClock
from trayapp.queue.task import GateKind
from trayapp.sync.outcome import Doubtful, Offline, Outcome, ServerTrouble, SignedOut, Throttled
from trayapp.sync.snapshot import Extras, read_status
from trayapp.sync.timekeeping import keep_time, note_skew
from trayapp.tracking.entry import Stamp

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YEARS = 10 * 365 * DAY

OFFLINE = Offline("Network error: connection refused")
TROUBLE = ServerTrouble("HTTP 500: Internal Server Error")
TOLD = Throttled("HTTP 429: Too Many Requests", HOUR)
TOLD_BY_TROUBLE = ServerTrouble("HTTP 503: Service Unavailable", HOUR)
UNANSWERED = Doubtful("Network error: no answer in time", timed_out=True)
LATER = Doubtful("HTTP 503: Service Unavailable", answered=True, retry_after=HOUR)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A server where nothing may be repeated."""
    with a_bench(tmp_path / "queue", repeatable=False) as made:
        yield made


def set_clock(bench: Bench, by: timedelta) -> None:
    bench.clock.set_wall(bench.clock.now() + by)


def wait_of(bench: Bench) -> timedelta:
    """How long until the worker asks the server again, by the boot clock."""
    before, began = len(bench.server.calls), bench.clock.boot()
    while True:
        pause = bench.worker.run_once()
        if len(bench.server.calls) > before:
            return bench.clock.boot() - began
        if pause is not None:
            assert pause.until is not None, "nobody waits"
            bench.clock.advance(max(pause.until - bench.clock.now(), timedelta(milliseconds=1)))
            assert bench.clock.boot() - began < 31 * DAY, "frozen"


WAITS = [
    pytest.param(OFFLINE, 5 * SECOND, id="offline"),
    pytest.param(TROUBLE, MINUTE, id="in the backoff of a 5xx"),
    pytest.param(UNANSWERED, 10 * SECOND, id="before a look"),
    pytest.param(TOLD, HOUR, id="throttled"),
    pytest.param(TOLD_BY_TROUBLE, HOUR, id="a 503 that named a time"),
    pytest.param(LATER, HOUR, id="in doubt, with a named time"),
]


@pytest.mark.parametrize(("outcome", "length"), WAITS)
@pytest.mark.parametrize("by", [-YEARS, -HOUR], ids=["years", "an hour"])
@pytest.mark.parametrize("again", [False, True], ids=["running", "started again"])
def test_a_clock_set_back_neither_freezes_a_wait_nor_ends_it(
    bench: Bench,
    outcome: Outcome,
    length: timedelta,
    by: timedelta,
    again: bool,  # noqa: FBT001  # a column
) -> None:
    bench.server.script.append(outcome)
    bench.click("a")
    bench.run()
    set_clock(bench, by)
    if again:
        bench.new_worker()
    assert wait_of(bench) == length
    bench.run_for(10 * MINUTE)
    assert bench.all_arrived()


@pytest.mark.parametrize(
    "outcome", [TOLD, TOLD_BY_TROUBLE, LATER], ids=["throttled", "trouble", "doubt"]
)
def test_a_clock_set_forward_does_not_end_what_the_server_named(
    bench: Bench, outcome: Outcome
) -> None:
    bench.server.script.append(outcome)
    bench.click("a")
    bench.run()
    set_clock(bench, YEARS)
    assert wait_of(bench) == HOUR


def test_a_clock_set_forward_does_not_bring_two_looks_together(bench: Bench) -> None:
    bench.server.script.append(UNANSWERED)
    bench.click("a")
    bench.run()
    wait_of(bench)
    set_clock(bench, HOUR)
    assert wait_of(bench) == 10 * SECOND


def test_nor_does_a_retry_after_it(bench: Bench) -> None:
    bench.server.script.append(UNANSWERED)
    bench.click("a")
    bench.run()
    wait_of(bench)
    bench.run()
    set_clock(bench, HOUR)
    bench.run()
    bench.retry_all()
    assert wait_of(bench) == 10 * SECOND


def test_a_clock_set_forward_ends_our_own_wait_and_a_click_asks_at_once(bench: Bench) -> None:
    bench.server.rule = lambda _: OFFLINE
    bench.click("a")
    bench.run_for(HOUR)
    set_clock(bench, DAY)
    bench.click("a")
    before = len(bench.server.calls)
    bench.run()
    assert len(bench.server.calls) == before + 1
    assert wait_of(bench) == 5 * MINUTE


def test_trouble_goes_on_as_before_after_the_clock_was_set_back(bench: Bench) -> None:
    """No storm of probes, for the gate was closed in what is the future now."""
    bench.server.rule = lambda _: OFFLINE
    bench.click("a")
    bench.run_for(HOUR)
    set_clock(bench, -YEARS)
    bench.run_for(5 * MINUTE)
    before = len(bench.server.calls)
    bench.run_for(HOUR)
    assert len(bench.server.calls) - before == 12


@pytest.mark.parametrize("outcome", [OFFLINE, TROUBLE, TOLD], ids=["offline", "5xx", "throttled"])
def test_a_clock_set_during_the_request_spoils_no_wait(bench: Bench, outcome: Outcome) -> None:
    bench.server.script += [outcome, outcome]
    bench.click("a")
    bench.run()
    bench.server.during = lambda _: set_clock(bench, -YEARS)
    wait_of(bench)
    bench.server.during = lambda _: None
    assert wait_of(bench) <= HOUR
    gate = bench.gate
    assert gate is None or gate.since <= bench.clock.now()


class Rebooted(FakeClock):
    """The clock of another boot."""

    def stamp(self) -> Stamp:
        return replace(super().stamp(), boot_id="22222222-2222-2222-2222-222222222222")


@pytest.mark.parametrize(("outcome", "length"), WAITS)
def test_another_boot_with_its_clock_far_back_waits_no_longer_than_was_left(
    bench: Bench, outcome: Outcome, length: timedelta
) -> None:
    bench.server.script.append(outcome)
    bench.click("a")
    bench.run()
    bench.clock = Rebooted(datetime(1970, 1, 1, tzinfo=UTC))
    bench.server._clock = bench.clock
    bench.new_worker()
    assert wait_of(bench) <= length
    bench.run_for(10 * MINUTE)
    assert bench.all_arrived()


def test_another_boot_with_a_good_clock_finds_what_is_left_of_a_wait(bench: Bench) -> None:
    bench.server.script.append(TOLD)
    bench.click("a")
    bench.run()
    bench.clock = Rebooted(bench.clock.now() + 40 * MINUTE)
    bench.server._clock = bench.clock
    bench.new_worker()
    assert wait_of(bench) == 20 * MINUTE


def test_a_clock_that_is_slewed_moves_nothing(bench: Bench) -> None:
    bench.server.script.append(TOLD)
    bench.click("a")
    bench.run()
    before = bench.gate
    set_clock(bench, 2 * SECOND)
    bench.run()
    assert bench.gate == before
    set_clock(bench, timedelta(milliseconds=1))
    bench.run()
    assert bench.gate != before


@pytest.mark.parametrize(
    ("outcome", "length"),
    [(TOLD, HOUR), (UNANSWERED, 10 * SECOND)],
    ids=["of a gate", "of a task"],
)
def test_until_the_worker_wakes_the_next_attempt_is_told_by_the_new_clock(
    bench: Bench, outcome: Outcome, length: timedelta
) -> None:
    bench.server.script.append(outcome)
    bench.click("a")
    bench.run()
    set_clock(bench, -YEARS)
    extras = Extras(stamp=bench.clock.stamp())
    status = read_status(bench.reader, bench.clock.now(), extras)
    assert status.next_attempt_at == bench.clock.now() + length
    bench.run()
    assert read_status(bench.reader, bench.clock.now(), extras) == status


def test_what_is_watched_for_doubles_is_watched_as_long_as_before(bench: Bench) -> None:
    bench.server.script.append(UNANSWERED)
    bench.click("a")
    bench.run_for(MINUTE)
    (before,) = _watched(bench)
    set_clock(bench, -DAY)
    bench.run()
    assert _watched(bench) == [before - DAY // timedelta(milliseconds=1)]


def test_a_gate_that_only_somebody_opens_stays_shut(bench: Bench) -> None:
    bench.server.rule = lambda _: SignedOut("HTTP 401: Unauthorized")
    bench.click("a")
    bench.click("b")
    bench.run()
    set_clock(bench, -YEARS)
    bench.run()
    assert bench.gate is not None
    assert (bench.gate.kind, bench.gate.due_at) == (GateKind.SIGNED_OUT, None)


def _watched(bench: Bench) -> list[int]:
    with bench.writing() as writer:
        rows = writer.rows("SELECT watched_until_ms AS at FROM segment")
    return [row["at"] for row in rows if row["at"] is not None]


class TestTheServersWord:
    def skew(self, bench: Bench, stamp: Stamp | None = None) -> timedelta | None:
        extras = Extras(stamp=stamp or bench.clock.stamp())
        return read_status(bench.reader, bench.clock.now(), extras).clock_skew

    def note(self, bench: Bench, skew: timedelta, account_id: int = 1) -> None:
        with bench.writing() as writer:
            keep_time(writer, bench.clock.stamp())
            note_skew(writer, account_id, skew)

    def test_it_is_remembered_until_an_answer_says_otherwise(self, bench: Bench) -> None:
        assert self.skew(bench) is None
        self.note(bench, 3 * HOUR)
        assert self.skew(bench) == 3 * HOUR
        self.note(bench, 2 * MINUTE)
        assert self.skew(bench) is None
        self.note(bench, timedelta())

    def test_a_change_of_seconds_is_not_written(self, bench: Bench) -> None:
        self.note(bench, HOUR)
        self.note(bench, HOUR + 59 * SECOND)
        assert self.skew(bench) == HOUR
        self.note(bench, HOUR + 60 * SECOND)
        assert self.skew(bench) == HOUR + MINUTE

    def test_setting_the_clock_right_heals_it_at_once(self, bench: Bench) -> None:
        self.note(bench, 3 * HOUR)
        set_clock(bench, -3 * HOUR)
        assert self.skew(bench) is None  # seen before the worker has looked at it
        bench.run()
        assert self.skew(bench) is None

    def test_setting_it_half_right_says_what_is_left(self, bench: Bench) -> None:
        self.note(bench, -3 * HOUR)
        set_clock(bench, 2 * HOUR)
        assert self.skew(bench) == -HOUR
        bench.run()
        assert self.skew(bench) == -HOUR

    def test_another_boot_may_have_another_clock(self, bench: Bench) -> None:
        self.note(bench, 3 * HOUR)
        other = replace(bench.clock.stamp(), boot_id="another")
        assert self.skew(bench, other) is None
        bench.clock = Rebooted(bench.clock.now())
        bench.new_worker()
        bench.run()
        assert self.skew(bench) is None

    def test_another_accounts_server_says_it_for_itself(self, bench: Bench) -> None:
        self.note(bench, 3 * HOUR, account_id=7)
        assert self.skew(bench) is None
        self.note(bench, 3 * HOUR)
        assert self.skew(bench) == 3 * HOUR

    def test_who_has_no_boot_clock_at_hand_says_nothing(self, bench: Bench) -> None:
        self.note(bench, 3 * HOUR)
        assert read_status(bench.reader, bench.clock.now()).clock_skew is None
