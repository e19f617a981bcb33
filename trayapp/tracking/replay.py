"""Replay: the events of one entry, in order, make the entry; steps that change nothing are named.

Pure. Imported histories need not begin with a start: a leading resume opens the entry, a leading
pause or stop is believed (its start is missing, so it is not redundant) but opens no segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from trayapp.light import dataclass
from trayapp.tracking.entry import Event, EventKind, Segment, Stamp, TimeEntry, TrackerState

CLOCK_TOLERANCE = timedelta(seconds=2)

_NEXT = {
    (None, EventKind.START): TrackerState.RUNNING,
    (None, EventKind.RESUME): TrackerState.RUNNING,
    (None, EventKind.PAUSE): TrackerState.PAUSED,
    (None, EventKind.STOP): TrackerState.STOPPED,
    (TrackerState.RUNNING, EventKind.PAUSE): TrackerState.PAUSED,
    (TrackerState.RUNNING, EventKind.STOP): TrackerState.STOPPED,
    (TrackerState.PAUSED, EventKind.RESUME): TrackerState.RUNNING,
    (TrackerState.PAUSED, EventKind.STOP): TrackerState.STOPPED,
}


@dataclass(frozen=True, slots=True)
class Replay:
    """What events make: the entry (None when no segment ever opened), ids of redundant events."""

    entry: TimeEntry | None
    redundant: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What the events so far have made."""

    project: str
    note: str
    state: TrackerState | None = None
    segments: tuple[Segment, ...] = ()
    deleted: bool = False


def replay(events: Sequence[Event]) -> Replay:
    """The entry that `events` (of one entry, in order) make.

    A stop while paused leaves the end at the pause. An end before its begin becomes the begin. An
    edit replaces what was there; after a deletion only an edit makes the entry anew.
    """
    if not events:
        return Replay(None, ())
    made = _Made(project=events[0].project, note=events[0].note)
    redundant: list[str] = []
    for event in events:
        after = _after(made, event)
        if after is made:
            redundant.append(event.id)
        made = after
    return Replay(_entry(events[0].entry_id, made), tuple(redundant))


def _after(made: _Made, event: Event) -> _Made:
    """What there is after an event; `made` itself when it changes nothing."""
    if event.kind.corrects:
        return _corrected(made, event)
    state = _NEXT.get((made.state, event.kind))
    if state is None and made.state is TrackerState.PAUSED and _opens_late(event, made):
        state = TrackerState.RUNNING
    if state is None:
        return made
    if not event.kind.opens:
        return _closed(made, event, state)
    opened = Segment(id=event.id, began_at=event.at, ended_at=None)
    return replace(made, state=state, segments=(*made.segments, opened))


def _corrected(made: _Made, event: Event) -> _Made:
    if event.kind is EventKind.DELETE:
        if made.deleted:
            return made
        return replace(_closed(made, event, TrackerState.STOPPED), deleted=True)
    after = replace(made, project=event.project, note=event.note)
    if event.edited is not None:  # else its times are lost
        times = event.edited
        after = replace(after, segments=times.segments, state=times.state, deleted=False)
    return made if after == made else after


def _closed(made: _Made, event: Event, state: TrackerState) -> _Made:
    """In this state from now on, in which no segment is open."""
    segments = made.segments
    if made.state is TrackerState.RUNNING:
        *before, last = segments
        ended_at = max(event.at, last.began_at)
        segments = (*before, Segment(id=last.id, began_at=last.began_at, ended_at=ended_at))
    return replace(made, state=state, segments=segments)


def _opens_late(event: Event, made: _Made) -> bool:
    """Whether this is the start that a leading pause lacked: dropping it would drop the entry."""
    return event.kind is EventKind.START and not made.segments


def _entry(entry_id: str, made: _Made) -> TimeEntry | None:
    if made.state is None or not made.segments:
        return None
    return TimeEntry(
        id=entry_id,
        project=made.project,
        note=made.note,
        segments=made.segments,
        state=made.state,
        deleted=made.deleted,
    )


def clock_step(events: Sequence[Event], present: Stamp | None = None) -> timedelta:
    """By how much the wall clock was set during an entry, steps of up to two seconds left out.

    `present`: now, when it is not over yet. An event without a boot id has a time that no clock was
    read for, and tells nothing. The last correction says what the entry is, so what was before it
    does not count. Steps that cancel each other out still moved what was between them: the largest
    is told.
    """
    last = max((i for i, event in enumerate(events) if event.kind.corrects), default=0)
    stamps = [event.stamp for event in events[last:]] + ([present] if present else [])
    read = [stamp for stamp in stamps if stamp.boot_id]
    found = (
        (after.at - before.at) - (after.boot - before.boot)
        for before, after in pairwise(read)
        if after.boot_id == before.boot_id
    )
    steps = [step for step in found if abs(step) > CLOCK_TOLERANCE]
    total = sum(steps, timedelta())
    return total if abs(total) > CLOCK_TOLERANCE else max(steps, key=abs, default=timedelta())
