"""What a record may look like that another program made of the same clicks. Pure.

Its verbs took the server's clock at the moment they arrived, so its times are near the clicks and
never equal to them. A record that is near what a first part of the clicks makes is taken as that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise

from trayapp.light import dataclass
from trayapp.servers.hubnity_shapes import NEAR_SECONDS, Shape, Status, is_near, wanted_shape
from trayapp.sync.server import Unit
from trayapp.tracking.entry import Event, EventKind, TimeEntry, TrackerState, to_ms

_SECOND = timedelta(seconds=1)
_NOTHING = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The shape after the first `count` of what is pending, with `closed` segments closed."""

    shape: Shape
    count: int
    closed: int

    def is_shown_by(self, shown: Shape, begins: Sequence[int]) -> bool:
        """Whether a record is this within what clocks and whole seconds may differ by.

        While it runs its begin counts; afterwards only `duration` does, and its begin may be that
        of any run, or in one dialect the last pause.
        """
        mine = self.shape
        if shown.status is not mine.status:
            return False
        if abs(shown.seconds - mine.seconds) > NEAR_SECONDS * self.closed:
            return False
        if mine.status is Status.RUNNING:
            return is_near(shown.start_ms, mine.start_ms)
        is_begin = any(is_near(shown.start_ms, begin) for begin in begins)
        return is_begin and _ends_alike(shown, mine)

    @classmethod
    def of(cls, raw: Mapping[str, object]) -> Stage:
        """What `asdict` made. Raises ValueError, TypeError or LookupError."""
        shape = raw["shape"]
        if not isinstance(shape, dict):
            msg = "a stage has a shape"
            raise TypeError(msg)
        count, closed = int(str(raw["count"])), int(str(raw["closed"]))
        return cls(shape=Shape.of(shape), count=count, closed=closed)


def is_imported(unit: Unit) -> bool:
    """Whether another program tracked this: no clock of this machine was read for its clicks."""
    first = unit.pending[0].stamp if unit.pending else None
    return first is not None and not first.boot_id and first.boot == _NOTHING


def stages_of(unit: Unit) -> tuple[Stage, ...]:
    """All that the entry has been like, in order; the last is what it should be."""
    moments = _moments(unit.entry, unit.pending)
    found = [
        Stage(shape=shape, closed=closed, count=_count_before(unit.pending, until_ms))
        for (_at_ms, shape, closed), (until_ms, _next, _more) in pairwise(moments)
    ]
    want = wanted_shape(unit.entry, unit.pending)
    return (*found, Stage(shape=want, count=len(unit.pending), closed=moments[-1][2]))


def marks_of(entry: TimeEntry) -> tuple[int, ...]:
    """All the begins that a record may show, and where a pause moves them to."""
    ends = (one.ended_at for one in entry.segments if one.ended_at is not None)
    return tuple(to_ms(at) for at in (*(one.began_at for one in entry.segments), *ends))


def _moments(entry: TimeEntry, pending: Sequence[Event]) -> list[tuple[int, Shape, int]]:
    """Since when, what, and how many segments are closed by then."""
    found: list[tuple[int, Shape, int]] = []
    worked = _NOTHING
    for closed, segment in enumerate(entry.segments):
        began_ms = to_ms(segment.began_at)
        runs = Shape(status=Status.RUNNING, start_ms=began_ms, seconds=worked // _SECOND)
        found.append((began_ms, runs, closed))
        if segment.ended_at is not None:
            worked += segment.ended_at - segment.began_at
            rests = Shape(status=Status.PAUSED, start_ms=began_ms, seconds=worked // _SECOND)
            found.append((to_ms(segment.ended_at), rests, closed + 1))
    if entry.state is not TrackerState.STOPPED:
        return found
    end_ms = _stopped_ms(entry, pending)
    if end_ms <= found[-1][0]:
        found.pop()  # it was never paused before its stop
    return [*found, (end_ms, wanted_shape(entry, pending), len(entry.segments))]


def _stopped_ms(entry: TimeEntry, pending: Sequence[Event]) -> int:
    stops = (event.at for event in pending if event.kind is EventKind.STOP)
    return to_ms(next(stops, entry.ended_at or entry.started_at))


def _count_before(pending: Sequence[Event], end_ms: int) -> int:
    return sum(to_ms(event.at) < end_ms for event in pending)


def _ends_alike(shown: Shape, mine: Shape) -> bool:
    if shown.end_ms is None or mine.end_ms is None:
        return shown.end_ms is mine.end_ms
    return is_near(shown.end_ms, mine.end_ms)
