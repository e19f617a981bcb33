"""What the user tracks: stamps, events, segments, entries.

Values only. Times are aware UTC datetimes on whole milliseconds; `to_ms` and `from_ms` are exact.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from trayapp.light import dataclass

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Milliseconds since the Unix epoch; `at` must be aware, parts of a millisecond are cut."""
    return (at - _EPOCH) // MILLISECOND


def from_ms(ms: int) -> datetime:
    """The UTC time that lies `ms` milliseconds after the Unix epoch."""
    return _EPOCH + ms * MILLISECOND


class EventKind(StrEnum):
    """What was clicked; the value is the task's kind in the queue and on the command line."""

    START = "time_entry_start"
    PAUSE = "time_entry_pause"
    RESUME = "time_entry_resume"
    STOP = "time_entry_stop"
    EDIT = "time_entry_edit"
    DELETE = "time_entry_delete"

    @property
    def opens(self) -> bool:
        """Whether this kind of event opens a segment (a pause and a stop close one)."""
        return self in {EventKind.START, EventKind.RESUME}

    @property
    def corrects(self) -> bool:
        """Whether it says what an entry should have been, instead of what happens now."""
        return self in {EventKind.EDIT, EventKind.DELETE}


class TrackerState(StrEnum):
    """What the tracker does."""

    STOPPED = "stopped"
    RUNNING = "running"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When a click reached us: the wall time is the truth, the boot clock tells whether it was set.

    `at` is UTC on whole milliseconds; `offset` and `zone` (IANA name) are those of the user's
    clock at the click; `boot` is the time since `boot_id` booted, suspend included.
    """

    at: datetime
    offset: timedelta
    zone: str
    boot_id: str
    boot: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One begin and end of an entry; `id` is that of the event that opened it."""

    id: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Edited:
    """The whole of an entry's times as an edit leaves them."""

    segments: tuple[Segment, ...]
    state: TrackerState

    @property
    def is_sound(self) -> bool:
        """Whether an entry can be so: segments in order, and open is the last while it runs."""
        is_open = [segment.ended_at is None for segment in self.segments]
        if not is_open or any(is_open[:-1]):
            return False
        bounds = [(one.began_at, one.ended_at) for one in self.segments]
        times = [at for pair in bounds for at in pair if at is not None]
        return times == sorted(times) and is_open[-1] is (self.state is TrackerState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One click, for ever. `project` and `note` are those of its entry, from an edit on.

    `edited` belongs to an edit: what the entry is from then on, whatever was clicked before.
    """

    id: str
    entry_id: str
    kind: EventKind
    stamp: Stamp
    project: str
    note: str
    edited: Edited | None = None

    @property
    def at(self) -> datetime:
        """When it happened, UTC."""
        return self.stamp.at


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeEntry:
    """What the user tracks, from its start to its stop, as its events in order make it.

    A deleted one is stopped and counts for nothing; its segments tell what there was.
    """

    id: str
    project: str
    note: str
    segments: tuple[Segment, ...]
    state: TrackerState
    deleted: bool = False

    @property
    def started_at(self) -> datetime:
        """Begin of the first segment, UTC."""
        return self.segments[0].began_at

    @property
    def ended_at(self) -> datetime | None:
        """End of the last segment when stopped (a stop while paused ends it at its pause)."""
        return self.segments[-1].ended_at if self.state is TrackerState.STOPPED else None

    def worked(self, now: datetime) -> timedelta:
        """Closed segments plus the open one up to `now`, never negative."""
        if self.deleted:
            return timedelta()
        spans = ((s.ended_at or max(now, s.began_at)) - s.began_at for s in self.segments)
        return sum(spans, timedelta())
