"""QueueReader: a read-only connection of its own. It takes no lock and never waits for a writer.

One reader belongs to one thread.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from trayapp.light import dataclass
from trayapp.queue.failed_reading import FailedReading
from trayapp.queue.rows import (
    NEWEST_ENTRY,
    account_of,
    catalog_of,
    event_of,
    gate_of,
    moment,
    task_of,
)
from trayapp.queue.task import Account, EntrySync, Gate, RecentEntry, SyncTask
from trayapp.tracking.activity import Activity
from trayapp.tracking.by_clock import by_clock
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import Event, EventKind, Stamp, from_ms
from trayapp.tracking.replay import replay

_CORRECTIONS = "('time_entry_edit', 'time_entry_delete')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many tasks of an account have this status and cause ("doubtful" is a status here)."""

    account_id: int
    status: str
    cause: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of one attempt at a task: the outcome's name, and its reason word for word."""

    task_id: int
    at: datetime
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedLog:
    """What a diagnosis needs to know beside the failed tasks.

    All events of their entries in order; the ids of those that are not to be sent; the ids of the
    failed tasks whose one trial by themselves was in vain.
    """

    events: tuple[Event, ...] = ()
    discarded: frozenset[str] = frozenset()
    tried: frozenset[int] = frozenset()


class QueueReader(FailedReading):
    """What the queue holds, for everyone who shows it. Raises QueueError."""

    def newest_entry(self) -> tuple[Event, ...]:
        """The events of the entry begun last that is not deleted, in order."""
        return tuple(event_of(row) for row in self._rows(NEWEST_ENTRY))

    def newest_events(self, limit: int) -> tuple[Event, ...]:
        """The events recorded last, at most so many, in order."""
        rows = self._rows("SELECT * FROM event WHERE seq > 0 ORDER BY seq DESC LIMIT ?", (limit,))
        return tuple(event_of(row) for row in reversed(rows))

    def events(self, entry_id: str) -> tuple[Event, ...]:
        """All events of an entry, in order."""
        rows = self._rows("SELECT * FROM event WHERE entry = ? ORDER BY seq", (entry_id,))
        return tuple(event_of(row) for row in rows)

    def kept(self, key: str) -> str | None:
        """What is kept under one of the keys of `trayapp.queue.clock_meta`."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0]["value"]) if rows else None

    def tallies(self) -> tuple[Tally, ...]:
        """Counts by account, status and cause; O(1) in the length of the queue."""
        rows = self._rows("SELECT account, status, cause, count FROM tally WHERE count > 0")
        return tuple(
            Tally(
                account_id=row["account"],
                status=row["status"],
                cause=row["cause"],
                count=row["count"],
            )
            for row in rows
        )

    def accounts(self) -> tuple[Account, ...]:
        """All accounts; the active one first."""
        rows = self._rows(
            "SELECT * FROM account ORDER BY id <>"
            " (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'active_account'), id"
        )
        return tuple(account_of(row) for row in rows)

    def catalog(self, account_id: int) -> Catalog:
        """What the account's server takes time for, as it said last."""
        account = self._rows("SELECT * FROM account WHERE id = ?", (account_id,))[0]
        projects = self._rows(
            "SELECT remote_id, name FROM project WHERE account = ?", (account_id,)
        )
        return catalog_of(account, projects)

    def gate(self, account_id: int) -> Gate | None:
        """The closed gate of an account."""
        return gate_of(self._rows("SELECT * FROM account WHERE id = ?", (account_id,))[0])

    def oldest_open(self, account_id: int) -> SyncTask | None:
        """The oldest of an account's tasks that are pending or failed."""
        rows = self._rows(
            "SELECT * FROM foremost_task WHERE account = ? ORDER BY id LIMIT 1", (account_id,)
        )
        return task_of(rows[0]) if rows else None

    def next_due(self, account_id: int) -> datetime | None:
        """When the first task that waits by itself is due."""
        rows = self._rows(
            "SELECT due_ms FROM unheld_task WHERE account = ? AND due_ms > 0"
            " ORDER BY due_ms LIMIT 1",
            (account_id,),
        )
        return moment(rows[0]["due_ms"]) if rows else None

    def has_probe(self, account_id: int, causes: Sequence[str]) -> bool:
        """Whether a closed gate has anything to try: what nothing holds, or a trial to come."""
        rows = self._rows(
            "SELECT 1 FROM unheld_task WHERE account = ? UNION ALL SELECT 1 FROM sync_queue"
            " WHERE +account = ? AND status = 'failed' AND trial = 0"
            " AND cause IN (SELECT value FROM json_each(?)) LIMIT 1",
            (account_id, account_id, json.dumps(list(causes))),
        )
        return bool(rows)

    def newest_failure(self, cause: str) -> str:
        """The reason of the newest task that failed for this cause."""
        rows = self._rows(
            "SELECT error_message FROM sync_queue WHERE status = 'failed' AND cause = ?"
            " ORDER BY id DESC LIMIT 1",
            (cause,),
        )
        return rows[0]["error_message"] if rows else ""

    def twins(self) -> int:
        """How many segments may stand on the server twice."""
        return int(self._rows("SELECT COUNT(*) FROM segment WHERE twin IS NOT NULL")[0][0])

    def history(self, task_ids: Sequence[int], *, limit: int = 20) -> tuple[Attempt, ...]:
        """The newest `limit` attempts at each of these tasks, oldest first."""
        rows = self._rows(
            "SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY task ORDER BY id DESC) AS age"
            "   FROM attempt WHERE task IN (SELECT value FROM json_each(?)))"
            " WHERE age <= ? ORDER BY id",
            (json.dumps(list(task_ids)), limit),
        )
        return tuple(
            Attempt(
                task_id=row["task"],
                at=from_ms(row["at_ms"]),
                outcome=row["outcome"],
                reason=row["reason"],
            )
            for row in rows
        )

    def failed_log(self) -> FailedLog:
        """What a diagnosis of the failed tasks needs to know beside them."""
        entries = "(SELECT entry FROM sync_queue WHERE status = 'failed' AND entry <> '')"
        events = self._rows(f"SELECT * FROM event WHERE entry IN {entries} ORDER BY seq")  # noqa: S608  # ours
        discarded = self._rows(
            f"SELECT event FROM sync_queue WHERE entry IN {entries}"  # noqa: S608  # our own words
            " AND status = 'discarded' AND event IS NOT NULL"
        )
        tried = self._rows("SELECT id FROM sync_queue WHERE status = 'failed' AND trial = 2")
        return FailedLog(
            events=tuple(event_of(row) for row in events),
            discarded=frozenset(row["event"] for row in discarded),
            tried=frozenset(row["id"] for row in tried),
        )

    def open_until(self, newest_id: int, ids: Sequence[int] | None = None) -> tuple[int, int, str]:
        """Of the active account's tasks up to this one: how many wait, how many failed, and why.

        `ids`: only these. The reason is the newest of the failed ones, else of those that wait.
        """
        rows = self._rows(
            "SELECT status, COUNT(*) AS count, MAX(id) AS newest FROM sync_queue"
            " WHERE account = (SELECT CAST(value AS INTEGER) FROM meta"
            "   WHERE key = 'active_account') AND status IN ('pending', 'failed') AND id <= ?"
            " AND (? IS NULL OR id IN (SELECT value FROM json_each(?)))"
            " GROUP BY status ORDER BY status",
            (newest_id, *(2 * (None if ids is None else json.dumps(list(ids)),))),
        )
        counts = {row["status"]: row["count"] for row in rows}
        reasons = (self._reason(row["newest"]) for row in rows)  # failed ones come first
        return counts.get("pending", 0), counts.get("failed", 0), next(filter(None, reasons), "")

    def _reason(self, task_id: int) -> str:
        rows = self._rows("SELECT error_message FROM sync_queue WHERE id = ?", (task_id,))
        return rows[0]["error_message"] if rows else ""

    def recent(self, limit: int, present: Stamp | None = None) -> tuple[RecentEntry, ...]:
        """The entries clicked last that are not deleted, newest first; `present`: see `by_clock`.

        A correction is no click. The last event of an entry tells whether it is deleted.
        """
        entries = self._rows(
            f"SELECT entry FROM event AS newest WHERE kind NOT IN {_CORRECTIONS} AND NOT EXISTS"  # noqa: S608  # ours
            "  (SELECT 1 FROM event WHERE entry = newest.entry AND seq > newest.seq"
            f"   AND kind NOT IN {_CORRECTIONS}) AND 'time_entry_delete' <>"
            "  (SELECT kind FROM event WHERE entry = newest.entry ORDER BY seq DESC LIMIT 1)"
            " ORDER BY seq DESC LIMIT ?",
            (limit,),
        )
        found: list[RecentEntry] = []
        for (entry_id,) in entries:
            rows = self._rows("SELECT * FROM event WHERE entry = ? ORDER BY seq", (entry_id,))
            events = [event_of(row) for row in rows]
            entry = replay(events).entry
            if entry is not None:
                other = by_clock(events, present)
                found.append(RecentEntry(entry=entry, sync=self._sync_of(entry_id), by_clock=other))
        return tuple(found)

    def recent_activities(self, limit: int) -> tuple[Activity, ...]:
        """What the entries of the newest `limit` clicks are about, newest first, each once.

        Clicks are counted, not activities, so that it costs the same in any history.
        """
        rows = self._rows(
            "SELECT entry, kind, project, note FROM event WHERE seq > 0 ORDER BY seq DESC LIMIT ?",
            (limit,),
        )
        found: dict[tuple[str, str], Activity] = {}
        seen: set[str] = set()
        for row in rows:
            # What an entry is about says its last event; what it was before was a mistake.
            if row["entry"] not in seen and row["kind"] != EventKind.DELETE:
                activity = Activity(row["project"], row["note"])
                found.setdefault((activity.project.casefold(), activity.note), activity)
            seen.add(row["entry"])
        return tuple(found.values())

    def _sync_of(self, entry_id: str) -> EntrySync:
        rows = self._rows(
            "SELECT DISTINCT status, doubt <> 'none' FROM sync_queue WHERE entry = ?", (entry_id,)
        )
        states = {(str(status), bool(doubtful)) for status, doubtful in rows}
        removed = self._rows(
            "SELECT 1 FROM segment WHERE entry = ? AND removed LIMIT 1", (entry_id,)
        )
        if ("failed", False) in states or ("failed", True) in states:
            return EntrySync.FAILED
        if ("pending", True) in states:
            return EntrySync.DOUBTFUL
        if ("pending", False) in states:
            return EntrySync.WAITING
        return EntrySync.NOT_SENT if states or removed else EntrySync.SENT
