"""Corrections through the one door: decided in the queue, delivered, undone, and fixes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from tests.hubnity_server_house import house_of as hubnity_house
from tests.integration.core_support import Bench, Plug, bench_inside
from tests.integration.correcting import another_bench, correct, minute
from trayapp import commands, headless
from trayapp.control.messages import Reply
from trayapp.core import Surroundings
from trayapp.demo.proxy import Say
from trayapp.queue.task import Gate, GateKind
from trayapp.sync.rules import Rules
from trayapp.timer import Corrected
from trayapp.tracking.catalog import Catalog, Project
from trayapp.tracking.corrections import Delete, Edit, Undo
from trayapp.tracking.entry import EventKind, TrackerState
from trayapp.tracking.tracker import (
    AlreadySo,
    CannotDo,
    Impossible,
    Pause,
    Resume,
    Running,
    Start,
    Stop,
    Stopped,
)

_CLOSED = Say(status=422, body='{"message": "project closed"}')


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[Bench, Plug]]:
    with bench_inside(tmp_path) as found:
        yield found


@pytest.fixture
def bench(line: tuple[Bench, Plug]) -> Bench:
    return line[0]


def ask(bench: Bench, name: str, wanted: Edit | None = None, ids: tuple[int, ...] = ()) -> Reply:
    bench.clock.advance(60)
    request = commands.edit_request(name, bench.clock.stamp(), wanted or Edit(""), task_ids=ids)
    return commands.correct(bench.core.timer, request, now=bench.clock.stamp(), zone=UTC)


def why(bench: Bench, correction: Edit | Delete | Undo) -> Impossible:
    with pytest.raises(CannotDo) as caught:
        correct(bench, correction)
    return caught.value.why


def recent(bench: Bench) -> list[tuple[str, str, str, timedelta]]:
    found = (one.entry for one in bench.core.reader.recent(9))
    return [(e.project, e.note, e.state.value, e.worked(bench.clock.now())) for e in found]


# -- the door ------------------------------------------------------------------------------------


def test_the_newest_entry_is_meant_where_none_is_named(bench: Bench) -> None:
    bench.clicks(Start("A"), Start("B"))
    result = correct(bench, Edit("", note="x"))
    assert isinstance(result, Corrected)
    assert isinstance(result.state, Running)
    assert result.state.activity.note == "x"
    assert result.before is not None
    assert result.after is not None
    assert (result.before.note, result.after.note, result.undone) == ("", "x", None)
    assert correct(bench, Edit("", note="x")) == AlreadySo(result.state)


def test_a_correction_of_another_entry_leaves_the_tracker_as_it_is(bench: Bench) -> None:
    bench.clicks(Start("A"), Start("B"))
    first = bench.core.reader.recent(2)[1].entry.id
    result = correct(bench, Edit(first, project="C", stopped_at=minute(1.5)))
    assert isinstance(result, Corrected)
    assert isinstance(result.state, Running)
    assert result.state.activity.project == "B"
    assert bench.status.entry is not None
    assert bench.status.entry.project == "B"
    correct(bench, Delete(first))
    assert bench.status.entry.project == "B"
    assert [row[0] for row in recent(bench)] == ["B"]


def test_what_is_not_there_cannot_be_corrected(bench: Bench) -> None:
    assert why(bench, Edit("", note="x")) is Impossible.UNKNOWN_ENTRY
    assert why(bench, Delete("nothing")) is Impossible.UNKNOWN_ENTRY
    assert why(bench, Undo()) is Impossible.NOTHING_TO_UNDO
    assert bench.status.pending == 0


def test_a_start_over_another_is_undone_as_one(bench: Bench) -> None:
    bench.clicks(Start("A"), Start("B"))
    result = correct(bench, Undo())
    assert isinstance(result, Corrected)
    assert [event.kind for event in result.events] == [EventKind.DELETE, EventKind.EDIT]
    assert result.undone is EventKind.START
    assert isinstance(result.state, Running)
    assert bench.status.entry is not None
    assert (bench.status.entry.project, bench.status.entry.worked) == ("A", timedelta(minutes=2))
    correct(bench, Undo())
    assert bench.status.entry.project == "B"


def test_the_newest_entry_deleted_the_one_before_it_is_the_last(bench: Bench) -> None:
    bench.clicks(Start("A"), Start("B"))
    result = correct(bench, Delete(""))
    assert isinstance(result, Corrected)
    assert isinstance(result.state, Stopped)
    bench.clicks(Start())
    assert recent(bench)[0][0] == "A"
    assert bench.status.tracker is TrackerState.RUNNING


def test_a_project_the_server_does_not_have_is_refused_here(bench: Bench) -> None:
    catalog = Catalog(projects=(Project(id="1", name="Website"),), binds=True, needed=True)
    bench.clicks(Start("Website"))
    with bench.core._queue.lock() as guard:
        guard.value.accounts.set_catalog(1, catalog, bench.clock.now())
    assert why(bench, Edit("", project="Nothing")) is Impossible.UNKNOWN_PROJECT
    assert why(bench, Edit("", project="")) is Impossible.NEEDS_PROJECT
    assert isinstance(correct(bench, Edit("", project="website")), AlreadySo)


# -- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        pytest.param(Edit("", stopped_at=minute(1.5)), "Stopped at 09:01.", id="stop"),
        pytest.param(
            Edit("", started_at=minute(-30)), "Started at 08:30 instead of 09:01.", id="start"
        ),
        pytest.param(
            Edit("", started_at=minute(1.1)),
            "Started at 09:01:06 instead of 09:01:00.",
            id="within a minute",
        ),
        pytest.param(
            Edit("", project="B", note="x"), "Now it is for “B – x” instead of “A”.", id="words"
        ),
        pytest.param(Edit("", project="A"), "It is so already.", id="nothing"),
    ],
)
def test_an_edit_says_what_it_changed(bench: Bench, wanted: Edit, message: str) -> None:
    bench.clicks(Start("A"))
    reply = ask(bench, "edit", wanted)
    assert (reply.ok, reply.message) == (True, message)
    assert reply.changed is (message != "It is so already.")


def test_a_moved_end_is_told_with_the_one_before(bench: Bench) -> None:
    bench.clicks(Start("A"), Stop(), every=3600)
    reply = ask(bench, "edit", Edit("", stopped_at=minute(90)))
    assert reply.message == "Stopped at 10:30 instead of 11:00."
    assert reply.value["entry"] == bench.core.reader.recent(1)[0].entry.id


def test_a_deletion_and_its_undo_say_so(bench: Bench) -> None:
    bench.clicks(Start("A", "x"))
    entry = bench.core.reader.recent(1)[0].entry.id
    reply = ask(bench, "delete")
    assert reply.message == "Deleted: A – x. “trayapp undo” brings it back."
    assert ask(bench, "delete", Edit(entry)).message == "Deleted already."
    assert ask(bench, "undo").message == "The deletion is undone: A – x."


@pytest.mark.parametrize(
    ("clicks", "message"),
    [
        ((Start(),), "The start is undone: Without project and note."),
        ((Start("A"), Pause()), "The pause is undone: A."),
        ((Start("A"), Pause(), Resume()), "The resume is undone: A."),
        ((Start("A"), Stop()), "The stop is undone: A."),
    ],
)
def test_an_undo_says_what_it_took_back(
    bench: Bench, clicks: tuple[Start | Pause | Resume | Stop, ...], message: str
) -> None:
    bench.clicks(*clicks)
    assert ask(bench, "undo").message == message
    assert ask(bench, "undo").message.startswith("The ")


@pytest.mark.parametrize(
    ("name", "wanted", "ids", "message"),
    [
        (
            "edit",
            Edit("", started_at=minute(3)),
            (),
            (
                "That begin is not before the end, so nothing was changed. "
                "Give a time before 09:02:00."
            ),
        ),
        (
            "edit",
            Edit("", stopped_at=minute(1)),
            (),
            "That end is not after the begin, so nothing was changed. Give a time after 09:01:00.",
        ),
        (
            "edit",
            Edit("", stopped_at=minute(99)),
            (),
            "That time is in the future, so nothing was recorded. Give a time up to now.",
        ),
        (
            "delete",
            Edit("other"),
            (),
            (
                "There is no such entry, so nothing was changed. "
                "“trayapp recent --json” shows the ids of the last ones."
            ),
        ),
        (
            "fix",
            Edit("", note="x"),
            (1,),
            (
                "Not all of these tasks have failed, so nothing was changed. "
                "“trayapp failed” lists those that have."
            ),
        ),
    ],
)
def test_what_cannot_be_corrected_says_why(
    bench: Bench, name: str, wanted: Edit, ids: tuple[int, ...], message: str
) -> None:
    bench.clicks(Start("A"), Stop())
    bench.clock.advance(3600)
    before = recent(bench)
    reply = ask(bench, name, wanted, ids)
    assert (reply.ok, reply.changed, reply.message) == (False, False, message)
    assert recent(bench) == before


def test_there_is_nothing_to_undo_at_first(bench: Bench) -> None:
    assert ask(bench, "undo").message == "There is nothing to undo."


def test_without_the_app_it_is_recorded_all_the_same(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        bench.clicks(Start("A"))
        where = Surroundings(
            paths=bench.paths,
            clock=bench.clock,
            server_for=lambda _account: bench.serve(),
            rules=Rules(jitter=lambda wait: wait),
        )
        request = commands.edit_request("edit", bench.clock.stamp(), Edit("", note="x"))
        assert headless.record(where, request, bench.clock.stamp()).changed
        assert recent(bench)[0][1] == "x"


# -- fixes ---------------------------------------------------------------------------------------


def refused(line: tuple[Bench, Plug]) -> Bench:
    """An entry whose start the server refuses."""
    bench, plug = line
    plug.play([_CLOSED])
    bench.clicks(Start("Closed", "x"), Stop())
    bench.work()
    assert [task.id for task in bench.failed] == [1]
    return bench


def test_a_fix_corrects_the_entry_and_sends_it_again(line: tuple[Bench, Plug]) -> None:
    bench = refused(line)
    reply = ask(bench, "fix", Edit("", project="Open"), (1,))
    assert (reply.changed, reply.message) == (True, "Corrected; 1 task is sent again.")
    bench.work()
    assert bench.status.all_sent
    assert [event.kind for event in bench.arrived] == [
        EventKind.START,
        EventKind.STOP,
        EventKind.EDIT,
    ]
    assert bench.arrived[-1].project == "Open"


def test_a_fix_may_name_the_entry_instead(line: tuple[Bench, Plug]) -> None:
    bench = refused(line)
    entry = bench.core.reader.recent(1)[0].entry.id
    assert ask(bench, "fix", Edit(entry, note="y")).message == "Corrected; 1 task is sent again."
    again = ask(bench, "fix", Edit(entry, note="y"))
    assert (again.changed, again.message) == (False, "It is so already.")
    assert (
        ask(bench, "fix", Edit(entry, note="z")).message == "Corrected; nothing of it had failed."
    )
    bench.work()
    assert bench.status.all_sent


def test_one_fix_corrects_all_entries_that_were_refused_alike(line: tuple[Bench, Plug]) -> None:
    bench, plug = line
    for n in range(2):
        plug.play([_CLOSED])
        bench.clicks(Start("Closed", f"{n}"), Stop())
        bench.work()
    reply = ask(bench, "fix", Edit("", project="Open"), tuple(task.id for task in bench.failed))
    assert reply.message == "Corrected; 2 tasks are sent again."
    bench.live(timedelta(hours=2))
    assert bench.status.all_sent
    assert [row[:2] for row in recent(bench)] == [("Open", "1"), ("Open", "0")]


def test_a_refused_start_goes_out_with_the_new_values_at_once(tmp_path: Path) -> None:
    """Where the server takes records, start and correction are one request."""
    with another_bench(tmp_path) as (bench, servers), hubnity_house("feb", bench.clock) as house:
        house.app.add_project("Open")
        servers.append(house.server)
        bench.clicks(Start("Closed", "x"), Stop())
        bench.work()
        assert [task.reason for task in bench.failed] == [
            "Project 'Closed' is not an active project on the server"
        ]
        ask(bench, "fix", Edit("", project="Open"), (1,))
        house.requests()
        bench.work()
        assert bench.status.all_sent
        assert [one for one in house.requests() if not one.startswith("GET")] == [
            "POST /time-entries/sync"
        ]
        assert house.app.books.projects[house.entry.project_id or ""].name == "Open"


def test_a_fix_opens_the_gate_that_equal_refusals_closed(line: tuple[Bench, Plug]) -> None:
    bench = refused(line)
    gate = Gate(
        kind=GateKind.REFUSED,
        reason="HTTP 422: project closed",
        since=bench.clock.now(),
        due_at=bench.clock.now() + timedelta(hours=1),
    )
    with bench.core._queue.lock() as guard:
        guard.value.accounts.set_gate(1, gate)
    ask(bench, "fix", Edit("", project="Open"), (1,))
    bench.work()
    assert bench.status.all_sent


def test_what_failed_of_a_deleted_entry_is_no_trouble_any_more(line: tuple[Bench, Plug]) -> None:
    bench = refused(line)
    correct(bench, Delete(""))
    bench.work()
    assert (bench.status.failed, bench.status.pending, bench.arrived) == (0, 0, [])
