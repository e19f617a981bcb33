"""What the tracker's steps leave: times that only grow, and the state that a log tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import START, FakeClock
from tests.unit.tracking.tracker_support import MS, WORK, Log, at
from trayapp.tracking.entry import Event, EventKind, TrackerState
from trayapp.tracking.replay import replay
from trayapp.tracking.tracker import (
    Command,
    Pause,
    Paused,
    Resume,
    Running,
    Start,
    State,
    Stop,
    Stopped,
    state_of,
)


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param([Start("A")], id="starts"),
        pytest.param([Start("A"), Pause()], id="pauses"),
        pytest.param([Start("A"), Pause(), Resume()], id="resumes"),
        pytest.param([Start("A"), Stop()], id="stops"),
    ],
)
def test_six_of_the_same_make_one_event(commands: list[Command]) -> None:
    log = Log()
    clock = FakeClock()
    for command in commands:
        log.click(command, clock.stamp())
    assert len(log.newest) == len(commands)
    made = [log.click(commands[-1], clock.stamp()) for _ in range(5)]
    assert made == [()] * 5
    assert len(log.newest) == len(commands)


def test_no_events_mean_stopped_with_nothing_to_repeat() -> None:
    assert state_of([]) == Stopped()


def history(*kinds: EventKind) -> list[Event]:
    return [
        Event(
            id=f"{n}",
            entry_id="old",
            kind=kind,
            stamp=at(START + n * MS),
            project=WORK.project,
            note=WORK.note,
        )
        for n, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        pytest.param(
            [EventKind.START],
            Running(entry_id="old", activity=WORK, last_event_at=START),
            id="running",
        ),
        pytest.param(
            [EventKind.START, EventKind.PAUSE, EventKind.PAUSE],
            Paused(entry_id="old", activity=WORK, last_event_at=START + 2 * MS),
            id="paused twice",
        ),
        pytest.param(
            [EventKind.START, EventKind.STOP],
            Stopped(last=WORK, last_event_at=START + MS),
            id="stopped",
        ),
        pytest.param(
            [EventKind.PAUSE],
            Stopped(last=WORK, last_event_at=START),
            id="a pause of nothing is not tracking",
        ),
    ],
)
def test_the_state_is_what_the_newest_entrys_events_leave(
    kinds: list[EventKind], state: State
) -> None:
    assert state_of(history(*kinds)) == state


def test_the_last_event_is_the_latest_when_a_history_is_out_of_order() -> None:
    events = history(EventKind.START, EventKind.PAUSE)
    late = replace(events[0], stamp=at(START + timedelta(hours=1)))
    assert state_of([late, events[1]]).last_event_at == START + timedelta(hours=1)


WORDS = st.one_of(
    st.none(), st.sampled_from(["", "Straße", "STRASSE", "Сайт"]), st.text(max_size=5)
)
COMMANDS = st.one_of(
    st.builds(Start, project=WORDS, note=WORDS),
    st.just(Start()),
    st.just(Pause()),
    st.just(Resume()),
    st.just(Stop()),
)
CLICKS = st.lists(
    st.tuples(
        COMMANDS,
        st.integers(min_value=-3_600_000, max_value=3_600_000),  # the wall clock moves by, ms
        st.booleans(),  # the time is named
    ),
    max_size=40,
)


def clicked(clicks: list[tuple[Command, int, bool]]) -> Log:
    """A log after these clicks; on the way, only a change makes events."""
    log = Log()
    wall = START
    for command, moved, named in clicks:
        wall += moved * MS
        before = log.state
        events = log.click(command, at(wall), now=wall if named else None)
        assert bool(events) == (log.state != before)
    return log


@given(CLICKS)
def test_times_of_an_entry_strictly_grow_whatever_the_clock_does(
    clicks: list[tuple[Command, int, bool]],
) -> None:
    log = clicked(clicks)
    for events in log.entries.values():
        times = [event.at for event in events]
        assert times == sorted(set(times))


@given(CLICKS)
def test_the_log_tells_the_state_that_the_steps_told(
    clicks: list[tuple[Command, int, bool]],
) -> None:
    for length in range(len(clicks) + 1):
        log = clicked(clicks[:length])
        assert state_of(log.newest) == log.state


@given(CLICKS)
def test_replay_agrees_with_the_steps_and_finds_nothing_redundant(
    clicks: list[tuple[Command, int, bool]],
) -> None:
    log = clicked(clicks)
    names = {Stopped: "stopped", Running: "running", Paused: "paused"}
    for events in log.entries.values():
        result = replay(events)
        assert result.redundant == ()
        assert result.entry is not None
        newest = events is log.newest
        wanted = names[type(log.state)] if newest else TrackerState.STOPPED
        assert result.entry.state == wanted


@given(CLICKS)
def test_at_most_one_entry_is_open_at_any_time(clicks: list[tuple[Command, int, bool]]) -> None:
    log = clicked(clicks)
    open_ones = [e for e in log.entries.values() if e[-1].kind is not EventKind.STOP]
    assert len(open_ones) == (0 if isinstance(log.state, Stopped) else 1)


@given(project=st.text(), note=st.text())
def test_project_and_note_keep_any_unicode(project: str, note: str) -> None:
    log = Log()
    (start,) = log.click(Start(project, note), at(START))
    assert (start.project, start.note) == (project, note)
    assert log.click(Start(project, note), at(START)) == ()
