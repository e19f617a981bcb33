"""QueueWriter: the only writer of the queue's database. It lives inside the Mutex."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from trayapp.queue import schema
from trayapp.queue.account_table import AccountTable
from trayapp.queue.clock_table import ClockTable
from trayapp.queue.database import Database
from trayapp.queue.discard_table import DiscardTable
from trayapp.queue.event_table import EventTable, SegmentTable
from trayapp.queue.handover import Handover
from trayapp.queue.task import GateKind
from trayapp.queue.task_table import TaskTable
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import Event

# A click is a reason to try a network that was down; it is none to bother a server in trouble.
_WAITS_FOR_NETWORK = (GateKind.OFFLINE, GateKind.UNTRUSTED, GateKind.LOCKED)
# What a click meets, in one question: four, and writing what is seldom needed, took a twentieth of
# its time.
_MEETS = (
    "SELECT id, gate IS NOT NULL,"
    " EXISTS (SELECT 1 FROM tally WHERE account = whose.id AND status = 'pending'"
    "   AND cause = 'blocked' AND count > 0),"
    " EXISTS (SELECT 1 FROM sync_queue WHERE entry = ?1 AND status = 'discarded')"
    " FROM account AS whose WHERE id = COALESCE("
    "   (SELECT account FROM event WHERE entry = ?1 LIMIT 1),"
    "   (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'active_account'))"
)


class QueueWriter(Database):
    """Everything that is ever written to the queue, table by table. Used with the guard held."""

    def __init__(
        self,
        database: Path,
        lock_file: Path,
        *,
        busy_seconds: float = schema.BUSY_SECONDS,
        mark: Path | None = None,
    ) -> None:
        super().__init__(database, lock_file, busy_seconds=busy_seconds, mark=mark)
        self.accounts = AccountTable(self)
        self.clock = ClockTable(self)
        self.events = EventTable(self)
        self.segments = SegmentTable(self)
        self.tasks = TaskTable(self)
        self.discards = DiscardTable(self, self.events)
        self.handover = Handover(self, self.tasks)

    def catalog(self) -> Catalog:
        """What the active account's server takes time for."""
        return self.accounts.catalog(self.accounts.active().id)

    def catalog_of(self, entry_id: str) -> Catalog:
        """What the server of a known entry's account takes time for."""
        account_id = self.events.account_of(entry_id)
        return self.catalog() if account_id is None else self.accounts.catalog(account_id)

    def record(self, events: Sequence[Event], now: datetime) -> None:
        """Keep clicks and enqueue them; events of a known entry stay with its account."""
        for event in events:
            met = self.rows(_MEETS, (event.entry_id,))[0]
            account_id, is_held, has_blocked, has_discarded = met
            self.events.add((event,), account_id)
            self.tasks.add((event,), account_id, now)
            if has_discarded:
                self.discards.follow(event, now)
            if is_held:
                self.accounts.hurry(account_id, now, kinds=_WAITS_FOR_NETWORK)
            if has_blocked:
                self.tasks.unblock(account_id)
