"""Age: a number that grows with a database, kept in it and in a mark outside its folder.

It grows with the first change after an opening, when the database is closed after more of them,
and at the opening after a crash, when the mark still says that it is open: so one that was only
looked at costs no sync. The mark is written when the number inside is durable, so no crash leaves
it ahead: a database that is behind it is an older copy, or another one. The caller holds the
writer's lock.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Self

from trayapp.light import dataclass

_META_KEY = "age"
_OPEN, _SHUT = "open", "shut"


@dataclass(frozen=True, slots=True)
class Age:
    """Of the database that was made under this name: how often it grew."""

    name: str
    count: int

    @classmethod
    def of(cls, text: str) -> Self | None:
        """What `str` wrote; None for anything else."""
        name, _space, count = text.partition(" ")
        return cls(name, int(count)) if name and count.isdecimal() else None

    def __str__(self) -> str:
        return f"{self.name} {self.count}"


def is_behind(connection: sqlite3.Connection, mark: Path | None) -> bool:
    """Whether this is not what was written last, but an older copy or another database."""
    known = _marked(mark)
    if known is None or not _holds_anything(connection):
        return False
    found = _found(connection)
    return found is None or found.name != known.name or found.count < known.count


def is_marked(connection: sqlite3.Connection, mark: Path | None) -> bool:
    """Whether the mark tells of this database as it is, and that it was closed."""
    age = _found(connection)
    return age is not None and _lines(mark)[:2] == [str(age), _SHUT]


def grow(connection: sqlite3.Connection, mark: Path | None) -> None:
    """Tell it from every copy made so far. On a disk that is full, the next one does it."""
    if mark is None:
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
        age = grown(connection, mark)
        connection.execute("COMMIT")
    except sqlite3.OperationalError:
        with contextlib.suppress(sqlite3.OperationalError):  # it may not have begun
            connection.execute("ROLLBACK")
        return
    put(mark, age)


def grown(connection: sqlite3.Connection, mark: Path) -> Age:
    """One older, in the caller's transaction; to be put into the mark when that is durable."""
    age = _older_than_any(_found(connection) or Age(os.urandom(16).hex(), 0), _marked(mark))
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_META_KEY, str(age)))
    return age


def put(mark: Path, age: Age, *, is_open: bool = False) -> None:
    """Say in the mark how old the database is; where that cannot be, it stays behind.

    `is_open`: it will change, and a copy can be made of it, before this is said again.
    """
    with (
        contextlib.suppress(OSError),
        # Not emptied first: on a full disk it would stay so, and tell no copy any more.
        os.fdopen(os.open(mark, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file,
    ):
        file.write(f"{age}\n{_OPEN if is_open else _SHUT}\n")


def _older_than_any(found: Age, known: Age | None) -> Age:
    is_known = known is not None and known.name == found.name
    newest = max(found.count, known.count) if known is not None and is_known else found.count
    return replace(found, count=newest + 1)


def _holds_anything(connection: sqlite3.Connection) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM event) OR EXISTS (SELECT 1 FROM sync_queue)"
    ).fetchone()
    return bool(row[0])


def _found(connection: sqlite3.Connection) -> Age | None:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_META_KEY,)).fetchone()
    return Age.of(row[0]) if row else None


def _marked(mark: Path | None) -> Age | None:
    """None where no mark can be read: then nothing is known."""
    return Age.of("".join(_lines(mark)[:1]))


def _lines(mark: Path | None) -> list[str]:
    if mark is None:
        return []
    with contextlib.suppress(OSError, ValueError):
        return mark.read_text(encoding="ascii").split("\n")
    return []
