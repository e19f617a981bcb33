"""The two answers to a conflict, and what else the server was found to hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_server import Bench, a_bench
from trayapp.queue.task import Doubt, Known, SyncTask
from trayapp.sync.found import Begun, Shown
from trayapp.sync.outcome import Conflict, Doubtful, Outcome, Refused
from trayapp.sync.resolve import CannotResolve, Keep, Resolved, StillInDoubt, resolve

ENTRY, SEGMENT = "entry-000", "entry-000-1"
PLAIN = Conflict("Conflict: the server shows 09:00")
SHOWN = Shown("Conflict: the server shows 09:00", remote_id="there", base='{"at": 9}')


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path / "queue", repeatable=False, at_once=2) as made:
        yield made


def contradicted(bench: Bench, outcome: Outcome = SHOWN) -> SyncTask:
    bench.fill(entries=1, clicks=2)
    bench.server.script.append(outcome)
    bench.run()
    (task,) = bench.failed
    return task


def answer(bench: Bench, task_id: int, keep: Keep) -> Resolved:
    with bench.writing() as writer:
        return resolve(writer, task_id, keep, bench.clock.now())


def known(bench: Bench) -> dict[str, Known]:
    with bench.writing() as writer:
        return writer.segments.known(ENTRY)


def test_a_conflict_is_told_as_one_and_only_its_record_is_known_from_then_on(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    task = contradicted(bench)
    assert (task.cause, task.reason, task.doubt) == ("conflict", SHOWN.reason, Doubt.NONE)
    assert known(bench) == {SEGMENT: Known(remote_id="there")}
    with bench.writing() as writer:
        (row,) = writer.rows("SELECT outcome FROM attempt")
    assert row["outcome"] == "Conflict"
    assert ": Conflict Conflict: " in caplog.text


def test_what_was_clicked_goes_on_the_base_of_what_was_shown(bench: Bench) -> None:
    task = contradicted(bench)
    resolved = answer(bench, task.id, Keep.CLICKED)
    assert resolved == Resolved(keep=Keep.CLICKED, task_ids=(1, 2), overrules=True)
    assert known(bench) == {SEGMENT: Known(remote_id="there", base='{"at": 9}')}
    assert {one.status.value for one in bench.tasks()} == {"pending"}
    bench.run()
    assert bench.all_arrived()


def test_where_nobody_knows_what_was_shown_it_is_only_tried_again(bench: Bench) -> None:
    task = contradicted(bench, PLAIN)
    resolved = answer(bench, task.id, Keep.CLICKED)
    assert not resolved.overrules
    assert known(bench) == {}
    assert {one.status.value for one in bench.tasks()} == {"pending"}


def test_to_keep_the_servers_is_to_send_nothing_and_forget_no_reason(bench: Bench) -> None:
    task = contradicted(bench)
    assert answer(bench, task.id, Keep.SERVER) == Resolved(keep=Keep.SERVER, task_ids=(1, 2))
    assert [one.status.value for one in bench.tasks()] == ["discarded"] * 2
    assert bench.task(task.id).reason == SHOWN.reason
    before = len(bench.server.made())
    bench.run()
    assert len(bench.server.made()) == before
    with bench.writing() as writer:
        assert len(writer.events.of_entry(ENTRY)) == 2


@pytest.mark.parametrize("keep", Keep)
def test_only_a_conflict_that_stands_can_be_answered(bench: Bench, keep: Keep) -> None:
    task = contradicted(bench, Refused("HTTP 422: no"))
    before = bench.tasks()
    for task_id in (task.id, 2, 3):
        with pytest.raises(CannotResolve, match=f"task {task_id} is no conflict"):
            answer(bench, task_id, keep)
    assert bench.tasks() == before


def test_what_may_have_arrived_is_looked_for_before_it_is_given_up(bench: Bench) -> None:
    task = contradicted(bench)
    with bench.writing() as writer:
        writer.run("UPDATE sync_queue SET doubt = 'unknown' WHERE id = 2")
    before = bench.tasks()
    with pytest.raises(StillInDoubt):
        answer(bench, task.id, Keep.SERVER)
    assert bench.tasks() == before


def test_of_what_is_there_in_part_the_rest_is_planned_anew_and_in_no_doubt(bench: Bench) -> None:
    bench.fill(entries=1, clicks=2)
    bench.server.script.append(Begun(remote_id="there", base="{}", settles=(SEGMENT,)))
    bench.worker.run_once()
    bench.worker.run_once()
    bench.worker.settle()
    (task,) = bench.tasks()
    assert (task.id, task.doubt, task.sends, task.status.value) == (2, Doubt.NONE, 0, "pending")
    assert known(bench) == {SEGMENT: Known(remote_id="there", base="{}")}


def test_a_look_that_finds_none_of_it_but_the_record_is_not_made_again(bench: Bench) -> None:
    bench.fill(entries=1, clicks=2)
    bench.server.script.extend(
        [Doubtful("Network error: reset"), Begun(remote_id="there", base="{}", settles=())]
    )
    bench.worker.run_once()
    bench.worker.run_once()
    pause = bench.worker.run_once()
    assert pause is not None
    assert pause.until is not None
    bench.clock.advance(pause.until - bench.clock.now())
    bench.worker.run_once()
    bench.worker.settle()
    assert [(task.doubt, task.wire_body) for task in bench.tasks()] == [(Doubt.NONE, None)] * 2
    bench.run()
    assert [call.verb for call in bench.server.calls] == ["send", "look", "send"]
    assert bench.all_arrived()


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[]", "{}", '{"shown": {"remote_id": 1, "base": "b", "segment_id": "s"}}'],
)
def test_what_is_no_shown_record_is_none(text: str) -> None:
    assert Shown.from_json(text) is None
