"""Worked: the segments since a moment, from the local log alone; read anew only when that grew."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from trayapp.light import dataclass
from trayapp.queue.place import Place
from trayapp.queue.reading import Reading
from trayapp.queue.rows import NEWEST_ENTRY, event_of
from trayapp.tracking.entry import Event, Segment, to_ms
from trayapp.tracking.replay import replay

_PAGE = 256
"""Events read at once; so many in a row that are older, and nothing younger lies behind them."""


@dataclass(frozen=True, slots=True)
class _Read:
    """Segments, and what they were read of: the file, how far its log went, since when."""

    place: Place | None
    log: tuple[object, ...]
    since: datetime
    segments: tuple[Segment, ...]


class WorkedReading(Reading):
    """A reading that knows what was worked. Raises QueueError."""

    _known: _Read | None = None

    def segments_since(self, since: datetime) -> tuple[Segment, ...]:
        """The segments of all accounts that end after `since`, not those of deleted entries.

        One that is open is that of the entry begun last; others were never closed, by an older app.
        Costs what was clicked since then, and next to nothing while no click is new.
        """
        # Apart, for only so they are looked up; together, the whole log would be read.
        sql = "SELECT (SELECT MIN(seq) FROM event), (SELECT MAX(seq) FROM event)"
        ends = self._rows(sql)[0]
        known = self._known
        log = tuple(ends)
        if known is None or (known.place, known.log, known.since) != (self._place, log, since):
            known = _Read(self._place, log, since, self._read_since(since))
            self._known = known
        return known.segments

    def _read_since(self, since: datetime) -> tuple[Segment, ...]:
        current = [row["entry"] for row in self._rows(NEWEST_ENTRY)][:1]
        rows = self._rows(
            "SELECT * FROM event WHERE entry IN (SELECT value FROM json_each(?))"
            " ORDER BY entry, seq",
            (json.dumps([*current, *self._entries_since(since)]),),
        )
        histories: dict[str, list[Event]] = {}
        for row in rows:
            histories.setdefault(row["entry"], []).append(event_of(row))
        entries = (replay(events).entry for events in histories.values())
        return tuple(
            segment
            for entry in entries
            if entry is not None and not entry.deleted
            for segment in entry.segments
            if (entry.id in current if segment.ended_at is None else segment.ended_at > since)
        )

    def _entries_since(self, since: datetime) -> Sequence[str]:
        """Those with an event since then.

        A segment ends with an event of its time or later, so that finds all that are over. The log
        is in order but for a clock that was set back, hence whole pages.
        """
        found: dict[str, None] = {}
        before, at = 2**62, to_ms(since)
        while rows := self._rows(
            "SELECT seq, entry, at_ms FROM event WHERE seq < ? ORDER BY seq DESC LIMIT ?",
            (before, _PAGE),
        ):
            young = [row["entry"] for row in rows if row["at_ms"] >= at]
            found.update(dict.fromkeys(young))
            if not young:
                break
            before = rows[-1]["seq"]
        return list(found)
