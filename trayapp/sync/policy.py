"""What follows from an outcome: the specification's section 4 as pure functions.

`decide` takes an outcome and the situation it fell into and says what becomes of the task, of the
account's gate, and of what failed before. It never waits, reads or writes. How long anything
waits is in `trayapp.sync.waiting`, what can follow in `trayapp.sync.verdicts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from trayapp.queue.task import Doubt, Gate, GateKind, Refusal
from trayapp.sync.cause import TROUBLE, Cause
from trayapp.sync.outcome import (
    Absent,
    AlreadySo,
    Blocked,
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
from trayapp.sync.verdicts import (
    EVERYBODY,
    Fate,
    Situation,
    Verdict,
    all_refused,
    contradicts,
    doubt_after,
    fails,
    gate_after_trial,
    gate_in_doubt,
    holds,
    is_headless,
    is_other,
    one_fails,
    told_too,
    waits,
)
from trayapp.sync.waiting import (
    Moment,
    answered,
    backoff,
    closed_by,
    in_trouble,
    refused_by_all,
    since,
    told_until,
)

__all__ = [
    "BLOCKED",
    "Fate",
    "Moment",
    "Situation",
    "Verdict",
    "backoff",
    "decide",
]

BLOCKED = "blocked"
"""Cause of a task that waits for another entry to end on the server."""

_HEALING = (*TROUBLE, Cause.SIGNED_OUT, Cause.WRONG_ADDRESS)
_TRIES_OTHER_AFTER = 2
_EQUAL_REFUSALS = 2


def normalised(reason: str) -> str:
    """A refusal's words without what differs from task to task: ids, numbers, quotations."""
    text = re.sub(r"[\"'«“][^\"'»”]*[\"'»”]", "…", reason.casefold())
    status, _, words = text.partition(":")
    return f"{status}:{re.sub(r'[0-9a-f-]*[0-9][0-9a-f-]*', '#', words)}"


def decide(outcome: Outcome, at: Situation) -> Verdict:
    """What follows; every class of outcome has its row, but Several: each of its parts has."""
    verdict = _ROWS[type(outcome)](outcome, at)
    if is_other(at) and verdict.gate == at.gate and verdict.gate and not isinstance(outcome, Ours):
        # One task of another entry was tried, and it did not go through either.
        return replace(verdict, gate=replace(verdict.gate, seeks_other=False))
    return verdict


def decide_check(outcome: Outcome, at: Moment) -> Verdict:
    """What follows from a look at the account itself; no task is concerned."""
    gate = at.gate
    is_good = isinstance(outcome, Delivered)
    if is_good and gate is not None and gate.seeks_other:
        # Asked in place of a task: now one of another entry may try.
        return Verdict(fate=Fate.KEPT, gate=replace(gate, due_at=at.now))
    if is_good and (gate is None or gate.kind is not GateKind.REFUSED):
        return Verdict(fate=Fate.KEPT, heals=_HEALING)
    closed = closed_by(outcome, at, task_id=gate.task_id if gate else None)
    if closed is None and gate is not None:
        later = at.now + at.jitter(at.waits.trouble_longest)
        closed = replace(gate, due_at=max(gate.due_at or later, later))
    return Verdict(fate=Fate.KEPT, gate=closed)


def _delivered(_: Outcome, at: Situation) -> Verdict:
    heals = (*_HEALING, Cause.REFUSED) if all_refused(at) else _HEALING
    return Verdict(fate=Fate.SETTLED, heals=heals)


def _removed(_: Outcome, at: Situation) -> Verdict:
    return Verdict(fate=Fate.REMOVED, gate=answered(at), refusal=at.refusal)


def _absent(_: Outcome, at: Situation) -> Verdict:
    looks = at.task.looks + 1
    found_out = looks >= (1 if at.repeatable else 2)
    change = waits(
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
    if at.task.sends or at.looked:
        # A look could not confirm it and the server insists: only the user can tell.
        return contradicts(outcome, at)
    change = waits(at, outcome.reason, cause=Cause.CONFLICT, doubt=Doubt.SENT)
    return Verdict(fate=Fate.KEPT, change=change, gate=answered(at), refusal=at.refusal)


def _offline(outcome: Outcome, at: Situation) -> Verdict:
    return holds(outcome, at, closed_by(outcome, at), cause=Cause.NETWORK)


def _locked(outcome: Outcome, at: Situation) -> Verdict:
    # Nothing was asked, so nothing more is known of the task than before.
    return holds(outcome, at, closed_by(outcome, at), cause=at.task.cause)


def _doubtful(outcome: Outcome, at: Situation) -> Verdict:
    was_answered = isinstance(outcome, Doubtful) and outcome.answered
    cause = Cause.SERVER_TROUBLE if was_answered else Cause.NETWORK
    if at.looked:  # a look changes nothing there, so nothing new is in doubt
        if was_answered:
            return _trouble(outcome, at, cause=cause, doubt=at.task.doubt)
        return _offline(Offline(outcome.reason), at)
    if at.task.sends or is_headless(at) or is_other(at):
        return _trouble(outcome, at, cause=cause, doubt=Doubt.SENT)
    timed_out = isinstance(outcome, Doubtful) and outcome.timed_out
    told = told_until(outcome, at.now)
    own = at.now + (at.waits.between_looks if timed_out else at.waits.first_look)
    due = max(told or own, own)
    change = waits(at, outcome.reason, cause=cause, due_at=due, doubt=Doubt.SENT)
    gate = gate_in_doubt(outcome, at, due, was_answered=was_answered)
    return Verdict(fate=Fate.KEPT, change=change, gate=gate, refusal=at.refusal)


def _server_trouble(outcome: Outcome, at: Situation) -> Verdict:
    return _trouble(outcome, at, cause=Cause.SERVER_TROUBLE, doubt=doubt_after(at))


def _trouble(outcome: Outcome, at: Situation, *, cause: Cause, doubt: Doubt) -> Verdict:
    if is_other(at):
        return holds(outcome, at, told_too(outcome, at), cause=cause, doubt=doubt)
    if is_headless(at):
        gate = in_trouble(outcome, at, task_id=at.task.id)
        return holds(outcome, at, gate, cause=cause, doubt=doubt)
    if at.task.on_trial:
        return fails(outcome, at, cause=cause, gate=gate_after_trial(outcome, at), doubt=doubt)
    return _head_in_trouble(outcome, at, cause=cause, doubt=doubt)


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
        return fails(outcome, at, cause=cause, gate=gate, doubt=doubt)
    own = at.now + at.jitter(backoff(at.waits.trouble_first, timedelta.max, count - 1))
    due = max(told or own, own)
    change = waits(at, outcome.reason, cause=cause, due_at=due, doubt=doubt)
    return Verdict(
        fate=Fate.KEPT,
        change=replace(change, retry_count=count),
        gate=replace(gate, due_at=due, seeks_other=count >= _TRIES_OTHER_AFTER and told is None),
        refusal=at.refusal,
    )


def _throttled(outcome: Outcome, at: Situation) -> Verdict:
    return holds(outcome, at, closed_by(outcome, at), cause=Cause.SERVER_TROUBLE)


def _blocked(outcome: Outcome, at: Situation) -> Verdict:
    due = at.now + at.jitter(at.waits.blocked)
    change = waits(at, outcome.reason, cause=BLOCKED, due_at=due)
    gate = answered(at)
    # The server works, and what failed of its trouble may be the very thing that is in the way.
    return Verdict(fate=Fate.KEPT, change=change, gate=gate, refusal=at.refusal, heals=TROUBLE)


def _signed_out(outcome: Outcome, at: Situation) -> Verdict:
    return one_fails(outcome, at, cause=Cause.SIGNED_OUT)


def _wrong_address(outcome: Outcome, at: Situation) -> Verdict:
    if not at.worked:
        return one_fails(outcome, at, cause=Cause.WRONG_ADDRESS)
    gate = closed_by(outcome, at, task_id=at.task.id)
    return holds(outcome, at, gate, cause=Cause.WRONG_ADDRESS)


def _refused(outcome: Outcome, at: Situation) -> Verdict:
    words = normalised(outcome.reason)
    gate = refused_by_all(outcome, at, task_id=at.task.id)
    everybody = Refusal(entry_id=EVERYBODY, words=words)
    if all_refused(at):
        is_news = at.failed(Cause.REFUSED) < _EQUAL_REFUSALS
        verdict = (fails if is_news else holds)(outcome, at, cause=Cause.REFUSED, gate=gate)
        return replace(verdict, refusal=everybody)
    verdict = fails(outcome, at, cause=Cause.REFUSED, gate=answered(at))
    if at.task.on_trial:
        return verdict
    newest = Refusal(entry_id=at.task.entry_id, words=words)
    if at.refusal is not None and at.refusal.words == words and at.refusal != newest:
        return replace(verdict, gate=gate, refusal=everybody, check=True)
    return replace(verdict, refusal=newest)


def _ours(outcome: Outcome, at: Situation) -> Verdict:
    # No request left, so a doubt there was before stays.
    return fails(outcome, at, cause=Cause.INTERNAL, gate=at.gate, doubt=at.task.doubt)


def _unasked(_: Outcome, at: Situation) -> Verdict:
    return Verdict(fate=Fate.UNASKED, gate=at.gate, refusal=at.refusal)


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
    Conflict: contradicts,
    Removed: _removed,
    Ours: _ours,
    Unasked: _unasked,
}
