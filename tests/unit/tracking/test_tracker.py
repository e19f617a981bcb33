"""The tracker's rules: what each command does in each state, and at what time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes import START, FakeClock
from tests.unit.tracking.tracker_support import (
    LAST,
    MS,
    NEW,
    NO_TIME,
    WORK,
    Ids,
    Log,
    at,
    changed,
    do,
)
from trayapp.tracking.activity import Activity
from trayapp.tracking.entry import Event, EventKind
from trayapp.tracking.replay import clock_step
from trayapp.tracking.tracker import (
    AlreadySo,
    CannotDo,
    Changed,
    Command,
    Impossible,
    Pause,
    Paused,
    Resume,
    Running,
    Start,
    State,
    Stop,
    Stopped,
    step,
)

STOPPED = Stopped(last=WORK, last_event_at=LAST)
RUNNING = Running(entry_id="old", activity=WORK, last_event_at=LAST)
PAUSED = Paused(entry_id="old", activity=WORK, last_event_at=LAST)


def short(events: Iterable[Event]) -> list[tuple[str, str, timedelta]]:
    """Entry, kind and time after `START` of each event."""
    return [(e.entry_id, e.kind.removeprefix("time_entry_"), e.at - START) for e in events]


@pytest.mark.parametrize(
    ("command", "activity"),
    [
        pytest.param(Start(), WORK, id="a bare start takes up what was last"),
        pytest.param(Start("Other"), Activity("Other", ""), id="a project without a note"),
        pytest.param(Start(note="x"), Activity("Сайт", "x"), id="a note for the last project"),
        pytest.param(Start(note=""), Activity("Сайт", ""), id="an empty note is a note"),
        pytest.param(Start("Other", "y"), Activity("Other", "y"), id="both"),
        pytest.param(Start(""), Activity("", ""), id="no project is a project"),
    ],
)
def test_a_start_while_stopped_opens_an_entry(command: Start, activity: Activity) -> None:
    result = changed(STOPPED, command)
    (event,) = result.events
    assert event == Event(
        id="id-1",
        entry_id="id-2",
        kind=EventKind.START,
        stamp=at(START),
        project=activity.project,
        note=activity.note,
    )
    assert result.state == Running(entry_id="id-2", activity=activity, last_event_at=START)


def test_the_very_first_bare_start_tracks_without_words() -> None:
    result = changed(NEW, Start())
    assert result.state == Running(entry_id="id-2", activity=Activity("", ""), last_event_at=START)


def test_the_very_first_start_may_have_only_a_note() -> None:
    assert changed(NEW, Start(note="x")).events[0].note == "x"


@pytest.mark.parametrize(
    ("state", "command", "kind", "after"),
    [
        pytest.param(RUNNING, Pause(), EventKind.PAUSE, Paused, id="pause"),
        pytest.param(PAUSED, Resume(), EventKind.RESUME, Running, id="resume"),
        pytest.param(PAUSED, Start(), EventKind.RESUME, Running, id="bare start while paused"),
        pytest.param(
            PAUSED, Start("САЙТ", WORK.note), EventKind.RESUME, Running, id="same start, paused"
        ),
    ],
)
def test_a_command_makes_one_event_of_the_open_entry(
    state: State, command: Command, kind: EventKind, after: type[Running | Paused]
) -> None:
    result = changed(state, command)
    assert result.events == (
        Event(
            id="id-1",
            entry_id="old",
            kind=kind,
            stamp=at(START),
            project=WORK.project,
            note=WORK.note,
        ),
    )
    assert result.state == after(entry_id="old", activity=WORK, last_event_at=START)


@pytest.mark.parametrize("state", [RUNNING, PAUSED])
def test_a_stop_ends_the_entry_at_the_click(state: State) -> None:
    result = changed(state, Stop())
    assert short(result.events) == [("old", "stop", NO_TIME)]
    assert result.state == Stopped(last=WORK, last_event_at=START)


@pytest.mark.parametrize(
    ("state", "command"),
    [
        pytest.param(RUNNING, Start(), id="bare start while running"),
        pytest.param(RUNNING, Start(WORK.project, WORK.note), id="same start while running"),
        pytest.param(RUNNING, Start("сАЙТ", WORK.note), id="same start in other case"),
        pytest.param(RUNNING, Start(note=WORK.note), id="same note while running"),
        pytest.param(RUNNING, Resume(), id="resume while running"),
        pytest.param(PAUSED, Pause(), id="pause while paused"),
        pytest.param(STOPPED, Stop(), id="stop while stopped"),
        pytest.param(NEW, Stop(), id="stop before anything"),
    ],
)
def test_what_is_already_so_makes_no_event_and_no_error(state: State, command: Command) -> None:
    assert do(state, command) == AlreadySo(state)


@pytest.mark.parametrize("given", [False, True])
def test_what_is_already_so_is_so_whatever_time_was_named(given: bool) -> None:  # noqa: FBT001  # a table of two
    early = at(LAST - timedelta(days=1))
    result = step(PAUSED, Pause(), early, new_id=Ids(), given=given, now=START)
    assert result == AlreadySo(PAUSED)


@pytest.mark.parametrize("command", [Pause(), Resume()])
@pytest.mark.parametrize("state", [NEW, STOPPED])
def test_pause_and_resume_while_stopped_cannot_be_done(state: Stopped, command: Command) -> None:
    with pytest.raises(CannotDo) as caught:
        do(state, command)
    assert caught.value.why is Impossible.NOT_TRACKING
    assert caught.value.last_event_at == state.last_event_at
    assert str(caught.value) == "not_tracking"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(Start("Other"), id="other project"),
        pytest.param(Start(WORK.project), id="same project, no note"),
        pytest.param(Start(note=WORK.note.upper()), id="a note's case counts"),
    ],
)
def test_a_start_of_something_else_while_running_stops_the_running_entry(command: Start) -> None:
    result = changed(RUNNING, command)
    assert short(result.events) == [("old", "stop", NO_TIME), ("id-3", "start", NO_TIME)]
    stop, start = result.events
    assert Activity(stop.project, stop.note) == WORK
    assert result.state == Running(
        entry_id="id-3", activity=Activity(start.project, start.note), last_event_at=START
    )


def test_a_start_of_something_else_while_paused_ends_the_entry_at_its_pause() -> None:
    result = changed(PAUSED, Start("Other"))
    assert short(result.events) == [
        ("old", "stop", LAST + MS - START),
        ("id-3", "start", NO_TIME),
    ]
    assert result.events[1].stamp == at(START)


@pytest.mark.parametrize("back", [timedelta(), MS, timedelta(days=400)])
@pytest.mark.parametrize(
    ("state", "command"), [(RUNNING, Pause()), (PAUSED, Resume()), (RUNNING, Stop())]
)
def test_a_time_not_after_the_entrys_last_event_becomes_that_plus_one_millisecond(
    state: State, command: Command, back: timedelta
) -> None:
    (event,) = changed(state, command, LAST - back).events
    assert event.stamp == replace(at(LAST - back), at=LAST + MS)


def test_a_time_one_millisecond_after_the_last_event_stands() -> None:
    (event,) = changed(RUNNING, Pause(), LAST + MS).events
    assert event.stamp == at(LAST + MS)


@pytest.mark.parametrize("state", [RUNNING, PAUSED])
def test_a_clock_set_back_does_not_retime_the_start_of_a_new_entry(state: State) -> None:
    early = LAST - timedelta(hours=1)
    stop, start = changed(state, Start("Other"), early).events
    assert stop.at == LAST + MS
    assert start.stamp == at(early)


def test_after_a_stop_a_new_entry_starts_at_the_wall_time() -> None:
    assert changed(STOPPED, Start(), LAST - MS).events[0].at == LAST - MS


@pytest.mark.parametrize(
    ("state", "command"),
    [
        (STOPPED, Start()),
        (RUNNING, Pause()),
        (RUNNING, Stop()),
        (RUNNING, Start("Other")),
        (PAUSED, Resume()),
        (PAUSED, Stop()),
        (PAUSED, Start("Other")),
    ],
)
class TestANamedTime:
    def test_is_taken_when_it_lies_between_the_last_event_and_now(
        self, state: State, command: Command
    ) -> None:
        for when in (LAST + MS, START):
            result = step(state, command, at(when), new_id=Ids(), given=True, now=START)
            assert isinstance(result, Changed)
            assert result.events[-1].at == when

    def test_is_refused_when_it_is_not_after_the_last_event(
        self, state: State, command: Command
    ) -> None:
        for when in (LAST, LAST - timedelta(days=1)):
            with pytest.raises(CannotDo) as caught:
                step(state, command, at(when), new_id=Ids(), given=True, now=START)
            assert caught.value.why is Impossible.TOO_EARLY
            assert caught.value.last_event_at == LAST

    def test_is_refused_when_it_lies_in_the_future(self, state: State, command: Command) -> None:
        with pytest.raises(CannotDo) as caught:
            step(state, command, at(START + MS), new_id=Ids(), given=True, now=START)
        assert caught.value.why is Impossible.IN_FUTURE
        assert caught.value.last_event_at == LAST

    def test_cannot_be_judged_without_the_present(self, state: State, command: Command) -> None:
        with pytest.raises(ValueError, match="now"):
            step(state, command, at(START), new_id=Ids(), given=True)


def test_the_very_first_start_may_lie_anywhere_in_the_past() -> None:
    long_ago = datetime(1999, 12, 31, tzinfo=UTC)
    result = step(NEW, Start(), at(long_ago), new_id=Ids(), given=True, now=START)
    assert isinstance(result, Changed)
    assert result.events[0].at == long_ago


def test_a_named_time_is_no_sign_that_the_clock_was_set() -> None:
    clock = FakeClock()
    first = step(NEW, Start(), clock.stamp(), new_id=Ids())
    clock.advance(timedelta(hours=8))
    named = replace(clock.stamp(), at=START + timedelta(hours=1))
    last = step(first.state, Stop(), named, new_id=Ids(), given=True, now=clock.now())
    assert isinstance(first, Changed)
    assert isinstance(last, Changed)
    assert clock_step([*first.events, *last.events]) == NO_TIME


def test_an_end_at_the_pause_is_no_sign_that_the_clock_was_set() -> None:
    clock = FakeClock()
    log = Log()
    for command in (Start("One"), Pause(), Start("Two")):
        log.click(command, clock.stamp())
        clock.advance(timedelta(hours=1))
    (first, _second) = log.entries.values()
    assert [event.kind for event in first] == [EventKind.START, EventKind.PAUSE, EventKind.STOP]
    assert clock_step(first) == NO_TIME


def test_a_project_is_the_same_in_any_case_of_any_script() -> None:
    state = Running(entry_id="old", activity=Activity("Straße", ""), last_event_at=LAST)
    assert do(state, Start("STRASSE")) == AlreadySo(state)
