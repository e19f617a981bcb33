"""The tracker's rules: state + command + time -> new state and events, or "already so".

Pure: runs inside the queue's lock, so that a decision cannot be overtaken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from trayapp.light import dataclass
from trayapp.tracking.activity import Activity
from trayapp.tracking.entry import MILLISECOND, Event, EventKind, Stamp, TrackerState
from trayapp.tracking.replay import replay


@dataclass(frozen=True, slots=True)
class Start:
    """Track this. Without a project: the last one; without both: what was tracked last."""

    project: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Have a break."""


@dataclass(frozen=True, slots=True)
class Resume:
    """End the break."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish the entry."""


Command = Start | Pause | Resume | Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Nothing is tracked; `last` is what a bare start takes up again."""

    last: Activity | None = None
    last_event_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Time of this entry counts."""

    entry_id: str
    activity: Activity
    last_event_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The entry is open and its time does not count."""

    entry_id: str
    activity: Activity
    last_event_at: datetime


State = Stopped | Running | Paused


@dataclass(frozen=True, slots=True)
class Changed:
    """The command did something: the new state, and the events to be written down, in order."""

    state: State
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class AlreadySo:
    """The command asks for what is so already: no event, no error."""

    state: State


class Impossible(StrEnum):
    """Why a command cannot be done."""

    NOT_TRACKING = "not_tracking"
    TOO_EARLY = "too_early"
    IN_FUTURE = "in_future"
    UNKNOWN_PROJECT = "unknown_project"
    NEEDS_PROJECT = "needs_project"
    UNKNOWN_ENTRY = "unknown_entry"
    UNKNOWN_TASK = "unknown_task"
    NOTHING_TO_UNDO = "nothing_to_undo"
    NOT_AFTER_BEGIN = "not_after_begin"
    NOT_BEFORE_END = "not_before_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """One event to be; without `entry_id` it opens an entry, else `earliest` is its next time."""

    kind: EventKind
    activity: Activity
    entry_id: str | None = None
    earliest: datetime | None = None
    at_earliest: bool = False


class CannotDo(Exception):  # noqa: N818  # an answer, not an error
    """The command makes no sense now; whoever shows it finds the words for `why`.

    `last_event_at` is the time that stands against the one that was named.
    """

    def __init__(self, why: Impossible, last_event_at: datetime | None) -> None:
        super().__init__(why.value)
        self.why = why
        self.last_event_at = last_event_at


def step(
    state: State,
    command: Command,
    stamp: Stamp,
    *,
    new_id: Callable[[], str],
    given: bool = False,
    now: datetime | None = None,
) -> Changed | AlreadySo:
    """What `command` does in `state`. Raises CannotDo.

    `given`: the user named the time, so it is refused instead of moved; `now` is then needed.
    "Already so" comes before any complaint about a time, for nothing is written down.
    """
    plans = _plans(state, command)
    if not plans:
        return AlreadySo(state)
    if given:
        stamp = _given(stamp, state.last_event_at, now)
    events = tuple(_event(plan, stamp, new_id) for plan in plans)
    return Changed(_state_after(events[-1]), events)


def state_of(events: Sequence[Event]) -> State:
    """The state that the events of the newest entry, in order, leave behind.

    An entry that never opened (an imported history) is not tracked.
    """
    if not events:
        return Stopped()
    last_event_at = max(event.at for event in events)
    activity = _activity(events[-1])
    entry = replay(events).entry
    state = entry.state if entry else TrackerState.STOPPED
    return _state(state, activity, entry_id=events[-1].entry_id, last_event_at=last_event_at)


def _plans(state: State, command: Command) -> tuple[_Plan, ...]:
    """The events that `command` needs; none when it is already so."""
    if isinstance(command, Start):
        return _plans_of_start(state, _wanted(state, command))
    if isinstance(state, Stopped):
        if isinstance(command, Stop):
            return ()
        raise CannotDo(Impossible.NOT_TRACKING, state.last_event_at)
    if isinstance(command, Stop):
        return (_next(state, EventKind.STOP),)
    if isinstance(command, Pause):
        return () if isinstance(state, Paused) else (_next(state, EventKind.PAUSE),)
    return () if isinstance(state, Running) else (_next(state, EventKind.RESUME),)


def _plans_of_start(state: State, wanted: Activity) -> tuple[_Plan, ...]:
    start = _Plan(kind=EventKind.START, activity=wanted)
    if isinstance(state, Stopped):
        return (start,)
    stop = _next(state, EventKind.STOP)
    if isinstance(state, Running):
        return () if wanted.is_same(state.activity) else (stop, start)
    if wanted.is_same(state.activity):
        return (_next(state, EventKind.RESUME),)
    return (replace(stop, at_earliest=True), start)  # it ended at its pause


def _wanted(state: State, command: Start) -> Activity:
    last = state.last if isinstance(state, Stopped) else state.activity
    last = last or Activity("", "")
    if command.project is not None:
        return Activity(command.project, command.note or "")
    return last if command.note is None else Activity(last.project, command.note)


def _next(state: Running | Paused, kind: EventKind) -> _Plan:
    return _Plan(
        kind=kind,
        activity=state.activity,
        entry_id=state.entry_id,
        earliest=state.last_event_at + MILLISECOND,
    )


def _given(stamp: Stamp, last_event_at: datetime | None, now: datetime | None) -> Stamp:
    if now is None:
        msg = "a given time needs `now` to be checked against"
        raise ValueError(msg)
    if stamp.at > now:
        raise CannotDo(Impossible.IN_FUTURE, last_event_at)
    if last_event_at is not None and stamp.at <= last_event_at:
        raise CannotDo(Impossible.TOO_EARLY, last_event_at)
    return _unread(stamp, stamp.at)


def _unread(stamp: Stamp, at: datetime) -> Stamp:
    """A time that no clock showed: its distance to others tells nothing about the clock."""
    return replace(stamp, at=at, boot_id="")


def _event(plan: _Plan, stamp: Stamp, new_id: Callable[[], str]) -> Event:
    if plan.earliest is not None and plan.at_earliest:
        stamp = _unread(stamp, plan.earliest)
    elif plan.earliest is not None and stamp.at < plan.earliest:
        stamp = replace(stamp, at=plan.earliest)
    return Event(
        id=new_id(),
        entry_id=new_id() if plan.entry_id is None else plan.entry_id,
        kind=plan.kind,
        stamp=stamp,
        project=plan.activity.project,
        note=plan.activity.note,
    )


_LEADS_TO = {
    EventKind.START: TrackerState.RUNNING,
    EventKind.PAUSE: TrackerState.PAUSED,
    EventKind.RESUME: TrackerState.RUNNING,
    EventKind.STOP: TrackerState.STOPPED,
}


def _state_after(event: Event) -> State:
    """The state after an event that was planned, so it is known to change something."""
    return _state(
        _LEADS_TO[event.kind],
        _activity(event),
        entry_id=event.entry_id,
        last_event_at=event.at,
    )


def _activity(event: Event) -> Activity:
    return Activity(event.project, event.note)


def _state(
    state: TrackerState, activity: Activity, *, entry_id: str, last_event_at: datetime
) -> State:
    if state is TrackerState.STOPPED:
        return Stopped(last=activity, last_event_at=last_event_at)
    kind = Running if state is TrackerState.RUNNING else Paused
    return kind(entry_id=entry_id, activity=activity, last_event_at=last_event_at)
