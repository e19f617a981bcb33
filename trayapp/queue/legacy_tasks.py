"""Tasks of the older app, brought into the queue: by an import, or by an upgrade in place.

Each becomes a task in doubt and, where its entry is known, an event of the log. Events of the
older app lie below zero in the log's order, by their time: whatever is brought when, they come
before every click made here, and their entry is never the one that is tracked now. Runs inside
the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Protocol

from trayapp.i18n import _
from trayapp.light import dataclass
from trayapp.queue.legacy_rows import CANCELLED, Group, OldRow, placed
from trayapp.queue.rows import BROUGHT, event_of, event_values
from trayapp.tracking.entry import Event, EventKind, to_ms
from trayapp.tracking.replay import replay

UNKNOWN = "unknown"
"""Cause of a task that failed for reasons nobody knows."""

_ONE_MORE = "INSERT INTO meta VALUES (?, '1') ON CONFLICT DO UPDATE SET value = value + 1"
_KIND = "hubnity"
_STATUSES = {"failed": "failed", CANCELLED: "discarded"}
_LOWEST = -(2**62)
_IN_A_MS = 20  # bits: so many rows may fall into one millisecond


class Execute(Protocol):
    """Runs one statement, as a connection does."""

    def __call__(self, sql: str, values: Sequence[object] = (), /) -> sqlite3.Cursor:
        """Run it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What became of a group's rows that had still to be sent.

    `already`: brought before. `mended`: brought before, and only now is their entry known.
    `undecided`: of `added`, those that the user has to decide about. `cancelled`: clicks that are
    kept in the log and not to be sent.
    """

    added: tuple[OldRow, ...] = ()
    cancelled: tuple[OldRow, ...] = ()
    already: int = 0
    mended: int = 0
    undecided: int = 0


class Bringer:
    """Brings groups of the older app's clicks. Used with the guard held.

    `cause_of` tells the cause of a failure by its reason. `keep_ids`: the tasks keep the ids they
    had in the older queue.
    """

    def __init__(
        self, execute: Execute, *, cause_of: Callable[[str], str], keep_ids: bool = False
    ) -> None:
        self._execute = execute
        self._cause_of = cause_of
        self._keep_ids = keep_ids

    def bring(self, group: Group) -> Brought:
        """Bring one group; what was brought before stays as it is, whatever became of it."""
        events = placed(group, self._events(group.entry))
        by_row = {row.id: event for row, event in events}
        added: list[OldRow] = []
        already = mended = 0
        if events:
            self._keep(group, events)
        for row in (row for row in group.rows if row.waits):
            event = by_row.get(row.id)
            task = self._task_of(row)
            if task is None:
                self._add(group, row, event)
                added.append(row)
            elif event is not None and self._mend(task, row, event):
                mended += 1
            else:
                already += 1
        return Brought(
            added=tuple(added),
            cancelled=self._cancel(group, events),
            already=already,
            mended=mended,
            undecided=sum(row.id not in by_row for row in added),
        )

    def account(self, group: Group) -> int:
        """Whose the entry is: the account it was begun for, else that of the older app's user."""
        rows = self._execute(
            "SELECT account FROM event WHERE entry = ? AND entry <> '' LIMIT 1", (group.entry,)
        ).fetchall()
        return int(rows[0][0]) if rows else account_of(self._execute, group.user)

    def _events(self, entry: str) -> tuple[Event, ...]:
        cursor = self._execute("SELECT * FROM event WHERE entry = ? ORDER BY seq", (entry,))
        cursor.row_factory = sqlite3.Row
        return tuple(event_of(row) for row in cursor.fetchall())

    def _task_of(self, row: OldRow) -> int | None:
        found = self._execute(
            "SELECT task FROM imported WHERE fingerprint = ?", (row.fingerprint,)
        ).fetchone()
        return None if found is None else int(found[0])

    def _keep(self, group: Group, events: Sequence[tuple[OldRow, Event]]) -> None:
        account = self.account(group)
        if sum(self._add_event(row, event, account) for row, event in events):
            self._execute(_ONE_MORE, (BROUGHT,))
            self._name_segment(group, account)

    def _add_event(self, row: OldRow, event: Event, account: int) -> bool:
        """False when the log has it already."""
        if self._execute("SELECT 1 FROM event WHERE id = ?", (event.id,)).fetchone():
            return False
        seq = _LOWEST + (to_ms(event.at) << _IN_A_MS) + row.id % (1 << _IN_A_MS)
        while self._execute("SELECT 1 FROM event WHERE seq = ?", (seq,)).fetchone():
            seq += 1
        self._execute(
            "INSERT INTO event (seq, account, id, entry, kind, at_ms, offset_minutes, zone,"
            " boot_id, boot_ms, project, note, detail)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, account, *event_values(event)),
        )
        return True

    def _name_segment(self, group: Group, account: int) -> None:
        """The older app kept one record an entry; what is in doubt is looked for under its name."""
        entry = replay(self._events(group.entry)).entry
        if entry is None or group.remote_id is None:
            return
        first = entry.segments[0]
        self._execute(
            "DELETE FROM segment WHERE entry = ? AND remote_id = ? AND remote_base IS NULL"
            " AND id <> ?",
            (group.entry, group.remote_id, first.id),
        )
        self._execute(
            "INSERT OR IGNORE INTO segment (id, account, entry, began_ms, remote_id)"
            " VALUES (?, ?, ?, ?, ?)",
            (first.id, account, group.entry, to_ms(first.began_at), group.remote_id),
        )

    def _cancel(self, group: Group, events: Sequence[tuple[OldRow, Event]]) -> tuple[OldRow, ...]:
        cancelled = [(row, event) for row, event in events if row.status == CANCELLED]
        for row, event in cancelled:
            if self._task_of(row) is None:
                self._add(group, row, event)
        return tuple(row for row, _event in cancelled)

    def _add(self, group: Group, row: OldRow, event: Event | None) -> None:
        status = "failed" if event is None else _STATUSES.get(row.status, "pending")
        cause = self._cause_of(row.reason) if status == "failed" else ""
        task = self._execute(
            "INSERT INTO sync_queue (id, account, entity_type, payload, status, retry_count,"
            " created_at, last_retry_at, error_message, entry, event, cause, doubt)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'unknown') RETURNING id",
            (
                row.id if self._keep_ids else None,
                self.account(group),
                row.kind,
                row.payload,
                status,
                row.retries,
                row.created_ms,
                row.retried_ms,
                row.reason if event else _undecided(group, row),
                group.entry if event else "",
                event.id if event else None,
                cause if event else UNKNOWN,
            ),
        ).fetchone()[0]
        if event is None and row.reason:
            self._execute(
                "INSERT INTO attempt (task, at_ms, outcome, reason) VALUES (?, ?, 'Imported', ?)",
                (task, row.retried_ms or row.created_ms, row.reason),
            )
        self._execute("INSERT INTO imported VALUES (?, ?)", (row.fingerprint, task))

    def _mend(self, task: int, row: OldRow, event: Event) -> bool:
        """A task that the user had to decide about: another copy of the file tells its entry."""
        changed = self._execute(
            "UPDATE sync_queue SET event = ?, entry = ?, error_message = ?, cause = ?"
            " WHERE id = ? AND event IS NULL AND status = 'failed'",
            (event.id, event.entry_id, row.reason, self._cause_of(row.reason), task),
        )
        return changed.rowcount > 0


def account_of(execute: Execute, user: str) -> int:
    """The account of the older app's user, whose address is not known before they sign in."""
    execute(
        "INSERT INTO account (kind, url, user) VALUES (?, '', ?) ON CONFLICT DO NOTHING",
        (_KIND, user),
    )
    found = execute(
        "SELECT id FROM account WHERE kind = ? AND url = '' AND user = ?", (_KIND, user)
    )
    return int(found.fetchone()[0])


def _undecided(group: Group, row: OldRow) -> str:
    """Why this click is not sent, and what to do."""
    if group.entry and row.kind in {EventKind.START, EventKind.RESUME}:
        what = _("The older database does not say when this ended.")
    elif group.entry:
        what = _("The older database does not say when this began.")
    elif row.kind == EventKind.START:
        what = _("The older database does not say what became of this start.")
    else:
        what = _("The older database does not say which entry this belongs to.")
    advice = _("So it is not sent. Look on the server: enter the hours there, or discard this.")
    return f"{what} {advice}"
