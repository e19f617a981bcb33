"""Mending: what one table lost is put together again from what the others say.

Works on the `found_*` tables that `trayapp.queue.salvage` fills, before anything is put back:

- an event whose row is lost comes back from its task, which shows all of it but the zone;
- a task whose row is lost comes back from its event, when an index or nothing at all says that it
  was delivered: not everything that may be unsent is sent, but all of it is looked for;
- an account whose row is lost comes back from its index, else it holds what is its own.
"""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import UTC, datetime

from trayapp.light import dataclass
from trayapp.queue.rows import detail_shown
from trayapp.tracking.entry import EventKind, to_ms

_CLICKS = tuple(kind.value for kind in EventKind)
_MARKS = ", ".join("?" for _kind in _CLICKS)
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LOWEST = -(2**62)
_IN_A_MS = 20  # see trayapp.queue.legacy_tasks
_GATE = (
    "gate",
    "gate_reason",
    "gate_since_ms",
    "gate_due_ms",
    "gate_tries",
    "gate_task",
    "gate_seeks_other",
    "gate_by_server",
)
_WHOSE = (
    # An account nobody has a row of is a damaged number, if anything of its entry knows better.
    "UPDATE found_event SET account = COALESCE((SELECT account FROM found_sync_queue AS task"
    "   WHERE task.event = found_event.id AND account IN (SELECT id FROM found_account)),"
    " (SELECT account FROM found_event AS other WHERE other.entry = found_event.entry"
    "   AND account IN (SELECT id FROM found_account) LIMIT 1), MAX(account, 1))"
    " WHERE account NOT IN (SELECT id FROM found_account)"
)


class Mender:
    """Mends the found events and accounts."""

    def __init__(self, connection: sqlite3.Connection, *, most_clicks: int) -> None:
        self._run = connection.execute
        self._most_clicks = most_clicks

    def mend_events(self) -> int:
        """Give them back their ids and accounts; how many were put together from their tasks."""
        self._name_events()
        self._number_events()
        brought = self._bring_events()
        self._run(_WHOSE)
        return brought

    def mend_accounts(self) -> None:
        """Every row has its account; call it last."""
        self._bring_accounts()

    # -- events ----------------------------------------------------------------------------

    def _name_events(self) -> None:
        """A damaged id is told by the index, or by the task of the same click."""
        self._run(
            "UPDATE found_event SET id = (SELECT id FROM named_event AS named"
            "   WHERE named.seq = found_event.seq)"
            " WHERE id = '' AND seq IN (SELECT seq FROM named_event"
            "   WHERE id NOT IN (SELECT id FROM found_event))"
        )
        rows = self._run(
            "SELECT one.rowid, one.id, MIN(task.event), task.payload FROM found_event AS one"
            " JOIN found_sync_queue AS task"
            " ON task.entry = one.entry AND task.entity_type = one.kind"
            " WHERE task.event NOT IN (SELECT id FROM found_event) AND one.id NOT IN"
            " (SELECT event FROM found_sync_queue WHERE event IS NOT NULL)"
            " AND one.at_ms = shown_ms(task.payload) GROUP BY one.rowid"
        ).fetchall()
        for row, own, said, payload in rows:
            # The payload names it too: what two of three say is the id.
            if own and said not in payload and (_UUID.fullmatch(own) or not _UUID.fullmatch(said)):
                self._run("UPDATE found_sync_queue SET event = ? WHERE event = ?", (own, said))
            else:
                self._run("UPDATE found_event SET id = ? WHERE rowid = ?", (said, row))
        self._run("DELETE FROM found_event WHERE id = ''")
        self._run(
            "DELETE FROM found_event WHERE rowid >"
            " (SELECT MIN(rowid) FROM found_event AS one WHERE one.id = found_event.id)"
        )

    def _number_events(self) -> None:
        """A number that no click can have, or another has, is wrong: its time tells its place."""
        rows = self._run(
            "SELECT rowid, id, at_ms FROM found_event AS event WHERE seq > ? OR EXISTS"
            " (SELECT 1 FROM found_event WHERE seq = event.seq AND rowid < event.rowid)"
            " ORDER BY at_ms",
            (self._most_clicks,),
        ).fetchall()
        for row, event, at_ms in rows:
            before = self._run(
                "SELECT COALESCE(MAX(seq), 0) FROM found_event"
                " WHERE seq BETWEEN 1 AND ? AND at_ms <= ?",
                (self._most_clicks, at_ms),
            ).fetchone()[0]
            place = self._named_place(event) or self._free(before + 1)
            self._run("UPDATE found_event SET seq = ? WHERE rowid = ?", (place, row))

    def _bring_events(self) -> int:
        rows = self._run(
            "SELECT * FROM found_sync_queue WHERE entry <> '' AND event IS NOT NULL"  # noqa: S608  # ours
            " AND event NOT IN (SELECT id FROM found_event)"
            f" AND entity_type IN ({_MARKS}) ORDER BY id",
            _CLICKS,
        ).fetchall()
        for row in rows:
            self._bring_event(row)
        return len(rows)

    def _bring_event(self, task: sqlite3.Row) -> None:
        shown = Shown.of(task["payload"])
        at_ms = max(task["created_at"], 1) if shown.at_ms is None else shown.at_ms
        near = self._run(
            "SELECT seq, offset_minutes, zone, project, note, entry = ? FROM found_event"
            " WHERE at_ms <= ? AND (entry = ? OR seq > 0) ORDER BY entry = ? DESC, seq DESC",
            (task["entry"], at_ms, task["entry"], task["entry"]),
        ).fetchone()
        before, offset, zone, project, note, is_sibling = near or (0, 0, "UTC", "", "", False)
        says_itself = not is_sibling or EventKind(task["entity_type"]).corrects
        self._run(
            "INSERT INTO found_event (seq, id, account, entry, kind, at_ms, offset_minutes, zone,"
            " boot_id, boot_ms, project, note, detail)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', 0, ?, ?, ?)",
            (
                self._place(task, at_ms, before),
                task["event"],
                task["account"],
                task["entry"],
                task["entity_type"],
                at_ms,
                offset,
                zone,
                shown.project if says_itself else project,
                shown.note if says_itself else note,
                detail_shown(task["payload"]),
            ),
        )

    def _place(self, task: sqlite3.Row, at_ms: int, before: int) -> int:
        """Its place in the order of the clicks: as an index says, else the gap it left behind."""
        named = self._named_place(task["event"])
        if named is not None:
            return named
        is_imported = self._run(
            "SELECT 1 FROM found_imported WHERE fingerprint = ?", (task["event"],)
        ).fetchone()
        seq = before + 1
        if is_imported or before < 0:
            by_time = _LOWEST + (at_ms << _IN_A_MS) + task["id"] % (1 << _IN_A_MS)
            seq = max(seq, by_time) if before < 0 else by_time
        return self._free(seq)

    def _named_place(self, event: str) -> int | None:
        named = self._run(
            "SELECT seq FROM named_event WHERE id = ? AND seq NOT IN (SELECT seq FROM found_event)",
            (event,),
        ).fetchone()
        return None if named is None else int(named[0])

    def _free(self, seq: int) -> int:
        while self._run("SELECT 1 FROM found_event WHERE seq = ?", (seq,)).fetchone():
            seq += 1
        return seq

    # -- accounts --------------------------------------------------------------------------

    def _bring_accounts(self) -> None:
        self._run(
            "INSERT INTO found_account (id, kind, url, user) SELECT id, 'embedded', '', ''"
            " FROM (SELECT 1 AS id) WHERE id NOT IN (SELECT id FROM found_account)"
        )
        for table in ("event", "sync_queue", "segment"):
            self._run(
                "INSERT OR IGNORE INTO found_account (id, kind, url, user)"  # noqa: S608  # our own names
                f" SELECT DISTINCT account, 'lost', '', 'account ' || account FROM found_{table}"
                " WHERE account NOT IN (SELECT id FROM found_account)"
            )
        self._run(
            "UPDATE found_account SET kind = 'lost', url = '', user = 'account ' || id WHERE id >"
            " (SELECT MIN(id) FROM found_account AS one WHERE one.kind = found_account.kind"
            "   AND one.url = found_account.url AND one.user = found_account.user)"
        )
        opened = ", ".join(f"{column} = NULL" for column in _GATE)
        self._run(
            f"UPDATE found_account SET {opened} WHERE gate IS NOT NULL AND"  # noqa: S608  # ours
            " (gate_reason IS NULL OR gate_since_ms IS NULL OR gate_tries IS NULL)"
        )
        # Who was in trouble may have another id now; the projects are asked for again.
        self._run(
            "UPDATE found_account SET gate_task = NULL, projects_ms = NULL,"
            " projects_bind = COALESCE(projects_bind, 0),"
            " project_needed = COALESCE(project_needed, 0)"
        )
        self._run("DELETE FROM found_attempt WHERE task NOT IN (SELECT id FROM found_sync_queue)")
        self._run("DELETE FROM found_project WHERE account NOT IN (SELECT id FROM found_account)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a payload shows of a click; `at_ms` None where it does not say."""

    at_ms: int | None = None
    project: str = ""
    note: str = ""

    @classmethod
    def of(cls, payload: str) -> Shown:
        try:
            fields = json.loads(payload)
            at = datetime.fromisoformat(fields["at"])
            return cls(
                at_ms=to_ms(at.astimezone(UTC)),
                project=str(fields["project"]),
                note=str(fields["note"]),
            )
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
            return cls()


def shown_ms(payload: str) -> int | None:
    """The time a payload shows, for SQL."""
    return Shown.of(payload).at_ms
