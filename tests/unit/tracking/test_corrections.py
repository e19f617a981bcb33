"""Corrections: what they make of an entry, what is refused, and that an undo is one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import START as NINE
from tests.fakes import FakeClock
from trayapp.tracking.corrections import Edit, Pen, delete, edit, last_command, undo
from trayapp.tracking.entry import Edited, Event, EventKind, Segment, TimeEntry, TrackerState
from trayapp.tracking.replay import replay
from trayapp.tracking.tracker import (
    AlreadySo,
    CannotDo,
    Command,
    Impossible,
    Pause,
    Resume,
    Start,
    Stop,
    state_of,
    step,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MS = timedelta(milliseconds=1)


class Desk:
    """Somebody who clicks and corrects, and what the log then holds, entry by entry."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.log: list[Event] = []
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        return f"id-{next(self._numbers)}"

    @property
    def pen(self) -> Pen:
        return Pen(stamp=self.clock.stamp(), new_id=self.new_id)

    def of(self, entry_id: str) -> list[Event]:
        return [event for event in self.log if event.entry_id == entry_id]

    @property
    def newest(self) -> str:
        """The entry begun last that is not deleted."""
        begun = [event.entry_id for event in self.log if event.kind is EventKind.START]
        there = [one for one in begun if self.of(one)[-1].kind is not EventKind.DELETE]
        return there[-1] if there else ""

    def entry(self, entry_id: str = "") -> TimeEntry:
        entry = replay(self.of(entry_id or self.newest)).entry
        assert entry is not None
        return entry

    def entries(self) -> dict[str, object]:
        """All there is, whatever its segments are called; what is deleted is not there."""
        found = {one.entry_id: replay(self.of(one.entry_id)).entry for one in self.log}
        return {
            name: replace(entry, segments=tuple(replace(one, id="") for one in entry.segments))
            for name, entry in found.items()
            if entry is not None and not entry.deleted
        }

    def click(self, *commands: Command) -> None:
        for command in commands:
            self.clock.advance(60)
            result = step(
                state_of(self.of(self.newest)), command, self.clock.stamp(), new_id=self.new_id
            )
            if not isinstance(result, AlreadySo):
                self.log.extend(result.events)

    def edit(
        self,
        entry_id: str = "",
        *,
        project: str | None = None,
        note: str | None = None,
        started_at: datetime | None = None,
        stopped_at: datetime | None = None,
    ) -> tuple[Event, ...]:
        self.clock.advance(60)
        name = entry_id or self.newest
        command = Edit(name, project, note, started_at, stopped_at)
        events = edit(self.of(name), command, pen=self.pen)
        self.log.extend(events)
        return events

    def delete(self, entry_id: str = "") -> tuple[Event, ...]:
        self.clock.advance(60)
        events = delete(self.of(entry_id or self.newest), pen=self.pen)
        self.log.extend(events)
        return events

    def undo(self) -> tuple[Event, ...]:
        self.clock.advance(60)
        histories = [self.of(name) for name in last_command(self.log[-4:])]
        events = undo(histories, pen=self.pen)
        self.log.extend(events)
        return events


def minutes(entry: TimeEntry) -> list[tuple[float, float | None]]:
    return [
        (
            (one.began_at - NINE) / MINUTE,
            None if one.ended_at is None else (one.ended_at - NINE) / MINUTE,
        )
        for one in entry.segments
    ]


def at(minute: float) -> datetime:
    return NINE + minute * MINUTE


@pytest.fixture
def desk() -> Desk:
    return Desk()


# -- edits ---------------------------------------------------------------------------------------


def test_an_edit_is_an_event_with_the_whole_entry_as_it_should_be(desk: Desk) -> None:
    desk.click(Start("A", "x"), Pause(), Resume())
    (event,) = desk.edit(project="B", note="y", started_at=at(0))
    began = [one.id for one in desk.log if one.kind.opens]
    assert event == Event(
        id=event.id,
        entry_id=desk.log[0].entry_id,
        kind=EventKind.EDIT,
        stamp=desk.clock.stamp(),
        project="B",
        note="y",
        edited=Edited(
            (
                Segment(id=began[0], began_at=at(0), ended_at=at(2)),
                Segment(id=began[1], began_at=at(3), ended_at=None),
            ),
            TrackerState.RUNNING,
        ),
    )
    entry = desk.entry()
    assert (entry.project, entry.note, entry.state) == ("B", "y", TrackerState.RUNNING)


def test_what_is_clicked_after_an_edit_goes_on_from_it(desk: Desk) -> None:
    desk.click(Start("A", "x"))
    desk.edit(note="y", started_at=at(-60))
    desk.click(Pause(), Resume(), Stop())
    entry = desk.entry()
    assert minutes(entry) == [(-60, 3), (4, 5)]
    assert (entry.project, entry.note) == ("A", "y")
    assert entry.worked(desk.clock.now()) == 64 * MINUTE
    desk.click(Start())
    assert desk.entry().note == "y"


@pytest.mark.parametrize(
    ("clicks", "wanted"),
    [
        pytest.param((Start(),), [(1, 0.5 + 1)], id="running"),
        pytest.param((Start(), Pause()), [(1, 1.5)], id="paused: its last segment ends there"),
        pytest.param((Start(), Stop()), [(1, 1.5)], id="stopped"),
    ],
)
def test_a_named_stop_ends_the_entry_there(
    desk: Desk, clicks: Sequence[Command], wanted: list[tuple[float, float]]
) -> None:
    desk.click(*clicks)
    desk.edit(stopped_at=at(1.5))
    assert minutes(desk.entry()) == wanted
    assert desk.entry().state is TrackerState.STOPPED
    assert desk.entry().ended_at == at(1.5)


def test_begin_and_end_may_both_move_past_where_the_other_was(desk: Desk) -> None:
    desk.click(Start(), Stop())
    desk.edit(started_at=at(-20), stopped_at=at(-10))
    assert minutes(desk.entry()) == [(-20, -10)]
    desk.edit(started_at=at(1), stopped_at=at(2))
    assert minutes(desk.entry()) == [(1, 2)]


def test_times_are_cut_to_whole_milliseconds(desk: Desk) -> None:
    desk.click(Start(), Stop())
    desk.edit(started_at=at(1) + timedelta(microseconds=1999))
    assert desk.entry().started_at == at(1) + MS


@pytest.mark.parametrize(
    ("changes", "why", "against"),
    [
        pytest.param({"started_at": at(60)}, Impossible.IN_FUTURE, None, id="begin in the future"),
        pytest.param({"stopped_at": at(60)}, Impossible.IN_FUTURE, None, id="end in the future"),
        pytest.param({"started_at": at(2)}, Impossible.NOT_BEFORE_END, at(2), id="begin at end"),
        pytest.param({"stopped_at": at(3)}, Impossible.NOT_AFTER_BEGIN, at(3), id="end at begin"),
        pytest.param(
            {"started_at": at(2.5), "stopped_at": at(4)},
            Impossible.NOT_BEFORE_END,
            at(2),
            id="begin in the break",
        ),
    ],
)
def test_a_time_that_turns_a_segment_around_is_refused(
    desk: Desk, changes: dict[str, datetime], why: Impossible, against: datetime | None
) -> None:
    desk.click(Start(), Pause(), Resume(), Stop())
    with pytest.raises(CannotDo) as caught:
        desk.edit(started_at=changes.get("started_at"), stopped_at=changes.get("stopped_at"))
    assert (caught.value.why, caught.value.last_event_at) == (why, against)
    assert len(desk.log) == 4


def test_begin_and_end_named_together_are_compared_with_each_other(desk: Desk) -> None:
    desk.click(Start(), Stop())
    with pytest.raises(CannotDo) as caught:
        desk.edit(started_at=at(-5), stopped_at=at(-6))
    assert (caught.value.why, caught.value.last_event_at) == (Impossible.NOT_BEFORE_END, at(-6))


def test_the_begin_of_what_runs_may_be_now(desk: Desk) -> None:
    desk.click(Start())
    desk.edit(started_at=at(2))
    assert minutes(desk.entry()) == [(2, None)]


def test_an_edit_that_changes_nothing_is_already_so(desk: Desk) -> None:
    desk.click(Start("A", "x"), Stop())
    assert desk.edit() == ()
    assert desk.edit(project="A", note="x", started_at=at(1), stopped_at=at(2)) == ()


def test_what_is_not_there_cannot_be_edited_or_deleted(desk: Desk) -> None:
    for correct in (desk.edit, desk.delete):
        with pytest.raises(CannotDo) as caught:
            correct("nothing")
        assert caught.value.why is Impossible.UNKNOWN_ENTRY
    desk.click(Start())
    name = desk.newest
    desk.delete()
    with pytest.raises(CannotDo) as caught:
        desk.edit(name, note="y")
    assert caught.value.why is Impossible.UNKNOWN_ENTRY


def test_a_correction_comes_after_all_that_was_clicked_whatever_the_clock_says(desk: Desk) -> None:
    desk.click(Start())
    desk.clock.set_wall(NINE - HOUR)
    (event,) = desk.edit(note="y")
    assert event.at == at(1) + MS


def test_another_entry_can_be_edited_while_one_runs(desk: Desk) -> None:
    desk.click(Start("A"), Start("B"))
    first = desk.log[0].entry_id
    desk.edit(first, note="y")
    assert desk.entry(first).note == "y"
    assert desk.entry().project == "B"
    assert desk.entry().state is TrackerState.RUNNING


# -- deletions -----------------------------------------------------------------------------------


def test_a_deleted_entry_is_stopped_and_counts_for_nothing(desk: Desk) -> None:
    desk.click(Start("A"))
    name = desk.newest
    desk.delete()
    entry = desk.entry(name)
    assert (entry.deleted, entry.state) == (True, TrackerState.STOPPED)
    assert minutes(entry) == [(1, 2)]
    assert entry.worked(desk.clock.now()) == timedelta()
    assert desk.delete(name) == ()


# -- undo ----------------------------------------------------------------------------------------


def test_there_is_nothing_to_undo_before_the_first_command(desk: Desk) -> None:
    with pytest.raises(CannotDo) as caught:
        desk.undo()
    assert caught.value.why is Impossible.NOTHING_TO_UNDO
    stray = Event(
        id="1",
        entry_id="e",
        kind=EventKind.PAUSE,
        stamp=desk.clock.stamp(),
        project="",
        note="",
    )
    desk.log.append(stray)
    with pytest.raises(CannotDo) as caught:
        desk.undo()
    assert caught.value.why is Impossible.NOTHING_TO_UNDO


def test_an_undone_stop_runs_on_in_the_same_segment(desk: Desk) -> None:
    desk.click(Start("A"), Stop())
    before = desk.log[0].id
    desk.undo()
    assert minutes(desk.entry()) == [(1, None)]
    assert desk.entry().segments[0].id == before
    desk.click(Pause())
    assert minutes(desk.entry()) == [(1, 4)]


def test_an_undone_start_is_gone_and_what_it_ended_goes_on(desk: Desk) -> None:
    desk.click(Start("A"), Start("B"))
    events = desk.undo()
    assert [event.kind for event in events] == [EventKind.DELETE, EventKind.EDIT]
    assert desk.entry().project == "A"
    assert minutes(desk.entry()) == [(1, None)]
    desk.undo()
    assert desk.entry().project == "B"
    assert desk.entry().state is TrackerState.RUNNING
    assert minutes(desk.entry(desk.log[0].entry_id)) == [(1, 2)]


def test_what_was_deleted_comes_back_as_something_new(desk: Desk) -> None:
    desk.click(Start("A"), Pause(), Resume())
    before = desk.entry()
    desk.delete()
    desk.undo()
    assert minutes(desk.entry()) == minutes(before)
    assert not {one.id for one in desk.entry().segments} & {one.id for one in before.segments}


def test_what_was_undone_twice_is_as_it_was(desk: Desk) -> None:
    desk.click(Start("A"), Pause(), Resume(), Stop())
    desk.edit(note="y")
    before = desk.entries()
    desk.undo()
    assert desk.entries() != before
    desk.undo()
    assert desk.entries() == before


def test_the_same_undo_asked_for_twice_is_made_once(desk: Desk) -> None:
    desk.click(Start("A"), Start("B"))
    stamp = desk.clock.stamp()
    desk.clock.advance(5)
    pen = Pen(stamp=replace(stamp, boot=stamp.boot + HOUR), new_id=desk.new_id)
    made: list[int] = []
    for _ in range(2):
        histories = [desk.of(name) for name in last_command(desk.log[-4:])]
        events = undo(histories, pen=pen)
        desk.log.extend(events)
        made.append(len(events))
    assert made == [2, 0]
    assert desk.entry().project == "A"


def test_two_commands_within_one_moment_are_undone_one_by_one(desk: Desk) -> None:
    desk.click(Start("A"))
    events = edit(desk.of(desk.newest), Edit(desk.newest, note="y"), pen=desk.pen)
    assert last_command([*desk.log, *events]) == (desk.newest,)


COMMANDS = st.sampled_from(
    [
        Start("A"),
        Start("B", "x"),
        Pause(),
        Resume(),
        Stop(),
        "delete",
        "undo",
        Edit("", note="y"),
        Edit("", note="z", project="C"),
        "started half an hour ago",
        "stopped a minute ago",
    ]
)


def do(desk: Desk, command: object) -> None:
    """Give the command; what cannot be done is not done."""
    try:
        if command == "delete":
            desk.delete()
        elif command == "undo":
            desk.undo()
        elif command == "started half an hour ago":
            desk.edit(started_at=desk.clock.now() - HOUR / 2)
        elif command == "stopped a minute ago":
            desk.edit(stopped_at=desk.clock.now() - MINUTE)
        elif isinstance(command, Edit):
            desk.edit(project=command.project, note=command.note)
        else:
            assert isinstance(command, Start | Pause | Resume | Stop)
            desk.click(command)
    except CannotDo:
        pass


@given(st.lists(COMMANDS, max_size=25))
def test_an_undo_leaves_what_was_before_each_command(commands: list[object]) -> None:
    desk = Desk()
    for command in commands:
        before, length = desk.entries(), len(desk.log)
        do(desk, command)
        if len(desk.log) == length:
            continue
        other = Desk()
        other.log, other.clock = list(desk.log), desk.clock
        other._numbers = desk._numbers
        other.undo()
        assert other.entries() == before


@given(st.lists(COMMANDS, max_size=25))
def test_whatever_is_corrected_is_sound_and_no_step_of_it_is_redundant(
    commands: list[object],
) -> None:
    desk = Desk()
    for command in commands:
        do(desk, command)
    open_ones = 0
    for name in {event.entry_id for event in desk.log}:
        result = replay(desk.of(name))
        assert result.redundant == ()
        assert result.entry is not None
        assert Edited(result.entry.segments, result.entry.state).is_sound
        assert result.entry.worked(desk.clock.now()) >= timedelta()
        times = [event.at for event in desk.of(name)]
        assert times == sorted(set(times))
        open_ones += result.entry.state is not TrackerState.STOPPED
        if result.entry.state is not TrackerState.STOPPED:
            assert name == desk.newest
    assert open_ones <= 1
