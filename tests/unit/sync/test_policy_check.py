"""What a look at the account itself does to a gate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.sync.policy_support import (
    ALL_REFUSED,
    HEADLESS,
    HOUR,
    MINUTE,
    NO_ROUTE,
    NOW,
    OFFLINE,
    QUOTA,
    REFUSED,
    SECOND,
    TROUBLE,
    UNAUTHORIZED,
    UNTRUSTED,
    gate,
)
from trayapp.queue.task import Gate, GateKind
from trayapp.sync.cause import Cause
from trayapp.sync.outcome import Delivered, Outcome
from trayapp.sync.policy import Fate, Moment, Verdict, decide_check
from trayapp.sync.waiting import Waits


class TestCheck:
    def at(self, closed: Gate | None, *, worked: bool = True) -> Moment:
        return Moment(now=NOW, gate=closed, worked=worked, waits=Waits(), jitter=lambda wait: wait)

    def test_a_good_account_ends_the_trouble_and_heals(self) -> None:
        verdict = decide_check(Delivered(), self.at(HEADLESS))
        assert verdict.gate is None
        assert Cause.SERVER_TROUBLE in verdict.heals
        assert decide_check(Delivered(), self.at(None)).gate is None

    def test_a_good_account_does_not_open_a_gate_of_refusals(self) -> None:
        assert decide_check(Delivered(), self.at(ALL_REFUSED)) == Verdict(
            fate=Fate.KEPT, gate=replace(ALL_REFUSED, due_at=NOW + 15 * MINUTE)
        )

    @pytest.mark.parametrize(
        ("outcome", "closed", "worked"),
        [
            (OFFLINE, gate(GateKind.OFFLINE, 5 * SECOND, reason=OFFLINE.reason), True),
            (UNTRUSTED, gate(GateKind.UNTRUSTED, 5 * SECOND, reason=UNTRUSTED.reason), True),
            (UNAUTHORIZED, gate(GateKind.SIGNED_OUT, None, reason=UNAUTHORIZED.reason), True),
            (NO_ROUTE, gate(GateKind.WRONG_ADDRESS, None, reason=NO_ROUTE.reason), False),
            (NO_ROUTE, gate(GateKind.WRONG_ADDRESS, 5 * MINUTE, reason=NO_ROUTE.reason), True),
            (QUOTA, gate(GateKind.THROTTLED, MINUTE, reason=QUOTA.reason, by_server=True), True),
            (TROUBLE, gate(GateKind.SERVER_TROUBLE, MINUTE, reason=TROUBLE.reason, tries=1), True),
        ],
    )
    def test_what_holds_the_account_is_what_the_gate_says(
        self, outcome: Outcome, closed: Gate, *, worked: bool
    ) -> None:
        assert decide_check(outcome, self.at(ALL_REFUSED, worked=worked)).gate == closed
        assert decide_check(outcome, self.at(None, worked=worked)).gate == closed

    def test_an_answer_that_explains_nothing_leaves_the_gate_and_asks_later(self) -> None:
        later = replace(HEADLESS, due_at=NOW + 15 * MINUTE)
        assert decide_check(REFUSED, self.at(HEADLESS)).gate == later
        patient = replace(ALL_REFUSED, due_at=NOW + HOUR)
        assert decide_check(REFUSED, self.at(patient)).gate == patient
        assert decide_check(REFUSED, self.at(None)).gate is None
