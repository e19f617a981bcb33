"""What can go wrong with the queue's file, told apart by what a user can do about it.

The text of an error is for the log; `error_words` says its trouble to the user.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from enum import Enum, auto


class Trouble(Enum):
    """What is wrong with the queue's file, as far as it matters to whoever can mend it."""

    BUSY = auto()
    FULL = auto()
    CLOSED_TO_US = auto()
    """The disk, the folder or the file may be read at best."""
    OUT_OF_REACH = auto()
    MOVED = auto()
    DAMAGED = auto()
    STRANGE = auto()
    """It is not ours, or of an older app and damaged: it is not touched."""
    NEWER = auto()
    BAD_TEXT = auto()
    """It is the text that cannot be kept."""
    UNKNOWN = auto()


class QueueError(Exception):
    """The queue's database could not be used; nothing was changed."""

    trouble = Trouble.UNKNOWN

    def __init__(self, text: str, trouble: Trouble | None = None) -> None:
        super().__init__(text)
        self.trouble = trouble or self.trouble


class QueueBusyError(QueueError):
    """Another process held the database for too long; trying again later helps."""

    trouble = Trouble.BUSY


class QueueUnreadableError(QueueError):
    """The file is not a database of ours, or it is damaged."""

    trouble = Trouble.STRANGE


class DamagedError(QueueUnreadableError):
    """The file is damaged; opening it again brings back what can still be read."""

    trouble = Trouble.DAMAGED


class StorageError(QueueError):
    """The disk is full, gone or closed to us; it works again as soon as the disk does."""

    trouble = Trouble.OUT_OF_REACH


class SchemaTooNewError(QueueError):
    """A newer Trayapp made this database; it was left untouched."""

    trouble = Trouble.NEWER

    def __init__(self, text: str, needs: str = "") -> None:
        """`needs`: the first Trayapp that can read it, as far as it says."""
        super().__init__(text)
        self.needs = needs


Translated = sqlite3.Error | UnicodeError | OSError
TRANSLATED = (sqlite3.Error, UnicodeDecodeError, UnicodeEncodeError, OSError)
"""What SQLite and the disk may raise."""


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """SQLite's and the disk's errors as ours."""
    try:
        yield
    except TRANSLATED as error:
        raise error_of(error) from error


def error_of(error: Translated) -> QueueError:
    """One of them as ours. For what is done often: a `with` takes longer than a short statement."""
    if isinstance(error, sqlite3.Error):
        return _ours(error)
    if isinstance(error, UnicodeDecodeError):  # SQLite's own words name a thing that is damaged
        return DamagedError(_DAMAGED_TEXT)
    if isinstance(error, UnicodeError):
        msg = "A text holds half a character (a lone surrogate) and cannot be kept"
        return QueueError(msg, Trouble.BAD_TEXT)
    return storage_error(error)


def storage_error(error: OSError) -> StorageError:
    """What the disk says, as ours."""
    text = f"the database cannot be used now ({error.strerror or error})"
    return StorageError(text, _DISK_TROUBLE.get(error.errno or 0))


_DISK_TROUBLE = {
    errno.ENOSPC: Trouble.FULL,
    errno.EDQUOT: Trouble.FULL,
    errno.EROFS: Trouble.CLOSED_TO_US,
    errno.EACCES: Trouble.CLOSED_TO_US,
    errno.EPERM: Trouble.CLOSED_TO_US,
}
_SQLITE_TROUBLE = {
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_READONLY: Trouble.CLOSED_TO_US,
    sqlite3.SQLITE_PERM: Trouble.CLOSED_TO_US,
    sqlite3.SQLITE_IOERR: Trouble.OUT_OF_REACH,
    sqlite3.SQLITE_CANTOPEN: Trouble.OUT_OF_REACH,
}
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_DAMAGED_TEXT = "a text in the database is damaged"
_FORMAT = "unsupported file format"


def _ours(error: sqlite3.Error) -> QueueError:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return _told(error, code & 0xFF)
    # Raised by Python's module, not by SQLite.
    if isinstance(error, sqlite3.OperationalError):
        # Bytes that are no UTF-8; its message would show them, whatever they are.
        return DamagedError(_DAMAGED_TEXT)
    return QueueError(str(error))


def _told(error: sqlite3.Error, primary: int) -> QueueError:
    if primary in _BUSY:
        return QueueBusyError(str(error))
    if primary in _DAMAGED or _FORMAT in str(error):
        return DamagedError(f"the database is damaged ({error})")
    trouble = _SQLITE_TROUBLE.get(primary)
    if trouble is None:
        return QueueError(str(error))
    return StorageError(f"the database cannot be used now ({error})", trouble)
