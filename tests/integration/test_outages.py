"""What a worker makes of long trouble, played on a clock that we turn: the incident and its kin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fake_server import (
    Applied,
    Bench,
    Call,
    FakeServer,
    Rule,
    Step,
    a_bench,
    a_worker,
    honest,
)
from trayapp.queue.task import Gate, GateKind
from trayapp.sync.outcome import (
    AlreadySo,
    Blocked,
    Conflict,
    Doubtful,
    Offline,
    Ours,
    Outcome,
    Refused,
    Removed,
    ServerTrouble,
    SignedOut,
    Throttled,
    Untrusted,
    WrongAddress,
)
from trayapp.sync.retry import release
from trayapp.sync.settlement import Rules

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)

OFFLINE = Offline("Network error: host name not found")
TROUBLE = ServerTrouble("HTTP 500: Internal Server Error")
BAD_REQUEST = Refused("HTTP 400: Bad Request")
SIGNED_OUT = SignedOut("Token refresh failed: HTTP 401: Unauthorized")
NO_ROUTE = WrongAddress("HTTP 404: Not Found")
UNANSWERED = Doubtful("Network error: no answer in time", timed_out=True)
BROKEN = Doubtful("HTTP 500: Internal Server Error", answered=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path / "queue") as made:
        yield made


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Bench]:
    """A server where nothing may be repeated."""
    with a_bench(tmp_path / "plain", repeatable=False) as made:
        yield made


def to_everything(outcome: Outcome, server: FakeServer) -> None:
    server.rule = lambda _: outcome


def heal(server: FakeServer) -> None:
    server.rule = honest


def for_entry(entry_id: str, outcome: Step, verb: str = "send") -> Rule:
    def rule(call: Call) -> Step:
        return outcome if call.entry_id == entry_id and call.verb == verb else None

    return rule


def gate_of(bench: Bench) -> Gate:
    gate = bench.gate
    assert gate is not None
    return gate


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


class TestRefused:
    @pytest.mark.parametrize("reason", ["HTTP 400: Bad Request", "HTTP 403: Forbidden"])
    def test_an_api_that_refuses_everything_fails_two_of_a_hundred(
        self, bench: Bench, reason: str
    ) -> None:
        bench.fill(entries=50, clicks=2)
        bench.server.rule = lambda call: None if call.verb == "check" else Refused(reason)
        bench.run_for(DAY)
        assert [task.id for task in bench.failed] == [1, 3]
        assert {task.reason for task in bench.failed} == {reason}
        assert [call.verb for call in bench.server.calls[:4]] == ["send", "send", "check", "send"]
        probes = bench.server.calls[3:]
        assert 20 < len(probes) < 30
        assert len({call.entry_id for call in probes}) == len(probes)

        heal(bench.server)
        bench.run_for(2 * HOUR)
        assert bench.all_arrived()

    def test_nights_without_network_do_not_make_it_fail_more(self, bench: Bench) -> None:
        bench.fill(entries=50, clicks=2)
        for _ in range(5):
            to_everything(BAD_REQUEST, bench.server)
            bench.run_for(8 * HOUR)
            to_everything(OFFLINE, bench.server)
            bench.run_for(16 * HOUR)
        assert len(bench.failed) == 2
        heal(bench.server)
        bench.run_for(2 * HOUR)
        assert bench.all_arrived()

    def test_two_different_refusals_do_not_close_the_gate(self, bench: Bench) -> None:
        bench.fill(entries=3, clicks=1)
        bench.server.script.extend(
            [Refused("HTTP 422: project closed"), Refused("HTTP 422: note too long")]
        )
        bench.run()
        assert [task.id for task in bench.failed] == [1, 2]
        assert bench.gate is None
        assert bench.server.arrived("entry-002") == ["entry-002-1"]

    def test_what_differs_between_tasks_does_not_make_refusals_differ(self, bench: Bench) -> None:
        bench.fill(entries=50, clicks=1)
        bench.server.rule = lambda call: (
            None if call.verb == "check" else Refused(f'HTTP 400: entry "{call.entry_id}" is bad')
        )
        bench.run_for(DAY)
        assert len(bench.failed) == 2

    def test_a_refusal_of_the_same_entry_twice_is_its_own_matter(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        bench.server.rule = for_entry("entry-000", BAD_REQUEST)
        bench.server.script.extend([BAD_REQUEST, OFFLINE])
        bench.run()
        bench.retry_all()
        bench.run()
        assert [task.id for task in bench.failed] == [1]
        assert bench.gate is None

    def test_an_account_that_turns_out_signed_out_waits_for_the_user_and_then_all_goes(
        self, bench: Bench
    ) -> None:
        bench.fill(entries=10, clicks=2)
        bench.server.rule = lambda call: SIGNED_OUT if call.verb == "check" else BAD_REQUEST
        bench.run_for(DAY)
        assert len(bench.failed) == 2
        assert gate_of(bench).kind is GateKind.SIGNED_OUT
        assert len(bench.server.calls) == 3

        heal(bench.server)
        signed_in(bench)
        bench.run_for(MINUTE)
        assert bench.all_arrived()

    @pytest.mark.parametrize(
        ("outcome", "kind"),
        [
            (OFFLINE, GateKind.OFFLINE),
            (TROUBLE, GateKind.SERVER_TROUBLE),
            (Throttled("HTTP 429: Slow", HOUR), GateKind.THROTTLED),
            (Refused("HTTP 403: Forbidden"), GateKind.REFUSED),
        ],
    )
    def test_whatever_the_check_comes_to_no_third_task_fails_and_all_heals(
        self, bench: Bench, outcome: Outcome, kind: GateKind
    ) -> None:
        bench.fill(entries=10, clicks=2)
        bench.server.rule = lambda call: outcome if call.verb == "check" else BAD_REQUEST
        bench.run()
        assert gate_of(bench).kind is kind
        bench.run_for(DAY)
        assert len(bench.failed) == 2
        heal(bench.server)
        bench.run_for(2 * HOUR)
        assert bench.all_arrived()


def signed_in(bench: Bench) -> None:
    with bench.writing() as writer:
        release(writer, GateKind.SIGNED_OUT)
    bench.worker.reconnect()


class TestSignedOut:
    def test_one_fails_the_rest_is_held_and_after_signing_in_all_goes_by_itself(
        self, bench: Bench
    ) -> None:
        bench.fill(entries=20, clicks=3)
        to_everything(SIGNED_OUT, bench.server)
        bench.run_for(7 * DAY)
        (failed,) = bench.failed
        assert failed.reason == "Token refresh failed: HTTP 401: Unauthorized"
        assert len(bench.server.calls) == 1
        bench.click("entry-001")
        assert bench.run().until is None
        assert len(bench.server.calls) == 1

        heal(bench.server)
        signed_in(bench)
        bench.run()
        assert bench.all_arrived()
        assert bench.server.ledger[0] == ("entry-000", "entry-000-1")

    def test_a_restart_while_signed_out_asks_nothing(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        to_everything(SIGNED_OUT, bench.server)
        bench.run()
        bench.new_worker()
        assert bench.run().until is None
        assert len(bench.server.calls) == 1

    def test_a_retry_probes_once_and_fails_no_second_task(self, bench: Bench) -> None:
        bench.fill(entries=5, clicks=1)
        to_everything(SIGNED_OUT, bench.server)
        bench.run()
        for _ in range(3):
            bench.retry_all()
            bench.run_for(HOUR)
        assert len(bench.server.calls) == 4
        assert len(bench.failed) == 1

    def test_signing_in_during_a_probe_is_not_undone_by_its_answer(self, bench: Bench) -> None:
        bench.fill(entries=2, clicks=1)
        bench.server.script.extend([SIGNED_OUT, SIGNED_OUT])
        bench.run()

        def sign_in(_: Call) -> None:
            bench.server.during = lambda _: None
            signed_in(bench)

        bench.server.during = sign_in
        bench.retry_all()
        bench.run()
        assert bench.all_arrived()


class TestWrongAddress:
    def test_one_that_never_worked_fails_one_task_and_waits_for_the_settings(
        self, bench: Bench
    ) -> None:
        bench.fill(entries=10, clicks=2)
        to_everything(NO_ROUTE, bench.server)
        bench.run_for(7 * DAY)
        assert [task.id for task in bench.failed] == [1]
        assert bench.failed[0].reason == "HTTP 404: Not Found"
        assert len(bench.server.calls) == 1

        heal(bench.server)
        with bench.writing() as writer:
            release(writer, GateKind.WRONG_ADDRESS)
        bench.worker.reconnect()
        bench.run()
        assert bench.all_arrived()
        assert bench.server.closed == 1

    def test_one_that_has_worked_fails_nothing_and_probes_every_five_minutes_to_an_hour(
        self, bench: Bench
    ) -> None:
        bench.click("first")
        bench.run()
        bench.fill(entries=10, clicks=2)
        to_everything(NO_ROUTE, bench.server)
        bench.run_for(DAY)
        assert bench.failed == []
        times = [call.at for call in bench.server.calls[1:]]
        waits = [(b - a) / MINUTE for a, b in pairwise(times)]
        assert waits[:6] == [5, 10, 20, 40, 60, 60]

        heal(bench.server)
        bench.run_for(HOUR)
        assert bench.all_arrived()

    def test_a_check_that_meets_a_portal_goes_on_probing(self, bench: Bench) -> None:
        bench.click("first")
        bench.run()
        bench.fill(entries=10, clicks=1)
        bench.server.rule = lambda call: NO_ROUTE if call.verb == "check" else BAD_REQUEST
        bench.run()
        assert gate_of(bench).kind is GateKind.WRONG_ADDRESS
        heal(bench.server)
        bench.run_for(HOUR)
        assert bench.all_arrived()


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


def test_a_worker_of_another_patience_counts_to_its_own_number(bench: Bench) -> None:
    bench.worker = a_worker(
        bench, bench.server, rules=Rules(jitter=lambda wait: wait, max_attempts=2)
    )
    to_everything(TROUBLE, bench.server)
    bench.click("a")
    bench.run_for(MINUTE)
    assert [task.retry_count for task in bench.failed] == [2]
