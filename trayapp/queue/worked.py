"""Worked: what was worked in a week, from the local log alone; only what is new is read."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta, tzinfo

from trayapp.light import dataclass
from trayapp.queue.place import Place
from trayapp.queue.reading import Reading
from trayapp.queue.rows import BROUGHT, NEWEST_ENTRY, event_of
from trayapp.tracking.entry import Event, Segment, to_ms
from trayapp.tracking.replay import replay
from trayapp.tracking.totals import Worked, week_begin, week_days

_PAGE = 256
"""Events read at once; so many in a row that are older, and nothing younger lies behind them."""


@dataclass(frozen=True, slots=True)
class _Log:
    """Which log, of which week; `brought` grows when events come elsewhere than at its end."""

    place: Place | None
    brought: object
    week: datetime


@dataclass(frozen=True, slots=True)
class _Read:
    """What was worked up to the event `last`; the segments are those of the entry `current`."""

    log: _Log
    last: int
    current: str
    worked: Worked


class WorkedReading(Reading):
    """A reading that knows what was worked. Raises QueueError."""

    _known: _Read | None = None

    def worked_in_week(self, now: datetime, zone: tzinfo | None = None) -> Worked:
        """That of all accounts in the week of `now` in `zone`, but not in deleted entries.

        A segment that is open is that of the entry begun last; others were never closed, by an
        older app. Costs what was clicked since the last time; at first, and after a change of an
        older entry, what was clicked since the week began.
        """
        sql = "SELECT (SELECT MAX(seq) FROM event), (SELECT value FROM meta WHERE key = ?)"
        last, brought = self._rows(sql, (BROUGHT,))[0]
        log, last = _Log(self._place, brought, week_begin(now, zone)), last or 0
        known = self._known
        if known is not None and (known.log, known.last) == (log, last):
            return known.worked
        current = next((row["entry"] for row in self._rows(NEWEST_ENTRY)), "")
        names = self._clicked(known, current) if known and known.log == log else None
        over: Mapping[date, timedelta] = known.worked.over if known and names is not None else {}
        if names is None:
            names = self._entries_since(log.week) | {current}
        segments = self._segments(names)
        worked = _summed(over, segments, current, week=(now, zone))
        self._known = _Read(log, last, current, worked)
        return worked

    def _clicked(self, known: _Read, current: str) -> set[str] | None:
        """The entries that may differ since then; None where one is in the sums already."""
        rows = self._rows(
            "SELECT DISTINCT entry, EXISTS (SELECT 1 FROM event AS older"
            "   WHERE older.entry = event.entry AND older.seq <= ?1) AS is_old"
            " FROM event WHERE seq > ?1",
            (known.last,),
        )
        names = {known.current, *(row["entry"] for row in rows)}
        summed_up = {row["entry"] for row in rows if row["is_old"]} - {known.current}
        return None if summed_up or current not in names else names

    def _segments(self, entries: Collection[str]) -> dict[str, tuple[Segment, ...]]:
        """Those of each of these entries; a deleted one has none."""
        histories: dict[str, list[Event]] = {}
        for row in self._rows(
            "SELECT * FROM event WHERE entry IN (SELECT value FROM json_each(?))"
            " ORDER BY entry, seq",
            (json.dumps([*entries]),),
        ):
            histories.setdefault(row["entry"], []).append(event_of(row))
        found = {name: replay(events).entry for name, events in histories.items()}
        return {
            name: entry.segments for name, entry in found.items() if entry and not entry.deleted
        }

    def _entries_since(self, since: datetime) -> set[str]:
        """Those with an event since then.

        A segment ends with an event of its time or later, so that finds all that are over. The log
        is in order but for a clock that was set back, hence whole pages.
        """
        found: set[str] = set()
        before, at = 2**62, to_ms(since)
        while rows := self._rows(
            "SELECT seq, entry, at_ms FROM event WHERE seq < ? ORDER BY seq DESC LIMIT ?",
            (before, _PAGE),
        ):
            young = [row["entry"] for row in rows if row["at_ms"] >= at]
            found.update(young)
            if not young:
                break
            before = rows[-1]["seq"]
        return found


def _summed(
    over: Mapping[date, timedelta],
    segments: Mapping[str, tuple[Segment, ...]],
    current: str,
    *,
    week: tuple[datetime, tzinfo | None],
) -> Worked:
    """Only the current entry's stay segments: the next click is most likely about it."""
    closed = (
        segment
        for name, found in segments.items()
        for segment in found
        if name != current and segment.ended_at is not None
    )
    days = week_days(closed, *week)
    summed = {day: length + over.get(day, timedelta()) for day, length in days.items()}
    return Worked(summed, segments.get(current, ()))
