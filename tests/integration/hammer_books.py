"""Books of a hammering: what was acknowledged, what was shown, and what is wrong with both.

A click is found again in the log by the name of its zone, which nothing else looks at.
"""

from __future__ import annotations

import operator
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.integration.core_support import rows_of
from trayapp.core import Core
from trayapp.sync.status import SyncStatus
from trayapp.tracking.entry import TrackerState

CLICKS = {name: f"time_entry_{name}" for name in ("start", "pause", "resume", "stop")}
_CORRECTIONS = ("time_entry_edit", "time_entry_delete")


@dataclass(frozen=True, slots=True)
class Told:
    """What was answered to one click: the zone it can be found by, and whether it was recorded.

    None: nobody said; then it is there as it was clicked, or not at all.
    """

    who: str
    name: str
    zone: str
    recorded: bool | None


@dataclass(frozen=True, slots=True)
class Logged:
    """One event in the local log."""

    seq: int
    id: str
    entry: str
    kind: str
    at_ms: int
    zone: str
    boot_ms: int


def log_in(database: Path) -> list[Logged]:
    """The local log, in order, past our own code."""
    found = rows_of(
        database, "SELECT seq, id, entry, kind, at_ms, zone, boot_ms FROM event ORDER BY seq"
    )
    return [Logged(*row) for row in found]  # type: ignore[arg-type]  # as the columns are


def clicked(log: Sequence[Logged]) -> list[Logged]:
    """What was clicked: without corrections, and without the stops that a start brings along."""
    implied = {
        earlier.id
        for earlier, later in pairwise(log)
        if (earlier.kind, later.kind) == (CLICKS["stop"], CLICKS["start"])
        and (earlier.zone, earlier.boot_ms) == (later.zone, later.boot_ms)
    }
    return [one for one in log if one.id not in implied and one.kind not in _CORRECTIONS]


def log_complaints(log: Sequence[Logged], told: Iterable[Told]) -> list[str]:
    """Where the log is not what each was told, in their order; and what is in it twice."""
    by_who: Mapping[str, list[Told]] = defaultdict(list)
    for one in told:
        by_who[one.who].append(one)
    places: defaultdict[str, list[Logged]] = defaultdict(list)
    for event in clicked(log):
        places[event.zone].append(event)
    found: list[str] = []
    for who, answers in by_who.items():
        wanted = [
            (one.zone, CLICKS[one.name])
            for one in answers
            if one.recorded or (one.recorded is None and one.zone in places)
        ]
        zones = dict.fromkeys(one.zone for one in answers)
        events = sorted(
            (one for zone in zones for one in places.pop(zone, [])), key=lambda one: one.seq
        )
        found += _compared(who, wanted, [(one.zone, one.kind) for one in events])
    found += [f"nobody was told of {one}" for events in places.values() for one in events]
    return found + _repeated(log)


def _compared(
    who: str, wanted: Sequence[tuple[str, str]], there: Sequence[tuple[str, str]]
) -> list[str]:
    should, does = Counter(wanted), Counter(there)
    found = [f"{who}: missing: {one}" for one in should - does]
    found += [f"{who}: {'twice' if one in should else 'strange'}: {one}" for one in does - should]
    return found or ([] if list(wanted) == list(there) else [f"{who}: out of order"])


def _repeated(log: Sequence[Logged]) -> list[str]:
    """Twice the same in a row, or an entry's times that do not grow."""
    newest: dict[str, Logged] = {}
    found = []
    for event in log:
        before = newest.get(event.entry)
        if before is not None and before.kind == event.kind and event.kind in CLICKS.values():
            found.append(f"twice in a row: {before}, {event}")
        if before is not None and before.at_ms >= event.at_ms:
            found.append(f"not later: {before}, {event}")
        newest[event.entry] = event
    return found


def server_complaints(log: Sequence[Logged], remote: Path, database: Path) -> list[str]:
    """Where the server does not show each event of the log once, in the order of the log.

    What the user chose not to send may be missing, and an entry that was deleted.
    """
    shown = rows_of(remote, "SELECT id, entry_id, kind, at_ms FROM event ORDER BY at_ms")
    wanted = {one.id: (one.id, one.entry, one.kind, one.at_ms) for one in log}
    discarded = rows_of(database, "SELECT event FROM sync_queue WHERE status = 'discarded'")
    deleted = {one.entry for one in log if one.kind == "time_entry_delete"}
    optional = {event for (event,) in discarded}
    optional |= {one.id for one in log if one.entry in deleted}
    counts = Counter(row[0] for row in shown)
    found = [f"strange: {row}" for row in shown if row != wanted.get(str(row[0]))]
    found += [f"twice: {event}" for event, count in counts.items() if count > 1]
    return found + [
        f"missing: {one}" for one in log if one.id not in counts and one.id not in optional
    ]


# -- snapshots -----------------------------------------------------------------------------


def snapshot_complaints(status: SyncStatus) -> list[str]:
    """Where a status contradicts itself, as one that was read at two moments does."""
    unsent = status.pending + status.failed
    runs = status.tracker is not TrackerState.STOPPED
    current = status.entry and (status.entry.project.casefold(), status.entry.note)
    rules = {
        "causes are not all that failed": sum(one.count for one in status.failed_causes)
        == status.failed,
        "more of one's own than of all": status.own_pending <= status.pending
        and status.own_failed <= status.failed,
        "more in doubt than unsent": status.doubtful <= unsent,
        "waits since never, or for nothing": (status.waiting_since is None) == (unsent == 0),
        "an entry while stopped, or none while not": runs == (status.entry is not None),
        "runs without a history": status.has_history or not runs,
        "what runs can be taken up again": current
        not in {(one.project.casefold(), one.note) for one in status.recent},
        "worked less than nothing": status.entry is None
        or status.entry.worked.total_seconds() >= 0,
        "all sent, but something is not": not (status.all_sent and unsent),
    }
    return [f"{rule}: {status}" for rule, holds in rules.items() if not holds]


def sequence_complaints(shown: Sequence[SyncStatus]) -> list[str]:
    """Where a status is older than the one that was shown before it."""
    found = [f"went back: {a.as_of} {b.as_of}" for a, b in pairwise(shown) if b.as_of < a.as_of]
    numbers = [status.retry.number for status in shown if status.retry is not None]
    return found + [f"retry {b} after {a}" for a, b in pairwise(numbers) if b < a]


@dataclass(frozen=True, slots=True)
class Counts:
    """What the database holds at one moment."""

    pending: int
    failed: int
    doubtful: int
    newest_entry: str

    @classmethod
    def of_status(cls, status: SyncStatus) -> Counts:
        """What a status says of it."""
        entry = status.entry.id if status.entry else ""
        return cls(status.pending, status.failed, status.doubtful, entry)


COUNTED = """
SELECT COUNT(*) FILTER (WHERE status = 'pending'), COUNT(*) FILTER (WHERE status = 'failed'),
  COUNT(*) FILTER (WHERE doubt <> 'none' AND status <> 'discarded'),
  COALESCE((SELECT entry FROM event AS one WHERE kind = 'time_entry_start' AND NOT EXISTS
    (SELECT 1 FROM event WHERE entry = one.entry AND kind = 'time_entry_delete')
    ORDER BY seq DESC LIMIT 1), '')
FROM sync_queue"""


# -- the mutex -----------------------------------------------------------------------------


class OwnerWatch:
    """Listens to what the one writer does: every statement belongs to the thread that locked.

    SQLite itself tells of the statements, on the thread that runs them.
    """

    def __init__(self, core: Core) -> None:
        self._shared = operator.attrgetter("_Mutex__shared")(core._queue)
        self._open_for: int | None = None
        self.transactions: Counter[str] = Counter()
        """By the name of the thread."""
        self.wrong: list[str] = []
        self._shared.value._connection.set_trace_callback(self._ran)

    def _ran(self, sql: str) -> None:
        me, name = threading.get_ident(), threading.current_thread().name
        if self._shared.holder != me:
            self.wrong.append(f"{name} runs {sql[:60]}, but {self._shared.holder} holds the lock")
        if sql.startswith("BEGIN"):
            self.transactions[name] += 1
            if self._open_for is not None:
                self.wrong.append(f"{name} begins inside a transaction of {self._open_for}")
            self._open_for = me
        elif self._open_for != me:
            self.wrong.append(f"{name} runs {sql[:60]} in a transaction of {self._open_for}")
        if sql.startswith(("COMMIT", "ROLLBACK")):
            self._open_for = None
