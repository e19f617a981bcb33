"""Tasks: claimed, settled, failed, requeued. What is decided comes from `sync`; this writes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from trayapp.queue.rows import marks, ms, payload_of
from trayapp.queue.task import SyncTask, TaskChange, TaskStatus
from trayapp.queue.task_choice import TaskChoice
from trayapp.tracking.entry import MILLISECOND, Event, to_ms


class TaskTable(TaskChoice):
    """What has not arrived. Used with the guard held."""

    def add(self, events: Sequence[Event], account_id: int, now: datetime) -> None:
        """Enqueue clicks; they wait since `now`, whatever time the user named for them."""
        self._database.run_many(
            "INSERT INTO sync_queue (account, entity_type, payload, created_at, entry, event, held)"
            # Not left to the trigger: what is held would go into an index and out again.
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, EXISTS (SELECT 1 FROM sync_queue WHERE entry = ?5"
            "   AND status <> 'discarded'))",
            [
                (
                    account_id,
                    event.kind.value,
                    payload_of(event),
                    to_ms(now),
                    event.entry_id,
                    event.id,
                )
                for event in events
            ],
        )

    def unblock(self, account_id: int) -> None:
        """What waits for another entry to end may try again."""
        self._database.run(
            "UPDATE sync_queue SET due_ms = 0 WHERE account = ? AND status = 'pending'"
            " AND due_ms > 0 AND cause = 'blocked'",
            (account_id,),
        )

    def mark_sent(self, tasks: Sequence[SyncTask], wire_body: str, now: datetime) -> None:
        """These tasks are about to leave as `wire_body`: in doubt until an answer settles them."""
        at = to_ms(now)
        for position, task in enumerate(tasks):
            self._database.run(
                "UPDATE sync_queue SET doubt = 'sent', sent_at = ?, sends = sends + 1, looks = 0,"
                " due_ms = ?, wire_body = ? WHERE id = ?",
                # With a time it is found among what waits for a look, should the answer be lost.
                (at, at, wire_body, task.id) if position == 0 else (at, 0, None, task.id),
            )

    def remove(self, tasks: Sequence[SyncTask]) -> None:
        """These are done: they leave the queue."""
        self._database.run_many(
            "DELETE FROM sync_queue WHERE id = ?", [(task.id,) for task in tasks]
        )

    def change(self, tasks: Sequence[SyncTask], change: TaskChange, now: datetime) -> None:
        """What an outcome makes of the first task; the others only lose or keep their doubt."""
        head, *others = tasks
        failed_trial = head.on_trial and change.status is TaskStatus.FAILED
        self._database.run(
            "UPDATE sync_queue SET status = ?, retry_count = ?, due_ms = ?, error_message = ?,"
            " cause = ?, doubt = ?, looks = ?, last_retry_at = ?, trial = ?,"
            " wire_body = CASE WHEN ? = 'none' THEN NULL ELSE wire_body END WHERE id = ?",
            (
                change.status.value,
                change.retry_count,
                ms(change.due_at) or 0,
                change.reason,
                change.cause,
                change.doubt.value,
                change.looks,
                to_ms(now),
                2 if failed_trial else int(head.on_trial),
                change.doubt.value,
                head.id,
            ),
        )
        self._database.run_many(
            "UPDATE sync_queue SET doubt = ? WHERE id = ?",
            [(change.doubt.value, task.id) for task in others],
        )

    def forget_sends(self, tasks: Sequence[SyncTask]) -> None:
        """The last request was answered: the next one is no repeat of it."""
        self._database.run_many(
            "UPDATE sync_queue SET sends = 0 WHERE id = ?", [(task.id,) for task in tasks]
        )

    def forget_leaving(self, tasks: Sequence[SyncTask], *, ever: bool) -> None:
        """The last request had no effect; `ever`: nor had any before it.

        These are the tasks as they were before that request.
        """
        self._database.run_many(
            "UPDATE sync_queue SET sent_at = ? WHERE id = ?",
            [(None if ever else ms(task.left_at), task.id) for task in tasks],
        )

    def unsend(self, tasks: Sequence[SyncTask]) -> None:
        """As if no request had left for these."""
        self._database.run_many(
            "UPDATE sync_queue SET doubt = 'none', wire_body = NULL, sends = 0, due_ms = 0"
            " WHERE id = ?",
            [(task.id,) for task in tasks],
        )

    def add_attempt(self, task: SyncTask, now: datetime, outcome: str, reason: str) -> None:
        """Remember what became of an attempt, while the task is here."""
        self._database.run(
            "INSERT INTO attempt (task, at_ms, outcome, reason) VALUES (?, ?, ?, ?)",
            (task.id, to_ms(now), outcome, reason),
        )

    def heal(self, account_id: int, causes: Sequence[str]) -> None:
        """Trouble is over: what failed of it gets one trial, behind the others."""
        if not causes:
            return
        self._database.run(
            "UPDATE sync_queue SET status = 'pending', trial = 1, due_ms = 0"  # noqa: S608  # ours
            # The plus keeps it to the index on causes: most failures have others than these.
            " WHERE +account = ? AND status = 'failed' AND trial = 0"
            f" AND cause IN ({marks(causes)})",
            (account_id, *causes),
        )

    def requeue(
        self, account_id: int, *, after_id: int, limit: int, ids: Sequence[int] | None = None
    ) -> dict[int, int]:
        """Failed tasks back to pending, attempts to 0: their ids, and the attempts each had.

        The oldest `limit` of those behind `after_id`; `ids` None means all of the account. What
        has no event cannot be sent: it is the user's to decide about.
        """
        which = (
            " WHERE account = ? AND status = 'failed' AND event IS NOT NULL AND id > ?"
            " AND (? IS NULL OR id IN (SELECT value FROM json_each(?)))"
        )
        chosen = None if ids is None else json.dumps(list(ids))
        values = (account_id, after_id, chosen, chosen)
        rows = self._database.run(
            f"SELECT id, retry_count FROM sync_queue{which} ORDER BY id LIMIT ?",  # noqa: S608  # ours
            (*values, limit),
        )
        rows.row_factory = None  # plain pairs: a named row each is a twentieth of retrying all
        found: dict[int, int] = dict(rows)
        # A range: to name each of many tasks takes longer than to write it.
        self._database.run(
            "UPDATE sync_queue SET status = 'pending', retry_count = 0, due_ms = 0, trial = 0,"  # noqa: S608  # ours
            f" cause = ''{which} AND id <= ?",
            (*values, max(found, default=after_id)),
        )
        return found

    def give_back(self, tasks: Sequence[tuple[SyncTask, str]]) -> None:
        """They failed for these causes, after as many attempts as they say."""
        self._database.run_many(
            "UPDATE sync_queue SET status = 'failed', retry_count = ?, cause = ? WHERE id = ?",
            [(task.retry_count, cause, task.id) for task, cause in tasks],
        )

    def requeue_cause(self, account_id: int, cause: str) -> None:
        """What failed for this cause goes again, attempts to 0, in its old place."""
        self._database.run(
            "UPDATE sync_queue SET status = 'pending', retry_count = 0, due_ms = 0, trial = 0,"
            " cause = '' WHERE account = ? AND status = 'failed' AND cause = ?"
            " AND event IS NOT NULL",
            (account_id, cause),
        )

    def hurry(self, account_id: int, *, between_looks: timedelta) -> None:
        """What waits by itself may try now; in doubt, as soon as a look may follow the last."""
        self._database.run(
            "UPDATE sync_queue SET due_ms = CASE doubt WHEN 'none' THEN 0"
            " ELSE MIN(due_ms, COALESCE(last_retry_at + ?, due_ms)) END"
            " WHERE account = ? AND status = 'pending' AND due_ms > 0",
            (between_looks // MILLISECOND, account_id),
        )
