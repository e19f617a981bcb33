"""What the server showed where it contradicted a task: kept with the task until the user decides.

It lies in the place of what went out: a task that contradicts is in no doubt, so that is free.
"""

from __future__ import annotations

from trayapp.queue.database import Database
from trayapp.queue.rows import task_of
from trayapp.queue.task import SyncTask


class ConflictTable:
    """Tasks that failed because the server shows something else. Used with the guard held."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, task: SyncTask, shown: str) -> None:
        """Keep what the server showed."""
        self._database.run(
            "UPDATE sync_queue SET wire_body = ?"
            " WHERE id = ? AND status = 'failed' AND doubt = 'none'",
            (shown, task.id),
        )

    def find(self, task_id: int) -> SyncTask | None:
        """The task, if it waits for this decision; what was shown is its `wire_body`."""
        rows = self._database.rows(
            "SELECT * FROM sync_queue WHERE id = ? AND status = 'failed' AND cause = 'conflict'"
            " AND event IS NOT NULL",
            (task_id,),
        )
        return task_of(rows[0]) if rows else None
