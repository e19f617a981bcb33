"""An entry by the clock as it is now; and what no clock can make of an entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import START, FakeClock
from trayapp.tracking.by_clock import ByClock, by_clock
from trayapp.tracking.corrections import Edit, Pen, edit
from trayapp.tracking.entry import Event, Stamp, TimeEntry, TrackerState
from trayapp.tracking.replay import clock_step, replay
from trayapp.tracking.tracker import (
    CannotDo,
    Changed,
    Command,
    Pause,
    Resume,
    Start,
    Stop,
    Stopped,
    state_of,
    step,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOTHING = timedelta()
BACK, FORWARD = -2 * HOUR, 2 * HOUR


class Desk:
    """Somebody who clicks, at a computer whose clock is set now and then."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.events: list[Event] = []
        self._count = 0

    def new_id(self) -> str:
        self._count += 1
        return f"id-{self._count}"

    def click(self, command: Command, *, at: datetime | None = None) -> None:
        state = state_of(self.events)
        said = self.clock.stamp()
        if at is not None:
            said = replace(said, at=at, boot_id="")
        done = step(
            state, command, said, new_id=self.new_id, given=at is not None, now=self.clock.now()
        )
        assert isinstance(done, Changed)
        self.events += done.events

    def set(self, by: timedelta) -> None:
        self.clock.set_wall(self.clock.now() + by)

    def found(self, present: Stamp | None = None) -> ByClock:
        found = by_clock(self.events, present or self.clock.stamp())
        assert found is not None
        return found

    @property
    def entry(self) -> TimeEntry:
        entry = replay(self.events).entry
        assert entry is not None
        return entry


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("by", [FORWARD, BACK], ids=["forward", "back"])
def test_what_ran_while_the_clock_was_set_began_by_as_much_elsewhere(
    desk: Desk, by: timedelta
) -> None:
    desk.click(Start("Website"))
    desk.clock.advance(3 * HOUR)
    desk.set(by)
    found = desk.found()
    assert (found.step, found.started_at, found.stopped_at) == (by, START + by, None)
    assert found.is_whole
    assert found.edited.state is TrackerState.RUNNING
    (segment,) = found.edited.segments
    assert (segment.began_at, segment.ended_at) == (START + by, None)


@pytest.mark.parametrize("by", [FORWARD, BACK], ids=["forward", "back"])
def test_an_entry_that_is_over_has_worked_as_long_as_it_did(desk: Desk, by: timedelta) -> None:
    desk.click(Start("Website"))
    desk.clock.advance(HOUR)
    desk.set(by)
    desk.clock.advance(HOUR / 2)
    desk.click(Stop())
    desk.clock.advance(HOUR)
    found = desk.found()
    ends = [(one.began_at, one.ended_at) for one in found.edited.segments]
    assert ends == [(START + by, START + by + 1.5 * HOUR)]
    assert found.is_whole
    # A stop cannot come before its start: it was moved, and the boot clock knows when it was.
    assert found.stopped_at == (None if by > NOTHING else START + by + 1.5 * HOUR)


def test_a_step_in_a_later_segment_moves_those_before_it_too(desk: Desk) -> None:
    for command in (Start("Website"), Pause(), Resume()):
        desk.click(command)
        desk.clock.advance(HOUR)
    desk.set(FORWARD)
    desk.click(Stop())
    found = desk.found()
    assert not found.is_whole
    ends = [(one.began_at, one.ended_at) for one in found.edited.segments]
    moved = START + FORWARD
    assert ends == [(moved, moved + HOUR), (moved + 2 * HOUR, moved + 3 * HOUR)]


def test_the_present_clock_is_taken_whatever_it_was_at_the_last_click(desk: Desk) -> None:
    desk.click(Start("Website"))
    desk.clock.advance(HOUR)
    desk.set(FORWARD)
    desk.click(Stop())
    desk.set(-FORWARD)
    assert desk.found().stopped_at == START + HOUR
    assert desk.found().started_at is None


def test_without_a_present_the_last_clicks_clock_is_taken(desk: Desk) -> None:
    desk.click(Start("Website"))
    desk.clock.advance(HOUR)
    desk.set(FORWARD)
    desk.click(Stop())
    found = by_clock(desk.events)
    assert found is not None
    assert found.started_at == START + FORWARD
    other = replace(desk.clock.stamp(), at=START + 9 * HOUR, boot_id="another")
    assert by_clock(desk.events, other) == found


def test_what_was_clicked_before_a_reboot_has_the_last_clock_of_that_time(desk: Desk) -> None:
    desk.click(Start("Website"))
    desk.clock.advance(HOUR)
    desk.set(FORWARD)
    desk.click(Pause())
    desk.clock.advance(HOUR)
    stamp = replace(desk.clock.stamp(), boot_id="another", boot=MINUTE)
    done = step(state_of(desk.events), Resume(), stamp, new_id=desk.new_id)
    assert isinstance(done, Changed)
    desk.events += done.events
    first, second = desk.found(
        replace(stamp, at=stamp.at + HOUR, boot=MINUTE + HOUR)
    ).edited.segments
    assert (first.began_at, first.ended_at) == (START + FORWARD, START + FORWARD + HOUR)
    assert second.began_at == stamp.at


def test_a_clock_by_which_the_entry_would_run_backwards_offers_nothing(desk: Desk) -> None:
    desk.click(Start("Website"))
    desk.clock.advance(HOUR)
    desk.set(10 * HOUR)
    desk.click(Pause())
    stamp = replace(desk.clock.stamp(), at=START + 12 * HOUR, boot_id="another", boot=MINUTE)
    done = step(state_of(desk.events), Resume(), stamp, new_id=desk.new_id)
    assert isinstance(done, Changed)
    # Since the reboot the clock is right again: that pause came hours after this resume.
    right = replace(stamp, at=START + 2 * HOUR, boot=MINUTE + HOUR)
    assert by_clock([*desk.events, *done.events], right) is None


def test_a_step_between_the_pause_and_the_stop_that_was_undone_is_no_question(desk: Desk) -> None:
    desk.click(Start("Website"))
    desk.clock.advance(HOUR)
    desk.click(Pause())
    desk.set(FORWARD)
    desk.click(Stop())
    assert desk.found().step == FORWARD
    desk.set(-FORWARD)
    assert by_clock(desk.events, desk.clock.stamp()) is None


def test_steps_that_cancel_each_other_out_are_marked_and_mended(desk: Desk) -> None:
    desk.click(Start("Website"))
    desk.clock.advance(HOUR)
    desk.set(FORWARD)
    desk.click(Pause())
    desk.clock.advance(5 * HOUR)
    desk.set(-FORWARD)
    desk.click(Resume())
    desk.clock.advance(MINUTE)
    assert desk.entry.worked(desk.clock.now()) == 3 * HOUR + MINUTE
    assert clock_step(desk.events) == FORWARD
    first, second = desk.found().edited.segments
    assert (first.began_at, first.ended_at) == (START, START + HOUR)
    assert second.began_at == START + 6 * HOUR


@pytest.mark.parametrize("by", [timedelta(seconds=2), timedelta(seconds=-2), NOTHING])
def test_what_is_no_step_is_no_question(desk: Desk, by: timedelta) -> None:
    desk.click(Start("Website"))
    desk.clock.advance(HOUR)
    desk.set(by)
    assert by_clock(desk.events, desk.clock.stamp()) is None


def test_nothing_is_offered_where_nothing_was_tracked() -> None:
    assert by_clock([], FakeClock().stamp()) is None


def test_a_set_back_clock_is_waited_for_while_the_entry_goes_on(desk: Desk) -> None:
    """An edit now would lie before its start, and so would all that is clicked after it."""
    desk.click(Start("Website"))
    desk.clock.advance(HOUR)
    desk.set(BACK)
    assert by_clock(desk.events, desk.clock.stamp()) is None
    assert clock_step(desk.events, desk.clock.stamp()) == BACK
    desk.clock.advance(HOUR + MINUTE)
    assert desk.found().started_at == START + BACK


def test_a_step_after_the_end_was_not_during_the_entry(desk: Desk) -> None:
    desk.click(Start("Website"))
    desk.clock.advance(HOUR)
    desk.click(Stop())
    desk.set(FORWARD)
    assert by_clock(desk.events, desk.clock.stamp()) is None


def test_times_that_somebody_named_stay(desk: Desk) -> None:
    desk.click(Start("Website"))
    desk.clock.advance(HOUR)
    desk.click(Pause(), at=START + HOUR / 2)
    desk.set(FORWARD)
    desk.clock.advance(HOUR)
    desk.click(Resume())
    # By the clock it began after the pause that was named: only a person can put that right.
    assert by_clock(desk.events, desk.clock.stamp()) is None
    assert clock_step(desk.events) == FORWARD


def test_only_named_times_tell_nothing(desk: Desk) -> None:
    desk.clock.advance(HOUR)
    desk.click(Start("Website"), at=START)
    assert by_clock(desk.events, desk.clock.stamp()) is None


def test_a_correction_settles_what_was_before_it(desk: Desk) -> None:
    desk.click(Start("Website"))
    desk.clock.advance(HOUR)
    desk.set(FORWARD)
    pen = Pen(stamp=desk.clock.stamp(), new_id=desk.new_id)
    desk.events += edit(desk.events, Edit("", by_clock=True), pen=pen)
    assert desk.entry.worked(desk.clock.now()) == HOUR
    assert clock_step(desk.events, desk.clock.stamp()) == NOTHING
    assert by_clock(desk.events, desk.clock.stamp()) is None
    assert edit(desk.events, Edit("", by_clock=True), pen=pen) == ()
    desk.clock.advance(HOUR)
    desk.set(BACK)
    assert clock_step(desk.events, desk.clock.stamp()) == BACK


COMMANDS: list[Command] = [Start("A"), Start("B"), Pause(), Resume(), Stop()]
STEPS = st.tuples(
    st.sampled_from(COMMANDS),
    st.timedeltas(NOTHING, timedelta(days=2)),
    st.one_of(
        st.just(NOTHING),
        st.timedeltas(timedelta(seconds=-3), timedelta(seconds=3)),
        st.timedeltas(timedelta(days=-20_000), timedelta(days=20_000)),
    ),
)


@given(st.lists(STEPS, max_size=12), st.timedeltas(timedelta(days=-9), timedelta(days=9)))
def test_worked_time_is_never_negative_and_the_sum_of_its_segments(
    steps: list[tuple[Command, timedelta, timedelta]], later: timedelta
) -> None:
    clock, count = FakeClock(), iter(range(1000))
    entries: dict[str, list[Event]] = {}
    state = Stopped() if not steps else state_of([])
    for command, passed, by in steps:
        clock.advance(_whole(passed))
        clock.set_wall(clock.now() + _whole(by))
        try:
            done = step(state, command, clock.stamp(), new_id=lambda: f"id-{next(count)}")
        except CannotDo:
            continue
        state = done.state
        for event in done.events if isinstance(done, Changed) else ():
            entries.setdefault(event.entry_id, []).append(event)
    clock.set_wall(clock.now() + _whole(later))
    for events in entries.values():
        _check(events, clock.stamp())


def _whole(span: timedelta) -> timedelta:
    return span // timedelta(milliseconds=1) * timedelta(milliseconds=1)


def _check(events: list[Event], present: Stamp) -> None:
    entry = replay(events).entry
    assert entry is not None
    times = [event.at for event in events]
    assert times == sorted(set(times))
    spans = [
        (one.ended_at or max(present.at, one.began_at)) - one.began_at for one in entry.segments
    ]
    assert all(span >= NOTHING for span in spans)
    assert entry.worked(present.at) == sum(spans, NOTHING)
    found = by_clock(events, present)
    if found is not None:
        assert found.edited.is_sound
        assert found.step
