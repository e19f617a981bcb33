"""Corrections: what they make of an entry, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from tests.fakes import START as NINE
from tests.unit.tracking import corrections_desk as desks
from tests.unit.tracking.corrections_desk import HOUR, MINUTE, MS, Desk, at, minutes
from trayapp.tracking.entry import Edited, Event, EventKind, Segment, TrackerState
from trayapp.tracking.tracker import CannotDo, Command, Impossible, Pause, Resume, Start, Stop

desk = desks.desk


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
