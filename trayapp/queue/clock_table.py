"""ClockTable: what is kept about the clock, and the waits that follow it when it is set."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from trayapp.queue.clock_meta import ANCHOR, KEPT, SKEW, Anchor, Skew, anchor_of, kept_of, skew_of
from trayapp.queue.database import Database
from trayapp.queue.rows import moment
from trayapp.tracking.entry import MILLISECOND


class ClockTable:
    """Used with the guard held."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def anchor(self) -> Anchor | None:
        """What the stored waits are measured by; None: nothing is known."""
        return anchor_of(self._read(ANCHOR))

    def set_anchor(self, anchor: Anchor) -> None:
        """From now on they are measured by this."""
        self._write(ANCHOR, [anchor.boot_id, anchor.offset_ms])

    def skew(self) -> Skew | None:
        """What the active account's server said last about our clock; None: it is right."""
        return skew_of(self._read(SKEW))

    def set_skew(self, skew: Skew | None) -> None:
        """The server said so."""
        self._write(SKEW, None if skew is None else [skew.account_id, skew.ms])

    def keep(self, entry_id: str, step_ms: int) -> None:
        """The user wants it as it is, though the clock was set by so much during it."""
        kept = {**kept_of(self._read(KEPT)), entry_id: step_ms}
        self._write(KEPT, list(kept.items()))

    def newest_wait(self) -> datetime | None:
        """When the newest of the stored waits began, by the clock of that time."""
        rows = self._database.rows(
            "SELECT MAX(at) AS at FROM"
            " (SELECT MAX(MAX(COALESCE(last_retry_at, 0), COALESCE(sent_at, 0))) AS at"
            "   FROM sync_queue WHERE status = 'pending'"
            "  UNION ALL SELECT MAX(gate_since_ms) FROM account)"
        )
        return moment(rows[0]["at"])

    def held_accounts(self) -> tuple[int, ...]:
        """The accounts whose gate is closed."""
        rows = self._database.rows("SELECT id FROM account WHERE gate IS NOT NULL ORDER BY id")
        return tuple(row["id"] for row in rows)

    def move(self, step: timedelta) -> None:
        """What waits by itself, and what is watched, goes on doing so as long as before."""
        step_ms = step // MILLISECOND
        self._database.run(
            "UPDATE sync_queue SET sent_at = sent_at + ?1, last_retry_at = last_retry_at + ?1,"
            # Zero would mean that it waits for nothing.
            " due_ms = CASE WHEN due_ms > 0 THEN MAX(1, due_ms + ?1) ELSE 0 END"
            " WHERE status = 'pending'"
            " AND (due_ms > 0 OR last_retry_at IS NOT NULL OR sent_at IS NOT NULL)",
            (step_ms,),
        )
        self._database.run(
            "UPDATE segment SET watched_until_ms = watched_until_ms + ?"
            " WHERE watched_until_ms IS NOT NULL",
            (step_ms,),
        )

    def _read(self, key: str) -> str | None:
        rows = self._database.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0]["value"]) if rows else None

    def _write(self, key: str, value: list[object] | None) -> None:
        if value is None:
            self._database.run("DELETE FROM meta WHERE key = ?", (key,))
            return
        self._database.run(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (key, json.dumps(value)),
        )
