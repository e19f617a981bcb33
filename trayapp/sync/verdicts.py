"""Verdicts: what an outcome fell into, what follows from it, and the few ways to say so. Pure.

Which outcome leads to which of them is in `trayapp.sync.policy`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import TypeGuard

from trayapp.light import dataclass
from trayapp.queue.task import (
    Doubt,
    Gate,
    GateKind,
    Refusal,
    SyncTask,
    TaskChange,
    TaskStatus,
)
from trayapp.sync.cause import Cause
from trayapp.sync.outcome import Offline, Outcome
from trayapp.sync.waiting import Moment, answered, closed_by, in_trouble, paused, told_until

_SEEN_OR_UNSENT = (Cause.CONFLICT, Cause.INTERNAL)
EVERYBODY = ""
"""Whose a refusal is that different entries met alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation(Moment):
    """What the outcome of a task's request fell into.

    `task` is the first of those concerned, as it was before the request.
    `looked`: the request was a look. `repeatable`: what was sent may be sent twice. `failed`
    tells how many of the account's tasks failed for a cause. `may_be_there`: this request or one
    before it may have had an effect. `head_fell`: one of them used up its
    attempts, and nothing was delivered since.
    """

    task: SyncTask
    looked: bool
    repeatable: bool
    may_be_there: bool
    refusal: Refusal | None
    failed: Callable[[str], int]
    head_fell: bool
    max_attempts: int


class Fate(Enum):
    """What becomes of the tasks a request was for."""

    SETTLED = "they arrived and leave the queue"
    REMOVED = "somebody removed their entry there; they leave the queue, and it is told"
    KEPT = "they stay, changed"
    UNASKED = "no request left for them; they stay as they were"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to write down. `heals` names the causes whose failed tasks get their one trial.

    `check` asks for a look at the account itself before anything else is sent. `resends`: looks
    found nothing, so what was sent will be sent again.
    """

    fate: Fate
    change: TaskChange | None = None
    gate: Gate | None = None
    refusal: Refusal | None = None
    heals: tuple[Cause, ...] = ()
    check: bool = False
    resends: bool = False


def is_other(at: Situation) -> bool:
    """Whether this task was tried to tell a bad entry from a bad server."""
    return _is_in_trouble(at.gate) and at.gate.task_id not in {None, at.task.id}


def is_headless(at: Situation) -> bool:
    """Whether the trouble is known to be common, so that it uses up nobody's attempts."""
    return at.head_fell or (_is_in_trouble(at.gate) and at.gate.task_id is None)


def _is_in_trouble(gate: Gate | None) -> TypeGuard[Gate]:
    return gate is not None and gate.kind is GateKind.SERVER_TROUBLE


def all_refused(at: Situation) -> bool:
    """Whether different entries were refused alike, and nothing was delivered since."""
    closed = at.gate is not None and at.gate.kind is GateKind.REFUSED
    return closed or (at.refusal is not None and at.refusal.entry_id == EVERYBODY)


def doubt_after(at: Situation) -> Doubt:
    """A look leaves the doubt; a request that was answered, or never left, leaves none."""
    return at.task.doubt if at.looked else Doubt.NONE


def waits(
    at: Situation,
    reason: str,
    *,
    cause: str,
    due_at: datetime | None = None,
    doubt: Doubt | None = None,
) -> TaskChange:
    """It stays pending; nothing is used up."""
    return TaskChange(
        status=TaskStatus.PENDING,
        retry_count=at.task.retry_count,
        due_at=due_at,
        reason=reason,
        cause=cause,
        doubt=doubt_after(at) if doubt is None else doubt,
        looks=at.task.looks if at.looked else 0,
    )


def holds(
    outcome: Outcome, at: Situation, gate: Gate | None, *, cause: str, doubt: Doubt | None = None
) -> Verdict:
    """Nothing is used up: the task waits behind the gate."""
    in_doubt = doubt is Doubt.SENT and not at.looked
    due = at.now + at.waits.between_looks if in_doubt else None
    change = waits(at, outcome.reason, cause=cause, due_at=due, doubt=doubt)
    return Verdict(fate=Fate.KEPT, change=change, gate=gate, refusal=at.refusal)


def one_fails(outcome: Outcome, at: Situation, *, cause: Cause) -> Verdict:
    """Common trouble fails one task, so that somebody is told; a later probe fails no other."""
    verdict = holds if at.failed(cause) else fails
    return verdict(outcome, at, cause=cause, gate=closed_by(outcome, at))


def contradicts(outcome: Outcome, at: Situation) -> Verdict:
    """Nothing to try again: the user decides. It uses no attempt, and leaves no doubt."""
    return fails(
        outcome, at, answered(at), cause=Cause.CONFLICT, doubt=Doubt.NONE, uses_attempt=False
    )


def fails(
    outcome: Outcome,
    at: Situation,
    gate: Gate | None,
    *,
    cause: Cause,
    doubt: Doubt | None = None,
    uses_attempt: bool = True,
) -> Verdict:
    """It needs the user, or heals with the next delivery.

    What may be there is in doubt from now on: it might be discarded for something never sent.
    """
    count = at.task.retry_count
    if at.may_be_there and doubt_after(at) is Doubt.NONE and cause not in _SEEN_OR_UNSENT:
        doubt = Doubt.SENT
    change = replace(
        waits(at, outcome.reason, cause=cause, doubt=doubt),
        status=TaskStatus.FAILED,
        retry_count=min(count + 1, at.max_attempts) if uses_attempt else count,
    )
    return Verdict(fate=Fate.KEPT, change=change, gate=gate, refusal=at.refusal)


def gate_in_doubt(
    outcome: Outcome, at: Situation, due: datetime, *, was_answered: bool
) -> Gate | None:
    """A closed gate after a probe that ended in doubt; an open one stays so: see `claim`."""
    gate, told = at.gate, told_until(outcome, at.now)
    if gate is not None and gate.kind is GateKind.SERVER_TROUBLE:
        return replace(gate, due_at=due, by_server=told is not None)
    if told is not None:  # the look, and all else, waits as told
        return paused(outcome, at)
    if gate is not None and not was_answered:
        return closed_by(Offline(outcome.reason), at)
    if gate is not None and gate.kind is GateKind.REFUSED:
        return in_trouble(outcome, at, task_id=at.task.id)
    return None


def gate_after_trial(outcome: Outcome, at: Situation) -> Gate | None:
    """The trial that failed is its own trouble; but a server that named a time is left alone."""
    gate, told = answered(at), told_until(outcome, at.now)
    if gate is None or told is None:
        return gate or paused(outcome, at)
    return replace(gate, due_at=max(gate.due_at or told, told), by_server=True)


def told_too(outcome: Outcome, at: Situation) -> Gate | None:
    """Another entry was tried in vain: all wait behind the head, as long as either was told."""
    told = told_until(outcome, at.now)
    if at.gate is None or told is None:
        return at.gate
    due = max(at.gate.due_at or told, told)
    return replace(at.gate, due_at=due, seeks_other=False, by_server=True)
