"""A server that names a time is left alone until then, whatever met it; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.sync.policy_support import NOW, TASK, gate, situation
from trayapp.queue.task import Gate, GateKind
from trayapp.sync.outcome import Delivered, Offline, Outcome, ServerTrouble, Throttled
from trayapp.sync.policy import decide, decide_check
from trayapp.sync.waiting import paused, told_until

MINUTE = timedelta(minutes=1)
TRIAL = replace(TASK, on_trial=True, retry_count=4)
TOLD = ServerTrouble("HTTP 503: Service Unavailable", retry_after=MINUTE)
UNTOLD = replace(TOLD, retry_after=None)


class TestATrialThatFails:
    def test_closes_the_gate_until_the_time_the_server_named(self) -> None:
        verdict = decide(TOLD, situation(task=TRIAL))
        assert verdict.gate is not None
        assert (verdict.gate.kind, verdict.gate.due_at) == (GateKind.THROTTLED, NOW + MINUTE)
        assert verdict.gate.by_server

    def test_leaves_an_open_gate_open_where_none_was_named(self) -> None:
        assert decide(UNTOLD, situation(task=TRIAL)).gate is None

    @pytest.mark.parametrize("due", [timedelta(), 2 * MINUTE])
    def test_keeps_a_closed_gate_closed_for_at_least_as_long(self, due: timedelta) -> None:
        closed = gate(GateKind.REFUSED, due)
        found = decide(TOLD, situation(task=TRIAL, gate=closed)).gate
        assert found == replace(closed, due_at=NOW + max(due, MINUTE), by_server=True)

    def test_changes_nothing_on_a_closed_gate_where_none_was_named(self) -> None:
        closed = gate(GateKind.REFUSED, MINUTE)
        assert decide(UNTOLD, situation(task=TRIAL, gate=closed)).gate == closed


@pytest.mark.parametrize("outcome", [UNTOLD, Offline("Network error: x"), Delivered()], ids=repr)
def test_who_names_no_time_is_not_waited_for(outcome: Outcome) -> None:
    assert paused(outcome, situation()) is None


def test_a_server_that_is_asked_too_much_is_waited_for_though_it_names_no_time() -> None:
    closed = paused(Throttled("HTTP 429: x"), situation())
    assert closed is not None
    assert closed.due_at == NOW + MINUTE


@pytest.mark.parametrize(
    ("microseconds", "milliseconds"), [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2)]
)
def test_a_time_that_was_named_is_rounded_up_to_what_can_be_stored(
    microseconds: int, milliseconds: int
) -> None:
    told = ServerTrouble("x", retry_after=timedelta(microseconds=microseconds))
    assert told_until(told, NOW) == NOW + timedelta(milliseconds=milliseconds)


def test_an_account_that_is_well_lets_one_of_another_entry_try_if_asked_in_its_place() -> None:
    asked = gate(GateKind.SERVER_TROUBLE, -MINUTE, seeks_other=True)
    verdict = decide_check(Delivered(), situation(gate=asked))
    assert verdict.gate == replace(asked, due_at=NOW)
    assert verdict.heals == ()


def closes(gate_: Gate | None) -> Gate:
    assert gate_ is not None
    return gate_


def test_an_account_that_is_not_well_either_keeps_the_gate_closed_for_longer() -> None:
    asked = gate(GateKind.SERVER_TROUBLE, -MINUTE, seeks_other=True)
    found = closes(decide_check(UNTOLD, situation(gate=asked)).gate)
    assert (found.task_id, found.seeks_other, found.tries) == (None, False, asked.tries + 1)
