"""An undo is a correction: it leaves what was before, and all of it is sound."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tracking import corrections_desk as desks
from tests.unit.tracking.corrections_desk import HOUR, MINUTE, Desk, minutes
from trayapp.tracking.corrections import Edit, Pen, edit, last_command, undo
from trayapp.tracking.entry import Edited, Event, EventKind, TrackerState
from trayapp.tracking.replay import replay
from trayapp.tracking.tracker import CannotDo, Impossible, Pause, Resume, Start, Stop

desk = desks.desk


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
