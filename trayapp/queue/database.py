"""Database: the one connection that writes, its file lock, its transactions.

`begin` takes the writer's lock file first, so that two processes never wait inside SQLite for
each other; each commit is one fsync. Errors of SQLite and the disk come out as QueueError.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from trayapp.queue import legacy, schema
from trayapp.queue.errors import (
    QueueBusyError,
    QueueError,
    QueueUnreadableError,
    SchemaTooNewError,
)

_LOCK_POLL_SECONDS = 0.005


class Database:
    """A connection with transactions, as the Mutex wants its value. Used with the guard held."""

    def __init__(self, database: Path, lock_file: Path) -> None:
        self._database = database
        self._lock = FileLock(lock_file, mode=0o600, thread_local=False)
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        """Open, upgrade or create the database, under the writer's lock for all of it."""
        with self._locked(), _translated():
            if not self._database.exists():
                os.close(os.open(self._database, os.O_CREAT | os.O_WRONLY, 0o600))
            self._database.chmod(0o600)
            connection = sqlite3.connect(
                self._database,
                timeout=schema.BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            connection.row_factory = sqlite3.Row
            try:
                self._bring_up_to_date(connection)
            except BaseException:
                connection.close()
                raise
            return connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > schema.SCHEMA_VERSION:
            msg = f"{self._database} was made by a newer Trayapp (schema {version})"
            raise SchemaTooNewError(msg)
        if 0 < version < schema.SCHEMA_VERSION:
            msg = f"{self._database} is a database of another program (schema {version})"
            raise QueueUnreadableError(msg)
        schema.prepare(connection)
        if version == 0 and legacy.is_legacy(connection):
            legacy.upgrade(connection, self._database)
        elif version == 0:
            connection.execute("BEGIN IMMEDIATE")
            schema.create(connection)
            connection.execute("COMMIT")
        legacy.finish_erasing(connection, self._database)

    def reopen(self) -> Self:
        """Open the database anew, after a rollback that failed. Raises QueueError."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._lock.release(force=True)
        self._connection = self._open()
        return self

    def close(self) -> None:
        """Give the database up; called once, when nothing else will be written."""
        self._connection.close()
        self._lock.release(force=True)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._take_lock()
        try:
            yield
        finally:
            self._lock.release()

    def _take_lock(self) -> None:
        try:
            self._lock.acquire(timeout=schema.BUSY_SECONDS, poll_interval=_LOCK_POLL_SECONDS)
        except Timeout as error:
            msg = f"{self._database}: another process has held the database for too long"
            raise QueueBusyError(msg) from error
        except OSError as error:
            raise QueueError(str(error)) from error

    # -- Transactional ---------------------------------------------------------------------

    def begin(self) -> None:
        self._take_lock()
        try:
            self.run("BEGIN IMMEDIATE")
        except BaseException:
            self._lock.release()
            raise

    def commit(self) -> None:
        self.run("COMMIT")
        self._lock.release()

    def rollback(self) -> None:
        try:
            if self._connection.in_transaction:
                self.run("ROLLBACK")
        finally:
            self._lock.release()

    def run(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        with _translated():
            return self._connection.execute(sql, tuple(values))

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        with _translated():
            return self._connection.execute(sql, tuple(values)).fetchall()

    def run_many(self, sql: str, values: Sequence[tuple[object, ...]]) -> None:
        with _translated():
            self._connection.executemany(sql, values)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """SQLite's and the disk's errors as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
        raise (QueueBusyError if busy else QueueError)(str(error)) from error
    except sqlite3.DatabaseError as error:
        raise QueueUnreadableError(str(error)) from error
    except OSError as error:
        raise QueueError(str(error)) from error
