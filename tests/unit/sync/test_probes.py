"""Who goes through a closed gate when something is in doubt already, and when nothing waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fake_server import Bench, Call, Step, a_bench
from tests.unit.sync.test_claim import MINUTE, SECOND, chosen, gate, ids, request
from trayapp.queue.task import Doubt, GateKind
from trayapp.sync.claim import Check, Pause
from trayapp.sync.outcome import Doubtful, ServerTrouble

BROKEN = Doubtful("HTTP 502: Bad Gateway", answered=True)
TROUBLE = ServerTrouble("HTTP 502: Bad Gateway")
NIGHT = timedelta(hours=12)
KINDS = [GateKind.SERVER_TROUBLE, GateKind.WRONG_ADDRESS]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path / "queue", repeatable=False) as made:
        made.fill(entries=3, clicks=2)
        yield made


def doubt(bench: Bench, task_id: int, *, due: timedelta = timedelta()) -> None:
    task = bench.task(task_id)
    with bench.writing() as writer:
        writer.tasks.mark_sent([task], "", bench.clock.now())
        writer.run(
            "UPDATE sync_queue SET wire_body = NULL, last_retry_at = sent_at, due_ms = sent_at + ?"
            " WHERE id = ?",
            (due // timedelta(milliseconds=1), task_id),
        )


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_doubt_is_asked_about_before_another_is_sent(
    bench: Bench, kind: GateKind
) -> None:
    doubt(bench, 3)
    gate(bench, kind, timedelta(), tries=1, task_id=1)
    found = request(bench)
    assert (found.looks, [task.id for task in found.tasks]) == (True, [3])


def test_what_was_asked_about_a_moment_ago_is_waited_for(bench: Bench) -> None:
    doubt(bench, 3, due=MINUTE)
    gate(bench, GateKind.SERVER_TROUBLE, timedelta(), tries=1, task_id=1)
    assert chosen(bench) == Pause(bench.clock.now() + 10 * SECOND)


def test_every_other_time_the_account_is_asked_about_instead(bench: Bench) -> None:
    doubt(bench, 3)
    closed = gate(bench, GateKind.SERVER_TROUBLE, timedelta(), tries=1, task_id=3)
    found = chosen(bench)
    assert isinstance(found, Check)
    assert found.gate == replace(closed, task_id=None, seeks_other=True)


def test_once_the_account_is_well_another_entry_may_try(bench: Bench) -> None:
    doubt(bench, 3)
    gate(bench, GateKind.SERVER_TROUBLE, timedelta(), tries=1, seeks_other=True)
    assert ids(bench) == [5]


def test_a_night_of_it_leaves_one_entry_in_doubt_beside_the_one_that_failed(bench: Bench) -> None:
    def broken(call: Call) -> Step:
        return BROKEN if call.verb == "send" else TROUBLE

    bench.server.rule = broken
    bench.run_for(NIGHT)
    assert [task.entry_id for task in bench.failed] == ["entry-000"]
    assert [task.doubt for task in bench.pending].count(Doubt.SENT) == 1
    bench.server.rule = lambda _: None
    bench.run_for(NIGHT)
    assert bench.all_arrived()


def test_one_entry_that_can_never_be_looked_for_holds_no_other(bench: Bench) -> None:
    """The server is in trouble, comes back, and one of the entries stays as it was."""

    def broken(call: Call) -> Step:
        is_bad = is_down or call.entry_id in {"entry-000", "entry-001"}
        return (BROKEN if call.verb == "send" else TROUBLE) if is_bad else None

    is_down = [True]
    bench.server.rule = broken
    bench.run_for(NIGHT)
    is_down.clear()
    bench.run_for(NIGHT)
    assert bench.server.arrived("entry-002") == bench.clicked["entry-002"]
    assert bench.gate is None


def test_the_time_a_server_named_ends_by_itself(tmp_path: Path) -> None:
    with a_bench(tmp_path / "empty") as empty:
        gate(empty, GateKind.THROTTLED, MINUTE)
        assert chosen(empty) == Pause(empty.clock.now() + MINUTE)
        empty.clock.advance(MINUTE)
        assert chosen(empty) == Pause(None)
        assert empty.gate is None
