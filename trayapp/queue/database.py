"""Database: the one connection that writes, its file lock, its transactions.

`begin` takes the writer's lock file first, so that two processes never wait inside SQLite for
each other; each commit is one fsync. Errors of SQLite and the disk come out as QueueError. What
is damaged is salvaged, a file that was moved or deleted while it was open is put back.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from trayapp.queue import age, schema
from trayapp.queue.errors import (
    TRANSLATED,
    DamagedError,
    QueueBusyError,
    QueueError,
    StorageError,
    Translated,
    Trouble,
    error_of,
    storage_error,
    translated,
)
from trayapp.queue.opening import opened
from trayapp.queue.place import Place
from trayapp.queue.salvaged import META_KEY, Salvage, recorded
from trayapp.queue.writer_lock import WriterLock


class Database:
    """A connection with transactions, as the Mutex wants its value. Used with the guard held."""

    def __init__(
        self,
        database: Path,
        lock_file: Path,
        *,
        busy_seconds: float = schema.BUSY_SECONDS,
        mark: Path | None = None,
    ) -> None:
        """`mark`: a file elsewhere that tells an older copy of the database; see `age`."""
        self._database = database
        self._busy_seconds = busy_seconds
        self._mark = mark
        self._age: age.Age | None = None
        """What the mark says; None until it grew."""
        self._grown: age.Age | None = None
        """What it is when the transaction has been committed, where it grows in it."""
        self._lock = WriterLock(lock_file)
        self._is_suspect = False
        self.openings = 0
        with self._locked():
            self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        """Open, upgrade, salvage or create it; the writer's lock is held for all of it."""
        with translated():
            if not self._database.exists():
                from trayapp.queue.salvage import finish  # noqa: PLC0415  # seldom needed

                finish(self._database)
            try:
                connection = self._opened()
            except DamagedError as damage:
                self._salvage(damage)
                connection = self._opened()
            self._place = Place.of(self._database)
            self._is_suspect = False
            self._age, self._seen_changes = None, connection.total_changes
            self.openings += 1
            return connection

    def _opened(self) -> sqlite3.Connection:
        return opened(
            self._database,
            busy_seconds=self._busy_seconds,
            is_suspect=self._is_suspect,
            mark=self._mark,
        )

    def _salvage(self, damage: DamagedError) -> None:
        from trayapp.queue.salvage import NotOursError, salvage  # noqa: PLC0415  # seldom needed

        try:
            salvage(self._database)
        except NotOursError:
            raise damage from None

    def salvaged(self) -> Salvage | None:
        """What came back of a damaged file, until `forget_salvage`."""
        with translated():
            return recorded(self._connection)

    def forget_salvage(self) -> None:
        """The user has been told."""
        self.run("DELETE FROM meta WHERE key = ?", (META_KEY,))

    def reopen(self) -> Self:
        """Open the database anew, after a rollback that failed or damage. Raises QueueError."""
        self._is_suspect = True
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._lock.release()
        with self._locked():
            self._connection = self._open()
        return self

    def grow_older(self) -> None:
        """In the caller's transaction, after changes: from here on, copies made so far are older.

        Of itself it grows with the first change; `Core` calls this before `close`.
        """
        if self._mark is not None and self._has_changed:
            with translated():
                self._grown = age.grown(self._connection, self._mark)

    def close(self) -> None:
        """Give the database up; called once, when nothing else will be written."""
        if self._mark is not None and self._age is not None and not self._has_changed:
            age.put(self._mark, self._age)
        self._connection.close()
        self._lock.close()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._take_lock()
        try:
            yield
        finally:
            self._lock.release()

    def _take_lock(self) -> None:
        try:
            self._lock.acquire(timeout=self._busy_seconds)
        except TimeoutError as error:
            msg = f"{self._database}: another process has held the database for too long"
            raise QueueBusyError(msg) from error
        except OSError as error:
            raise storage_error(error) from error

    # -- the file at its place -------------------------------------------------------------

    def _is_in_place(self) -> bool:
        try:
            return Place.of(self._database) == self._place
        except OSError as error:
            raise storage_error(error) from error

    def _come_back(self) -> None:
        """Write to the file that others see: one that is gone is put back as it was."""
        if self._is_suspect:
            self._connection.close()
        elif self._is_in_place():
            return
        else:
            from trayapp.queue.rescue import rescue  # noqa: PLC0415  # seldom needed

            with translated():
                rescue(self._connection, self._database, self._place)
            self._is_suspect = True  # until it is open again
            self._connection.close()
        self._connection = self._open()

    # -- Transactional ---------------------------------------------------------------------

    def begin(self) -> None:
        self._take_lock()
        try:
            self._come_back()
            self.run("BEGIN IMMEDIATE")
        except BaseException:
            self._lock.release()
            raise

    def commit(self) -> None:
        if not self._is_in_place():
            msg = "the database was moved or deleted while it was written to"
            raise StorageError(msg, Trouble.MOVED)
        if self._age is None:
            with contextlib.suppress(QueueError):  # the next transaction does it
                self.grow_older()
        self.run("COMMIT")
        self._put_age()
        self._lock.release()

    def _put_age(self) -> None:
        if self._mark is not None and self._grown is not None:
            age.put(self._mark, self._grown, is_open=True)
            self._age, self._grown = self._grown, None
            self._seen_changes = self._connection.total_changes

    @property
    def _has_changed(self) -> bool:
        """Since it was opened or grew."""
        return self._connection.total_changes != self._seen_changes

    def rollback(self) -> None:
        self._grown = None
        try:
            if self._connection.in_transaction:
                self.run("ROLLBACK")
        finally:
            self._lock.release()

    def _watched(self, error: Translated) -> QueueError:
        """Damage that is met while running is looked into before the next transaction."""
        ours = error_of(error)
        self._is_suspect = self._is_suspect or isinstance(ours, DamagedError)
        return ours

    def run(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, values)
        except TRANSLATED as error:
            raise self._watched(error) from error

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except TRANSLATED as error:
            raise self._watched(error) from error

    def run_many(self, sql: str, values: Sequence[tuple[object, ...]]) -> None:
        try:
            self._connection.executemany(sql, values)
        except TRANSLATED as error:
            raise self._watched(error) from error
