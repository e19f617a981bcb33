"""What the user tracks: stamps, events, segments, entries.

Values only. Times are aware UTC datetimes on whole milliseconds; `to_ms` and `from_ms` are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

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

    @property
    def opens(self) -> bool:
        """Whether this kind of event opens a segment (the others close one)."""
        return self in {EventKind.START, EventKind.RESUME}


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
class Event:
    """One click, for ever. `project` and `note` are those of its entry."""

    id: str
    entry_id: str
    kind: EventKind
    stamp: Stamp
    project: str
    note: str

    @property
    def at(self) -> datetime:
        """When it happened, UTC."""
        return self.stamp.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One begin and end of an entry; `id` is that of the event that opened it."""

    id: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeEntry:
    """What the user tracks, from its start to its stop, as its events in order make it."""

    id: str
    project: str
    note: str
    segments: tuple[Segment, ...]
    state: TrackerState

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
        spans = ((s.ended_at or max(now, s.began_at)) - s.began_at for s in self.segments)
        return sum(spans, timedelta())
