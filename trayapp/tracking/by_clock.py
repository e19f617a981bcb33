"""By the clock: what an entry's times are by the clock as it is now, if that was set meanwhile.

Pure. It is offered, and done only when the user says so: who knows which clock was right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from trayapp.light import dataclass
from trayapp.tracking.entry import Edited, Event, Stamp, TimeEntry, TrackerState
from trayapp.tracking.replay import CLOCK_TOLERANCE, clock_step, replay


@dataclass(frozen=True, slots=True, kw_only=True)
class ByClock:
    """An entry by the clock as it is now; `step` is what that was set by during the entry.

    `started_at` and `stopped_at` are set where they differ from what was clicked; `is_whole`
    tells that nothing else does.
    """

    entry_id: str
    step: timedelta
    edited: Edited
    started_at: datetime | None
    stopped_at: datetime | None
    is_whole: bool


def by_clock(events: Sequence[Event], present: Stamp | None = None) -> ByClock | None:
    """The entry that `events` make, by the clock of `present`; None: no other, or nobody knows.

    How long ago a click was says the boot clock, so this holds within one boot. What was clicked in
    another than that of the present has the clock of the last click in it.
    """
    entry = replay(events).entry
    read = [event.stamp for event in events if event.stamp.boot_id]
    if entry is None or not read or any(event.kind.corrects for event in events):
        return None
    is_over = entry.state is TrackerState.STOPPED
    step = clock_step(events, None if is_over else present)
    last = {stamp.boot_id: stamp for stamp in [*read, *([present] if present else [])]}
    found = replay([_by(last, event) for event in events]).entry if step else None
    if found is None or not _is_sound(found, events, present, is_over=is_over):
        return None
    return _compared(entry, found, step)


def _by(last: Mapping[str, Stamp], event: Event) -> Event:
    """The event by the last clock of its boot; one whose time no clock showed stays."""
    stamp = event.stamp
    now = last.get(stamp.boot_id, stamp)
    at = now.at - (now.boot - stamp.boot)
    is_same = abs(at - stamp.at) <= CLOCK_TOLERANCE
    return event if is_same else replace(event, stamp=replace(stamp, at=at))


def _is_sound(
    found: TimeEntry, events: Sequence[Event], present: Stamp | None, *, is_over: bool
) -> bool:
    """Whether an entry can be so; one that goes on needs a clock that is past its last click."""
    bounds = [at for one in found.segments for at in (one.began_at, one.ended_at) if at is not None]
    if bounds != sorted(bounds) or not Edited(found.segments, found.state).is_sound:
        return False
    return is_over or present is None or present.at > max(event.at for event in events)


def _compared(entry: TimeEntry, found: TimeEntry, step: timedelta) -> ByClock | None:
    if found.segments == entry.segments:
        return None
    started = found.started_at if found.started_at != entry.started_at else None
    stopped = found.ended_at if found.ended_at != entry.ended_at else None
    ends = replace(found.segments[-1], ended_at=entry.segments[-1].ended_at)
    inside = [*found.segments[:-1], ends if stopped else found.segments[-1]]
    inside[0] = replace(inside[0], began_at=entry.started_at)
    return ByClock(
        entry_id=entry.id,
        step=step,
        edited=Edited(found.segments, found.state),
        started_at=started,
        stopped_at=stopped,
        is_whole=tuple(inside) == entry.segments,
    )
