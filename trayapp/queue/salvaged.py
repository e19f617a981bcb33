"""Salvage: what came back of a damaged database and what is gone, kept until the user was told."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from typing import Self

from trayapp.light import dataclass

TABLES = ("account", "event", "sync_queue", "attempt", "segment", "project", "imported", "meta")
"""Each after those it refers to."""
META_KEY = "salvage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """What came back and what is gone. Times are UTC milliseconds, None where nobody can tell.

    `kept`: where the damaged file is now; empty when only its WAL was missing or, `is_replaced`,
    when the database is an older copy, or another. `clicks`: how many
    are back, of `all_clicks` that there were; those lost were made between `lost_after_ms` and
    `lost_before_ms`. `tasks`: how many wait or failed, each in doubt; of these `rebuilt_tasks` were
    put together from their clicks. `lost_tasks`: at least so many could not be read.
    """

    kept: str
    is_replaced: bool = False
    clicks: int = 0
    all_clicks: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    lost_after_ms: int | None = None
    lost_before_ms: int | None = None
    tasks: int = 0
    rebuilt_tasks: int = 0
    rebuilt_clicks: int = 0
    lost_tasks: int = 0
    accounts: int = 0

    @property
    def lost_clicks(self) -> int:
        """How many clicks are gone."""
        return self.all_clicks - self.clicks

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


def recorded(connection: sqlite3.Connection) -> Salvage | None:
    """The salvage that this database came from, as long as nobody has been told."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (META_KEY,)).fetchone()
    return Salvage.from_json(row[0]) if row else None


def record(connection: sqlite3.Connection, done: Salvage) -> None:
    """Remember it until somebody has been told."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (META_KEY, done.to_json()))
