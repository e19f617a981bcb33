"""Reading: a connection that cannot write, to the file that the writer writes to."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from trayapp.queue import schema
from trayapp.queue.errors import translated
from trayapp.queue.place import Place
from trayapp.queue.rows import event_of
from trayapp.queue.salvaged import Salvage, recorded
from trayapp.tracking.entry import Event

_ACCOUNTS = "(SELECT id FROM account WHERE kind = ?)"


class Reading:
    """Opens and follows the file. One thread only. Raises QueueError."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._open()

    def _open(self) -> None:
        with translated():
            self._place = Place.of(self._database)
            self._connection = sqlite3.connect(
                f"{self._database.absolute().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA query_only = ON")
            # KiB: what was read is in the system's cache; our own would grow for weeks, to 2 MiB.
            self._connection.execute("PRAGMA cache_size = -256")
            schema.refuse_newer(self._connection, self._database)

    def _follow(self) -> None:
        """A salvage puts another file there: what was read so far is not written to any more."""
        with translated():
            if Place.of(self._database) in {self._place, None} or self._connection.in_transaction:
                return
        self._connection.close()
        self._open()

    @property
    def is_outdated(self) -> bool:
        """Whether a writer has to bring the database up to date before it can be read."""
        with translated():
            return schema.version(self._connection) < schema.SCHEMA_VERSION

    def salvaged(self) -> Salvage | None:
        """What came back of a damaged file, as long as the user has not been told."""
        self._follow()
        with translated():
            return recorded(self._connection)

    def delivered(self, kind: str) -> tuple[Event, ...]:
        """The clicks that servers of this kind have taken, in order."""
        rows = self._rows(
            f"SELECT * FROM event WHERE account IN {_ACCOUNTS} AND NOT EXISTS"  # noqa: S608  # our own words
            " (SELECT 1 FROM sync_queue WHERE event = event.id) ORDER BY seq",
            (kind,),
        )
        return tuple(event_of(row) for row in rows)

    def removed(self, kind: str) -> tuple[str, ...]:
        """The entries that somebody removed on servers of this kind."""
        rows = self._rows(
            f"SELECT DISTINCT entry FROM segment WHERE account IN {_ACCOUNTS} AND removed",  # noqa: S608  # our own words
            (kind,),
        )
        return tuple(row["entry"] for row in rows)

    def close(self) -> None:
        """Give the connection up."""
        self._connection.close()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside shows one moment."""
        self._follow()
        with translated():
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _rows(self, sql: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        self._follow()
        with translated():
            return self._connection.execute(sql, values).fetchall()
