"""Tasks that are not to be sent, because the user said so. What follows is decided in `sync`.

Their rows are never deleted: as long as they are here, their events are left out of what is sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from trayapp.light import dataclass
from trayapp.queue.database import Database
from trayapp.queue.event_table import EventTable
from trayapp.queue.rows import task_of
from trayapp.queue.task import SyncTask
from trayapp.tracking.entry import Event, from_ms, to_ms
from trayapp.tracking.replay import replay


@dataclass(frozen=True, slots=True)
class Discarded:
    """A task the user chose not to send, and when."""

    task: SyncTask
    at: datetime


class DiscardTable:
    """What is not to be sent. Used with the guard held."""

    def __init__(self, database: Database, events: EventTable) -> None:
        self._database = database
        self._events = events

    def candidates(self, ids: Sequence[int]) -> tuple[SyncTask, ...]:
        """Of these tasks, those that failed and those that wait behind a failed one."""
        rows = self._database.rows(
            "SELECT * FROM sync_queue AS task WHERE id IN (SELECT value FROM json_each(?))"
            " AND (status = 'failed' OR (status = 'pending' AND EXISTS (SELECT 1 FROM sync_queue"
            "   WHERE entry = task.entry AND id < task.id AND status = 'failed'))) ORDER BY id",
            (json.dumps(list(ids)),),
        )
        return tuple(task_of(row) for row in rows)

    def unsent(self, entry_id: str) -> tuple[SyncTask, ...]:
        """The tasks of an entry that are pending or failed, in order."""
        rows = self._database.rows(
            "SELECT * FROM sync_queue WHERE entry = ? AND status IN ('pending', 'failed')"
            " ORDER BY id",
            (entry_id,),
        )
        return tuple(task_of(row) for row in rows)

    def was_asked(self, task_id: int, outcomes: Sequence[str]) -> bool:
        """Whether one of its attempts came to one of these."""
        rows = self._database.rows(
            "SELECT EXISTS (SELECT 1 FROM attempt WHERE task = ?"
            " AND outcome IN (SELECT value FROM json_each(?)))",
            (task_id, json.dumps(list(outcomes))),
        )
        return bool(rows[0][0])

    def left_out(self, entry_id: str) -> frozenset[str]:
        """The ids of an entry's events that are not to be sent."""
        rows = self._database.rows(
            "SELECT event FROM sync_queue WHERE entry = ? AND status = 'discarded'"
            " AND event IS NOT NULL",
            (entry_id,),
        )
        return frozenset(row["event"] for row in rows)

    def add(self, tasks: Iterable[SyncTask], now: datetime) -> None:
        """These are not to be sent. A cause is kept by what had failed, and by nothing else."""
        self._database.run_many(
            "UPDATE sync_queue SET status = 'discarded', discarded_ms = ?, due_ms = 0,"
            " trial = CASE status WHEN 'failed' THEN trial ELSE 0 END,"
            " cause = CASE WHEN status <> 'failed' THEN ''"
            "   WHEN cause = '' THEN 'unknown' ELSE cause END WHERE id = ?",
            [(to_ms(now), task.id) for task in tasks],
        )

    def follow(self, event: Event, now: datetime) -> None:
        """A new click for an entry whose beginning is not to be sent is not sent either."""
        left_out = self.left_out(event.entry_id)
        if not left_out or beginning_of(self._events.of_entry(event.entry_id)) not in left_out:
            return
        self._database.run(
            "UPDATE sync_queue SET status = 'discarded', discarded_ms = MAX(?, (SELECT"
            " COALESCE(MAX(discarded_ms), 0) FROM sync_queue WHERE entry = ?)) WHERE event = ?",
            (to_ms(now), event.entry_id, event.id),
        )

    def find(self, ids: Sequence[int]) -> tuple[Discarded, ...]:
        """Of these tasks, those that the user chose not to send."""
        return self._discarded("id IN (SELECT value FROM json_each(?))", json.dumps(list(ids)))

    def of_entry(self, entry_id: str) -> tuple[Discarded, ...]:
        """The tasks of an entry that the user chose not to send."""
        return self._discarded("entry = ?", entry_id)

    def _discarded(self, which: str, value: str) -> tuple[Discarded, ...]:
        rows = self._database.rows(
            # Without a time: an older app had sent or cancelled it.
            f"SELECT * FROM sync_queue WHERE {which}"  # noqa: S608  # our own words
            " AND status = 'discarded' AND discarded_ms IS NOT NULL ORDER BY id",
            (value,),
        )
        return tuple(Discarded(task_of(row), from_ms(row["discarded_ms"])) for row in rows)

    def overtaken(self, ids: Iterable[int]) -> tuple[int, ...]:
        """Which of these can no longer go in their order: a later click of their entry has gone.

        What is in doubt is looked for before it is sent, so its order does not matter.
        """
        rows = self._database.rows(
            "SELECT task.id FROM sync_queue AS task JOIN event AS own ON own.id = task.event"
            " WHERE task.id IN (SELECT value FROM json_each(?)) AND task.doubt = 'none'"
            " AND EXISTS (SELECT 1 FROM event AS later WHERE later.entry = own.entry"
            "   AND later.seq > own.seq"
            "   AND NOT EXISTS (SELECT 1 FROM sync_queue WHERE event = later.id))"
            " ORDER BY task.id",
            (json.dumps(list(ids)),),
        )
        return tuple(row["id"] for row in rows)

    def restore(self, ids: Iterable[int]) -> None:
        """These are as they were: failed, or waiting where they had no cause."""
        self._database.run_many(
            "UPDATE sync_queue SET discarded_ms = NULL,"
            " status = CASE cause WHEN '' THEN 'pending' ELSE 'failed' END"
            " WHERE id = ? AND status = 'discarded'",
            [(one,) for one in ids],
        )


def beginning_of(events: Sequence[Event]) -> str:
    """The id of the event that opened an entry; empty when none did."""
    entry = replay([event for event in events if not event.kind.corrects]).entry
    return entry.segments[0].id if entry else ""
