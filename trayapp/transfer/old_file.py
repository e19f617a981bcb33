"""OldFile: another program's database, read from a private copy; the original is never touched.

Opening even a sound database may write beside it (its WAL, its index), and a damaged one may be
changed by what mends it. Blocks as long as copying the file takes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from trayapp.i18n import _, system_words
from trayapp.queue import legacy, schema

_MAGIC = b"SQLite format 3\0"
_TRIES = 3


class ImportRefusedError(Exception):
    """The file cannot be imported; the message says why and what to do. Nothing was changed."""


@contextlib.contextmanager
def open_copy(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a copy of the older app's database. Raises ImportRefusedError."""
    _check(path)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="trayapp-import-") as folder,
            contextlib.closing(legacy.open_old(copied(path.resolve(), Path(folder)))) as connection,
        ):
            _recognise(connection, path)
            _unlink(Path(folder))
            yield connection
    except OSError as error:
        raise _unreadable(path, error) from error


def _check(path: Path) -> None:
    """Refuse what is no database file at all, without opening what would block or run for ever."""
    try:
        if path.is_dir():
            raise ImportRefusedError(_("{path} is a folder. Name the file.").format(path=path))
        if path.exists() and not path.is_file():
            raise ImportRefusedError(_("{path} is not a file.").format(path=path))
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not start:
        raise ImportRefusedError(
            _("{path} is empty. There is nothing to import.").format(path=path)
        )
    if start != _MAGIC:
        raise ImportRefusedError(
            _("{path} is not a database, or its beginning is damaged.").format(path=path)
        )


def _unreadable(path: Path, error: Exception) -> ImportRefusedError:
    reason = system_words(error) if isinstance(error, OSError) else str(error)
    text = _("{path} cannot be read: {reason}. Nothing was imported.")
    return ImportRefusedError(text.format(path=path, reason=reason))


def copied(path: Path, folder: Path, *, copy: Callable[[Path, Path], None] | None = None) -> Path:
    """The file with what SQLite keeps beside it, all of one moment, in `folder`."""
    sources = [path, *(one for one in schema.beside(path) if not one.name.endswith("-shm"))]
    for _attempt in range(_TRIES):
        before = [_state(source) for source in sources]
        for source, state in zip(sources, before, strict=True):
            target = folder / ("copy.db" + source.name[len(path.name) :])
            target.unlink(missing_ok=True)
            if state is not None:
                (copy or _copy)(source, target)
        if before == [_state(source) for source in sources]:
            return folder / "copy.db"
    text = _("{path} is being written to. Close the program that uses it, then import again.")
    raise ImportRefusedError(text.format(path=path))


def _state(path: Path) -> tuple[int, int] | None:
    """What changes with each write; None where there is no file."""
    if not path.is_file():
        return None
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _copy(source: Path, target: Path) -> None:
    with (
        source.open("rb") as reading,
        os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as writing,
    ):
        shutil.copyfileobj(reading, writing)


def _unlink(folder: Path) -> None:
    """It is read through its open handle: not even a crash leaves a copy of the tokens behind."""
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # Windows keeps what is open until the end
            path.unlink()


def _recognise(connection: sqlite3.Connection, path: Path) -> None:
    is_old = False
    with contextlib.suppress(sqlite3.DatabaseError):
        if schema.is_ours(connection):
            text = _("{path} is a database of Trayapp itself: it is opened in place, not imported.")
            raise ImportRefusedError(text.format(path=path))
        is_old = legacy.is_legacy(connection)
    if not is_old:
        text = _("{path} holds no tasks of the older app, or is damaged too badly to tell.")
        raise ImportRefusedError(text.format(path=path))
