"""Tasks brought back: what may not have arrived waits again, in doubt, so that it is looked for.

Works on the `found_*` tables, once their events are mended.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from trayapp.i18n import _
from trayapp.queue.rows import event_of, payload_of

_EVENT_WINS = (
    "UPDATE found_sync_queue SET"
    " entry = (SELECT entry FROM found_event WHERE id = event),"
    " account = (SELECT account FROM found_event WHERE id = event),"
    " entity_type = (SELECT kind FROM found_event WHERE id = event)"
    " WHERE event IN (SELECT id FROM found_event)"
)
_WHEN = (
    "UPDATE found_sync_queue SET created_at = COALESCE((SELECT at_ms FROM found_event"
    " WHERE id = event), shown_ms(payload), 1) WHERE created_at = 0"
)
_ONE_EACH = (
    "DELETE FROM found_sync_queue WHERE event IS NOT NULL AND rowid >"
    " (SELECT MIN(rowid) FROM found_sync_queue AS one WHERE one.event = found_sync_queue.event)"
)
_IN_DOUBT = (
    (
        "UPDATE found_sync_queue SET looks = 0, doubt = CASE"
        " WHEN doubt = 'sent' AND json_valid(wire_body) AND sent_at IS NOT NULL THEN 'sent'"
        " ELSE 'unknown' END"
    ),
    "UPDATE found_sync_queue SET wire_body = NULL WHERE doubt = 'unknown'",
    # What went out is found by its time among what waits for a look.
    "UPDATE found_sync_queue SET due_ms = MAX(due_ms, 1) WHERE doubt = 'sent'",
)
_LAST_TASK = (
    "SELECT MAX((SELECT COALESCE(MAX(id), 0) FROM found_sync_queue),"
    " (SELECT COALESCE(MAX(id), 0) FROM named_task),"
    " (SELECT COALESCE(MAX(task), 0) FROM found_attempt),"
    " (SELECT COALESCE(MAX(task), 0) FROM found_imported),"
    " (SELECT COALESCE(MAX(last), 0) FROM named_sequence))"
)


class TaskMender:
    """Mends the found tasks.

    `tasks_are_whole`: every task that was there has been found. `names_are_whole`: every one that
    was there is named in `named_task`.
    """

    def __init__(
        self, connection: sqlite3.Connection, *, tasks_are_whole: bool, names_are_whole: bool
    ) -> None:
        self._run = connection.execute
        self._tasks_are_whole = tasks_are_whole
        self._names_are_whole = names_are_whole
        self._last_task = 0

    def mend(self) -> int:
        """Make them fit their events; how many were put together from those."""
        self._run(_EVENT_WINS)
        self._run(_WHEN)
        self._decide_by_hand()
        self._run(_ONE_EACH)
        self._last_task = int(self._run(_LAST_TASK).fetchone()[0])
        self._tell_apart()
        brought = self._bring()
        for sql in _IN_DOUBT:
            self._run(sql)
        self._show_payloads()
        # No id is ever used again, not even one that only a trace is left of.
        self._run("INSERT INTO named_sequence VALUES (?)", (self._last_task,))
        return brought

    def _decide_by_hand(self) -> None:
        """What has lost its event for good cannot be sent: the user decides about it."""
        self._run(
            "UPDATE found_sync_queue SET event = NULL, cause = 'unknown', error_message = ?,"
            " status = CASE status WHEN 'discarded' THEN status ELSE 'failed' END"
            " WHERE event IS NOT NULL AND event NOT IN (SELECT id FROM found_event)",
            (
                _(
                    "The click itself was lost when the database was damaged. So it is not sent."
                    " Look on the server: enter the hours there, or discard this."
                ),
            ),
        )

    def _bring(self) -> int:
        """A table that looks whole may be an older one than the index that names its tasks."""
        missing = "event.id NOT IN (SELECT event FROM found_sync_queue WHERE event IS NOT NULL)"
        named = self._run(
            "SELECT named.id, event.id FROM named_task AS named JOIN found_event AS event"  # noqa: S608  # ours
            f" ON event.id = named.event WHERE {missing}"
            " AND named.id NOT IN (SELECT id FROM found_sync_queue)"
        ).fetchall()
        for row in named:
            self._add(int(row[0]), str(row[1]))
        if self._tasks_are_whole or self._names_are_whole:
            return len(named)
        unnamed = self._run(
            f"SELECT event.id, event.entry FROM found_event AS event WHERE {missing}"  # noqa: S608  # ours
            # What was brought from elsewhere without a task had arrived already.
            " AND (seq > 0 OR event.id IN (SELECT fingerprint FROM found_imported)) ORDER BY seq"
        ).fetchall()
        for event, _entry in unnamed:
            self._add(self._new_task_id(), event)
        self._put_in_order({entry for _event, entry in unnamed})
        return len(named) + len(unnamed)

    def _add(self, task_id: int, event_id: str) -> None:
        row = self._run("SELECT * FROM found_event WHERE id = ?", (event_id,)).fetchone()
        self._run(
            "INSERT INTO found_sync_queue (id, account, entity_type, payload, status, retry_count,"
            " created_at, error_message, entry, event, cause, due_ms, trial, doubt, sends, looks)"
            " VALUES (?, ?, ?, ?, 'pending', 0, ?, '', ?, ?, '', 0, 0, 'unknown', 0, 0)",
            (
                task_id,
                row["account"],
                row["kind"],
                payload_of(event_of(row)),
                row["at_ms"],
                row["entry"],
                event_id,
            ),
        )

    def _new_task_id(self) -> int:
        self._last_task += 1
        return self._last_task

    def _put_in_order(self, entries: Iterable[str]) -> None:
        """Tasks of an entry go out by their ids: those get new ones that are not in order."""
        for entry in sorted(entries):
            rows = self._run(
                "SELECT task.id FROM found_sync_queue AS task JOIN found_event AS event"
                " ON event.id = task.event WHERE task.entry = ? ORDER BY event.seq",
                (entry,),
            ).fetchall()
            last = 0
            for (task,) in rows:
                last = task if task > last else self._renumber(task)

    def _tell_apart(self) -> None:
        """Two tasks with one number: one of them, or its number, is from elsewhere."""
        rows = self._run(
            "SELECT rowid FROM found_sync_queue AS task WHERE EXISTS"
            " (SELECT 1 FROM found_sync_queue WHERE id = task.id AND rowid < task.rowid)"
        ).fetchall()
        for (row,) in rows:
            self._run(
                "UPDATE found_sync_queue SET id = ? WHERE rowid = ?", (self._new_task_id(), row)
            )

    def _renumber(self, task: int) -> int:
        new = self._new_task_id()
        self._run("UPDATE found_sync_queue SET id = ? WHERE id = ?", (new, task))
        self._run("UPDATE found_attempt SET task = ? WHERE task = ?", (new, task))
        self._run("UPDATE found_imported SET task = ? WHERE task = ?", (new, task))
        return new

    def _show_payloads(self) -> None:
        rows = self._run(
            "SELECT event.* FROM found_sync_queue AS task JOIN found_event AS event"
            " ON event.id = task.event WHERE task.payload = '' OR instr(task.payload, char(65533))"
        ).fetchall()
        for row in rows:
            payload = payload_of(event_of(row))
            self._run(
                "UPDATE found_sync_queue SET payload = ? WHERE event = ?", (payload, row["id"])
            )
