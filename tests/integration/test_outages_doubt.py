"""What a worker makes of what may have arrived, and of trouble with one entry only."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import benches
from tests.fake_server import Applied, Bench, Call, a_bench
from tests.integration.outages import (
    BROKEN,
    DAY,
    HOUR,
    MINUTE,
    OFFLINE,
    SECOND,
    TROUBLE,
    UNANSWERED,
    for_entry,
    heal,
)
from trayapp.sync.outcome import AlreadySo, Blocked, Conflict, Doubtful, Ours, Outcome, Removed

bench = benches.bench
plain = benches.plain


class TestDoubt:
    def test_it_is_looked_for_first_and_adopted(self, plain: Bench) -> None:
        plain.server.script.append(Applied(Doubtful("Network error: connection reset")))
        plain.click("a")
        plain.run_for(MINUTE)
        assert [call.verb for call in plain.server.calls] == ["send", "look"]
        assert plain.all_arrived()

    def test_absent_twice_at_least_ten_seconds_apart_it_is_sent_again(self, plain: Bench) -> None:
        plain.server.script.append(Doubtful("Network error: connection reset"))
        plain.click("a")
        plain.run_for(MINUTE)
        assert [call.verb for call in plain.server.calls] == [
            "send",
            "look",
            "look",
            "send",
            "twins",
        ]
        first, second = plain.server.made("look")
        assert second.at - first.at >= 10 * SECOND
        assert plain.all_arrived()

    def test_absent_once_is_enough_where_it_may_be_repeated(self, bench: Bench) -> None:
        bench.server.script.append(Doubtful("Network error: connection reset"))
        bench.click("a")
        bench.run_for(MINUTE)
        assert [call.verb for call in bench.server.calls] == ["send", "look", "send"]
        assert bench.all_arrived()

    def test_a_timed_out_request_is_not_looked_for_before_ten_seconds(self, bench: Bench) -> None:
        bench.server.script.append(UNANSWERED)
        bench.click("a")
        bench.run_for(MINUTE)
        send, look, _ = bench.server.calls
        assert look.at - send.at >= 10 * SECOND

    def test_nothing_else_is_sent_before_it_is_cleared_up_once(self, plain: Bench) -> None:
        plain.fill(entries=3, clicks=1)
        plain.server.script.append(Applied(UNANSWERED))
        plain.run_for(MINUTE)
        assert [call.verb for call in plain.server.calls] == ["send", "look", "send", "send"]
        assert plain.all_arrived()

    def test_a_repeat_that_ends_in_doubt_again_uses_an_attempt(self, plain: Bench) -> None:
        plain.server.script.extend([BROKEN, None, None, BROKEN])
        plain.click("a")
        plain.run_for(12 * SECOND)
        (task,) = plain.pending
        assert task.retry_count == 1
        assert task.doubt == "sent"
        plain.run_for(HOUR)
        assert plain.all_arrived()

    def test_it_fails_after_five_attempts_and_stays_in_doubt(self, plain: Bench) -> None:
        plain.server.rule = lambda call: BROKEN if call.verb == "send" else None
        plain.click("a")
        plain.run_for(DAY)
        (task,) = plain.failed
        assert (task.retry_count, task.doubt, task.reason) == (5, "sent", BROKEN.reason)

    def test_a_look_answered_by_5xx_uses_an_attempt_and_looks_stay_ten_seconds_apart(
        self, plain: Bench
    ) -> None:
        plain.server.script.extend([BROKEN, TROUBLE])
        plain.click("a")
        plain.run_for(2 * SECOND)
        assert plain.pending[0].retry_count == 1
        plain.run_for(HOUR)
        looks = plain.server.made("look")
        assert len(looks) == 3
        assert looks[2].at - looks[1].at >= 10 * SECOND
        assert plain.all_arrived()

    def test_it_survives_a_retry(self, plain: Bench) -> None:
        plain.server.rule = lambda call: BROKEN if call.verb == "send" else TROUBLE
        plain.click("a")
        plain.run_for(HOUR)
        assert plain.failed[0].doubt == "sent"
        plain.server.calls.clear()
        heal(plain.server)
        plain.retry_all()
        plain.run_for(MINUTE)
        assert [call.verb for call in plain.server.calls] == ["look", "look", "send", "twins"]
        assert plain.all_arrived()

    def test_it_survives_a_restart(self, plain: Bench) -> None:
        plain.server.script.append(Applied(UNANSWERED))
        plain.click("a")
        plain.worker.run_once()  # connects
        plain.worker.run_once()  # asks; what it was answered is lost with the process
        plain.new_worker()
        plain.run_for(MINUTE)
        assert [call.verb for call in plain.server.calls] == ["send", "look"]
        assert plain.all_arrived()

    def test_a_retry_does_not_bring_looks_closer_together(self, plain: Bench) -> None:
        plain.server.script.extend([BROKEN, TROUBLE])
        plain.click("a")
        plain.run_for(MINUTE + 2 * SECOND)
        assert len(plain.server.made("look")) == 2
        plain.retry_all()
        plain.run_for(MINUTE)
        looks = plain.server.made("look")
        assert looks[2].at - looks[1].at >= 10 * SECOND
        assert plain.all_arrived()

    def test_a_retry_looks_at_once_where_only_our_own_wait_is_in_the_way(
        self, plain: Bench
    ) -> None:
        plain.server.rule = lambda call: BROKEN if call.verb == "send" else TROUBLE
        plain.click("a")
        plain.run_for(5 * MINUTE)
        heal(plain.server)
        looks = len(plain.server.made("look"))
        plain.retry_all()
        plain.run()
        assert len(plain.server.made("look")) == looks + 1

    def test_already_so_is_looked_at_and_done_when_it_is_ours(self, bench: Bench) -> None:
        bench.server.script.append(Applied(AlreadySo("HTTP 409: already stopped")))
        bench.click("a")
        bench.run()
        assert [call.verb for call in bench.server.calls] == ["send", "look"]
        assert bench.all_arrived()

    def test_already_so_that_no_look_confirms_is_a_conflict_and_no_storm(
        self, bench: Bench
    ) -> None:
        bench.server.rule = lambda call: (
            AlreadySo("HTTP 409: already stopped") if call.verb == "send" else None
        )
        bench.click("a")
        bench.run_for(HOUR)
        (task,) = bench.failed
        assert (task.cause, task.retry_count) == ("conflict", 0)
        assert len(bench.server.calls) == 3

    def test_a_possible_double_is_told(self, plain: Bench) -> None:
        late: list[Call] = []
        plain.server.script.append(BROKEN)
        plain.server.during = lambda call: late.append(call) if call.verb == "send" else None
        plain.click("a")
        plain.run_for(MINUTE)
        assert plain.reader.twins() == 0
        plain.server.ledger.append(("a", "a-1"))  # the first request lands after all
        plain.clock.advance(5 * MINUTE)
        plain.click("a")
        plain.run()
        assert plain.reader.twins() == 1

    def test_without_a_twin_it_is_let_go_after_ten_minutes(self, plain: Bench) -> None:
        plain.server.script.append(BROKEN)
        plain.click("a")
        plain.run_for(MINUTE)
        plain.clock.advance(11 * MINUTE)
        before = len(plain.server.made("twins"))
        plain.click("a")
        plain.run()
        assert len(plain.server.made("twins")) == before
        assert plain.reader.twins() == 0

    def test_twins_are_looked_for_once_a_contact_and_not_at_every_task(self, plain: Bench) -> None:
        plain.server.script.append(BROKEN)
        plain.fill(entries=20, clicks=2)
        plain.run_for(MINUTE)
        assert len(plain.server.made("twins")) == 1


class TestOneEntryOnly:
    @pytest.mark.parametrize(
        "outcome",
        [Conflict("Conflict: the server shows 09:00 to 10:00"), Ours("Internal error: no body")],
    )
    def test_it_fails_only_its_entry(self, bench: Bench, outcome: Outcome) -> None:
        bench.fill(entries=3, clicks=2)
        bench.server.rule = for_entry("entry-001", outcome)
        bench.run()
        assert [(task.id, task.reason) for task in bench.failed] == [(3, outcome.reason)]
        assert [task.id for task in bench.pending] == [4]
        assert bench.gate is None

    def test_removed_there_closes_the_segment_and_later_ones_go_on(self, bench: Bench) -> None:
        for _ in range(4):
            bench.click("a")
        bench.server.script.append(Removed("HTTP 404: no such entry"))
        bench.run()
        assert bench.removed == ["a"]
        assert bench.tasks() == []
        assert bench.server.arrived("a") == ["a-3"]

    def test_blocked_never_fails_and_is_tried_again_when_another_is_delivered(
        self, tmp_path: Path
    ) -> None:
        with a_bench(tmp_path / "one", one_active=True) as bench:
            bench.click("runs")
            bench.server.rule = lambda call: (
                Blocked("HTTP 409: already active") if call.entry_id == "runs" else None
            )
            bench.run_for(DAY)
            assert (bench.failed, bench.pending[0].retry_count) == ([], 0)
            before = len(bench.server.calls)
            bench.click("runs")  # a click
            bench.run()
            assert len(bench.server.calls) == before + 1
            heal(bench.server)
            bench.click("other")
            bench.run()
            assert bench.all_arrived()

    def test_finished_entries_go_first_and_the_running_one_last(self, tmp_path: Path) -> None:
        with a_bench(tmp_path / "one", one_active=True) as bench:
            for entry_id in ("x", "y", "z"):
                for _ in range(1 if entry_id == "z" else 4):
                    bench.click(entry_id)
                    bench.clock.advance(1)
            bench.server.script.append(OFFLINE)
            bench.run()
            bench.run_for(MINUTE)
            assert [entry for entry, _ in bench.server.ledger] == ["x"] * 4 + ["y"] * 4 + ["z"]
