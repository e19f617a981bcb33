"""Replay: the events of one entry, in order, make the entry; steps that change nothing are named.

Pure. Imported histories need not begin with a start: a leading resume opens the entry, a leading
pause or stop is believed (its start is missing, so it is not redundant) but opens no segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

from trayapp.tracking.entry import Event, EventKind, Segment, TimeEntry, TrackerState

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


def replay(events: Sequence[Event]) -> Replay:
    """The entry that `events` (of one entry, in order) make.

    A stop while paused leaves the end at the pause. An end before its begin becomes the begin.
    """
    state: TrackerState | None = None
    segments: list[Segment] = []
    redundant: list[str] = []
    for event in events:
        after = _NEXT.get((state, event.kind))
        if after is None and state is TrackerState.PAUSED and _opens_late(event, segments):
            after = TrackerState.RUNNING
        if after is None:
            redundant.append(event.id)
            continue
        if event.kind.opens:
            segments.append(Segment(id=event.id, began_at=event.at, ended_at=None))
        elif state is TrackerState.RUNNING:
            last = segments[-1]
            segments[-1] = replace(last, ended_at=max(event.at, last.began_at))
        state = after
    return Replay(_entry(events, segments, state), tuple(redundant))


def _opens_late(event: Event, segments: Sequence[Segment]) -> bool:
    """Whether this is the start that a leading pause lacked: dropping it would drop the entry."""
    return event.kind is EventKind.START and not segments


def _entry(
    events: Sequence[Event], segments: Sequence[Segment], state: TrackerState | None
) -> TimeEntry | None:
    if state is None or not segments:
        return None
    first = events[0]
    return TimeEntry(
        id=first.entry_id,
        project=first.project,
        note=first.note,
        segments=tuple(segments),
        state=state,
    )


def clock_step(events: Sequence[Event]) -> timedelta:
    """By how much the wall clock was set during an entry, steps of up to two seconds left out.

    An event without a boot id has a time that no clock was read for, and tells nothing.
    """
    read = [event.stamp for event in events if event.stamp.boot_id]
    steps = (
        (after.at - before.at) - (after.boot - before.boot)
        for before, after in pairwise(read)
        if after.boot_id == before.boot_id
    )
    return sum((step for step in steps if abs(step) > CLOCK_TOLERANCE), timedelta())
