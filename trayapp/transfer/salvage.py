"""Salvage: every row of the older queue that can still be read. Reads a private copy only."""

from __future__ import annotations

import contextlib
import sqlite3

from trayapp.light import dataclass
from trayapp.queue.legacy import columns_of
from trayapp.queue.legacy_rows import KINDS, OldRow, old_row

_MOST_TRIES = 200_000
_READ = (
    # Screenshots are large and left behind: their pages are not even read.
    "SELECT id, CAST(entity_type AS TEXT), CASE WHEN entity_type IN ({kinds})"
    " THEN CAST(payload AS TEXT) END, CAST(status AS TEXT), retry_count, created_at,"
    " last_retry_at, {reason} FROM sync_queue WHERE id BETWEEN ? AND ? ORDER BY id {order}"
)
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """The rows, in order; `lost`: at least so many could not be read."""

    rows: tuple[OldRow, ...]
    user: str
    """The user the file says it belongs to; empty when it does not say."""
    damaged: bool
    lost: int


def salvage(connection: sqlite3.Connection) -> Salvaged:
    """All that can be read."""
    reading = _Reading(connection)
    reading.read()
    damaged = reading.damaged or not _is_sound(connection)
    return Salvaged(
        rows=tuple(reading.rows[task] for task in sorted(reading.rows)),
        user=_owner(connection),
        damaged=damaged,
        lost=reading.count_lost() if damaged else 0,
    )


class _Reading:
    """Forwards to the first page that cannot be read, backwards to the last; then between them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        reason = "error_message" if "error_message" in columns_of(connection) else "NULL"
        reason = f"CAST({reason} AS TEXT)"
        kinds = ", ".join(f"'{kind}'" for kind in KINDS)
        self._forward = _READ.format(kinds=kinds, reason=reason, order="")
        self._backward = _READ.format(kinds=kinds, reason=reason, order="DESC")
        self.rows: dict[int, OldRow] = {}
        self.damaged = False

    def read(self) -> None:
        if self._read(self._forward, -_LARGEST, _LARGEST):
            return
        self.damaged = True
        low = max(self.rows, default=0) + 1
        high = self._newest()
        before = set(self.rows)
        self._read(self._backward, low, _LARGEST)
        high = min((task for task in self.rows if task not in before), default=high + 1) - 1
        self._read_between(low, high)

    def count_lost(self) -> int:
        """How many rows the index names that were not read; 0 when it cannot tell."""
        named: set[int] = set()
        with contextlib.suppress(sqlite3.DatabaseError):
            for (task,) in self._connection.execute(
                "SELECT id FROM sync_queue INDEXED BY idx_sync_queue_status"
            ):
                named.add(task)
        newest = self._newest()
        return sum(0 < task <= newest and task not in self.rows for task in named)

    def _read(self, sql: str, low: int, high: int) -> bool:
        """Keep the rows up to the first that cannot be read; False when there is one."""
        try:
            for values in self._connection.execute(sql, (low, high)):
                row = old_row(values)
                if row is not None:
                    self.rows.setdefault(row.id, row)
        except sqlite3.DatabaseError:
            return False
        return True

    def _read_between(self, low: int, high: int) -> None:
        """By halves, so that a page that cannot be read takes nothing else along."""
        spans = [(low, high)]
        for _ in range(_MOST_TRIES):
            if not spans:
                return
            first, last = spans.pop()
            if first > last or self._read(self._forward, first, last) or first == last:
                continue
            middle = (first + last) // 2
            spans += [(middle + 1, last), (first, middle)]

    def _newest(self) -> int:
        """The highest id there ever was, as far as it can be told."""
        known = max(self.rows, default=0)
        with contextlib.suppress(sqlite3.DatabaseError):
            found = self._connection.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'sync_queue'"
            ).fetchone()
            if found and isinstance(found[0], int):
                return max(known, found[0])
        return known


def _is_sound(connection: sqlite3.Connection) -> bool:
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


def _owner(connection: sqlite3.Connection) -> str:
    with contextlib.suppress(sqlite3.DatabaseError):
        found = connection.execute(
            "SELECT value FROM app_meta WHERE key = 'current_user_id'"
        ).fetchone()
        return str(found[0]) if found and found[0] else ""
    return ""
