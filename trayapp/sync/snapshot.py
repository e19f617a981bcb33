"""Reading the one status that everybody sees, from a read-only connection, at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from trayapp.light import dataclass
from trayapp.queue.clock_meta import KEPT, kept_of
from trayapp.queue.reader import QueueReader, Tally
from trayapp.queue.task import Account, Gate, SyncTask
from trayapp.sync.cause import TROUBLE, Cause
from trayapp.sync.clock_read import skew_now, step_since
from trayapp.sync.status import (
    AccountView,
    ClockOffer,
    EntryView,
    FailedCause,
    LastCommand,
    Link,
    RecentView,
    RetryResult,
    SyncStatus,
)
from trayapp.tracking.activity import Activity
from trayapp.tracking.by_clock import ByClock, by_clock
from trayapp.tracking.entry import MILLISECOND, Event, Stamp, TrackerState
from trayapp.tracking.replay import CLOCK_TOLERANCE, clock_step, replay
from trayapp.tracking.totals import totals

_INSIDE = "embedded"
_RECENT_SHOWN = 10
_RECENT_CLICKS = 200
"""Enough for ten entries of twenty clicks; read at each change of the status."""
_LINK_OF_CAUSE = {
    Cause.SIGNED_OUT: Link.SIGNED_OUT,
    Cause.WRONG_ADDRESS: Link.WRONG_ADDRESS,
    Cause.SERVER_TROUBLE: Link.SERVER_TROUBLE,
    Cause.NETWORK: Link.OFFLINE,
    Cause.REFUSED: Link.REFUSED,
    Cause.CONFLICT: Link.REFUSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What only the running program knows; see the fields of SyncStatus.

    `stamp`: what the clocks say now, for telling whether the wall clock was set.
    """

    stamp: Stamp | None = None
    gap_since: datetime | None = None
    removed: int = 0
    retrying: bool = False
    retry: RetryResult | None = None


def read_status(reader: QueueReader, now: datetime, extras: Extras | None = None) -> SyncStatus:
    """The status at `now`. Raises QueueError."""
    extras = extras or Extras()
    with reader.snapshot():
        accounts = reader.accounts()
        active = accounts[0]
        tallies = reader.tallies()
        events = reader.newest_entry()
        last = replay(events).entry
        oldest = {account.id: reader.oldest_open(account.id) for account in accounts}
        gate = reader.gate(active.id)
        step = step_since(reader, extras.stamp)
        next_attempt_at = _next_attempt(reader, active, gate, step or timedelta())
        skew = skew_now(reader, active.id, step)
        clock_offer = _clock_offer(reader, events, extras.stamp)
        twins = reader.twins()
        catalog = reader.catalog(active.id)
        activities = reader.recent_activities(_RECENT_CLICKS)
        last_command = _last_command(reader.newest_events(1))
        worked = reader.worked_in_week(now)
        causes = tuple(
            FailedCause(cause=cause, count=count, reason=reader.newest_failure(cause))
            for cause in Cause
            if (count := _count(tallies, "failed", cause=cause))
        )
    own = oldest[active.id]
    tracker, entry = _tracked(events, now, extras.stamp)
    elsewhere = _elsewhere(tallies, accounts[1:])
    link = _link(gate, own, active, elsewhere=bool(elsewhere))
    signed_in = active.kind != _INSIDE
    return SyncStatus(
        as_of=now,
        tracker=tracker,
        entry=entry,
        last_project=last.project if last else "",
        last_note=last.note if last else "",
        has_history=bool(events),
        last_command=last_command,
        totals=totals(worked, now),
        recent=_recent(activities, entry),
        projects=tuple(project.name for project in catalog.projects),
        pending=_count(tallies, "pending"),
        failed=_count(tallies, "failed"),
        doubtful=_count(tallies, "doubtful"),
        own_pending=_count(tallies, "pending", account=active),
        own_failed=_count(tallies, "failed", account=active),
        possible_doubles=twins,
        link=link,
        reason=(gate.reason if gate else own.reason if own else "") or None,
        waiting_since=min((task.created_at for task in oldest.values() if task), default=None),
        next_attempt_at=next_attempt_at,
        last_delivery_at=active.last_delivery_at,
        account=AccountView(kind=active.kind, url=active.url, user=active.user),
        signed_in=signed_in,
        needs_sign_in=signed_in and link is Link.SIGNED_OUT and bool(gate or own),
        elsewhere=elsewhere,
        failed_causes=causes,
        removed=extras.removed,
        gap_since=extras.gap_since if tracker is TrackerState.RUNNING else None,
        clock_skew=skew,
        clock_offer=clock_offer,
        retrying=extras.retrying,
        retry=extras.retry,
    )


def account_label(account: Account) -> str:
    """How an account is named to its user: who, at which address, else at which kind of server."""
    place = account.url or account.kind
    return f"{account.user} @ {place}" if account.user else place


def _tracked(
    events: Sequence[Event], now: datetime, present: Stamp | None
) -> tuple[TrackerState, EntryView | None]:
    entry = replay(events).entry
    if entry is None or entry.state is TrackerState.STOPPED:
        return TrackerState.STOPPED, None
    view = EntryView(
        id=entry.id,
        project=entry.project,
        note=entry.note,
        started_at=entry.started_at,
        worked=entry.worked(now),
        clock_step=clock_step(events, present),
    )
    return entry.state, view


def _clock_offer(
    reader: QueueReader, events: Sequence[Event], present: Stamp | None
) -> ClockOffer | None:
    found = by_clock(events, present)
    return None if found is None else offer_of(found, kept_of(reader.kept(KEPT)))


def offer_of(found: ByClock, kept: Mapping[str, int]) -> ClockOffer | None:
    """The offer, unless the user keeps the entry; set once more, it is another question."""
    step_ms = kept.get(found.entry_id)
    if step_ms is not None and abs(found.step - step_ms * MILLISECOND) <= CLOCK_TOLERANCE:
        return None
    return ClockOffer(
        entry_id=found.entry_id,
        step=found.step,
        started_at=found.started_at,
        stopped_at=found.stopped_at,
        is_whole=found.is_whole,
    )


def _last_command(newest: Sequence[Event]) -> LastCommand | None:
    """The last event tells for all of its command: a start that ends what ran is a start."""
    return next((LastCommand(event_id=e.id, kind=e.kind, at=e.at) for e in newest), None)


def _recent(activities: Sequence[Activity], entry: EntryView | None) -> tuple[RecentView, ...]:
    """What can be taken up again: not what is already under way."""
    current = Activity(entry.project, entry.note) if entry else None
    others = (one for one in activities if current is None or not one.is_same(current))
    return tuple(
        RecentView(project=one.project, note=one.note) for one in islice(others, _RECENT_SHOWN)
    )


def _count(
    tallies: Sequence[Tally],
    status: str,
    *,
    cause: str | None = None,
    account: Account | None = None,
) -> int:
    return sum(
        tally.count
        for tally in tallies
        if tally.status == status
        and (cause is None or tally.cause == cause)
        and (account is None or tally.account_id == account.id)
    )


def _elsewhere(tallies: Sequence[Tally], others: Sequence[Account]) -> tuple[tuple[str, int], ...]:
    waiting = (
        (
            account_label(account),
            _count(tallies, "pending", account=account)
            + _count(tallies, "failed", account=account),
        )
        for account in others
    )
    return tuple((label, count) for label, count in waiting if count)


def _link(gate: Gate | None, own: SyncTask | None, active: Account, *, elsewhere: bool) -> Link:
    """The trouble that holds the oldest task; without any, what the last delivery says."""
    if gate is not None:
        return Link(gate.kind.value)
    if own is not None and own.cause in _LINK_OF_CAUSE:
        return _LINK_OF_CAUSE[Cause(own.cause)]
    if own is None and elsewhere:
        return Link.SIGNED_OUT
    return Link.UNKNOWN if active.last_delivery_at is None else Link.ONLINE


def _next_attempt(
    reader: QueueReader, active: Account, gate: Gate | None, step: timedelta
) -> datetime | None:
    """By the clock as it is now: set by `step` since the worker looked at it last."""
    if gate is None:
        due_at = reader.next_due(active.id)
        return due_at and due_at + step
    from trayapp.sync.waiting import moved  # noqa: PLC0415  # not many gates are closed

    # Where all that waits is held by what failed, no time brings it any further.
    return moved(gate, step).due_at if reader.has_probe(active.id, TROUBLE) else None
