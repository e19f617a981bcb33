"""What a worker makes of long trouble, played on a clock that we turn: network and server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests import benches
from tests.fake_server import Bench, Call, a_worker
from tests.integration.outages import (
    BROKEN,
    DAY,
    HOUR,
    MINUTE,
    OFFLINE,
    SECOND,
    TROUBLE,
    for_entry,
    gate_of,
    heal,
    to_everything,
)
from trayapp.sync.outcome import Outcome, ServerTrouble, Throttled, Untrusted
from trayapp.sync.rules import Rules

bench = benches.bench
plain = benches.plain


class TestNoNetwork:
    @pytest.mark.parametrize("outcome", [OFFLINE, Untrusted("Network error: certificate expired")])
    def test_a_week_without_network_fails_nothing_and_one_success_sends_all_without_a_click(
        self, bench: Bench, outcome: Outcome
    ) -> None:
        to_everything(outcome, bench.server)
        for number in range(300):
            bench.click(f"entry-{number // 4}")
            bench.run_for(7 * DAY / 300)
        assert len(bench.pending) == 300
        assert bench.failed == []
        assert bench.pending[0].reason == outcome.reason
        assert {task.retry_count for task in bench.pending} == {0}

        heal(bench.server)
        bench.run_for(5 * MINUTE)
        assert bench.all_arrived()

    def test_it_probes_after_five_seconds_and_ever_less_often_up_to_five_minutes(
        self, bench: Bench
    ) -> None:
        to_everything(OFFLINE, bench.server)
        bench.click("a")
        bench.run_for(HOUR)
        times = [call.at for call in bench.server.calls]
        waits = [(b - a).total_seconds() for a, b in pairwise(times)]
        assert waits[:8] == [5, 10, 20, 40, 80, 160, 300, 300]

    def test_a_click_probes_at_once(self, bench: Bench) -> None:
        to_everything(OFFLINE, bench.server)
        bench.click("a")
        bench.run_for(HOUR)
        before = len(bench.server.calls)
        bench.run()
        assert len(bench.server.calls) == before

        bench.click("b")
        bench.run()
        assert len(bench.server.calls) == before + 1

    def test_a_click_during_a_probe_asks_for_one_more(self, bench: Bench) -> None:
        to_everything(OFFLINE, bench.server)
        bench.click("a")
        bench.run_for(HOUR)

        def click(_: Call) -> None:
            bench.server.during = lambda _: None
            bench.clock.advance(SECOND)
            bench.click("b")

        bench.server.during = click
        before = len(bench.server.calls)
        bench.click("a")
        bench.run()
        assert len(bench.server.calls) == before + 2

    def test_a_clock_set_back_by_years_does_not_stop_the_probes(self, bench: Bench) -> None:
        to_everything(OFFLINE, bench.server)
        bench.clock.set_wall(datetime(2036, 1, 1, tzinfo=UTC))
        bench.click("a")
        bench.run()
        bench.clock.set_wall(datetime(2026, 1, 1, tzinfo=UTC))
        heal(bench.server)
        bench.run_for(5 * SECOND)
        assert bench.all_arrived()


class TestServerTrouble:
    def test_days_of_500_fail_one_task_of_a_hundred_and_all_heals_by_itself(
        self, bench: Bench
    ) -> None:
        bench.fill(entries=50, clicks=2)
        to_everything(TROUBLE, bench.server)
        bench.run_for(3 * DAY)
        (failed,) = bench.failed
        assert (failed.id, failed.retry_count) == (1, 5)
        assert failed.reason == "HTTP 500: Internal Server Error"
        assert {task.retry_count for task in bench.pending} == {0}
        times = [call.at for call in bench.server.calls]
        assert (times[-1] - times[-2]) == 15 * MINUTE
        assert len({call.entry_id for call in bench.server.calls[-20:]}) == 20

        heal(bench.server)
        bench.run_for(HOUR)
        assert bench.all_arrived()
        assert bench.server.ledger[-2:] == [
            ("entry-000", "entry-000-1"),
            ("entry-000", "entry-000-2"),
        ]

    def test_nights_without_network_do_not_make_the_same_outage_fail_more_tasks(
        self, bench: Bench
    ) -> None:
        bench.fill(entries=50, clicks=2)
        for _ in range(5):
            to_everything(TROUBLE, bench.server)
            bench.run_for(8 * HOUR)
            to_everything(OFFLINE, bench.server)
            bench.run_for(16 * HOUR)
        assert len(bench.failed) == 1
        heal(bench.server)
        bench.run_for(HOUR)
        assert bench.all_arrived()

    def test_days_of_500_where_nothing_may_be_repeated_fail_one_task_and_heal_by_themselves(
        self, plain: Bench
    ) -> None:
        plain.fill(entries=50, clicks=2)
        plain.server.rule = lambda call: TROUBLE if call.verb == "look" else BROKEN
        plain.run_for(3 * DAY)
        assert [task.id for task in plain.failed] == [1]
        times = [call.at for call in plain.server.made()]
        assert all(b - a >= MINUTE for a, b in pairwise(times))  # never a volley
        heal(plain.server)
        plain.run_for(HOUR)
        assert plain.all_arrived()

    def test_the_only_entry_there_is_heals_too(self, bench: Bench) -> None:
        bench.fill(entries=1, clicks=4)
        to_everything(TROUBLE, bench.server)
        bench.run_for(DAY)
        assert [task.id for task in bench.failed] == [1]
        assert bench.server.calls[-1].verb == "check"
        bench.new_worker()
        heal(bench.server)
        bench.run_for(15 * MINUTE)
        assert bench.all_arrived()

    def test_one_bad_entry_lets_the_others_flow_and_holds_only_itself(self, bench: Bench) -> None:
        bench.fill(entries=3, clicks=2)
        bench.server.rule = for_entry("entry-000", TROUBLE)
        bench.run()
        assert bench.server.ledger == []  # the first attempt: all wait
        bench.run_for(MINUTE)
        assert len(bench.server.ledger) == 4  # after the second another was tried
        assert bench.gate is None
        bench.run_for(14 * MINUTE)
        assert [(task.id, task.retry_count) for task in bench.failed] == [(1, 5)]
        assert [task.id for task in bench.pending] == [2]
        bench.click("later")
        bench.run()
        assert bench.server.arrived("later") == ["later-1"]

    def test_the_head_waits_one_two_four_and_eight_minutes(self, bench: Bench) -> None:
        bench.fill(entries=1, clicks=1)
        bench.server.rule = for_entry("entry-000", TROUBLE)
        bench.run_for(HOUR)
        times = [call.at for call in bench.server.made()]
        waits = [(b - a) / MINUTE for a, b in pairwise(times)]
        assert waits[:4] == [1, 2, 4, 8]

    def test_two_bad_entries_side_by_side_do_not_starve_the_rest(self, bench: Bench) -> None:
        bench.fill(entries=5, clicks=2)
        bad = {"entry-000", "entry-001"}
        bench.server.rule = lambda call: TROUBLE if call.entry_id in bad else None
        bench.run_for(2 * HOUR)
        assert {task.entry_id for task in bench.tasks()} == bad
        assert len(bench.server.ledger) == 6
        assert len(bench.failed) == 2

    def test_after_the_second_attempt_one_other_entry_is_tried_once(self, bench: Bench) -> None:
        bench.fill(entries=5, clicks=1)
        to_everything(TROUBLE, bench.server)
        bench.run()
        bench.run_for(MINUTE)
        sent = [call.entry_id for call in bench.server.calls]
        assert sent == ["entry-000", "entry-000", "entry-001"]
        assert gate_of(bench).seeks_other is False

    def test_a_failed_trial_needs_the_user(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        bench.server.rule = for_entry("entry-000", TROUBLE)
        bench.run_for(DAY)
        bench.click("b")
        bench.run()
        assert [(task.id, task.retry_count) for task in bench.failed] == [(1, 5)]
        count = len([call for call in bench.server.calls if call.entry_id == "entry-000"])
        assert count == 7  # on its trial it is looked for first: one of the five may have arrived
        for _ in range(3):
            bench.click("b")
            bench.run_for(HOUR)
        assert len([call for call in bench.server.calls if call.entry_id == "entry-000"]) == count

        heal(bench.server)
        bench.retry_all()
        bench.run()
        assert bench.all_arrived()

    def test_two_outages_after_each_other_fail_one_task_each(self, bench: Bench) -> None:
        bench.fill(entries=6, clicks=1)
        to_everything(TROUBLE, bench.server)
        bench.run_for(HOUR)
        bench.server.script.append(None)  # one goes through, then it breaks again
        bench.run_for(DAY)
        assert len(bench.failed) <= 2
        heal(bench.server)
        bench.run_for(HOUR)
        assert bench.all_arrived()


class TestRetryAfter:
    @pytest.mark.parametrize("after", [HOUR, "date"], ids=["seconds", "date"])
    @pytest.mark.parametrize("kind", [ServerTrouble, Throttled])
    def test_it_is_honoured_and_no_click_and_no_retry_overrides_it(
        self, bench: Bench, kind: type[ServerTrouble | Throttled], after: timedelta | str
    ) -> None:
        told = bench.clock.now() + HOUR
        bench.server.script.append(
            kind("HTTP 503: Slow", retry_after=after if isinstance(after, timedelta) else told)
        )
        bench.click("a")
        bench.run()
        bench.click("b")
        bench.run()
        bench.retry_all()
        assert bench.run().until == told
        assert len(bench.server.calls) == 1

        bench.run_for(HOUR)
        assert bench.server.calls[1].at == told
        assert bench.all_arrived()

    def test_at_once_again_and_again_makes_no_storm_and_uses_up_nothing_early(
        self, bench: Bench
    ) -> None:
        bench.fill(entries=3, clicks=1)
        to_everything(ServerTrouble("HTTP 503: Busy", retry_after=timedelta()), bench.server)
        bench.run_for(14 * MINUTE)
        assert bench.failed == []
        assert len(bench.server.calls) == 4

    def test_a_quota_without_a_time_grows_and_uses_no_attempts(self, bench: Bench) -> None:
        to_everything(Throttled("HTTP 429: Too Many Requests"), bench.server)
        bench.click("a")
        bench.run_for(2 * DAY)
        assert (bench.pending[0].retry_count, bench.failed) == (0, [])
        times = [call.at for call in bench.server.calls]
        waits = [(b - a) / MINUTE for a, b in pairwise(times)]
        assert waits[:6] == [1, 2, 4, 8, 15, 15]
        bench.click("b")
        bench.retry_all()
        before = len(bench.server.calls)
        bench.run()
        assert len(bench.server.calls) == before

    def test_the_fifth_answer_may_name_a_time_too(self, bench: Bench) -> None:
        bench.fill(entries=3, clicks=1)
        bench.server.rule = lambda call: (
            TROUBLE if bench.clock.now() < call.at else ServerTrouble("HTTP 503: Busy", 30 * MINUTE)
        )
        bench.run_for(4 * 30 * MINUTE)
        assert [task.id for task in bench.failed] == [1]
        assert len(bench.server.calls) == 5
        assert gate_of(bench).by_server

    def test_the_other_entry_may_be_told_a_time(self, bench: Bench) -> None:
        bench.fill(entries=3, clicks=1)
        told = ServerTrouble("HTTP 503: Busy", HOUR)
        bench.server.script.extend([TROUBLE, TROUBLE, told])
        bench.run()
        bench.run_for(MINUTE)
        assert len(bench.server.calls) == 3
        assert bench.run().until == bench.server.calls[2].at + HOUR


def test_a_worker_of_another_patience_counts_to_its_own_number(bench: Bench) -> None:
    bench.worker = a_worker(
        bench, bench.server, rules=Rules(jitter=lambda wait: wait, max_attempts=2)
    )
    to_everything(TROUBLE, bench.server)
    bench.click("a")
    bench.run_for(MINUTE)
    assert [task.retry_count for task in bench.failed] == [2]
