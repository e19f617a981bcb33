"""Batches: what goes along in one request."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fake_server import Applied, Bench
from tests.unit.sync import batching
from tests.unit.sync.batching import (
    CLICKS,
    MINUTE,
    RESET,
    SECOND,
    entries_of,
    server_of,
    verbs,
)
from trayapp.queue.task import Doubt
from trayapp.sync.found import Begun
from trayapp.sync.outcome import (
    Absent,
    Delivered,
    Offline,
    Outcome,
    ServerTrouble,
    Several,
    SignedOut,
    Throttled,
)

bench = batching.bench


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
