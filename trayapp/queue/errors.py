"""What can go wrong with the queue's file, told apart by what a user can do about it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from trayapp.i18n import _


class QueueError(Exception):
    """The queue's database could not be used; nothing was changed."""


class QueueBusyError(QueueError):
    """Another process held the database for too long; trying again later helps."""


class QueueUnreadableError(QueueError):
    """The file is not a database of ours, or it is damaged."""


class DamagedError(QueueUnreadableError):
    """The file is damaged; opening it again brings back what can still be read."""


class StorageError(QueueError):
    """The disk is full, gone or closed to us; it works again as soon as the disk does."""


class SchemaTooNewError(QueueError):
    """A newer Trayapp made this database; it was left untouched."""


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """SQLite's and the disk's errors as ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _ours(error) from error
    except UnicodeDecodeError as error:  # SQLite's own words name a thing that is damaged
        raise DamagedError(_("a text in the database is damaged")) from error
    except UnicodeEncodeError as error:
        msg = "A text holds half a character (a lone surrogate) and cannot be kept"
        raise QueueError(msg) from error
    except OSError as error:
        raise storage_error(error.strerror or str(error)) from error


def storage_error(reason: str) -> StorageError:
    """Nothing can be kept now, for this reason."""
    text = _(
        "the database cannot be used now ({reason}). Nothing was recorded; when the disk and"
        " the permissions of its folder are in order, try again"
    )
    return StorageError(text.format(reason=reason))


_STORAGE = frozenset(
    {
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
    }
)


_FORMAT = "unsupported file format"


def _ours(error: sqlite3.Error) -> QueueError:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return _told(error, code & 0xFF)
    # Raised by Python's module, not by SQLite.
    if isinstance(error, sqlite3.OperationalError):
        # Bytes that are no UTF-8; its message would show them, whatever they are.
        return DamagedError(_("a text in the database is damaged"))
    return QueueError(str(error))


def _told(error: sqlite3.Error, primary: int) -> QueueError:
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return QueueBusyError(str(error))
    if primary in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} or _FORMAT in str(error):
        return DamagedError(_("the database is damaged ({reason})").format(reason=error))
    if primary == sqlite3.SQLITE_FULL:
        return StorageError(_("the disk is full. Nothing was recorded; make room, then try again"))
    return storage_error(str(error)) if primary in _STORAGE else QueueError(str(error))
