"""What can go wrong with the queue's file, told apart by what a user can do about it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator


class QueueError(Exception):
    """The queue's database could not be used; nothing was changed."""


class QueueBusyError(QueueError):
    """Another process held the database for too long; trying again later helps."""


class QueueUnreadableError(QueueError):
    """The file is not a database of ours, or it is damaged."""


class SchemaTooNewError(QueueError):
    """A newer Trayapp made this database; it was left untouched."""


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """SQLite's and the disk's errors as ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _ours(error) from error
    except UnicodeEncodeError as error:
        msg = "A text holds half a character (a lone surrogate) and cannot be kept"
        raise QueueError(msg) from error
    except OSError as error:
        raise QueueError(str(error)) from error


def _ours(error: sqlite3.Error) -> QueueError:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by Python's module, not by SQLite
        if isinstance(error, sqlite3.OperationalError):
            # Bytes that are no UTF-8; its message would show them, whatever they are.
            return QueueUnreadableError("A text in the database is damaged")
        return QueueError(str(error))
    primary = code & 0xFF
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return QueueBusyError(str(error))
    if primary in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return QueueUnreadableError(str(error))
    return QueueError(str(error))
