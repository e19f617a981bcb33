"""How long to wait, and the gate that makes an account's whole queue wait. Pure.

Waits, in seconds before jitter (n counts from 0):

    offline, untrusted         min(5 * 2**n, 300)
    locked keyring             min(5 * 2**n, 60)
    server trouble, task       60 * 2**n, for attempts 1..max
    server trouble, gate       min(60 * 2**n, 900)
    throttled                  what the server says, at least min(2**n, 900); else as server trouble
    wrong address that worked  min(300 * 2**n, 3600)
    refused by everything      min(900 * 2**n, 3600)

`Retry-After` is honoured: server trouble waits for the later of it and our own wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from trayapp.light import dataclass
from trayapp.queue.task import Gate, GateKind
from trayapp.sync.outcome import (
    Doubtful,
    Locked,
    Offline,
    Outcome,
    ServerTrouble,
    SignedOut,
    Throttled,
    Untrusted,
    WrongAddress,
)
from trayapp.tracking.entry import MILLISECOND, from_ms, to_ms

_LONGEST_EXPONENT = 16
_LONGEST_TOLD = timedelta(days=30)
_SHORTEST_TOLD = timedelta(seconds=1)
_ROTATES = frozenset({GateKind.SERVER_TROUBLE, GateKind.WRONG_ADDRESS, GateKind.REFUSED})
_LASTING = frozenset({GateKind.SERVER_TROUBLE, GateKind.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The durations of section 4; shorter ones only for trials."""

    offline_first: timedelta = timedelta(seconds=5)
    offline_longest: timedelta = timedelta(minutes=5)
    locked_first: timedelta = timedelta(seconds=5)
    locked_longest: timedelta = timedelta(minutes=1)
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
class Moment:
    """When and where an outcome fell.

    `gate` was closed and let this request through. `worked`: the address has worked before.
    `jitter` spreads a wait.
    """

    now: datetime
    gate: Gate | None
    worked: bool
    waits: Waits
    jitter: Callable[[timedelta], timedelta]


def backoff(first: timedelta, longest: timedelta, tries: int) -> timedelta:
    """`first` doubled `tries` times, at most `longest`; never overflows."""
    return min(first * (1 << min(tries, _LONGEST_EXPONENT)), longest)


def told_until(outcome: Outcome, now: datetime) -> datetime | None:
    """When the server wants to be asked again, by its `Retry-After`; never before `now`."""
    after = (
        outcome.retry_after if isinstance(outcome, ServerTrouble | Throttled | Doubtful) else None
    )
    if after is None:
        return None
    pause = after if isinstance(after, timedelta) else after - now
    until = now + min(max(pause, timedelta()), _LONGEST_TOLD)
    # Rounded up, since what is stored has whole milliseconds.
    return from_ms(to_ms(until + MILLISECOND - timedelta.resolution))


def since(at: Moment, kind: GateKind) -> datetime:
    """Since when a gate of this kind is closed."""
    return at.gate.since if at.gate is not None and at.gate.kind is kind else at.now


def moved(gate: Gate, step: timedelta) -> Gate:
    """The gate after the wall clock was set: closed for as long as before.

    Set forward, our own waits end early instead: a click may have ended one by the new clock.
    """
    if step > timedelta() and not gate.by_server:
        return gate
    due_at = None if gate.due_at is None else gate.due_at + step
    return replace(gate, since=gate.since + step, due_at=due_at)


def answered(at: Moment) -> Gate | None:
    """The gate after a readable answer: it proves the network, the address and the credentials.

    Only a delivery proves that a server in trouble, or one that refuses everything, is well.
    """
    return at.gate if at.gate is not None and at.gate.kind in _LASTING else None


def closed_by(outcome: Outcome, at: Moment, *, task_id: int | None = None) -> Gate | None:
    """The gate that trouble common to all closes; None for what is no such trouble.

    `task_id` is the one that probed: where a task may be the reason, the next probe is another's.
    """
    close = _CLOSES.get(type(outcome))
    return close(outcome, at, task_id) if close else None


def paused(outcome: Outcome, at: Moment) -> Gate | None:
    """Closed because the server wants a pause; None where it wants none."""
    told = told_until(outcome, at.now)
    if told is None and not isinstance(outcome, Throttled):
        return None
    return closed_by(Throttled(outcome.reason, retry_after=told), at)


def in_trouble(outcome: Outcome, at: Moment, *, task_id: int | None) -> Gate:
    """Closed for a server in trouble, after its head failed: each probe that fails waits longer."""
    kind = GateKind.SERVER_TROUBLE
    probes = at.gate.tries if at.gate is not None and at.gate.kind is kind else 0
    own = at.jitter(backoff(at.waits.trouble_first, at.waits.trouble_longest, probes))
    told = told_until(outcome, at.now)
    return Gate(
        kind=kind,
        reason=outcome.reason,
        since=since(at, kind),
        due_at=max(told or at.now, at.now + own),
        tries=probes + 1,
        task_id=task_id,
        by_server=told is not None,
    )


def refused_by_all(outcome: Outcome, at: Moment, *, task_id: int) -> Gate:
    """Closed because different entries are refused alike."""
    wait = (at.waits.refused_first, at.waits.refused_longest)
    return _closed(outcome, at, GateKind.REFUSED, wait, task_id=task_id)


def rotates(kind: GateKind) -> bool:
    """Whether the next probe of such a gate is of another entry than the last."""
    return kind in _ROTATES


def _offline(outcome: Outcome, at: Moment, _: int | None) -> Gate:
    wait = (at.waits.offline_first, at.waits.offline_longest)
    return _closed(outcome, at, GateKind.OFFLINE, wait)


def _locked(outcome: Outcome, at: Moment, _: int | None) -> Gate:
    wait = (at.waits.locked_first, at.waits.locked_longest)
    return _closed(outcome, at, GateKind.LOCKED, wait)


def _untrusted(outcome: Outcome, at: Moment, _: int | None) -> Gate:
    wait = (at.waits.offline_first, at.waits.offline_longest)
    return _closed(outcome, at, GateKind.UNTRUSTED, wait)


def _trouble(outcome: Outcome, at: Moment, task_id: int | None) -> Gate:
    return in_trouble(outcome, at, task_id=task_id)


def _throttled(outcome: Outcome, at: Moment, _: int | None) -> Gate:
    kind = GateKind.THROTTLED
    longest = at.waits.trouble_longest
    told = told_until(outcome, at.now)
    # "At once" again and again would be a storm.
    first = at.waits.trouble_first if told is None else _SHORTEST_TOLD
    tries = _tries(at, kind)
    own = backoff(first, longest, tries)
    return Gate(
        kind=kind,
        reason=outcome.reason,
        since=since(at, kind),
        due_at=at.now + at.jitter(own) if told is None else max(told, at.now + own),
        tries=tries,
        by_server=True,
    )


def _signed_out(outcome: Outcome, at: Moment, _: int | None) -> Gate:
    return _shut(outcome, at, GateKind.SIGNED_OUT)


def _wrong_address(outcome: Outcome, at: Moment, task_id: int | None) -> Gate:
    kind = GateKind.WRONG_ADDRESS
    if not at.worked:
        return _shut(outcome, at, kind)
    wait = (at.waits.address_first, at.waits.address_longest)
    return _closed(outcome, at, kind, wait, task_id=task_id)


_CLOSES: dict[type[Outcome], Callable[[Outcome, Moment, int | None], Gate]] = {
    Offline: _offline,
    Locked: _locked,
    Untrusted: _untrusted,
    ServerTrouble: _trouble,
    Throttled: _throttled,
    SignedOut: _signed_out,
    WrongAddress: _wrong_address,
}


def _shut(outcome: Outcome, at: Moment, kind: GateKind) -> Gate:
    """Closed until somebody acts."""
    return Gate(kind=kind, reason=outcome.reason, since=since(at, kind), due_at=None)


def _closed(
    outcome: Outcome,
    at: Moment,
    kind: GateKind,
    wait: tuple[timedelta, timedelta],
    *,
    task_id: int | None = None,
) -> Gate:
    """Closed until a probe is due, after a growing wait."""
    tries = _tries(at, kind)
    return Gate(
        kind=kind,
        reason=outcome.reason,
        since=since(at, kind),
        due_at=at.now + at.jitter(backoff(*wait, tries)),
        tries=tries,
        task_id=task_id,
    )


def _tries(at: Moment, kind: GateKind) -> int:
    return at.gate.tries + 1 if at.gate is not None and at.gate.kind is kind else 0
