"""Batches: what goes along in one request, and that each part fares as if it had gone alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fake_server import Applied, Bench, Call, FakeServer, Step, a_bench
from tests.fakes import FakeClock
from trayapp.queue.task import Doubt, GateKind, TaskStatus
from trayapp.sync.found import Begun
from trayapp.sync.outcome import (
    Absent,
    Delivered,
    Doubtful,
    Offline,
    Outcome,
    Refused,
    ServerTrouble,
    Several,
    SignedOut,
    Throttled,
    Unasked,
)
from trayapp.sync.server import Capabilities, Write

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CLICKS = 4
RESET = Doubtful("Network error: connection reset")
REFUSED = Refused("HTTP 422: project closed")


class BatchingServer(FakeServer):
    """Takes an entry's clicks at once, and finished entries of several in one request."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, repeatable=False, one_active=True, at_once=CLICKS)
        self.batch = 100
        self.keeps_events = False
        self.bad: dict[str, Outcome] = {}

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            one_active=not self.keeps_events, batch=self.batch, keeps_events=self.keeps_events
        )

    def send(self, write: Write) -> Outcome:
        if not write.parts:
            return super().send(write)
        call = Call(verb="batch", entry_id="", events=write.settles, at=self.now)
        with self._asked(call):
            step = self._step(call)
            if step is not None and not isinstance(step, Applied):
                return step
            told = tuple(self._take(part) for part in write.parts)
            return step.outcome if isinstance(step, Applied) else Several(parts=told)

    def _take(self, part: Write) -> Outcome:
        call = self._call("part", part)
        if call.entry_id in self.bad:
            return self.bad[call.entry_id]
        self._apply(call)
        return self._delivered(call)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path / "queue") as made:
        made.new_worker(BatchingServer(made.clock))
        yield made


def server_of(bench: Bench) -> BatchingServer:
    assert isinstance(bench.server, BatchingServer)
    return bench.server


def verbs(bench: Bench) -> list[str]:
    return [call.verb for call in bench.server.calls]


def entries_of(call: Call) -> list[str]:
    return list(dict.fromkeys(event.rpartition("-")[0] for event in call.events))


class TestWhatGoesAlong:
    def test_what_was_finished_offline_is_one_request(self, bench: Bench) -> None:
        bench.fill(entries=10, clicks=CLICKS)
        bench.run()
        assert verbs(bench) == ["batch"]
        assert bench.all_arrived()

    def test_a_server_that_takes_no_batches_is_asked_entry_by_entry(self, bench: Bench) -> None:
        server_of(bench).batch = 1
        bench.fill(entries=10, clicks=CLICKS)
        bench.run()
        assert verbs(bench) == ["send"] * 10
        assert bench.all_arrived()

    def test_a_batch_holds_no_more_than_the_server_takes_the_oldest_first(
        self, bench: Bench
    ) -> None:
        server_of(bench).batch = 4
        bench.fill(entries=10, clicks=CLICKS)
        bench.run()
        assert [len(entries_of(call)) for call in bench.server.calls] == [4, 4, 2]
        assert [entry for entry, _ in bench.server.ledger] == sorted(
            entry for entry, _ in bench.server.ledger
        )
        assert bench.all_arrived()

    def test_what_runs_or_is_known_there_goes_by_itself(self, bench: Bench) -> None:
        bench.click("known")
        bench.run()
        for _ in range(CLICKS - 1):
            bench.click("known")
        bench.fill(entries=3, clicks=CLICKS)
        bench.click("running")
        bench.server.calls.clear()
        bench.run()
        assert [(call.verb, len(entries_of(call))) for call in bench.server.calls] == [
            ("send", 1),
            ("batch", 3),
            ("send", 1),
        ]
        assert bench.all_arrived()

    def test_one_finished_entry_is_no_batch(self, bench: Bench) -> None:
        bench.fill(entries=1, clicks=CLICKS)
        bench.run()
        assert verbs(bench) == ["send"]

    def test_what_was_sent_before_goes_by_itself(self, bench: Bench) -> None:
        bench.server.script.extend([RESET, Absent(), Absent()])
        bench.fill(entries=1, clicks=CLICKS)
        bench.run()
        bench.fill(entries=3, clicks=CLICKS)
        bench.clock.advance(MINUTE)
        bench.click("entry-000")  # so that it is not the first of those
        bench.run_for(MINUTE)
        assert verbs(bench)[:3] == ["send", "look", "look"]
        assert all("entry-000" not in entries_of(call) for call in bench.server.made("batch"))

    def test_what_cannot_be_planned_is_told_in_its_turn_and_holds_up_nobody(
        self, bench: Bench
    ) -> None:
        bench.fill(entries=3, clicks=CLICKS)
        bench.server.unplannable["entry-001-1"] = ValueError("no begin")
        bench.run()
        assert [task.reason for task in bench.failed] == ["Internal error: no begin"]
        assert [entries_of(call) for call in bench.server.made("batch")] == [
            ["entry-000", "entry-002"]
        ]

    def test_what_needs_no_request_is_settled_on_the_way(self, bench: Bench) -> None:
        bench.fill(entries=3, clicks=CLICKS)
        bench.server.needless.add("entry-001-1")
        bench.run()
        assert bench.tasks() == []
        assert {entry for entry, _ in bench.server.ledger} == {"entry-000", "entry-002"}

    @pytest.mark.parametrize(
        ("outcome", "wait", "verb"),
        [
            (Offline("Network error: connection refused"), 5 * SECOND, "batch"),
            (ServerTrouble("HTTP 500: Internal Server Error"), MINUTE, "send"),
            (Throttled("HTTP 429: Too Many Requests"), MINUTE, "send"),
        ],
    )
    def test_a_dead_network_is_probed_with_all_and_other_trouble_with_one(
        self, bench: Bench, outcome: Outcome, wait: timedelta, verb: str
    ) -> None:
        bench.server.script.append(outcome)
        bench.fill(entries=10, clicks=CLICKS)
        bench.run()
        bench.clock.advance(wait)
        bench.run()
        assert verbs(bench)[:2] == ["batch", verb]
        assert bench.all_arrived()


class TestEvents:
    """Where the server keeps what was clicked."""

    @pytest.fixture(autouse=True)
    def keeps_events(self, bench: Bench) -> None:
        server_of(bench).keeps_events = True

    def test_what_runs_or_is_known_there_goes_along(self, bench: Bench) -> None:
        bench.click("known")
        bench.run()
        bench.click("known")
        bench.fill(entries=3, clicks=CLICKS)
        bench.click("running")
        bench.server.calls.clear()
        bench.run()
        (call,) = bench.server.calls
        entries = ["known", "entry-000", "entry-001", "entry-002", "running"]
        assert (call.verb, entries_of(call)) == ("batch", entries)
        assert bench.all_arrived()

    def test_a_click_by_itself_goes_at_once(self, bench: Bench) -> None:
        for _ in range(3):
            bench.click("alone")
            bench.run()
        assert verbs(bench) == ["send"] * 3
        assert bench.all_arrived()

    @pytest.mark.parametrize(
        ("most", "wanted"),
        [(1, [4, 4, 4]), (4, [4, 4, 4]), (7, [4, 4, 4]), (8, [8, 4]), (11, [8, 4]), (12, [12])],
    )
    def test_a_request_holds_no_more_events_than_the_server_takes(
        self, bench: Bench, most: int, wanted: list[int]
    ) -> None:
        server_of(bench).batch = most
        bench.fill(entries=3, clicks=CLICKS)
        bench.run()
        assert [len(call.events) for call in bench.server.calls] == wanted
        assert bench.all_arrived()

    def test_what_failed_before_has_its_one_trial_by_itself(self, bench: Bench) -> None:
        bench.server.script.append(SignedOut("HTTP 401: Unauthorized"))
        bench.click("failed")
        bench.run()
        bench.fill(entries=2, clicks=CLICKS)
        with bench.writing() as writer:
            writer.accounts.set_gate(1, None)
            writer.tasks.heal(1, ["signed_out"])
        bench.server.calls.clear()
        bench.run()
        assert [entries_of(call) for call in bench.server.calls] == [
            ["entry-000", "entry-001"],
            ["failed"],
        ]
        assert bench.all_arrived()

    def test_what_was_sent_and_was_not_there_goes_by_itself(self, bench: Bench) -> None:
        bench.server.script.extend([RESET, Absent(), Absent()])
        bench.click("lost")
        bench.run()
        bench.fill(entries=2, clicks=CLICKS)
        bench.run_for(MINUTE)
        calls = bench.server.calls
        sent = [entries_of(call) for call in calls if call.verb in {"send", "batch"}]
        assert sent == [["lost"], ["lost"], ["entry-000", "entry-001"]]
        assert bench.all_arrived()

    @pytest.mark.parametrize("count", [1, 3])
    def test_what_is_there_of_an_entry_is_settled_and_the_rest_goes_again(
        self, bench: Bench, count: int
    ) -> None:
        arrived = tuple(f"entry-000-{number + 1}" for number in range(count))
        there = Applied(Several(parts=(Begun(settles=arrived), Delivered())))
        bench.server.script.append(there)
        bench.fill(entries=2, clicks=CLICKS)
        while not bench.server.calls:
            bench.worker.run_once()
        bench.worker.settle()
        left = bench.tasks()
        assert [task.event_id for task in left] == bench.clicked["entry-000"][count:]
        for task in left:
            assert (task.doubt, task.sends, task.left_at) == (Doubt.NONE, 0, None)
            assert (task.reason, task.retry_count, task.wire_body) == ("", 0, None)
        bench.run()
        assert bench.server.calls[-1].events == tuple(bench.clicked["entry-000"][count:])


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
