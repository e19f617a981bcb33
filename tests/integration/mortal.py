"""A process that may die at every step that anybody outside it can see, all in one thread.

Such steps are: what SQLite commits, a file that is made, renamed, removed or closed to others, a
request and its answer, a token that is kept or forgotten. They are counted where they happen, in
the libraries, so that no way past our own code is forgotten.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.contract.stages import FaultyApp
from tests.example_kind import KeptInMemory, KeptTokens
from tests.integration.core_support import Plug
from tests.integration.lives import Killed
from trayapp.accounts.tokens import Tokens

_FILES = {"os.rename": 0, "os.remove": 0, "os.mkdir": 0, "os.chmod": 0, "open": 0}
_ENDS = ("COMMIT", "VACUUM", "PRAGMA WAL_CHECKPOINT")


@dataclass(slots=True)
class Fate:
    """Counts the steps of one life below `home`, and ends it at one of them.

    What lies on the disk then is copied to `remains`.
    """

    home: Path
    remains: Path
    kill_at: int = 0
    points: list[str] = field(default_factory=list)
    commits_seen: int = 0
    connections: list[int] = field(default_factory=lambda: [0, 0])
    """Opened by anybody, and by way of us."""
    _busy: bool = False

    def pass_by(self, where: str) -> None:
        if self._busy:
            return
        self.points.append(where)
        if len(self.points) == self.kill_at:
            self._busy = True
            shutil.copytree(self.home, self.remains)
            raise Killed(where)

    @property
    def counted(self) -> Counter[str]:
        """How many points there are of each name."""
        return Counter(self.points)


class _Hook:
    """The interpreter's audit hook, which can be added only once, and never removed."""

    def __init__(self) -> None:
        self.fate: Fate | None = None
        self.thread = 0
        self.is_added = False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        fate = self.fate
        if fate is None or threading.get_ident() != self.thread or fate._busy:
            return
        if event == "sqlite3.connect":
            fate.connections[0] += 1
        place = _FILES.get(event)
        if place is None or not isinstance(arguments[place], str | bytes | os.PathLike):
            return
        path = os.fsdecode(arguments[place])  # type: ignore[arg-type]  # seen above
        if event == "open" and not _is_made(path, arguments[-1]):
            return
        if event == "os.mkdir" and Path(path).exists():
            return
        if path.startswith(str(fate.home)):
            fate.pass_by(f"before {event} of {Path(path).name.partition('.db')[0]}")


def _is_made(path: str, flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & os.O_CREAT) and not Path(path).exists()


_hook = _Hook()


class _Connection(sqlite3.Connection):
    """Dies before and after each statement that makes something durable."""

    def execute(self, sql: str, values: Sequence[object] = (), /) -> sqlite3.Cursor:  # type: ignore[override]  # all we use
        fate = _hook.fate
        is_ours = fate is not None and threading.get_ident() == _hook.thread
        if fate is None or not is_ours or not sql.upper().startswith(_ENDS):
            return super().execute(sql, tuple(values))
        word = sql.split("(", maxsplit=1)[0].lower()
        fate.pass_by(f"before {word}")
        done = super().execute(sql, tuple(values))
        fate.pass_by(f"after {word}")
        return done


@contextmanager
def mortal(fate: Fate) -> Iterator[None]:
    """All that this thread does meanwhile is one life."""
    if not _hook.is_added:
        sys.addaudithook(_hook)
        _hook.is_added = True
    connect = sqlite3.connect

    def opened(*arguments: object, **options: object) -> sqlite3.Connection:
        if threading.get_ident() != _hook.thread:
            return connect(*arguments, **options)  # type: ignore[call-overload,no-any-return]  # as it came
        fate.connections[1] += 1
        made = connect(*arguments, **options, factory=_Connection)  # type: ignore[call-overload]  # as it came
        made.set_trace_callback(lambda sql: _traced(fate, sql))
        return made  # type: ignore[no-any-return]  # as it came

    sqlite3.connect = opened  # type: ignore[assignment]  # takes what the real one takes
    _hook.fate, _hook.thread = fate, threading.get_ident()
    try:
        yield
    finally:
        _hook.fate = None
        sqlite3.connect = connect


def _traced(fate: Fate, sql: str) -> None:
    """SQLite's own word for it: what it runs, whoever asked for it."""
    if sql.lstrip().upper().startswith(_ENDS):
        fate.commits_seen += 1


class MortalPlug(Plug):
    """The wire to a server that lives on; dies before and after each request."""

    def __init__(self, app: FaultyApp) -> None:
        super().__init__(app)
        self.fate: Fate | None = None

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        fate = self.fate
        if fate is None:
            return super().send(request)
        fate.pass_by("before request")
        answer = super().send(request)
        fate.pass_by("after request")
        return answer


class MortalTokens(KeptTokens):
    """A keyring's entry, which outlives us; dies before and after each change of it."""

    def __init__(self, vault: MortalVault) -> None:
        super().__init__()
        self._vault = vault

    def save(self, tokens: Tokens) -> None:
        self._vault.pass_by("before save of tokens")
        super().save(tokens)
        self._vault.pass_by("after save of tokens")

    def delete(self) -> None:
        self._vault.pass_by("before delete of tokens")
        super().delete()
        self._vault.pass_by("after delete of tokens")


class MortalVault(KeptInMemory):
    """The keyring of a user, life after life."""

    def __init__(self) -> None:
        super().__init__()
        self.fate: Fate | None = None

    def pass_by(self, where: str) -> None:
        if self.fate is not None:
            self.fate.pass_by(where)

    def tokens_of(self, kind: str, url: str, user: str) -> KeptTokens:
        return self.kept.setdefault((kind, url, user), MortalTokens(self))
