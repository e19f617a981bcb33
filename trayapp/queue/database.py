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
    translated,
)

_LOCK_POLL_SECONDS = 0.005


class Database:
    """A connection with transactions, as the Mutex wants its value. Used with the guard held."""

    def __init__(
        self, database: Path, lock_file: Path, *, busy_seconds: float = schema.BUSY_SECONDS
    ) -> None:
        self._database = database
        self._busy_seconds = busy_seconds
        self._lock = FileLock(lock_file, mode=0o600, thread_local=False)
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        """Open, upgrade or create the database, under the writer's lock for all of it."""
        with self._locked(), translated():
            self._look_first()
            self._make_private()
            connection = sqlite3.connect(
                self._database,
                timeout=self._busy_seconds,
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

    def _look_first(self) -> None:
        """Refuse what is not ours before anything can change it: closing a writer would."""
        if not self._database.exists():
            return
        uri = f"{self._database.absolute().as_uri()}?mode=ro"
        # What only a writer can read, as after a crash in rollback mode, is checked again by one.
        with (
            contextlib.suppress(sqlite3.OperationalError),
            contextlib.closing(
                sqlite3.connect(uri, uri=True, timeout=self._busy_seconds)
            ) as connection,
        ):
            self._refuse_strangers(connection)

    def _refuse_strangers(self, connection: sqlite3.Connection) -> None:
        version = schema.version(connection)
        if schema.is_ours(connection) and version > schema.SCHEMA_VERSION:
            msg = (
                f"{self._database} was made by a newer Trayapp (schema {version}); it was left as"
                " it is. Start the newer version"
            )
            raise SchemaTooNewError(msg)
        if version == 0 and (schema.is_empty(connection) or legacy.is_legacy(connection)):
            return
        if not schema.is_ours(connection) or version < schema.FIRST_VERSION:
            msg = (
                f"{self._database} is a database of another program (schema {version}); it was"
                " left as it is. Move it away, then start again"
            )
            raise QueueUnreadableError(msg)

    def _make_private(self) -> None:
        if not self._database.exists():
            os.close(os.open(self._database, os.O_CREAT | os.O_WRONLY, 0o600))
        for path in (self._database, *schema.beside(self._database)):
            with contextlib.suppress(FileNotFoundError):
                path.chmod(0o600)

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        self._refuse_strangers(connection)
        version = schema.version(connection)
        schema.prepare(connection)
        if version == 0 and legacy.is_legacy(connection):
            legacy.upgrade(connection, self._database)
        elif version < schema.SCHEMA_VERSION:
            connection.execute("BEGIN IMMEDIATE")
            (schema.migrate if version else schema.create)(connection)
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
            self._lock.acquire(timeout=self._busy_seconds, poll_interval=_LOCK_POLL_SECONDS)
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
        with translated():
            return self._connection.execute(sql, tuple(values))

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        with translated():
            return self._connection.execute(sql, tuple(values)).fetchall()

    def run_many(self, sql: str, values: Sequence[tuple[object, ...]]) -> None:
        with translated():
            self._connection.executemany(sql, values)
