"""A program that runs the real app without a tray, and writes down what it does to others.

What is recorded comes from the interpreter's audit hook and from SQLite's own trace, not from our
code. A line of JSON on stdin tells what to run; the record is a JSON file.
"""

from __future__ import annotations

import fcntl
import json
import operator
import os
import sqlite3
import sys
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path

from trayapp.accounts.tokens import MemoryTokenStore, Tokens
from trayapp.app import App, surroundings
from trayapp.clock import SystemClock
from trayapp.config import Paths, Settings
from trayapp.core import Surroundings
from trayapp.desktop.menu import Action
from trayapp.launch import run_app
from trayapp.mutex import Mutex
from trayapp.queue.store import QueueWriter
from trayapp.servers.embedded import over_http
from trayapp.sync.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to run, as it comes over stdin: tokens are no business of a command line."""

    root: str
    record: str
    url: str = ""
    access: str = ""
    refresh: str = ""
    opens_log: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A database was opened, by a thread, under this name."""

    name: str
    thread: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement that ran: on which connection and thread, and who held what meanwhile."""

    connection: int
    sql: str
    thread: str
    mutex_exists: bool
    mutex_is_ours: bool
    file_lock_is_held: bool


@dataclass(slots=True)
class Record:
    """Everything that was seen."""

    opened: list[Opened] = field(default_factory=list)
    traced: int = 0
    statements: list[Statement] = field(default_factory=list)
    contacted: list[str] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)


class Recorder:
    """Listens from the interpreter's audit hook; any thread."""

    def __init__(self, paths: Paths) -> None:
        self.record = Record()
        self.queue: Mutex[QueueWriter] | None = None
        self._lock_file = paths.writer_lock

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "sqlite3.connect":
            name = os.fsdecode(arguments[0])  # type: ignore[arg-type]  # as open() takes it
            self.record.opened.append(Opened(name, threading.current_thread().name))
        elif event == "socket.connect":
            self.record.contacted.append(repr(arguments[1]))
        elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
            self.record.looked_up.append(repr(arguments))

    def trace_connections(self) -> None:
        """From now on every connection is traced; the hook shows that none goes past this."""
        connect = sqlite3.connect

        def traced(*arguments: object, **options: object) -> sqlite3.Connection:
            connection = connect(*arguments, **options)  # type: ignore[call-overload]  # as it came
            assert isinstance(connection, sqlite3.Connection)
            self.record.traced += 1
            number = self.record.traced
            connection.set_trace_callback(lambda sql: self._ran(number, sql))
            return connection

        sqlite3.connect = traced  # type: ignore[assignment]  # takes what the real one takes

    def _ran(self, number: int, sql: str) -> None:
        self.record.statements.append(
            Statement(
                connection=number,
                sql=" ".join(sql.split()),
                thread=threading.current_thread().name,
                mutex_exists=self.queue is not None,
                mutex_is_ours=self._holder() == threading.get_ident(),
                file_lock_is_held=self._file_lock_is_held(),
            )
        )

    def _holder(self) -> int | None:
        if self.queue is None:
            return None
        shared = operator.attrgetter("_Mutex__shared")(self.queue)
        holder: int | None = shared.holder
        return holder

    def _file_lock_is_held(self) -> bool:
        """Whether somebody, whoever it is, holds the lock file: we would not get it now."""
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def main() -> int:
    order = Order(**json.loads(sys.stdin.readline()))
    paths = Paths.under(Path(order.root))
    paths.make()
    recorder = Recorder(paths)
    sys.addaudithook(recorder.hook)
    recorder.trace_connections()
    where = surroundings(paths, Settings(), SystemClock())
    if order.url:
        where = _over_http(where, order)

    def ready(app: App) -> None:
        recorder.queue = app.core._queue
        if order.opens_log:
            app._on_action(Action.OPEN_LOG)  # as the tray's thread calls it

    status = run_app(where, Settings(), tray=False, ready=ready)
    Path(order.record).write_text(json.dumps(asdict(recorder.record)), encoding="utf-8")
    return status


def _over_http(where: Surroundings, order: Order) -> Surroundings:
    tokens = MemoryTokenStore(Tokens(access=order.access, refresh=order.refresh))
    return Surroundings(
        paths=where.paths,
        clock=where.clock,
        server_for=lambda _account: over_http(order.url, tokens),
        rules=Rules(jitter=lambda wait: wait),
    )


if __name__ == "__main__":
    sys.exit(main())
