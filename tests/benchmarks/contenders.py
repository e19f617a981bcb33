"""Who takes part where something is put into a queue: the bare limit, ourselves, the peers.

Each is opened once, in a directory of its own, and keeps its connection. A peer that is not
installed does not take part: see the dependency group `bench`.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from tests.fakes import FakeClock
from trayapp.config import Paths
from trayapp.core import Core, Surroundings
from trayapp.queue.task import Account
from trayapp.sync.rules import Rules
from trayapp.sync.server import TimeServer
from trayapp.tracking.tracker import Changed, Command, Pause, Resume, Start, Stop

COMMANDS: tuple[Command, ...] = (Start("Website", "Front page"), Pause(), Resume(), Stop())
PAYLOAD = json.dumps(
    {
        "entry": "8f14e45f-ceea-467f-9d2b-0c1c6b2b1d7e",
        "kind": "time_entry_start",
        "at": "2026-01-08T09:00:00.000Z",
        "project": "Website",
        "note": "x" * 139,
    }
)
"""One task of the peers and of the bare limit: 284 bytes."""


class Contender(Protocol):
    """A queue that is open."""

    def put(self) -> None:
        """One more, durable when it returns."""
        ...

    def close(self) -> None: ...


Opened = Callable[[Path], Contender]


class Bare:
    """The limit: one INSERT, on one connection, WAL and FULL, and nothing around it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS task (id INTEGER PRIMARY KEY, payload TEXT NOT NULL)"
        )

    def put(self) -> None:
        self.connection.execute("INSERT INTO task (payload) VALUES (?)", (PAYLOAD,))

    def close(self) -> None:
        self.connection.close()


class Append:
    """What the disk takes for a flush: a line at the end of a file, and fsync."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(folder / "lines", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def put(self) -> None:
        os.write(self._file, PAYLOAD.encode())
        os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)


class Ours:
    """The whole door: decision, state, event and task in one commit, and the worker is woken."""

    def __init__(
        self, folder: Path, *, server_for: Callable[[Account], TimeServer] | None = None
    ) -> None:
        self.paths = Paths.under(folder)
        self.paths.make()
        self.clock = FakeClock()
        self.core = Core(
            Surroundings(
                paths=self.paths,
                clock=self.clock,
                server_for=server_for or _nobody,
                rules=Rules(jitter=lambda wait: wait),
            )
        )
        self._commands = itertools.cycle(COMMANDS)
        self._stamp = self.clock.stamp()

    def put(self) -> None:
        """Started with the first, and so on: each changes something."""
        self.clock.advance(timedelta(minutes=1))
        result = self.core.timer.do(next(self._commands), self.clock.stamp())
        assert isinstance(result, Changed)

    @property
    def wal_bytes(self) -> int:
        wal = self.paths.database.with_name(self.paths.database.name + "-wal")
        return wal.stat().st_size if wal.exists() else 0

    def close(self) -> None:
        self.core.close()


def _nobody(_account: Account) -> TimeServer:
    msg = "nobody delivers here"
    raise LookupError(msg)


# -- the peers, loaded by name, for they are no dependency ---------------------------------


class PersistQueue:
    """persist-queue's SQLiteAckQueue, as it comes."""

    def __init__(self, folder: Path) -> None:
        module = importlib.import_module("persistqueue")
        self.queue = module.SQLiteAckQueue(str(folder), multithreading=True)

    def put(self) -> None:
        self.queue.put(PAYLOAD)

    def close(self) -> None:
        self.queue.close()


class LiteQueue:
    """litequeue, made durable: by itself it loses what the disk has not yet."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.queue = importlib.import_module("litequeue").LiteQueue(str(folder / "lite.db"))
        self.queue.conn.execute("PRAGMA synchronous = FULL")

    def put(self) -> None:
        self.queue.put(PAYLOAD)

    def close(self) -> None:
        self.queue.conn.close()


class Huey:
    """huey's SqliteHuey with fsync; what it puts is a call of a task."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.queue = importlib.import_module("huey").SqliteHuey(
            filename=str(folder / "huey.db"), fsync=True
        )
        self._call = self.queue.task()(_deliver)

    def put(self) -> None:
        self._call(PAYLOAD)

    def close(self) -> None:
        self.queue.storage.close()


def _deliver(_payload: str) -> None:
    """Nobody consumes here."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else's queue."""

    name: str
    module: str
    open: Opened

    @property
    def is_installed(self) -> bool:
        return find_spec(self.module) is not None


PEERS = (
    Peer("persist-queue", "persistqueue", PersistQueue),
    Peer("litequeue, FULL", "litequeue", LiteQueue),
    Peer("huey, fsync", "huey", Huey),
)


def peers() -> tuple[Peer, ...]:
    """Those that are installed."""
    return tuple(peer for peer in PEERS if peer.is_installed)


def missing_peers() -> tuple[str, ...]:
    """A line for each that is not."""
    return tuple(
        f"{peer.name} is not installed: left out" for peer in PEERS if not peer.is_installed
    )


@contextmanager
def opened(make: Opened, folder: Path) -> Iterator[Contender]:
    contender = make(folder)
    try:
        yield contender
    finally:
        contender.close()
