"""What follows from an outcome: the specification's section 4 as pure functions.

`decide` takes an outcome and the situation it fell into and says what becomes of the task, of the
account's gate, and of what failed before. It never waits, reads or writes. How long anything
waits is in `trayapp.sync.waiting`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeGuard

from trayapp.queue.task import (
    Doubt,
    Gate,
    GateKind,
    Refusal,
    SyncTask,
    TaskChange,
    TaskStatus,
)
from trayapp.sync.outcome import (
    Absent,
    AlreadySo,
    Blocked,
    Cause,
    Conflict,
    Delivered,
    Doubtful,
    Locked,
    Offline,
    Ours,
    Outcome,
    Refused,
    Removed,
    ServerTrouble,
    SignedOut,
    Throttled,
    Unasked,
    Untrusted,
    WrongAddress,
)
from trayapp.sync.waiting import (
    Moment,
    Waits,
    answered,
    backoff,
    closed_by,
    in_trouble,
    refused_by_all,
    since,
    told_until,
)

__all__ = ["BLOCKED", "Fate", "Moment", "Situation", "Verdict", "Waits", "backoff", "decide"]

BLOCKED = "blocked"
"""Cause of a task that waits for another entry to end on the server."""
TROUBLE = (Cause.SERVER_TROUBLE, Cause.NETWORK)
"""Causes that use up attempts: a task that failed for one heals with the next delivery."""

_HEALING = (*TROUBLE, Cause.SIGNED_OUT, Cause.WRONG_ADDRESS)
_TRIES_OTHER_AFTER = 2
_EQUAL_REFUSALS = 2
_EVERYBODY = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation(Moment):
    """What the outcome of a task's request fell into.

    `task` is the first of those concerned, as it was before the request (`sends` includes it).
    `looked`: the request was a look. `repeatable`: what was sent may be sent twice. `failed`
    tells how many of the account's tasks failed for a cause. `head_fell`: one of them used up its
    attempts, and nothing was delivered since.
    """

    task: SyncTask
    looked: bool
    repeatable: bool
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


def normalised(reason: str) -> str:
    """A refusal's words without what differs from task to task: ids, numbers, quotations."""
    text = re.sub(r"[\"'«“][^\"'»”]*[\"'»”]", "…", reason.casefold())
    status, _, words = text.partition(":")
    return f"{status}:{re.sub(r'[0-9a-f-]*[0-9][0-9a-f-]*', '#', words)}"


def decide(outcome: Outcome, at: Situation) -> Verdict:
    """What follows; every class of outcome has its row, but Several: each of its parts has."""
    verdict = _ROWS[type(outcome)](outcome, at)
    if _is_other(at) and verdict.gate == at.gate and verdict.gate and not isinstance(outcome, Ours):
        # One task of another entry was tried, and it did not go through either.
        return replace(verdict, gate=replace(verdict.gate, seeks_other=False))
    return verdict


def decide_check(outcome: Outcome, at: Moment) -> Verdict:
    """What follows from a look at the account itself; no task is concerned."""
    gate = at.gate
    is_good = isinstance(outcome, Delivered)
    if is_good and (gate is None or gate.kind is not GateKind.REFUSED):
        return Verdict(fate=Fate.KEPT, heals=_HEALING)
    closed = closed_by(outcome, at, task_id=gate.task_id if gate else None)
    if closed is None and gate is not None:
        later = at.now + at.jitter(at.waits.trouble_longest)
        closed = replace(gate, due_at=max(gate.due_at or later, later))
    return Verdict(fate=Fate.KEPT, gate=closed)


def _delivered(_: Outcome, at: Situation) -> Verdict:
    heals = (*_HEALING, Cause.REFUSED) if _all_refused(at) else _HEALING
    return Verdict(fate=Fate.SETTLED, heals=heals)


def _removed(_: Outcome, at: Situation) -> Verdict:
    return Verdict(fate=Fate.REMOVED, gate=answered(at), refusal=at.refusal)


def _absent(_: Outcome, at: Situation) -> Verdict:
    looks = at.task.looks + 1
    found_out = looks >= (1 if at.repeatable else 2)
    change = _waits(
        at,
        at.task.reason,
        cause=at.task.cause,
        due_at=None if found_out else at.now + at.waits.between_looks,
        doubt=Doubt.NONE if found_out else at.task.doubt,
    )
    return Verdict(
        fate=Fate.KEPT,
        change=replace(change, looks=0 if found_out else looks),
        gate=answered(at),
        refusal=at.refusal,
        resends=found_out and not at.repeatable,
    )


def _already_so(outcome: Outcome, at: Situation) -> Verdict:
    if at.task.sends > 1 or at.looked:
        # A look could not confirm it and the server insists: only the user can tell.
        return _contradicts(outcome, at)
    change = _waits(at, outcome.reason, cause=Cause.CONFLICT, doubt=Doubt.SENT)
    return Verdict(fate=Fate.KEPT, change=change, gate=answered(at), refusal=at.refusal)


def _offline(outcome: Outcome, at: Situation) -> Verdict:
    return _holds(outcome, at, closed_by(outcome, at), cause=Cause.NETWORK)


def _locked(outcome: Outcome, at: Situation) -> Verdict:
    # Nothing was asked, so nothing more is known of the task than before.
    return _holds(outcome, at, closed_by(outcome, at), cause=at.task.cause)


def _doubtful(outcome: Outcome, at: Situation) -> Verdict:
    was_answered = isinstance(outcome, Doubtful) and outcome.answered
    cause = Cause.SERVER_TROUBLE if was_answered else Cause.NETWORK
    if at.looked:  # a look changes nothing there, so nothing new is in doubt
        if was_answered:
            return _trouble(outcome, at, cause=cause, doubt=at.task.doubt)
        return _offline(Offline(outcome.reason), at)
    if at.task.sends > 1 or _is_headless(at) or _is_other(at):
        return _trouble(outcome, at, cause=cause, doubt=Doubt.SENT)
    timed_out = isinstance(outcome, Doubtful) and outcome.timed_out
    told = told_until(outcome, at.now)
    own = at.now + (at.waits.between_looks if timed_out else at.waits.first_look)
    due = max(told or own, own)
    change = _waits(at, outcome.reason, cause=cause, due_at=due, doubt=Doubt.SENT)
    gate = _gate_in_doubt(outcome, at, due, was_answered=was_answered)
    return Verdict(fate=Fate.KEPT, change=change, gate=gate, refusal=at.refusal)


def _gate_in_doubt(
    outcome: Outcome, at: Situation, due: datetime, *, was_answered: bool
) -> Gate | None:
    """A closed gate after a probe that ended in doubt; an open one stays so: see `claim`."""
    gate, told = at.gate, told_until(outcome, at.now)
    if gate is not None and gate.kind is GateKind.SERVER_TROUBLE:
        return replace(gate, due_at=due, by_server=told is not None)
    if told is not None:  # the look, and all else, waits as told
        return closed_by(Throttled(outcome.reason, retry_after=told), at)
    if gate is not None and not was_answered:
        return closed_by(Offline(outcome.reason), at)
    if gate is not None and gate.kind is GateKind.REFUSED:
        return in_trouble(outcome, at, task_id=at.task.id)
    return None


def _server_trouble(outcome: Outcome, at: Situation) -> Verdict:
    return _trouble(outcome, at, cause=Cause.SERVER_TROUBLE, doubt=_doubt_after(at))


def _trouble(outcome: Outcome, at: Situation, *, cause: Cause, doubt: Doubt) -> Verdict:
    if _is_other(at):
        return _holds(outcome, at, _told_too(outcome, at), cause=cause, doubt=doubt)
    if _is_headless(at):
        gate = in_trouble(outcome, at, task_id=at.task.id)
        return _holds(outcome, at, gate, cause=cause, doubt=doubt)
    if at.task.on_trial:
        return _fails(outcome, at, cause=cause, gate=answered(at), doubt=doubt)
    return _head_in_trouble(outcome, at, cause=cause, doubt=doubt)


def _told_too(outcome: Outcome, at: Situation) -> Gate | None:
    """Another entry was tried in vain: all wait behind the head, as long as either was told."""
    told = told_until(outcome, at.now)
    if at.gate is None or told is None:
        return at.gate
    due = max(at.gate.due_at or told, told)
    return replace(at.gate, due_at=due, seeks_other=False, by_server=True)


def _head_in_trouble(outcome: Outcome, at: Situation, *, cause: Cause, doubt: Doubt) -> Verdict:
    count = at.task.retry_count + 1
    told = told_until(outcome, at.now)
    gate = Gate(
        kind=GateKind.SERVER_TROUBLE,
        reason=outcome.reason,
        since=since(at, GateKind.SERVER_TROUBLE),
        due_at=told or at.now,
        task_id=at.task.id,
        by_server=told is not None,
    )
    if count >= at.max_attempts:
        return _fails(outcome, at, cause=cause, gate=gate, doubt=doubt)
    own = at.now + at.jitter(backoff(at.waits.trouble_first, timedelta.max, count - 1))
    due = max(told or own, own)
    change = _waits(at, outcome.reason, cause=cause, due_at=due, doubt=doubt)
    return Verdict(
        fate=Fate.KEPT,
        change=replace(change, retry_count=count),
        gate=replace(gate, due_at=due, seeks_other=count >= _TRIES_OTHER_AFTER and told is None),
        refusal=at.refusal,
    )


def _throttled(outcome: Outcome, at: Situation) -> Verdict:
    return _holds(outcome, at, closed_by(outcome, at), cause=Cause.SERVER_TROUBLE)


def _blocked(outcome: Outcome, at: Situation) -> Verdict:
    due = at.now + at.jitter(at.waits.blocked)
    change = _waits(at, outcome.reason, cause=BLOCKED, due_at=due)
    gate = answered(at)
    # The server works, and what failed of its trouble may be the very thing that is in the way.
    return Verdict(fate=Fate.KEPT, change=change, gate=gate, refusal=at.refusal, heals=TROUBLE)


def _signed_out(outcome: Outcome, at: Situation) -> Verdict:
    return _one_fails(outcome, at, cause=Cause.SIGNED_OUT)


def _wrong_address(outcome: Outcome, at: Situation) -> Verdict:
    if not at.worked:
        return _one_fails(outcome, at, cause=Cause.WRONG_ADDRESS)
    gate = closed_by(outcome, at, task_id=at.task.id)
    return _holds(outcome, at, gate, cause=Cause.WRONG_ADDRESS)


def _refused(outcome: Outcome, at: Situation) -> Verdict:
    words = normalised(outcome.reason)
    gate = refused_by_all(outcome, at, task_id=at.task.id)
    everybody = Refusal(entry_id=_EVERYBODY, words=words)
    if _all_refused(at):
        fails = at.failed(Cause.REFUSED) < _EQUAL_REFUSALS
        verdict = (_fails if fails else _holds)(outcome, at, cause=Cause.REFUSED, gate=gate)
        return replace(verdict, refusal=everybody)
    verdict = _fails(outcome, at, cause=Cause.REFUSED, gate=answered(at))
    if at.task.on_trial:
        return verdict
    newest = Refusal(entry_id=at.task.entry_id, words=words)
    if at.refusal is not None and at.refusal.words == words and at.refusal != newest:
        return replace(verdict, gate=gate, refusal=everybody, check=True)
    return replace(verdict, refusal=newest)


def _ours(outcome: Outcome, at: Situation) -> Verdict:
    # No request left, so a doubt there was before stays.
    return _fails(outcome, at, cause=Cause.INTERNAL, gate=at.gate, doubt=at.task.doubt)


def _unasked(_: Outcome, at: Situation) -> Verdict:
    return Verdict(fate=Fate.UNASKED, gate=at.gate, refusal=at.refusal)


def _is_other(at: Situation) -> bool:
    """Whether this task was tried to tell a bad entry from a bad server."""
    return _in_trouble(at.gate) and at.gate.task_id not in {None, at.task.id}


def _is_headless(at: Situation) -> bool:
    """Whether the trouble is known to be common, so that it uses up nobody's attempts."""
    return at.head_fell or (_in_trouble(at.gate) and at.gate.task_id is None)


def _in_trouble(gate: Gate | None) -> TypeGuard[Gate]:
    return gate is not None and gate.kind is GateKind.SERVER_TROUBLE


def _all_refused(at: Situation) -> bool:
    """Whether different entries were refused alike, and nothing was delivered since."""
    closed = at.gate is not None and at.gate.kind is GateKind.REFUSED
    return closed or (at.refusal is not None and at.refusal.entry_id == _EVERYBODY)


def _doubt_after(at: Situation) -> Doubt:
    """A look leaves the doubt; a request that was answered, or never left, leaves none."""
    return at.task.doubt if at.looked else Doubt.NONE


def _waits(
    at: Situation,
    reason: str,
    *,
    cause: str,
    due_at: datetime | None = None,
    doubt: Doubt | None = None,
) -> TaskChange:
    return TaskChange(
        status=TaskStatus.PENDING,
        retry_count=at.task.retry_count,
        due_at=due_at,
        reason=reason,
        cause=cause,
        doubt=_doubt_after(at) if doubt is None else doubt,
        looks=at.task.looks if at.looked else 0,
    )


def _holds(
    outcome: Outcome, at: Situation, gate: Gate | None, *, cause: str, doubt: Doubt | None = None
) -> Verdict:
    """Nothing is used up: the task waits behind the gate."""
    in_doubt = doubt is Doubt.SENT and not at.looked
    due = at.now + at.waits.between_looks if in_doubt else None
    change = _waits(at, outcome.reason, cause=cause, due_at=due, doubt=doubt)
    return Verdict(fate=Fate.KEPT, change=change, gate=gate, refusal=at.refusal)


def _one_fails(outcome: Outcome, at: Situation, *, cause: Cause) -> Verdict:
    """Common trouble fails one task, so that somebody is told; a later probe fails no other."""
    verdict = _holds if at.failed(cause) else _fails
    return verdict(outcome, at, cause=cause, gate=closed_by(outcome, at))


def _contradicts(outcome: Outcome, at: Situation) -> Verdict:
    """Nothing to try again: the user decides. It uses no attempt, and leaves no doubt."""
    return _fails(
        outcome, at, answered(at), cause=Cause.CONFLICT, doubt=Doubt.NONE, uses_attempt=False
    )


def _fails(
    outcome: Outcome,
    at: Situation,
    gate: Gate | None,
    *,
    cause: Cause,
    doubt: Doubt | None = None,
    uses_attempt: bool = True,
) -> Verdict:
    count = at.task.retry_count
    change = replace(
        _waits(at, outcome.reason, cause=cause, doubt=doubt),
        status=TaskStatus.FAILED,
        retry_count=min(count + 1, at.max_attempts) if uses_attempt else count,
    )
    return Verdict(fate=Fate.KEPT, change=change, gate=gate, refusal=at.refusal)


_ROWS: dict[type[Outcome], Callable[[Outcome, Situation], Verdict]] = {
    Delivered: _delivered,
    Absent: _absent,
    AlreadySo: _already_so,
    Offline: _offline,
    Locked: _locked,
    Untrusted: _offline,
    Doubtful: _doubtful,
    ServerTrouble: _server_trouble,
    Throttled: _throttled,
    Blocked: _blocked,
    SignedOut: _signed_out,
    WrongAddress: _wrong_address,
    Refused: _refused,
    Conflict: _contradicts,
    Removed: _removed,
    Ours: _ours,
    Unasked: _unasked,
}
