"""What an entry looks like on a Hubnity server, as it is and as it should be. Pure.

There an entry is one record. While it runs `startTime` is the begin of the open segment; while it
is paused that of the last one; stopped it is the first begin, and `endTime` the click on stop.
`duration` is what the closed segments sum up to, in whole seconds, rounded down once for all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from itertools import takewhile
from typing import TypeGuard

from trayapp.light import dataclass
from trayapp.tracking.entry import Event, EventKind, TimeEntry, TrackerState, from_ms, to_ms

_SECOND = timedelta(seconds=1)
_NEAR_MS = 2_000
NEAR_SECONDS = 2
"""So much may two counts of the same span differ by."""


class Status(StrEnum):
    """The server's words for what an entry does."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"


_STATUS_OF = {
    TrackerState.RUNNING: Status.RUNNING,
    TrackerState.PAUSED: Status.PAUSED,
    TrackerState.STOPPED: Status.STOPPED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """All that clicks decide about a record. `end_ms` is None unless it is stopped."""

    status: Status
    start_ms: int
    end_ms: int | None = None
    seconds: int = 0

    def to_json(self, *, overruled: bool = False) -> str:
        """The form kept as the segment's base; `overruled`: as it is, the user wants it not."""
        return json.dumps(asdict(self) | ({"overruled": True} if overruled else {}))

    @classmethod
    def from_json(cls, text: str) -> Shape:
        """What `to_json` wrote. Raises ValueError, TypeError or KeyError."""
        return cls.of(json.loads(text))

    @classmethod
    def of(cls, raw: Mapping[str, object]) -> Shape:
        """What `asdict` made. Raises ValueError, TypeError or KeyError."""
        start, end, seconds = raw["start_ms"], raw["end_ms"], raw["seconds"]
        if not (_is_whole(start) and _is_whole(seconds) and (end is None or _is_whole(end))):
            msg = "a shape has whole numbers"
            raise TypeError(msg)
        status = Status(str(raw["status"]))
        return cls(status=status, start_ms=start, end_ms=end, seconds=seconds)

    def words(self) -> str:
        """For a person: `stopped, 2026-01-08T09:00:00.000Z to …, 60 s`."""
        end = "now" if self.end_ms is None else time_text(self.end_ms)
        return f"{self.status.lower()}, {time_text(self.start_ms)} to {end}, {self.seconds} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One entry as the server shows it. `changed_ms`: when it was written last, by its clock."""

    id: str
    user_id: str
    project_id: str
    project_name: str
    note: str
    key: str
    changed_ms: int
    shape: Shape

    def is_of_project(self, project: str) -> bool:
        """Whether `project`, an id or a name, names this record's project."""
        if not project:
            return not self.project_id
        return project == self.project_id or self.project_name.casefold() == project.casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request that brings a record nearer: a verb, or a PATCH with absolute `fields`."""

    verb: str = ""
    fields: Mapping[str, object]


class Finding(Enum):
    """What a record is, compared with what was confirmed last and with what it should be."""

    ARRIVED = "as it should be"
    UNTOUCHED = "as it was confirmed last"
    ON_THE_WAY = "moved by the server's clock alone"
    OTHER = "changed by somebody"


def wanted_shape(entry: TimeEntry, pending: Sequence[Event]) -> Shape:
    """How the record of `entry` should look once `pending` is delivered."""
    first, last = entry.segments[0], entry.segments[-1]
    status = _STATUS_OF[entry.state]
    spans = (one.ended_at - one.began_at for one in entry.segments if one.ended_at is not None)
    seconds = sum(spans, timedelta()) // _SECOND
    if status is not Status.STOPPED:
        return Shape(status=status, start_ms=to_ms(last.began_at), seconds=seconds)
    # What a correction says of the end counts more than the click before it.
    clicks = takewhile(lambda event: not event.kind.corrects, reversed(pending))
    stops = (event.at for event in clicks if event.kind is EventKind.STOP)
    ended_at = next(stops, entry.ended_at or last.began_at)
    start_ms = to_ms(first.began_at)
    # The server refuses an end that is not after the begin.
    end_ms = max(to_ms(ended_at), start_ms + 1)
    return Shape(status=status, start_ms=start_ms, end_ms=end_ms, seconds=seconds)


def judge(record: Record, base: Shape, want: Shape, *, in_doubt: bool) -> Finding:
    """What became of the record since `base`.

    The server pauses what runs when it takes the user for idle; that contradicts nobody.
    `in_doubt`: a request of ours may have got as far as its verb, which uses the server's clock.
    """
    if record.shape == want:
        return Finding.ARRIVED
    if record.shape == base:
        return Finding.UNTOUCHED
    if _paused_by_clock(record, base) or (in_doubt and _half_way(record, base, want)):
        return Finding.ON_THE_WAY
    return Finding.OTHER


def next_step(shape: Shape, want: Shape) -> Step | None:
    """The request that comes next on the way to `want`; None when there is nothing to do."""
    if shape == want:
        return None
    if shape.status is Status.STOPPED and want.status is not Status.STOPPED:
        # No verb opens it again.
        return Step(fields={**_absolute(want), "status": want.status.value})
    stops_at_once = shape.status is Status.RUNNING and want.status is Status.STOPPED
    if shape.status is want.status or stops_at_once:
        return Step(fields=_absolute(want))
    verb = {Status.RUNNING: "resume", Status.PAUSED: "pause", Status.STOPPED: "stop"}[want.status]
    return Step(verb=verb, fields={})


def record_of(value: object) -> Record | None:
    """The entry an answer shows; None when it shows none."""
    if not isinstance(value, dict):
        return None
    try:
        shape = _shape_of(value)
        changed_ms = _ms(value["updatedAt"])
        remote_id, user_id = value["id"], value["userId"]
    except (KeyError, ValueError, TypeError):
        return None
    if not isinstance(remote_id, str) or not isinstance(user_id, str):
        return None
    project = value.get("project")
    return Record(
        id=remote_id,
        user_id=user_id,
        project_id=_text(value.get("projectId")),
        project_name=_text(project.get("name")) if isinstance(project, dict) else "",
        note=_text(value.get("description")),
        key=_text(value.get("idempotencyKey")),
        changed_ms=changed_ms,
        shape=shape,
    )


def time_text(ms: int) -> str:
    """`2026-01-08T09:00:00.000Z`: the server would take a time without its zone for its own."""
    return from_ms(ms).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def is_near(one_ms: int, other_ms: int) -> bool:
    """Whether two clocks may have meant the same moment."""
    return abs(one_ms - other_ms) <= _NEAR_MS


def _absolute(want: Shape) -> Mapping[str, object]:
    fields: dict[str, object] = {"startTime": time_text(want.start_ms), "duration": want.seconds}
    if want.end_ms is not None:
        fields["endTime"] = time_text(want.end_ms)
    return fields


def _paused_by_clock(record: Record, base: Shape) -> bool:
    """Whether it ran on from `base` until the server paused it, and nobody wrote to it since."""
    shape = record.shape
    if base.status is not Status.RUNNING or shape.status is not Status.PAUSED:
        return False
    ran = (record.changed_ms - base.start_ms) // 1000
    gained = shape.seconds - base.seconds
    # One of the dialects moves the start at a pause.
    is_start = shape.start_ms == base.start_ms or is_near(shape.start_ms, record.changed_ms)
    return is_start and any(abs(gained - by) <= NEAR_SECONDS for by in (ran, max(0, ran)))


def _half_way(record: Record, base: Shape, want: Shape) -> bool:
    """Whether it is where a request of ours leaves it that did not get to its end."""
    shape = record.shape
    if shape.status is not want.status:
        return False
    if shape.status is Status.RUNNING:
        return _resumed_by_clock(shape, base) and is_near(shape.start_ms, record.changed_ms)
    if shape.end_ms is None or want.end_ms is None:
        return False
    if base.status is Status.PAUSED and shape.seconds == base.seconds:
        return shape.start_ms == base.start_ms and is_near(shape.end_ms, record.changed_ms)
    # A server may count the seconds itself when it is told the end of what runs.
    ours = (shape.start_ms, shape.end_ms) == (want.start_ms, want.end_ms)
    counted = base.seconds + (want.end_ms - want.start_ms) // 1000
    return ours and abs(shape.seconds - counted) <= NEAR_SECONDS


def _resumed_by_clock(shape: Shape, base: Shape) -> bool:
    if base.status is Status.PAUSED:
        return shape.seconds == base.seconds
    # The server had paused it before our resume.
    return shape.seconds > base.seconds and shape.start_ms != base.start_ms


def _shape_of(value: Mapping[str, object]) -> Shape:
    status = Status(str(value["status"]))
    seconds = value["duration"]
    if not _is_whole(seconds):
        msg = "a duration is a whole number"
        raise TypeError(msg)
    # What was opened again after a stop keeps an end that means nothing.
    end_ms = _ms(value["endTime"]) if status is Status.STOPPED else None
    return Shape(
        status=status,
        start_ms=_ms(value["startTime"]),
        end_ms=end_ms,
        seconds=seconds,
    )


def _ms(value: object) -> int:
    if not isinstance(value, str):
        msg = "a time is a text"
        raise TypeError(msg)
    at = datetime.fromisoformat(value)
    return to_ms(at if at.tzinfo else at.replace(tzinfo=UTC))


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
