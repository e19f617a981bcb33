"""How long each gate and each task waits, however often and whatever the server told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sync.policy_support import (
    ALL_REFUSED,
    EVERYBODY,
    HEADLESS,
    HOUR,
    MINUTE,
    NO_ROUTE,
    NOW,
    OFFLINE,
    QUOTA,
    REFUSED,
    SECOND,
    TASK,
    TROUBLE,
    UNTRUSTED,
    situation,
)
from trayapp.queue.task import Gate, GateKind
from trayapp.sync import waiting
from trayapp.sync.outcome import Outcome, ServerTrouble, Throttled
from trayapp.sync.policy import Situation, backoff, decide


class TestWaits:
    @pytest.mark.parametrize(
        ("outcome", "kind", "minutes"),
        [
            (OFFLINE, GateKind.OFFLINE, [5 / 60 * 2**n for n in range(6)] + [5, 5]),
            (UNTRUSTED, GateKind.UNTRUSTED, [5 / 60 * 2**n for n in range(6)] + [5, 5]),
            (TROUBLE, GateKind.SERVER_TROUBLE, [1, 2, 4, 8, 15, 15]),
            (QUOTA, GateKind.THROTTLED, [1, 2, 4, 8, 15, 15]),
            (NO_ROUTE, GateKind.WRONG_ADDRESS, [5, 10, 20, 40, 60, 60]),
            (REFUSED, GateKind.REFUSED, [15, 30, 60, 60]),
        ],
        ids=lambda value: value.value if isinstance(value, GateKind) else None,
    )
    def test_each_gate_waits_by_its_formula(
        self, outcome: Outcome, kind: GateKind, minutes: list[float]
    ) -> None:
        closed: Gate | None = None
        waits = []
        for _ in minutes:
            at = situation(
                gate=None if closed is None else replace(closed, task_id=None),
                refusal=EVERYBODY,
                failed=2,
                head_fell=True,
            )
            closed = decide(outcome, at).gate
            assert closed is not None
            assert closed.kind is kind
            assert closed.due_at is not None
            waits.append((closed.due_at - NOW) / MINUTE)
        assert waits == pytest.approx(minutes)

    def test_a_head_waits_twice_as_long_after_each_attempt(self) -> None:
        waits = []
        for count in range(4):
            change = decide(TROUBLE, situation(task=replace(TASK, retry_count=count))).change
            assert change is not None
            assert change.due_at is not None
            waits.append((change.due_at - NOW) / MINUTE)
        assert waits == [1, 2, 4, 8]

    @given(tries=st.integers(min_value=0, max_value=10**9))
    def test_a_wait_never_overflows_nor_shrinks(self, tries: int) -> None:
        first, longest = timedelta(seconds=5), timedelta(minutes=5)
        wait = backoff(first, longest, tries)
        assert first <= wait <= longest
        assert wait <= backoff(first, longest, tries + 1)
        assert NOW + backoff(MINUTE, timedelta.max, tries) > NOW

    @given(
        after=st.one_of(
            st.timedeltas(),
            st.datetimes().map(lambda at: at.replace(tzinfo=UTC)),
        ),
        kind=st.sampled_from([ServerTrouble, Throttled]),
    )
    def test_no_retry_after_is_too_strange(
        self, after: timedelta | datetime, kind: type[ServerTrouble | Throttled]
    ) -> None:
        closed = decide(kind("HTTP 503: Busy", retry_after=after), situation()).gate
        assert closed is not None
        assert closed.by_server
        assert closed.due_at is not None
        assert NOW + SECOND <= closed.due_at <= NOW + timedelta(days=30)
        told = waiting.told_until(kind("", retry_after=after), NOW)
        assert told is not None
        assert closed.due_at >= told

    @pytest.mark.parametrize(
        ("outcome", "at"),
        [
            (OFFLINE, situation()),
            (UNTRUSTED, situation()),
            (TROUBLE, situation()),
            (TROUBLE, situation(gate=HEADLESS)),
            (QUOTA, situation()),
            (NO_ROUTE, situation()),
            (REFUSED, situation(gate=ALL_REFUSED)),
        ],
    )
    @pytest.mark.parametrize("share", [0.9, 1.1])
    def test_our_own_waits_are_spread_as_far_as_the_jitter_goes(
        self, outcome: Outcome, at: Situation, share: float
    ) -> None:
        plain, spread = (
            decide(outcome, at),
            decide(outcome, replace(at, jitter=lambda w: w * share)),
        )
        assert plain.gate is not None
        assert plain.gate.due_at is not None
        assert spread.gate is not None
        assert spread.gate.due_at is not None
        assert spread.gate.due_at - NOW == (plain.gate.due_at - NOW) * share

    def test_what_the_server_told_is_not_spread(self) -> None:
        at = replace(situation(), jitter=lambda wait: wait * 0.9)
        closed = decide(replace(QUOTA, retry_after=HOUR), at).gate
        assert closed is not None
        assert closed.due_at == NOW + HOUR
