"""Events, for ever, and what the server confirmed about the segments they make."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from trayapp.queue.database import Database
from trayapp.queue.rows import NEWEST_ENTRY, event_of, event_values
from trayapp.queue.task import Known
from trayapp.tracking.entry import Event, Segment, to_ms
from trayapp.tracking.tracker import State, Stopped, state_of

_DAY_MS = 86_400_000

_LogEnd = tuple[int, str | None]
"""In which opening of the file, the id of the last event."""
_UNKNOWN: _LogEnd = (0, None)


class EventTable:
    """What was clicked. Used with the guard held."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: tuple[_LogEnd, State] = (_UNKNOWN, Stopped())

    def state(self) -> State:
        """What the newest entry leaves behind; read anew only when the log is not as it was left.

        Events are kept for ever and never changed, so its end tells whether it has grown; what is
        brought over lies before its beginning, and is not what is tracked. To read and replay the
        entry at each click takes a tenth of the click.
        """
        end = self._end()
        if self._known[0] != end:
            self._known = (end, state_of(self.newest_entry()))
        return self._known[1]

    def lead_to(self, state: State, event: Event) -> None:
        """What `state` told has become this, by the event just recorded."""
        self._known = ((self._known[0][0], event.id), state)

    def _end(self) -> _LogEnd:
        rows = self._database.rows("SELECT id FROM event ORDER BY seq DESC LIMIT 1")
        return self._database.openings, rows[0][0] if rows else None

    def newest_entry(self) -> tuple[Event, ...]:
        """The events of the entry begun last, in order; empty when there is none.

        A correction of another does not make that the newest, and a deleted one is none. What came
        from an older database lies below zero: the tracker does not go on from it.
        """
        return tuple(event_of(row) for row in self._database.rows(NEWEST_ENTRY))

    def newest(self, limit: int) -> tuple[Event, ...]:
        """The events recorded last, at most so many, in order."""
        rows = self._database.rows(
            "SELECT * FROM event WHERE seq > 0 ORDER BY seq DESC LIMIT ?", (limit,)
        )
        return tuple(event_of(row) for row in reversed(rows))

    def of_entry(self, entry_id: str) -> tuple[Event, ...]:
        """All events of an entry, in order."""
        rows = self._database.rows("SELECT * FROM event WHERE entry = ? ORDER BY seq", (entry_id,))
        return tuple(event_of(row) for row in rows)

    def account_of(self, entry_id: str) -> int | None:
        """The account an entry was begun for; None for an entry not yet known."""
        rows = self._database.rows("SELECT account FROM event WHERE entry = ? LIMIT 1", (entry_id,))
        return rows[0]["account"] if rows else None

    def add(self, events: Sequence[Event], account_id: int) -> None:
        """Keep clicks for ever."""
        self._database.run_many(
            "INSERT INTO event (seq, account, id, entry, kind, at_ms, offset_minutes, zone,"
            " boot_id, boot_ms, project, note, detail) VALUES"
            " ((SELECT MAX(0, COALESCE(MAX(seq), 0)) + 1 FROM event),"
            " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(account_id, *event_values(event)) for event in events],
        )

    def until(self, entry_id: str, event_ids: Sequence[str]) -> tuple[Event, ...]:
        """The entry's events up to the last of these, without those that are not to be sent."""
        rows = self._database.rows(
            "SELECT * FROM event WHERE entry = ?"
            " AND seq <= (SELECT MAX(seq) FROM event WHERE id IN (SELECT value FROM json_each(?)))"
            " AND NOT EXISTS"
            " (SELECT 1 FROM sync_queue WHERE event = event.id AND status = 'discarded')"
            " ORDER BY seq",
            (entry_id, json.dumps(list(event_ids))),
        )
        return tuple(event_of(row) for row in rows)


class SegmentTable:
    """What the server confirmed. Used with the guard held."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, entry_id: str) -> dict[str, Known]:
        """What the server confirmed about an entry's segments, by segment id."""
        rows = self._database.rows(
            "SELECT id, remote_id, remote_base, removed FROM segment WHERE entry = ?", (entry_id,)
        )
        return {
            row["id"]: Known(
                remote_id=row["remote_id"], base=row["remote_base"], removed=bool(row["removed"])
            )
            for row in rows
        }

    def taken(self, account_id: int, entry_id: str, around: datetime) -> frozenset[str]:
        """Remote ids that belong to segments of other entries begun within a day of `around`."""
        at = to_ms(around)
        rows = self._database.rows(
            "SELECT remote_id FROM segment WHERE account = ? AND began_ms BETWEEN ? AND ?"
            " AND entry <> ? AND remote_id IS NOT NULL",
            (account_id, at - _DAY_MS, at + _DAY_MS, entry_id),
        )
        return frozenset(row["remote_id"] for row in rows)

    def unfinished(self, account_id: int) -> frozenset[str]:
        """Remote ids of entries that something is still to be sent of."""
        rows = self._database.rows(
            "SELECT remote_id FROM segment WHERE account = ? AND remote_id IS NOT NULL"
            " AND entry IN (SELECT entry FROM sync_queue WHERE account = ?"
            "   AND status <> 'discarded')",
            (account_id, account_id),
        )
        return frozenset(row["remote_id"] for row in rows)

    def watch(self, account_id: int, entry_id: str, segment: Segment, until: datetime) -> None:
        """It is sent once more after looks found nothing: a twin may still turn up."""
        self.confirm(account_id, entry_id, segment.id, segment.began_at, Known())
        self._database.run(
            "UPDATE segment SET watched_until_ms = ? WHERE id = ?", (to_ms(until), segment.id)
        )

    def watched(self, account_id: int, now: datetime) -> tuple[tuple[str, str], ...]:
        """Entry and segment ids to look at for twins; those watched long enough are let go."""
        self._database.run(
            "UPDATE segment SET watched_until_ms = NULL WHERE account = ? AND watched_until_ms < ?",
            (account_id, to_ms(now)),
        )
        rows = self._database.rows(
            "SELECT entry, id FROM segment WHERE account = ? AND watched_until_ms IS NOT NULL"
            " AND remote_id IS NOT NULL AND twin IS NULL",
            (account_id,),
        )
        return tuple((row["entry"], row["id"]) for row in rows)

    def set_twin(self, segment_id: str, remote_id: str) -> None:
        """Something on the server looks like this segment: a possible double, always shown."""
        self._database.run("UPDATE segment SET twin = ? WHERE id = ?", (remote_id, segment_id))

    def confirm(
        self, account_id: int, entry_id: str, segment_id: str, began_at: datetime, known: Known
    ) -> None:
        """Keep what the server says about a segment."""
        self._database.run(
            "INSERT INTO segment (id, account, entry, began_ms, remote_id, remote_base, removed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " began_ms = excluded.began_ms,"
            " remote_id = COALESCE(excluded.remote_id, remote_id),"
            " remote_base = COALESCE(excluded.remote_base, remote_base),"
            " removed = MAX(excluded.removed, removed)",
            (
                segment_id,
                account_id,
                entry_id,
                to_ms(began_at),
                known.remote_id,
                known.base,
                int(known.removed),
            ),
        )
