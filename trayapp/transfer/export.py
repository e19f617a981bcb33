"""Export: every entry of the local log, one at a time, with how far it is delivered.

Reads only, takes no lock, asks no server and no keyring. Blocks as long as the disk does; what is
read is one moment, however long the reading takes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from trayapp.light import dataclass
from trayapp.queue import schema
from trayapp.queue.errors import DamagedError, QueueUnreadableError, translated
from trayapp.queue.reading import Reading
from trayapp.queue.rows import account_of, event_of
from trayapp.queue.task import Account, EntrySync
from trayapp.tracking.entry import Stamp, TimeEntry
from trayapp.tracking.replay import replay

_ENTRIES = """
SELECT entry, CASE
    WHEN EXISTS (SELECT 1 FROM sync_queue WHERE entry = first.entry AND status = 'failed')
      THEN 'failed'
    WHEN EXISTS (SELECT 1 FROM sync_queue WHERE entry = first.entry AND status = 'pending'
      AND doubt <> 'none') THEN 'doubtful'
    WHEN EXISTS (SELECT 1 FROM sync_queue WHERE entry = first.entry AND status = 'pending')
      THEN 'waiting'
    WHEN EXISTS (SELECT 1 FROM sync_queue WHERE entry = first.entry)
      OR EXISTS (SELECT 1 FROM segment WHERE entry = first.entry AND removed) THEN 'not_sent'
    ELSE 'sent' END AS sync
FROM event AS first WHERE NOT EXISTS
  (SELECT 1 FROM event WHERE entry = first.entry AND seq < first.seq)
ORDER BY at_ms, seq
"""
"""By the first click; the words of `EntrySync`."""
_EVENTS = "SELECT * FROM event WHERE entry = ? ORDER BY seq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Local days from `first` to `last`, both included; None: without an end."""

    first: date | None = None
    last: date | None = None

    def __contains__(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedEntry:
    """A whole entry. It belongs to the day on which it began, by the user's clock of then.

    `started_at` and `ended_at` are times of the zone in which it was begun.
    """

    entry: TimeEntry
    worked: timedelta
    started_at: datetime
    ended_at: datetime | None
    zone: str
    account: Account
    sync: EntrySync

    @property
    def day(self) -> date:
        """The local day it belongs to."""
        return self.started_at.date()


class EntryLog(Reading):
    """The entries of a database, for an export. One thread. Raises QueueError."""

    def entries(self, days: Days, now: datetime) -> Iterator[ExportedEntry]:
        """Those of these days that are not deleted, in the order of their first clicks."""
        with self.snapshot(), translated():
            accounts = self._accounts()
            self._connection.execute("PRAGMA temp_store = MEMORY")
            for row in self._connection.execute(_ENTRIES):
                found = self._entry(row["entry"], EntrySync(row["sync"]), accounts, now)
                if found is not None and found.day in days:
                    yield found

    def _accounts(self) -> dict[int, Account]:
        if not schema.is_ours(self._connection):
            msg = f"{self._database} is a database of another program"
            raise QueueUnreadableError(msg)
        rows = self._connection.execute("SELECT * FROM account").fetchall()
        return {row["id"]: account_of(row) for row in rows}

    def _entry(
        self, entry_id: str, sync: EntrySync, accounts: dict[int, Account], now: datetime
    ) -> ExportedEntry | None:
        rows = self._connection.execute(_EVENTS, (entry_id,)).fetchall()
        try:
            return _exported(rows, sync, accounts, now)
        except (ValueError, LookupError, TypeError, OverflowError) as error:
            msg = "a click in the database is damaged"
            raise DamagedError(msg) from error


def _exported(
    rows: list[sqlite3.Row], sync: EntrySync, accounts: dict[int, Account], now: datetime
) -> ExportedEntry | None:
    events = [event_of(row) for row in rows]
    entry = replay(events).entry
    if entry is None or entry.deleted:
        return None
    stamp = events[0].stamp
    zone = _zone(stamp.zone, stamp.offset)
    return ExportedEntry(
        entry=entry,
        worked=entry.worked(now),
        started_at=entry.started_at.astimezone(zone),
        ended_at=entry.ended_at and entry.ended_at.astimezone(zone),
        zone=_name(stamp),
        account=accounts[rows[0]["account"]],
        sync=sync,
    )


def _name(stamp: Stamp) -> str:
    """What the zone was called; where nothing is known of it, by its distance from UTC."""
    return stamp.zone or str(timezone(stamp.offset))


@lru_cache(maxsize=256)
def _zone(name: str, offset: timedelta) -> tzinfo:
    """The zone of this name, else the offset alone: a name may be of another system's."""
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        return timezone(offset) if offset else UTC
