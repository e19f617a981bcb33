"""What follows from an outcome: the specification's section 4 as pure functions.

`decide` takes an outcome and the situation it fell into and says what becomes of the task, of the
account's gate, and of what failed before. It never waits, reads or writes.

Waits, in seconds before jitter (n counts from 0):

    offline, untrusted         min(5 * 2**n, 300)
    server trouble, task       60 * 2**n, for attempts 1..max
    server trouble, gate       min(60 * 2**n, 900)
    throttled                  what the server says, else as server trouble
    wrong address that worked  min(300 * 2**n, 3600)
    refused by everything      min(900 * 2**n, 3600)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

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

BLOCKED = "blocked"
"""Cause of a task that waits for another entry to end on the server."""

GATE_OF_CHECK: dict[type[Outcome], GateKind] = {
    Offline: GateKind.OFFLINE,
    Untrusted: GateKind.UNTRUSTED,
    SignedOut: GateKind.SIGNED_OUT,
    WrongAddress: GateKind.WRONG_ADDRESS,
}
"""What a look at the account itself reveals where everything is refused."""
UNTIL_SOMEBODY_ACTS = frozenset({GateKind.SIGNED_OUT, GateKind.WRONG_ADDRESS})

_HEALING = (Cause.SERVER_TROUBLE, Cause.NETWORK, Cause.SIGNED_OUT, Cause.WRONG_ADDRESS)
_TRIES_OTHER_AFTER = 2
_EQUAL_REFUSALS = 2
_LONGEST_EXPONENT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The durations of section 4; shorter ones only for trials."""

    offline_first: timedelta = timedelta(seconds=5)
    offline_longest: timedelta = timedelta(minutes=5)
    trouble_first: timedelta = timedelta(minutes=1)
    trouble_longest: timedelta = timedelta(minutes=15)
    address_first: timedelta = timedelta(minutes=5)
    address_longest: timedelta = timedelta(hours=1)
    refused_first: timedelta = timedelta(minutes=15)
    refused_longest: timedelta = timedelta(hours=1)
    blocked: timedelta = timedelta(minutes=5)
    first_look: timedelta = timedelta(seconds=1)
    between_looks: timedelta = timedelta(seconds=10)
    watch_twins: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What an outcome fell into.

    `task` is the first of those concerned, as it was before the request (`sends` includes it).
    `looked`: the request was a look. `repeatable`: what was sent may be sent twice. `gate` was
    closed and let this request through. `worked`: the address has worked before. `failed` tells
    how many of the account's tasks failed for a cause. `jitter` spreads a wait.
    """

    now: datetime
    task: SyncTask
    looked: bool
    repeatable: bool
    gate: Gate | None
    worked: bool
    refusal: Refusal | None
    failed: Callable[[str], int]
    max_attempts: int
    waits: Waits
    jitter: Callable[[timedelta], timedelta]


class Fate(Enum):
    """What becomes of the tasks a request was for."""

    SETTLED = "they arrived and leave the queue"
    REMOVED = "somebody removed their entry there; they leave the queue, and it is told"
    KEPT = "they stay, changed"


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


def backoff(first: timedelta, longest: timedelta, tries: int) -> timedelta:
    """`first` doubled `tries` times, at most `longest`; never overflows."""
    return min(first * (1 << min(tries, _LONGEST_EXPONENT)), longest)


def normalised(reason: str) -> str:
    """A refusal's words without what differs from task to task: ids, numbers, quotations."""
    text = re.sub(r"[\"'«“][^\"'»”]*[\"'»”]", "…", reason.casefold())
    status, _, words = text.partition(":")
    return f"{status}:{re.sub(r'[0-9a-f-]*[0-9][0-9a-f-]*', '#', words)}"


def decide(outcome: Outcome, at: Situation) -> Verdict:
    """What follows; every class of outcome has its row."""
    return _ROWS[type(outcome)](outcome, at)


def _delivered(_: Outcome, at: Situation) -> Verdict:
    refused_all = at.gate is not None and at.gate.kind is GateKind.REFUSED
    heals = (*_HEALING, Cause.REFUSED) if refused_all else _HEALING
    return Verdict(fate=Fate.SETTLED, heals=heals)


def _removed(_: Outcome, at: Situation) -> Verdict:
    return Verdict(fate=Fate.REMOVED, gate=_answered(at), refusal=at.refusal)


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
        gate=_answered(at),
        refusal=at.refusal,
        resends=found_out and not at.repeatable,
    )


def _already_so(outcome: Outcome, at: Situation) -> Verdict:
    if at.task.sends > 1 or at.looked:
        # A look could not confirm it and the server insists: only the user can tell.
        return _fails(outcome, at, cause=Cause.CONFLICT, gate=_answered(at))
    change = _waits(at, outcome.reason, cause=Cause.CONFLICT, doubt=Doubt.SENT)
    return Verdict(fate=Fate.KEPT, change=change, gate=_answered(at), refusal=at.refusal)


def _offline(outcome: Outcome, at: Situation) -> Verdict:
    return _no_network(outcome, at, GateKind.OFFLINE)


def _untrusted(outcome: Outcome, at: Situation) -> Verdict:
    return _no_network(outcome, at, GateKind.UNTRUSTED)


def _no_network(outcome: Outcome, at: Situation, kind: GateKind) -> Verdict:
    wait = (at.waits.offline_first, at.waits.offline_longest)
    return _holds(outcome, at, _closed(outcome, at, kind, wait), cause=Cause.NETWORK)


def _doubtful(outcome: Outcome, at: Situation) -> Verdict:
    if at.looked:  # a look changes nothing there, so nothing is in doubt but the network
        return _offline(outcome, at)
    answered = isinstance(outcome, Doubtful) and outcome.answered
    cause = Cause.SERVER_TROUBLE if answered else Cause.NETWORK
    if at.task.sends > 1:
        return _trouble(outcome, at, cause=cause, doubt=Doubt.SENT)
    timed_out = isinstance(outcome, Doubtful) and outcome.timed_out
    pause = at.waits.between_looks if timed_out else at.waits.first_look
    change = _waits(at, outcome.reason, cause=cause, due_at=at.now + pause, doubt=Doubt.SENT)
    return Verdict(fate=Fate.KEPT, change=change, gate=at.gate, refusal=at.refusal)


def _server_trouble(outcome: Outcome, at: Situation) -> Verdict:
    return _trouble(outcome, at, cause=Cause.SERVER_TROUBLE, doubt=_doubt_after(at))


def _trouble(outcome: Outcome, at: Situation, *, cause: Cause, doubt: Doubt) -> Verdict:
    gate = at.gate if at.gate and at.gate.kind is GateKind.SERVER_TROUBLE else None
    if at.task.on_trial:
        return _fails(outcome, at, cause=cause, gate=at.gate, doubt=doubt)
    if gate is not None and gate.task_id not in {None, at.task.id}:
        # Another entry tried too, and it is the server: all wait behind the head.
        change = _waits(at, outcome.reason, cause=cause, doubt=doubt)
        closed = replace(gate, seeks_other=False)
        return Verdict(fate=Fate.KEPT, change=change, gate=closed, refusal=at.refusal)
    if gate is not None and gate.task_id is None:
        wait = (at.waits.trouble_first, at.waits.trouble_longest)
        closed = _closed(outcome, at, GateKind.SERVER_TROUBLE, wait)
        return _holds(outcome, at, closed, cause=cause, doubt=doubt)
    return _head_in_trouble(outcome, at, cause=cause, doubt=doubt)


def _head_in_trouble(outcome: Outcome, at: Situation, *, cause: Cause, doubt: Doubt) -> Verdict:
    count = at.task.retry_count + 1
    since = at.gate.since if at.gate else at.now
    closed = Gate(kind=GateKind.SERVER_TROUBLE, reason=outcome.reason, since=since, due_at=at.now)
    if count >= at.max_attempts:
        return _fails(outcome, at, cause=cause, gate=closed, doubt=doubt, count=count)
    told = _told(outcome, at.now)
    due = told or at.now + at.jitter(backoff(at.waits.trouble_first, timedelta.max, count - 1))
    change = _waits(at, outcome.reason, cause=cause, due_at=due, doubt=doubt)
    gate = replace(
        closed,
        due_at=due,
        task_id=at.task.id,
        seeks_other=count >= _TRIES_OTHER_AFTER and told is None,
        by_server=told is not None,
    )
    return Verdict(
        fate=Fate.KEPT,
        change=replace(change, retry_count=count),
        gate=gate,
        refusal=at.refusal,
    )


def _throttled(outcome: Outcome, at: Situation) -> Verdict:
    wait = (at.waits.trouble_first, at.waits.trouble_longest)
    closed = _closed(outcome, at, GateKind.THROTTLED, wait)
    return _holds(outcome, at, replace(closed, by_server=True), cause=Cause.SERVER_TROUBLE)


def _blocked(outcome: Outcome, at: Situation) -> Verdict:
    due = at.now + at.jitter(at.waits.blocked)
    change = replace(_waits(at, outcome.reason, cause="", due_at=due), cause=BLOCKED)
    return Verdict(fate=Fate.KEPT, change=change, gate=_answered(at), refusal=at.refusal)


def _signed_out(outcome: Outcome, at: Situation) -> Verdict:
    closed = _shut(outcome, at, GateKind.SIGNED_OUT)
    return _one_fails(outcome, at, cause=Cause.SIGNED_OUT, gate=closed)


def _wrong_address(outcome: Outcome, at: Situation) -> Verdict:
    if not at.worked:
        closed = _shut(outcome, at, GateKind.WRONG_ADDRESS)
        return _one_fails(outcome, at, cause=Cause.WRONG_ADDRESS, gate=closed)
    wait = (at.waits.address_first, at.waits.address_longest)
    closed = _closed(outcome, at, GateKind.WRONG_ADDRESS, wait)
    return _holds(outcome, at, closed, cause=Cause.WRONG_ADDRESS)


def _refused(outcome: Outcome, at: Situation) -> Verdict:
    wait = (at.waits.refused_first, at.waits.refused_longest)
    closed = replace(_closed(outcome, at, GateKind.REFUSED, wait), task_id=at.task.id)
    if at.gate is not None and at.gate.kind is GateKind.REFUSED:
        if at.failed(Cause.REFUSED) < _EQUAL_REFUSALS:
            return _fails(outcome, at, cause=Cause.REFUSED, gate=closed)
        return _holds(outcome, at, closed, cause=Cause.REFUSED)
    if at.task.on_trial:
        return _fails(outcome, at, cause=Cause.REFUSED, gate=_answered(at))
    words = normalised(outcome.reason)
    newest = Refusal(entry_id=at.task.entry_id, words=words)
    again = at.refusal is not None and at.refusal.words == words
    if again and at.refusal != newest:
        verdict = _fails(outcome, at, cause=Cause.REFUSED, gate=closed)
        return replace(verdict, refusal=newest, check=True)
    return replace(_fails(outcome, at, cause=Cause.REFUSED, gate=_answered(at)), refusal=newest)


def _conflict(outcome: Outcome, at: Situation) -> Verdict:
    return _fails(outcome, at, cause=Cause.CONFLICT, gate=_answered(at), doubt=Doubt.NONE)


def _ours(outcome: Outcome, at: Situation) -> Verdict:
    return _fails(outcome, at, cause=Cause.INTERNAL, gate=at.gate)


_ROWS: dict[type[Outcome], Callable[[Outcome, Situation], Verdict]] = {
    Delivered: _delivered,
    Absent: _absent,
    AlreadySo: _already_so,
    Offline: _offline,
    Untrusted: _untrusted,
    Doubtful: _doubtful,
    ServerTrouble: _server_trouble,
    Throttled: _throttled,
    Blocked: _blocked,
    SignedOut: _signed_out,
    WrongAddress: _wrong_address,
    Refused: _refused,
    Conflict: _conflict,
    Removed: _removed,
    Ours: _ours,
}


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
    outcome: Outcome, at: Situation, gate: Gate, *, cause: Cause, doubt: Doubt | None = None
) -> Verdict:
    """Nothing is used up: the task waits behind the gate."""
    change = _waits(at, outcome.reason, cause=cause, doubt=doubt)
    return Verdict(fate=Fate.KEPT, change=change, gate=gate, refusal=at.refusal)


def _one_fails(outcome: Outcome, at: Situation, *, cause: Cause, gate: Gate) -> Verdict:
    """Common trouble fails one task, so that somebody is told; a later probe fails no other."""
    if at.failed(cause):
        return _holds(outcome, at, gate, cause=cause)
    return _fails(outcome, at, cause=cause, gate=gate)


def _fails(
    outcome: Outcome,
    at: Situation,
    *,
    cause: Cause,
    gate: Gate | None,
    doubt: Doubt | None = None,
    count: int | None = None,
) -> Verdict:
    change = replace(
        _waits(at, outcome.reason, cause=cause, doubt=doubt),
        status=TaskStatus.FAILED,
        retry_count=at.task.retry_count + 1 if count is None else count,
    )
    return Verdict(fate=Fate.KEPT, change=change, gate=gate, refusal=at.refusal)


def _answered(at: Situation) -> Gate | None:
    """The gate after a readable answer: it proves the network, the address and the credentials.

    Only a delivery proves that a server in trouble, or one that refuses everything, is well.
    """
    lasting = {GateKind.SERVER_TROUBLE, GateKind.REFUSED}
    return at.gate if at.gate is not None and at.gate.kind in lasting else None


def _shut(outcome: Outcome, at: Situation, kind: GateKind) -> Gate:
    """Closed until somebody acts."""
    return Gate(kind=kind, reason=outcome.reason, since=_since(at, kind), due_at=None)


def _closed(
    outcome: Outcome, at: Situation, kind: GateKind, wait: tuple[timedelta, timedelta]
) -> Gate:
    """Closed until a probe is due: when the server says, else after a growing wait."""
    same = at.gate is not None and at.gate.kind is kind
    tries = at.gate.tries + 1 if at.gate is not None and same else 0
    told = _told(outcome, at.now)
    return Gate(
        kind=kind,
        reason=outcome.reason,
        since=_since(at, kind),
        due_at=told or at.now + at.jitter(backoff(*wait, tries)),
        tries=tries,
        by_server=told is not None,
    )


def _since(at: Situation, kind: GateKind) -> datetime:
    return at.gate.since if at.gate is not None and at.gate.kind is kind else at.now


def _told(outcome: Outcome, now: datetime) -> datetime | None:
    """When the server wants to be asked again, by its `Retry-After`."""
    if not isinstance(outcome, ServerTrouble | Throttled) or outcome.retry_after is None:
        return None
    after = outcome.retry_after
    return now + after if isinstance(after, timedelta) else max(after, now)
