"""What is asked next, and what is written down before it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests import benches
from tests.fake_server import Bench, a_bench
from trayapp.queue.task import Doubt, Gate, GateKind, TaskChange, TaskStatus
from trayapp.sync.asides import Twins, twins_to_look_for
from trayapp.sync.claim import (
    Batch,
    Broken,
    Check,
    Pause,
    Request,
    Scene,
    choose,
)
from trayapp.sync.outcome import Ours
from trayapp.sync.server import Write
from trayapp.sync.waiting import Waits
from trayapp.tracking.entry import Event, EventKind, Segment

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)

bench = benches.bench


def chosen(bench: Bench) -> Request | Batch | Broken | Check | Pause:
    with bench.writing() as writer:
        return choose(
            Scene(
                writer=writer,
                server=bench.server,
                account=writer.accounts.active(),
                waits=Waits(),
                now=bench.clock.now(),
            )
        )


def request(bench: Bench) -> Request:
    found = chosen(bench)
    assert isinstance(found, Request)
    return found


def ids(bench: Bench) -> list[int]:
    return [task.id for task in request(bench).tasks]


def set_gate(bench: Bench, gate: Gate) -> None:
    with bench.writing() as writer:
        writer.accounts.set_gate(1, gate)


def gate(
    bench: Bench,
    kind: GateKind,
    due: timedelta | None,
    *,
    tries: int = 0,
    task_id: int | None = None,
    seeks_other: bool = False,
) -> Gate:
    now = bench.clock.now()
    made = Gate(
        kind=kind,
        reason="why",
        since=now - MINUTE,
        due_at=None if due is None else now + due,
        tries=tries,
        task_id=task_id,
        seeks_other=seeks_other,
    )
    set_gate(bench, made)
    return made


def change(  # noqa: PLR0913  # each is a column
    bench: Bench,
    task_id: int,
    *,
    status: TaskStatus = TaskStatus.PENDING,
    due: timedelta | None = None,
    cause: str = "",
    doubt: Doubt = Doubt.NONE,
    retry_count: int = 0,
) -> None:
    task = bench.task(task_id)
    now = bench.clock.now()
    after = TaskChange(
        status=status,
        retry_count=retry_count,
        due_at=None if due is None else now + due,
        reason="why",
        cause=cause,
        doubt=doubt,
        looks=0,
    )
    with bench.writing() as writer:
        writer.tasks.change([task], after, now)


class TestWithTheGateOpen:
    def test_an_empty_queue_waits_for_a_click(self, bench: Bench) -> None:
        assert chosen(bench) == Pause(None)

    def test_the_oldest_task_goes_first_and_is_in_doubt_before_a_byte_leaves(
        self, bench: Bench
    ) -> None:
        bench.fill(entries=2, clicks=2)
        found = request(bench)
        assert [task.id for task in found.tasks] == [1]
        assert not found.looks
        assert found.gate is None
        stored = bench.task(1)
        assert (stored.doubt, stored.sends) == (Doubt.SENT, 1)
        assert Write.from_json(stored.wire_body or "") == found.write
        assert found.tasks[0].sends == 0  # what is asked about is the task as it was

    def test_the_unit_shows_the_whole_entry_and_what_is_pending_of_it(self, bench: Bench) -> None:
        bench.fill(entries=1, clicks=4)
        unit = request(bench).unit
        assert [event.id for event in unit.pending] == bench.clicked["entry-000"]
        assert len(unit.entry.segments) == 2

    def test_one_request_may_carry_several_events(self, tmp_path: Path) -> None:
        with a_bench(tmp_path / "batch", at_once=3) as bench:
            bench.fill(entries=1, clicks=4)
            assert ids(bench) == [1, 2, 3]
            assert {bench.task(task_id).doubt for task_id in (1, 2, 3)} == {Doubt.SENT}
            assert bench.task(4).doubt is Doubt.NONE

    def test_what_is_in_doubt_is_looked_for_as_it_went_out(self, tmp_path: Path) -> None:
        with a_bench(tmp_path / "batch", at_once=3) as bench:
            bench.fill(entries=1, clicks=2)
            sent = request(bench)
            bench.click("entry-000")
            look = request(bench)
            assert look.looks
            assert look.write == sent.write
            assert [task.id for task in look.tasks] == [1, 2]
            assert look.tasks[0].sends == 1

    def test_a_doubt_of_which_nobody_knows_what_was_sent_is_looked_for_too(
        self, bench: Bench
    ) -> None:
        bench.fill(entries=1, clicks=1)
        with bench.writing() as writer:
            writer.run("UPDATE sync_queue SET doubt = 'unknown'")
        found = request(bench)
        assert found.looks
        assert found.write.settles == ("entry-000-1",)
        assert bench.task(1).sends == 0

    def test_while_a_look_is_to_come_nothing_else_is_sent(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        request(bench)
        change(bench, 1, due=10 * SECOND, cause="network", doubt=Doubt.SENT)
        assert chosen(bench) == Pause(bench.clock.now() + 10 * SECOND)
        bench.clock.advance(10)
        assert request(bench).looks

    def test_a_doubt_that_used_up_an_attempt_holds_only_its_entry(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        request(bench)
        change(bench, 1, due=MINUTE, cause="network", doubt=Doubt.SENT, retry_count=1)
        assert ids(bench) == [2]

    def test_what_is_not_due_lets_others_go_first(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=2)
        change(bench, 1, due=MINUTE)
        assert ids(bench) == [3]

    def test_behind_a_failed_sibling_nothing_goes(self, bench: Bench) -> None:
        bench.fill(entries=1, clicks=2)
        change(bench, 1, status=TaskStatus.FAILED, cause="refused")
        assert chosen(bench) == Pause(None)

    def test_what_needs_no_request_is_settled_on_the_way(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        bench.server.needless.add("entry-000-1")
        assert ids(bench) == [2]
        assert [task.id for task in bench.tasks()] == [2]


class TestWhatCannotBeBuilt:
    @pytest.mark.parametrize(
        "error", [ValueError("no body"), KeyError("remote"), TypeError("no"), AttributeError("no")]
    )
    def test_it_is_told_as_a_defect_of_ours(self, bench: Bench, error: Exception) -> None:
        bench.fill(entries=1, clicks=1)
        bench.server.unplannable["entry-000-1"] = error
        found = chosen(bench)
        assert isinstance(found, Broken)
        assert found.outcome == Ours(f"Internal error: {error}")
        assert bench.task(1).doubt is Doubt.NONE

    def test_a_plan_that_skips_the_next_event_would_break_the_order(self, bench: Bench) -> None:
        bench.fill(entries=1, clicks=2)
        bench.server.skips_first = True
        found = chosen(bench)
        assert isinstance(found, Broken)
        assert "does not settle what comes next" in found.outcome.reason

    def test_a_plan_that_settles_nothing_would_never_end(self, bench: Bench) -> None:
        bench.fill(entries=1, clicks=1)
        bench.server.skips_first = True
        bench.server.needless.add("entry-000-1")
        assert isinstance(chosen(bench), Broken)

    def test_a_stored_request_that_cannot_be_read_stays_in_doubt(self, bench: Bench) -> None:
        bench.fill(entries=1, clicks=1)
        request(bench)
        with bench.writing() as writer:
            writer.run("UPDATE sync_queue SET wire_body = '{}'")
        bench.run()
        assert (bench.failed[0].cause, bench.failed[0].doubt) == ("internal", Doubt.SENT)

    def test_an_entry_without_a_beginning_is_told(self, bench: Bench) -> None:
        event = Event(
            id="p",
            entry_id="a",
            kind=EventKind.PAUSE,
            stamp=bench.clock.stamp(),
            project="",
            note="",
        )
        with bench.writing() as writer:
            writer.record((event,), bench.clock.now())
        found = chosen(bench)
        assert isinstance(found, Broken)
        assert found.outcome.reason == "Internal error: entry a has no beginning"


class TestWithTheGateClosed:
    def test_until_somebody_acts_nothing_is_asked(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        gate(bench, GateKind.SIGNED_OUT, None)
        assert chosen(bench) == Pause(None)

    def test_until_it_is_due_nothing_is_asked(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        gate(bench, GateKind.OFFLINE, MINUTE)
        assert chosen(bench) == Pause(bench.clock.now() + MINUTE)

    def test_when_it_is_due_the_oldest_probes(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        closed = gate(bench, GateKind.OFFLINE, timedelta(), task_id=1)
        found = request(bench)
        assert [task.id for task in found.tasks] == [1]
        assert found.gate == replace(closed, task_id=None)

    @pytest.mark.parametrize(
        "kind", [GateKind.REFUSED, GateKind.SERVER_TROUBLE, GateKind.WRONG_ADDRESS]
    )
    def test_where_a_task_may_be_the_reason_the_next_entry_probes_and_after_the_last_the_first(
        self, bench: Bench, kind: GateKind
    ) -> None:
        bench.fill(entries=3, clicks=2)
        gate(bench, kind, timedelta(), tries=1, task_id=1)
        assert ids(bench) == [3]
        with bench.writing() as writer:
            writer.run("UPDATE sync_queue SET doubt = 'none'")
        gate(bench, kind, timedelta(), tries=1, task_id=5)
        assert ids(bench) == [1]

    def test_the_head_in_trouble_probes(self, bench: Bench) -> None:
        bench.fill(entries=3, clicks=1)
        closed = gate(bench, GateKind.SERVER_TROUBLE, timedelta(), task_id=2)
        found = request(bench)
        assert [task.id for task in found.tasks] == [2]
        assert found.gate == closed

    def test_before_that_one_task_of_another_entry_may(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=2)
        closed = gate(bench, GateKind.SERVER_TROUBLE, MINUTE, task_id=1, seeks_other=True)
        found = request(bench)
        assert [task.id for task in found.tasks] == [3]
        assert found.gate == closed

    def test_without_another_entry_the_head_is_waited_for(self, bench: Bench) -> None:
        bench.fill(entries=1, clicks=2)
        gate(bench, GateKind.SERVER_TROUBLE, MINUTE, task_id=1, seeks_other=True)
        assert chosen(bench) == Pause(bench.clock.now() + MINUTE)

    def test_a_head_that_is_gone_is_not_waited_for(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        gate(bench, GateKind.SERVER_TROUBLE, MINUTE, task_id=99, seeks_other=True)
        assert chosen(bench) == Pause(bench.clock.now() + MINUTE)
        gate(bench, GateKind.SERVER_TROUBLE, timedelta(), task_id=99)
        assert ids(bench) == [1]

    def test_looks_for_a_head_in_doubt_keep_their_distance(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        request(bench)
        change(bench, 1, due=8 * MINUTE, doubt=Doubt.SENT, cause="network", retry_count=3)
        gate(bench, GateKind.SERVER_TROUBLE, timedelta(), task_id=1)
        assert chosen(bench) == Pause(bench.clock.now() + 10 * SECOND)
        bench.clock.advance(10)
        assert request(bench).looks

    def test_a_head_in_doubt_that_waits_for_nothing_is_looked_for(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        request(bench)
        gate(bench, GateKind.SERVER_TROUBLE, timedelta(), task_id=1)
        assert request(bench).looks

    def test_with_nothing_left_to_probe_but_what_failed_the_account_is_asked(
        self, bench: Bench
    ) -> None:
        bench.fill(entries=1, clicks=2)
        change(bench, 1, status=TaskStatus.FAILED, cause="server_trouble")
        closed = gate(bench, GateKind.SERVER_TROUBLE, timedelta(), task_id=1)
        found = chosen(bench)
        assert isinstance(found, Check)
        assert found.gate == replace(closed, task_id=None)

    def test_with_nothing_left_at_all_nothing_is_asked(self, bench: Bench) -> None:
        gate(bench, GateKind.SERVER_TROUBLE, timedelta())
        assert chosen(bench) == Pause(None)

    def test_what_will_be_due_is_waited_for(self, bench: Bench) -> None:
        bench.fill(entries=1, clicks=1)
        change(bench, 1, due=MINUTE)
        gate(bench, GateKind.OFFLINE, timedelta())
        assert chosen(bench) == Pause(bench.clock.now() + MINUTE)


class TestOneActiveEntry:
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        with a_bench(tmp_path / "one", one_active=True) as made:
            yield made

    def test_the_running_one_goes_last_even_behind_trials(self, bench: Bench) -> None:
        bench.fill(entries=1, clicks=4)
        bench.click("runs")
        with bench.writing() as writer:
            writer.run("UPDATE sync_queue SET trial = 1 WHERE entry = 'entry-000'")
        assert ids(bench) == [1]

    def test_alone_it_goes_at_once(self, bench: Bench) -> None:
        bench.click("runs")
        assert ids(bench) == [1]

    def test_a_paused_one_is_no_running_one(self, bench: Bench) -> None:
        bench.click("a")
        bench.click("a")
        assert ids(bench) == [1]


class TestTwins:
    def watch(self, bench: Bench, entry_id: str, segment_id: str) -> None:
        segment = Segment(id=segment_id, began_at=bench.clock.now(), ended_at=None)
        until = bench.clock.now() + MINUTE
        with bench.writing() as writer:
            writer.segments.watch(1, entry_id, segment, until)
            writer.run("UPDATE segment SET remote_id = 'r-' || id")

    def found(self, bench: Bench) -> Twins | None:
        with bench.writing() as writer:
            return twins_to_look_for(writer, writer.accounts.active(), bench.clock.now())

    def test_nothing_is_watched_unless_it_was_sent_twice(self, bench: Bench) -> None:
        assert self.found(bench) is None

    def test_what_is_watched_comes_with_its_whole_entry(self, bench: Bench) -> None:
        bench.fill(entries=1, clicks=3)
        self.watch(bench, "entry-000", "entry-000-1")
        found = self.found(bench)
        assert found is not None
        ((unit, segment_id),) = found.watched
        assert segment_id == "entry-000-1"
        assert len(unit.entry.segments) == 2
        assert unit.pending == ()

    def test_an_entry_nobody_knows_is_left_out(self, bench: Bench) -> None:
        self.watch(bench, "gone", "gone-1")
        assert self.found(bench) is None
