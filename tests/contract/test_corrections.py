"""What every TimeServer promises about corrections: the record is as the entry should be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.contract.stages import Courier, Stage
from trayapp.demo.proxy import DropAfter, DropBefore, Fault, Pass
from trayapp.sync.outcome import (
    Absent,
    Conflict,
    Delivered,
    Doubtful,
    Offline,
    Outcome,
    Removed,
    ServerTrouble,
)
from trayapp.tracking.entry import EventKind

START, PAUSE, RESUME, STOP, *_ = EventKind
MINUTE = timedelta(minutes=1)
_MOST_REQUESTS = 10
FINISHED = (START, PAUSE, RESUME, STOP)


def begun_earlier(courier: Courier) -> None:
    courier.edit(started_at=courier.entry.started_at - 30 * MINUTE)


def begun_later(courier: Courier) -> None:
    courier.edit(started_at=courier.entry.started_at + MINUTE / 2)


def stopped_earlier(courier: Courier) -> None:
    courier.edit(stopped_at=courier.entry.segments[-1].began_at + MINUTE / 2)


def stopped_later(courier: Courier) -> None:
    courier.edit(stopped_at=courier.clock.now() + MINUTE)


def all_at_once(courier: Courier) -> None:
    begin = courier.entry.started_at - 30 * MINUTE
    courier.edit(
        project="Support", note="new", started_at=begin, stopped_at=courier.clock.now() + MINUTE
    )


def undone(courier: Courier) -> None:
    courier.undo()


def removed_and_brought_back(courier: Courier) -> None:
    courier.delete()
    courier.undo()


def named(courier: Courier) -> None:
    courier.edit(note="other words")


def moved(courier: Courier) -> None:
    courier.edit(project="Support")


CORRECTIONS = pytest.mark.parametrize(
    ("clicks", "correct"),
    [
        pytest.param((START,), named, id="note-of-running"),
        pytest.param(FINISHED, named, id="note-of-stopped"),
        pytest.param(FINISHED, moved, id="project"),
        pytest.param((START,), begun_earlier, id="begin-of-running"),
        pytest.param((START, PAUSE), begun_later, id="begin-of-paused"),
        pytest.param((START, PAUSE, RESUME), begun_later, id="begin-of-resumed"),
        pytest.param(FINISHED, begun_earlier, id="begin-of-stopped"),
        pytest.param(FINISHED, stopped_earlier, id="end-earlier"),
        pytest.param(FINISHED, stopped_later, id="end-later"),
        pytest.param((START,), stopped_earlier, id="stop-of-running"),
        pytest.param((START, PAUSE), stopped_later, id="stop-of-paused"),
        pytest.param(FINISHED, all_at_once, id="all-at-once"),
        pytest.param((START,), Courier.delete, id="delete-running"),
        pytest.param((START, PAUSE), Courier.delete, id="delete-paused"),
        pytest.param(FINISHED, Courier.delete, id="delete-stopped"),
        pytest.param((START,), undone, id="undo-start"),
        pytest.param((START, PAUSE), undone, id="undo-pause"),
        pytest.param((START, PAUSE, RESUME), undone, id="undo-resume"),
        pytest.param((START, STOP), undone, id="undo-stop"),
        pytest.param(FINISHED, undone, id="undo-second-stop"),
        pytest.param((START, PAUSE, STOP), undone, id="undo-stop-while-paused"),
        pytest.param((START, STOP), removed_and_brought_back, id="undo-delete"),
    ],
)
Correct = Callable[[Courier], None]


def assert_right(stage: Stage, courier: Courier) -> None:
    """Times and words there are ours, and there is nothing else."""
    entry = courier.entry
    wanted = [] if entry.deleted else stage.wanted(entry)
    assert sorted(stage.times()) == sorted(wanted)
    assert set(stage.texts()) == ({stage.text_of(entry)} if wanted else set())


def deliver_through(stage: Stage, courier: Courier, fault: Fault) -> None:
    """As the worker does, with one request after the other lost; in doubt it is looked for."""
    while courier.pending:
        write = courier.next_write()
        if write is None:
            continue
        passed, outcome = 0, Outcome()
        while not isinstance(outcome, Delivered):
            assert type(outcome) in {Outcome, Absent, Offline, ServerTrouble}, outcome
            stage.play([*[Pass()] * passed, fault])
            outcome = courier.server.send(write)
            stage.play([])
            if isinstance(outcome, Doubtful):
                outcome = courier.server.look(courier.unit, write)
            passed += 1
            assert passed < _MOST_REQUESTS
        courier.take(write, outcome)


class TestCorrections:
    @CORRECTIONS
    def test_what_is_corrected_live_shows_so(
        self, stage: Stage, clicks: tuple[EventKind, ...], correct: Correct
    ) -> None:
        courier = stage.courier()
        for kind in clicks:
            courier.click(kind)
            courier.deliver()
        correct(courier)
        courier.deliver()
        assert_right(stage, courier)

    @CORRECTIONS
    def test_what_was_corrected_before_it_was_sent_shows_so(
        self, stage: Stage, clicks: tuple[EventKind, ...], correct: Correct
    ) -> None:
        courier = stage.courier()
        courier.click(*clicks)
        correct(courier)
        stage.clock.advance(3 * 24 * 3600)
        courier.deliver()
        assert_right(stage, courier)

    @CORRECTIONS
    @pytest.mark.parametrize("fault", [DropBefore(), DropAfter()], ids=["before", "after"])
    def test_what_is_lost_on_the_way_is_looked_for(
        self, stage: Stage, clicks: tuple[EventKind, ...], correct: Correct, fault: Fault
    ) -> None:
        courier = stage.courier()
        for kind in clicks:
            courier.click(kind)
            courier.deliver()
        correct(courier)
        deliver_through(stage, courier, fault)
        assert_right(stage, courier)

    def test_what_is_clicked_after_a_correction_goes_on_from_it(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.click(START)
        courier.deliver()
        for kind in (PAUSE, RESUME, STOP):
            courier.edit(note=f"before {kind}", started_at=courier.entry.started_at - MINUTE)
            courier.deliver()
            assert_right(stage, courier)
            courier.click(kind)
            courier.deliver()
            assert_right(stage, courier)

    def test_a_correction_and_the_next_clicks_go_together(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.click(START)
        courier.deliver()
        courier.edit(note="other words")
        courier.click(PAUSE, RESUME, STOP)
        courier.deliver()
        assert_right(stage, courier)

    def test_a_correction_of_a_correction_and_its_undo_show_so(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.click(START, STOP)
        courier.deliver()
        courier.edit(note="one", stopped_at=courier.clock.now() + MINUTE)
        courier.deliver()
        courier.edit(note="two", started_at=courier.entry.started_at - MINUTE)
        courier.deliver()
        courier.undo()
        courier.deliver()
        assert courier.entry.note == "one"
        assert_right(stage, courier)

    def test_what_was_removed_there_stays_removed(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.click(START, STOP)
        courier.deliver()
        stage.remove()
        courier.edit(note="other words")
        assert isinstance(stage.server.send(courier.plan()), Removed)
        assert stage.times() == []


class TestMerging:
    """Where others can change a record, too."""

    def test_what_somebody_changed_there_stays_unless_it_is_changed_here(
        self, shared: Stage
    ) -> None:
        assert shared.rename is not None
        courier = shared.courier()
        courier.click(START, STOP)
        courier.deliver()
        shared.rename("their words")
        before = shared.texts()
        courier.edit(stopped_at=courier.clock.now() + MINUTE)
        courier.deliver()
        assert shared.times() == shared.wanted(courier.entry)
        assert shared.texts() == before
        courier.edit(started_at=courier.entry.started_at - MINUTE)
        courier.deliver()
        assert shared.texts() == before

    def test_what_is_changed_both_here_and_there_is_a_conflict(self, shared: Stage) -> None:
        assert shared.rename is not None
        courier = shared.courier()
        courier.click(START, STOP)
        courier.deliver()
        shared.rename("their words")
        before = shared.texts()
        courier.edit(note="our words")
        write = courier.plan()
        for outcome in (shared.server.send(write), shared.server.look(courier.unit, write)):
            assert isinstance(outcome, Conflict)
            assert outcome.reason.startswith("Conflict: the server shows ")
        assert shared.texts() == before

    def test_what_somebody_changed_there_is_deleted_all_the_same(self, shared: Stage) -> None:
        assert shared.rename is not None
        courier = shared.courier()
        courier.click(START, STOP)
        courier.deliver()
        shared.rename("their words")
        courier.delete()
        courier.deliver()
        assert shared.times() == []

    def test_what_somebody_deleted_there_is_deleted(self, shared: Stage) -> None:
        courier = shared.courier()
        courier.click(START, STOP)
        courier.deliver()
        shared.remove()
        courier.delete()
        courier.deliver()
        assert shared.times() == []
