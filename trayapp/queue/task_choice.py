"""Which task comes next, and what else is asked about those that have not arrived. Reads only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile

from trayapp.queue.database import Database
from trayapp.queue.rows import marks, moment, task_of
from trayapp.queue.task import SyncTask, TaskStatus
from trayapp.tracking.entry import to_ms

_RANKS = (
    "trial = 0 AND entry <> ?",
    "trial > 0 AND entry <> ?",
    "trial = 0 AND entry = ?",
    "trial > 0 AND entry = ?",
)


class TaskChoice:
    """The questions about what has not arrived. Used with the guard held."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def failed_count(self, account_id: int, cause: str) -> int:
        """How many tasks failed for this cause."""
        rows = self._database.rows(
            "SELECT count FROM tally WHERE account = ? AND status = 'failed' AND cause = ?",
            (account_id, cause),
        )
        return rows[0]["count"] if rows else 0

    def has_doubtful(self, account_id: int) -> bool:
        """Whether something may have arrived without our knowing."""
        rows = self._database.rows(
            "SELECT 1 FROM tally WHERE account = ? AND status = 'doubtful' AND count > 0",
            (account_id,),
        )
        return bool(rows)

    def has_untried(self, account_id: int, causes: Sequence[str]) -> bool:
        """Whether a task failed for one of these causes and has its one trial still to come."""
        rows = self._database.rows(
            "SELECT 1 FROM sync_queue WHERE +account = ? AND status = 'failed' AND trial = 0"  # noqa: S608  # ours
            f" AND cause IN ({marks(causes)}) LIMIT 1",
            (account_id, *causes),
        )
        return bool(rows)

    def has_unheld(self, account_id: int) -> bool:
        """Whether a task waits for nothing but its time and the gate."""
        sql = "SELECT 1 FROM unheld_task WHERE account = ? LIMIT 1"
        return bool(self._database.rows(sql, (account_id,)))

    def next_task(
        self,
        account_id: int,
        now: datetime,
        *,
        not_entry: str = "",
        after_id: int = 0,
        last_entry: str = "",
    ) -> SyncTask | None:
        """The task to try now: the oldest that is due and has no older unfinished sibling.

        Those on trial come behind the others, `last_entry` behind those of other entries.
        """
        for rank in _RANKS if last_entry else _RANKS[:2]:
            # Rank by rank, each by its index: sorting would read the whole queue for every task.
            rows = self._database.rows(
                "SELECT * FROM unheld_task WHERE account = ? AND due_ms <= ?"  # noqa: S608  # ours
                f" AND entry <> ? AND id > ? AND {rank} ORDER BY id LIMIT 1",
                (account_id, to_ms(now), not_entry, after_id, last_entry),
            )
            if rows:
                return task_of(rows[0])
        return None

    def get_pending(self, task_id: int) -> SyncTask | None:
        """This task, when it is pending and nothing older of its entry is unfinished."""
        rows = self._database.rows("SELECT * FROM unheld_task WHERE id = ?", (task_id,))
        return task_of(rows[0]) if rows else None

    def next_due(self, account_id: int) -> datetime | None:
        """When the first task that waits by itself is due."""
        rows = self._database.rows(
            "SELECT due_ms FROM unheld_task WHERE account = ? AND due_ms > 0"
            " ORDER BY due_ms LIMIT 1",
            (account_id,),
        )
        return moment(rows[0]["due_ms"]) if rows else None

    def first_look(self, account_id: int) -> SyncTask | None:
        """Of what went out and used up no attempt, what is to be looked for first, and when."""
        rows = self._database.rows(
            "SELECT * FROM unheld_task WHERE account = ? AND due_ms > 0"
            " AND doubt = 'sent' AND retry_count = 0 ORDER BY due_ms, id LIMIT 1",
            (account_id,),
        )
        return task_of(rows[0]) if rows else None

    def never_sent(
        self, account_id: int, now: datetime, *, after_id: int, limit: int
    ) -> tuple[SyncTask, ...]:
        """The oldest tasks behind `after_id` that wait for nothing and no server has ever seen."""
        rows = self._database.rows(
            "SELECT * FROM unheld_task WHERE account = ? AND due_ms <= ? AND id > ?"
            " AND trial = 0 AND sends = 0 AND doubt = 'none' ORDER BY id LIMIT ?",
            (account_id, to_ms(now), after_id, limit),
        )
        return tuple(task_of(row) for row in rows)

    def oldest_in_doubt(self, account_id: int) -> SyncTask | None:
        """Of what went out and may be asked about now or later, the oldest."""
        rows = self._database.rows(
            "SELECT * FROM unheld_task WHERE account = ? AND doubt = 'sent' ORDER BY id LIMIT 1",
            (account_id,),
        )
        return task_of(rows[0]) if rows else None

    def pending_of_entry(self, head: SyncTask) -> tuple[SyncTask, ...]:
        """The head and the pending tasks right behind it, in order."""
        rows = self._database.rows(
            "SELECT * FROM sync_queue WHERE entry = ? AND id > ?"
            " AND status IN ('pending', 'failed') ORDER BY id",
            (head.entry_id, head.id),
        )
        behind = takewhile(lambda row: row["status"] == TaskStatus.PENDING, rows)
        return head, *map(task_of, behind)

    def may_be_there(self, account_id: int, not_entry: str) -> frozenset[str]:
        """The events of other entries that left, and nothing told that they are not there."""
        rows = self._database.rows(
            "SELECT event FROM sync_queue WHERE account = ? AND status <> 'discarded'"
            " AND sent_at IS NOT NULL AND entry <> ? AND event IS NOT NULL",
            (account_id, not_entry),
        )
        return frozenset(row["event"] for row in rows)

    def untried(self, account_id: int, newest: int) -> tuple[SyncTask, ...]:
        """What a retry put back, up to this task, and nothing was asked about since."""
        rows = self._database.rows(
            "SELECT * FROM sync_queue WHERE account = ? AND status = 'pending' AND id <= ?"
            " AND cause = '' AND doubt = 'none' AND error_message <> '' ORDER BY id",
            (account_id, newest),
        )
        return tuple(task_of(row) for row in rows)

    def open_tasks(self, account_id: int) -> tuple[int, int]:
        """How many of an account's tasks are pending or failed, and the newest id of any task."""
        rows = self._database.rows(
            "SELECT (SELECT COALESCE(SUM(count), 0) FROM tally WHERE account = ?"
            " AND status IN ('pending', 'failed')) AS count,"
            " (SELECT COALESCE(MAX(id), 0) FROM sync_queue) AS newest",
            (account_id,),
        )
        return rows[0]["count"], rows[0]["newest"]

    def failed_ids(self, account_id: int, ids: Sequence[int]) -> set[int]:
        """Which of these tasks failed and belong to this account."""
        rows = self._database.rows(
            "SELECT id FROM sync_queue WHERE account = ? AND status = 'failed'"
            " AND id IN (SELECT value FROM json_each(?))",
            (account_id, json.dumps(list(ids))),
        )
        return {row["id"] for row in rows}
