"""What failed, page by page, with all that a diagnosis needs: of a long queue only a page at once.

One reading belongs to one thread. Raises QueueError.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from trayapp.light import dataclass
from trayapp.queue.rows import event_of, task_of
from trayapp.queue.task import SyncTask
from trayapp.queue.worked import WorkedReading
from trayapp.tracking.entry import Event

_PAGE = 50
_GIVEN = "(SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLog:
    """What a diagnosis needs to know of one entry.

    All its events in order; the ids of its failed tasks by their events'; the ids of the events
    that are not to be sent.
    """

    events: tuple[Event, ...]
    failed: Mapping[str, int]
    discarded: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPage:
    """Some failed tasks, oldest first.

    `tried`: ids of those whose one trial by themselves was in vain. `entries`: those with more than
    one event of which no older task has failed; so each entry is on one page.
    """

    tasks: tuple[SyncTask, ...]
    tried: frozenset[int]
    entries: tuple[EntryLog, ...]


class FailedReading(WorkedReading):
    """A reading that knows what failed."""

    def failed(self, *, limit: int, after_id: int = 0) -> tuple[SyncTask, ...]:
        """A page of the failed tasks, oldest first."""
        rows = self._rows(
            "SELECT * FROM sync_queue WHERE status = 'failed' AND id > ? ORDER BY id LIMIT ?",
            (after_id, limit),
        )
        return tuple(task_of(row) for row in rows)

    def failed_pages(self, size: int = _PAGE) -> Iterator[FailedPage]:
        """All of them; within a `snapshot` they are of one moment."""
        last = 0
        while tasks := self.failed(limit=size, after_id=last):
            last = tasks[-1].id
            ids = json.dumps([task.id for task in tasks])
            sql = f"SELECT id FROM sync_queue WHERE trial = 2 AND id IN {_GIVEN}"  # noqa: S608  # ours
            tried = self._rows(sql, (ids,))
            yield FailedPage(
                tasks=tasks,
                tried=frozenset(row["id"] for row in tried),
                entries=tuple(self._entry_logs(ids)),
            )

    def _entry_logs(self, ids: str) -> Iterator[EntryLog]:
        rows = self._rows(
            f"SELECT entry FROM sync_queue AS task WHERE id IN {_GIVEN} AND entry <> ''"  # noqa: S608  # our own words
            " AND NOT EXISTS (SELECT 1 FROM sync_queue WHERE entry = task.entry"
            "   AND id < task.id AND status = 'failed')"
            " AND 1 < (SELECT COUNT(*) FROM event WHERE entry = task.entry)",
            (ids,),
        )
        entries = json.dumps([row["entry"] for row in rows])
        tasks: dict[str, list[sqlite3.Row]] = {}
        for row in self._rows(
            f"SELECT entry, id, event, status FROM sync_queue WHERE entry IN {_GIVEN}"  # noqa: S608  # our own words
            " AND status <> 'pending' AND event IS NOT NULL",
            (entries,),
        ):
            tasks.setdefault(row["entry"], []).append(row)
        events = self._rows(
            f"SELECT * FROM event WHERE entry IN {_GIVEN} ORDER BY entry, seq",  # noqa: S608  # ours
            (entries,),
        )
        for entry, its_events in groupby(events, key=lambda row: str(row["entry"])):
            yield _log_of(tuple(map(event_of, its_events)), tasks.get(entry, ()))


def _log_of(events: tuple[Event, ...], tasks: Sequence[sqlite3.Row]) -> EntryLog:
    return EntryLog(
        events=events,
        failed={row["event"]: row["id"] for row in tasks if row["status"] == "failed"},
        discarded=frozenset(row["event"] for row in tasks if row["status"] == "discarded"),
    )
