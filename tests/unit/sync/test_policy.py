"""The table of the specification's section 4, row by row, as one table test."""

from __future__ import annotations

import pytest

from tests.unit.sync.policy_arrival_rows import ARRIVAL_ROWS
from tests.unit.sync.policy_server_rows import SERVER_ROWS
from tests.unit.sync.policy_support import (
    ACTIVE,
    ALL_REFUSED,
    EVERYBODY,
    NOW,
    WORDS,
    Row,
    situation,
)
from trayapp.queue.task import Refusal
from trayapp.sync import outcome as outcome_module
from trayapp.sync.cause import Cause
from trayapp.sync.outcome import Delivered, Outcome, Several
from trayapp.sync.policy import Fate, Situation, decide, normalised

ROWS = ARRIVAL_ROWS | SERVER_ROWS


@pytest.mark.parametrize(
    "row",
    [*ARRIVAL_ROWS.values(), *SERVER_ROWS.values()],
    ids=[*ARRIVAL_ROWS, *SERVER_ROWS],  # two of one name are an error
)
def test_what_follows(row: Row) -> None:
    verdict = decide(row.outcome, row.at)
    assert verdict.fate is row.fate
    assert verdict.gate == row.gate
    assert verdict.refusal == row.refusal
    assert (bool(verdict.heals), verdict.check, verdict.resends) == (
        row.heals,
        row.check,
        row.resends,
    )
    if row.fate is not Fate.KEPT:
        assert verdict.change is None
        return
    assert verdict.change is not None
    assert verdict.change.status is row.status
    assert verdict.change.retry_count == row.count
    assert verdict.change.due_at == (None if row.due is None else NOW + row.due)
    assert verdict.change.reason == (row.outcome.reason if row.reason is None else row.reason)
    assert verdict.change.cause == row.cause
    assert verdict.change.doubt is row.doubt
    assert verdict.change.looks == row.looks


def test_every_class_of_outcome_has_a_row() -> None:
    classes = {
        kind
        for kind in vars(outcome_module).values()
        if isinstance(kind, type) and issubclass(kind, Outcome) and kind is not Outcome
    }
    # Several is no outcome of a task: each of its parts is.
    assert {type(row.outcome) for row in ROWS.values()} == classes - {Several}


def test_the_time_it_falls_due_is_that_of_its_gate() -> None:
    """Where a gate holds all for one head, both tell the same time: one to wait, one to show."""
    for name in ("trouble-1", "trouble-2-seeks-another-entry", "trouble-told-seconds"):
        verdict = decide(ROWS[name].outcome, ROWS[name].at)
        assert verdict.gate is not None
        assert verdict.change is not None
        assert verdict.gate.due_at == verdict.change.due_at


def test_what_is_blocked_heals_what_failed_of_trouble_and_no_more() -> None:
    assert decide(ACTIVE, situation()).heals == (Cause.SERVER_TROUBLE, Cause.NETWORK)


@pytest.mark.parametrize(
    ("at", "heals_refused"),
    [
        (situation(), False),
        (situation(refusal=Refusal(entry_id="b", words=WORDS)), False),
        (situation(gate=ALL_REFUSED), True),
        (situation(refusal=EVERYBODY), True),
    ],
)
def test_a_delivery_heals_what_can_heal(at: Situation, *, heals_refused: bool) -> None:
    heals = set(decide(Delivered(), at).heals)
    healing = {Cause.SERVER_TROUBLE, Cause.NETWORK, Cause.SIGNED_OUT, Cause.WRONG_ADDRESS}
    assert heals == (healing | {Cause.REFUSED} if heals_refused else healing)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("HTTP 400: Bad Request", "HTTP 400: bad request", True),
        ('HTTP 400: entry "a" is bad', 'HTTP 400: entry "b" is bad', True),
        ("HTTP 400: «Альфа» закрыт", "HTTP 400: «Бета» закрыт", True),
        (
            "HTTP 422: 0b7c-11 is locked since 2026-01-08",
            "HTTP 422: 9f2e-57 is locked since 2025-12-31",
            True,
        ),
        ("HTTP 400: Bad Request", "HTTP 403: Bad Request", False),
        ("HTTP 422: project closed", "HTTP 422: note too long", False),
        ("", "", True),
    ],
)
def test_refusals_are_alike_when_only_ids_numbers_and_quotations_differ(
    one: str, other: str, *, same: bool
) -> None:
    assert (normalised(one) == normalised(other)) is same
