"""Corrections: what an entry should have been -> the events that say so, or "already so".

Pure: runs inside the queue's lock, as the tracker's steps do. A correction changes no event: it is
one more, with the whole entry as it should be from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from trayapp.light import dataclass
from trayapp.tracking.by_clock import by_clock
from trayapp.tracking.entry import (
    MILLISECOND,
    Edited,
    Event,
    EventKind,
    Segment,
    Stamp,
    TimeEntry,
    TrackerState,
    from_ms,
    to_ms,
)
from trayapp.tracking.replay import replay
from trayapp.tracking.tracker import CannotDo, Impossible


@dataclass(frozen=True, slots=True)
class Edit:
    """What is named should have been so; None leaves as it is. A stop ends what is still open.

    `by_clock`: its times should be those of the clock as it is now, see there.
    """

    entry_id: str
    project: str | None = None
    note: str | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    by_clock: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """This entry should not be."""

    entry_id: str


@dataclass(frozen=True, slots=True)
class Undo:
    """The last command should not have been given; undone once more, it should."""


Correction = Edit | Delete | Undo


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """What a correction is written with: when it is made, and names that nobody has."""

    stamp: Stamp
    new_id: Callable[[], str]


def edit(events: Sequence[Event], command: Edit, *, pen: Pen) -> tuple[Event, ...]:
    """The event that an edit is; none when it is so already. Raises CannotDo.

    `events`: all of the entry, in order. A time is refused that lies in the future, or that would
    turn a segment around.
    """
    entry = _living(events)
    segments, state = _moved(entry, command, now=pen.stamp.at)
    if command.by_clock and (found := by_clock(events, pen.stamp)):
        segments, state = found.edited.segments, found.edited.state
    wanted = replace(
        entry,
        project=entry.project if command.project is None else command.project,
        note=entry.note if command.note is None else command.note,
        segments=segments,
        state=state,
    )
    return () if wanted == entry else (_edit_to(wanted, events, pen=pen),)


def delete(events: Sequence[Event], *, pen: Pen) -> tuple[Event, ...]:
    """The event that removes an entry; none when it is gone already. Raises CannotDo."""
    entry = replay(events).entry
    if entry is None:
        raise CannotDo(Impossible.UNKNOWN_ENTRY, None)
    return () if entry.deleted else (_event(EventKind.DELETE, entry, events, pen=pen),)


def undo(histories: Sequence[Sequence[Event]], *, pen: Pen) -> tuple[Event, ...]:
    """The events that undo the last command, the newest event first. Raises CannotDo.

    `histories`: all events of each entry it wrote to, in order; its own event is the last of each.
    None where that is this very undo, which somebody who got no answer asks for once more.
    """
    if not histories:
        raise CannotDo(Impossible.NOTHING_TO_UNDO, None)
    if _moment(histories[-1][-1].stamp) == _moment(pen.stamp):
        return ()
    return tuple(_undo_last(events, pen) for events in reversed(histories))


def last_command(newest: Sequence[Event]) -> tuple[str, ...]:
    """The entries that the last command wrote to, in order; `newest`: the last events, in order.

    What one command writes has its stamp, and so its boot clock; it writes to an entry once.
    """
    found: list[str] = []
    for event in reversed(newest):
        is_same = _moment(event.stamp) == _moment(newest[-1].stamp)
        if not is_same or event.entry_id in found:
            break
        found.append(event.entry_id)
    return tuple(reversed(found))


def _moment(stamp: Stamp) -> int:
    """What tells one command from the next, also where its time was named or moved."""
    return stamp.boot // MILLISECOND


def _living(events: Sequence[Event]) -> TimeEntry:
    entry = replay(events).entry
    if entry is None or entry.deleted:
        raise CannotDo(Impossible.UNKNOWN_ENTRY, None)
    return entry


def _moved(
    entry: TimeEntry, command: Edit, *, now: datetime
) -> tuple[tuple[Segment, ...], TrackerState]:
    """The entry's times with the named ones in their places. Raises CannotDo."""
    segments, state = list(entry.segments), entry.state
    if command.stopped_at is not None:
        ended_at = _past(command.stopped_at, now)
        begin = segments[-1].began_at if len(segments) > 1 or command.started_at is None else None
        if begin is not None and ended_at <= begin:
            raise CannotDo(Impossible.NOT_AFTER_BEGIN, begin)
        segments[-1] = replace(segments[-1], ended_at=ended_at)
        state = TrackerState.STOPPED
    if command.started_at is not None:
        began_at, end = _past(command.started_at, now), segments[0].ended_at
        if end is not None and began_at >= end:
            raise CannotDo(Impossible.NOT_BEFORE_END, end)
        segments[0] = replace(segments[0], began_at=began_at)
    return tuple(segments), state


def _past(at: datetime, now: datetime) -> datetime:
    if at > now:
        raise CannotDo(Impossible.IN_FUTURE, None)
    return from_ms(to_ms(at))


def _undo_last(events: Sequence[Event], pen: Pen) -> Event:
    now, before = replay(events).entry, replay(events[:-1]).entry
    if before is None or before.deleted:
        # An entry that never opened has nothing to be removed, and nothing to be brought back.
        if now is None:
            raise CannotDo(Impossible.NOTHING_TO_UNDO, None)
        return _event(EventKind.DELETE, now, events, pen=pen)
    known = {segment.id for segment in now.segments} if now and not now.deleted else set[str]()
    # What has gone may be gone on the server for good: it comes back as something new.
    segments = tuple(
        segment if segment.id in known else replace(segment, id=pen.new_id())
        for segment in before.segments
    )
    return _edit_to(replace(before, segments=segments), events, pen=pen)


def _edit_to(wanted: TimeEntry, events: Sequence[Event], *, pen: Pen) -> Event:
    edited = Edited(wanted.segments, wanted.state)
    return replace(_event(EventKind.EDIT, wanted, events, pen=pen), edited=edited)


def _event(kind: EventKind, entry: TimeEntry, events: Sequence[Event], *, pen: Pen) -> Event:
    """A correction made now, and after all that was clicked before it."""
    stamp, earliest = pen.stamp, max(event.at for event in events) + MILLISECOND
    if stamp.at < earliest:
        stamp = replace(stamp, at=earliest)
    return Event(
        id=pen.new_id(),
        entry_id=entry.id,
        kind=kind,
        stamp=stamp,
        project=entry.project,
        note=entry.note,
    )
