"""What a worker makes of being refused, signed out or at a wrong address for long."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests import benches
from tests.fake_server import Bench, Call
from tests.integration.outages import (
    BAD_REQUEST,
    DAY,
    HOUR,
    MINUTE,
    NO_ROUTE,
    OFFLINE,
    SIGNED_OUT,
    TROUBLE,
    for_entry,
    gate_of,
    heal,
    signed_in,
    to_everything,
)
from trayapp.queue.task import GateKind
from trayapp.sync.outcome import Outcome, Refused, Throttled
from trayapp.sync.retry import release

bench = benches.bench


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
