"""What belongs to one account becomes another's: at a first sign-in, and after an import."""

from __future__ import annotations

from datetime import datetime

from trayapp.queue.database import Database
from trayapp.queue.rows import event_of
from trayapp.queue.task_table import TaskTable


class Handover:
    """Between two accounts, never in silence: the user asked for it. Used with the guard held."""

    def __init__(self, database: Database, tasks: TaskTable) -> None:
        self._database = database
        self._tasks = tasks

    def entries_of(self, account_id: int) -> int:
        """How many entries were begun for this account."""
        rows = self._database.rows(
            "SELECT COUNT(DISTINCT entry) FROM event WHERE account = ?", (account_id,)
        )
        return int(rows[0][0])

    def send_again(self, account_id: int, to_id: int, now: datetime) -> int:
        """All entries of one account go to another's server, as if just clicked; how many.

        What their own server confirmed, or left in doubt, says nothing about the new one. What
        the user chose not to send is not sent there either.
        """
        count = self.entries_of(account_id)
        rows = self._database.rows(
            "SELECT * FROM event WHERE account = ? AND NOT EXISTS"
            " (SELECT 1 FROM sync_queue WHERE event = event.id AND status = 'discarded')"
            " ORDER BY seq",
            (account_id,),
        )
        self._database.run(
            "DELETE FROM sync_queue WHERE account = ? AND event IS NOT NULL"
            " AND status <> 'discarded'",
            (account_id,),
        )
        self._database.run("DELETE FROM segment WHERE account = ?", (account_id,))
        self._move(account_id, to_id)
        self._tasks.add([event_of(row) for row in rows], to_id, now)
        return count

    def merge(self, account_id: int, to_id: int) -> None:
        """The same user under another name: doubt, failures and confirmations stay as they are."""
        self._database.run("UPDATE segment SET account = ? WHERE account = ?", (to_id, account_id))
        self._move(account_id, to_id)

    def _move(self, account_id: int, to_id: int) -> None:
        for sql in (
            "UPDATE event SET account = ? WHERE account = ?",
            "UPDATE sync_queue SET account = ? WHERE account = ?",
        ):
            self._database.run(sql, (to_id, account_id))
