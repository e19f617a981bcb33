"""Batches: each part fares as if it had gone alone."""

from __future__ import annotations

import pytest

from tests.fake_server import Applied, Bench, Call, Step
from tests.unit.sync import batching
from tests.unit.sync.batching import (
    CLICKS,
    HOUR,
    MINUTE,
    REFUSED,
    RESET,
    SECOND,
    entries_of,
    server_of,
    verbs,
)
from trayapp.queue.task import Doubt, GateKind, TaskStatus
from trayapp.sync.outcome import (
    Delivered,
    Offline,
    Outcome,
    ServerTrouble,
    Several,
    SignedOut,
    Throttled,
    Unasked,
)

bench = batching.bench


class TestWhatBecomesOfThem:
    def test_the_bad_one_fails_with_the_servers_words_and_the_others_arrive(
        self, bench: Bench
    ) -> None:
        server_of(bench).bad["entry-004"] = REFUSED
        bench.fill(entries=10, clicks=CLICKS)
        bench.run()
        assert verbs(bench) == ["batch"]
        (failed,) = bench.failed
        assert (failed.entry_id, failed.reason) == ("entry-004", REFUSED.reason)
        assert (failed.doubt, failed.wire_body) == (Doubt.NONE, None)
        assert len(bench.server.ledger) == 9 * CLICKS
        assert bench.gate is None

    def test_remote_ids_are_kept_with_the_segments_they_belong_to(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=CLICKS)
        bench.run()
        with bench.writing() as writer:
            known = [writer.segments.known(f"entry-00{number}") for number in range(2)]
        assert [[one.remote_id for one in found.values()] for found in known] == [
            ["remote-entry-000-1"],
            ["remote-entry-001-1"],
        ]

    @pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
    def test_a_lost_answer_doubles_nothing(self, bench: Bench, *, arrives: bool) -> None:
        bench.server.script.append(Applied(RESET) if arrives else RESET)
        bench.fill(entries=10, clicks=CLICKS)
        bench.run()
        heads = [task for task in bench.tasks() if task.wire_body]
        assert len(heads) == 10
        assert {task.doubt for task in bench.tasks()} == {Doubt.SENT}
        began_at = bench.clock.now()
        bench.run_for(15 * SECOND)
        assert bench.all_arrived()
        looks = [call for call in bench.server.calls if call.verb == "look"]
        assert len(looks) == (10 if arrives else 20)
        assert looks[-1].at - began_at <= 12 * SECOND, "they are looked for side by side"

    def test_killed_before_it_is_settled_all_are_in_doubt_and_looked_for(
        self, bench: Bench
    ) -> None:
        bench.fill(entries=10, clicks=CLICKS)
        while not bench.server.calls:
            bench.worker.run_once()
        assert {task.doubt for task in bench.tasks()} == {Doubt.SENT}
        bench.new_worker()
        bench.run_for(MINUTE)
        assert verbs(bench) == ["batch", *["look"] * 10]
        assert bench.all_arrived()

    def test_killed_before_it_left_nothing_is_lost(self, bench: Bench) -> None:
        class KilledError(BaseException):
            pass

        def kill(_: Call) -> Step:
            raise KilledError

        bench.fill(entries=10, clicks=CLICKS)
        bench.server.rule = kill
        with pytest.raises(KilledError):
            bench.run()
        bench.server.rule = lambda _: None
        bench.new_worker()
        bench.clock.set_wall(bench.clock.now() - HOUR)
        bench.run_for(2 * MINUTE)
        assert bench.all_arrived()

    def test_a_clock_set_back_after_a_kill_leaves_ten_seconds_between_two_looks(
        self, bench: Bench
    ) -> None:
        bench.fill(entries=1, clicks=CLICKS)
        while not bench.server.calls:
            bench.worker.run_once()
        bench.server.ledger.clear()
        bench.new_worker()
        bench.clock.set_wall(bench.clock.now() - HOUR)
        bench.run_for(MINUTE)
        first, second = (call.at for call in bench.server.made("look"))
        assert second - first == 10 * SECOND
        assert bench.all_arrived()

    @pytest.mark.parametrize(
        ("outcome", "counts", "status"),
        [
            (Offline("Network error: refused"), 0, TaskStatus.PENDING),
            (ServerTrouble("HTTP 500: Internal Server Error"), 1, TaskStatus.PENDING),
            (SignedOut("HTTP 401: Unauthorized"), 1, TaskStatus.FAILED),
        ],
        ids=["offline", "trouble", "signed out"],
    )
    def test_trouble_of_the_whole_request_befalls_the_first_alone(
        self, bench: Bench, outcome: Outcome, counts: int, status: TaskStatus
    ) -> None:
        bench.server.script.append(outcome)
        bench.fill(entries=10, clicks=CLICKS)
        bench.run()
        first, *others = bench.tasks()
        assert (first.retry_count, first.status) == (counts, status)
        for task in others:
            assert (task.retry_count, task.reason, task.last_retry_at) == (0, "", None)
            assert (task.doubt, task.sends, task.due_at) == (Doubt.NONE, 0, None)

    def test_what_was_not_asked_for_is_asked_for_next(self, bench: Bench) -> None:
        told = Several(
            parts=(REFUSED, Throttled("HTTP 429: Too Many Requests", HOUR), Unasked(), Unasked())
        )
        bench.server.script.append(told)
        bench.fill(entries=4, clicks=CLICKS)
        bench.run()
        assert bench.gate is not None
        assert (bench.gate.kind, bench.gate.by_server) == (GateKind.THROTTLED, True)
        bench.run_for(HOUR)
        assert [task.entry_id for task in bench.failed] == ["entry-000"]
        assert len(bench.server.ledger) == 3 * CLICKS

    def test_a_server_that_learns_to_take_none_is_asked_one_by_one(self, bench: Bench) -> None:
        def learn(call: Call) -> Step:
            server_of(bench).batch = 1
            count = len(entries_of(call))
            return Several(parts=(Unasked(),) * count) if call.verb == "batch" else None

        bench.server.rule = learn
        bench.fill(entries=3, clicks=CLICKS)
        bench.run()
        assert verbs(bench) == ["batch", "send", "send", "send"]
        assert bench.all_arrived()

    def test_a_batch_of_nothing_but_refusals_fails_two_and_asks_about_the_account(
        self, bench: Bench
    ) -> None:
        bench.server.script.append(Several(parts=(REFUSED,) * 3 + (Unasked(),) * 7))
        bench.fill(entries=10, clicks=CLICKS)
        bench.run()
        assert verbs(bench) == ["batch", "check"]
        assert len(bench.failed) == 2
        assert bench.gate is not None
        assert bench.gate.kind is GateKind.REFUSED
        bench.run_for(HOUR)
        assert bench.all_arrived()

    def test_a_delivery_behind_two_refusals_needs_no_question_about_the_account(
        self, bench: Bench
    ) -> None:
        for number in range(2):
            server_of(bench).bad[f"entry-00{number}"] = REFUSED
        bench.server.rule = lambda call: REFUSED if call.entry_id in server_of(bench).bad else None
        bench.fill(entries=4, clicks=CLICKS)
        bench.run()
        assert "check" not in verbs(bench)
        assert len(bench.failed) == 2
        assert len(bench.server.ledger) == 2 * CLICKS

    @pytest.mark.parametrize("count", [1, 5])
    def test_as_many_answers_as_nobody_asked_for_leave_all_in_doubt(
        self, bench: Bench, count: int
    ) -> None:
        bench.server.script.append(Several(parts=(Delivered(),) * count))
        bench.fill(entries=3, clicks=CLICKS)
        bench.run()
        assert {task.doubt for task in bench.tasks()} == {Doubt.SENT}
        bench.run_for(MINUTE)
        assert bench.all_arrived()

    def test_several_answers_to_one_question_leave_it_in_doubt(self, bench: Bench) -> None:
        bench.server.script.append(Several(parts=(Delivered(),)))
        bench.fill(entries=1, clicks=CLICKS)
        bench.run()
        assert {task.doubt for task in bench.tasks()} == {Doubt.SENT}
        bench.run_for(MINUTE)
        assert bench.all_arrived()

    def test_the_log_has_a_line_for_each(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        server_of(bench).bad["entry-001"] = REFUSED
        bench.fill(entries=2, clicks=CLICKS)
        bench.run()
        assert caplog.messages == [f"#5 time_entry_start: Refused {REFUSED.reason}"]
