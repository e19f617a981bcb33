"""What the queue's tests share: a queue in a fresh folder, and clicks to put in it."""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.fakes import FakeClock
from trayapp.mutex import Mutex
from trayapp.queue.reader import QueueReader
from trayapp.queue.rows import task_of
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Doubt, SyncTask, TaskChange, TaskStatus
from trayapp.tracking.entry import Event, EventKind

SOON = 0.05
KINDS = (EventKind.START, EventKind.PAUSE, EventKind.RESUME, EventKind.STOP)
WIDTH = len(KINDS)


class OopsError(Exception):
    """What the tests raise."""


def database_in(folder: Path) -> Path:
    return folder / "queue.db"


def open_writer(folder: Path, *, busy_seconds: float = 5) -> QueueWriter:
    return QueueWriter(database_in(folder), folder / "queue.lock", busy_seconds=busy_seconds)


def everything_in(folder: Path) -> bytes:
    """All bytes of all files: what somebody who copies the folder gets."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def as_it_is(folder: Path) -> dict[str, bytes]:
    """What is in the files, without SQLite's index of a WAL; an empty file holds nothing."""
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and path.stat().st_size and not path.name.endswith("-shm")
    }


@dataclass
class Queue:
    """A queue as the program has it: a mutex around the writer, and a reader."""

    folder: Path
    mutex: Mutex[QueueWriter]
    reader: QueueReader
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @contextlib.contextmanager
    def writing(self) -> Iterator[QueueWriter]:
        with self.mutex.lock() as guard:
            yield guard.value

    def do(self, work: Callable[[QueueWriter], object]) -> None:
        """One transaction."""
        with self.writing() as writer:
            work(writer)

    def event(self, entry_id: str, kind: EventKind = EventKind.START, note: str = "") -> Event:
        self.clock.advance(1)
        return Event(
            id=str(uuid.uuid4()),
            entry_id=entry_id,
            kind=kind,
            stamp=self.clock.stamp(),
            project="Website",
            note=note,
        )

    def click(self, entry_id: str, kind: EventKind = EventKind.START, note: str = "") -> Event:
        event = self.event(entry_id, kind, note)
        with self.writing() as writer:
            writer.record([event], self.now)
        return event

    def click_many(self, entry_id: str, count: int) -> None:
        for number in range(count):
            self.click(entry_id, KINDS[number % WIDTH])

    def task(self, task_id: int) -> SyncTask:
        """This task, whatever its status."""
        with contextlib.closing(sqlite3.connect(database_in(self.folder))) as connection:
            connection.row_factory = sqlite3.Row
            row = connection.execute("SELECT * FROM sync_queue WHERE id = ?", (task_id,)).fetchone()
        return task_of(row)

    def change(
        self,
        task_id: int,
        *,
        status: TaskStatus = TaskStatus.PENDING,
        cause: str = "",
        due_in: float | None = None,
        doubt: Doubt = Doubt.NONE,
        reason: str = "",
    ) -> None:
        change = TaskChange(
            status=status,
            retry_count=1,
            due_at=None if due_in is None else self.now + timedelta(seconds=due_in),
            reason=reason,
            cause=cause,
            doubt=doubt,
            looks=0,
        )
        task = self.task(task_id)
        with self.writing() as writer:
            writer.tasks.change([task], change, self.now)

    def fail(self, task_id: int, cause: str = "refused", reason: str = "HTTP 422: no") -> None:
        self.change(task_id, status=TaskStatus.FAILED, cause=cause, reason=reason)

    def sql(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """What a stranger with the sqlite3 shell sees, or does."""
        with contextlib.closing(
            sqlite3.connect(database_in(self.folder), isolation_level=None)
        ) as connection:
            return [tuple(row) for row in connection.execute(sql, values).fetchall()]


@contextlib.contextmanager
def a_queue(folder: Path) -> Iterator[Queue]:
    writer = open_writer(folder)
    reader = QueueReader(database_in(folder))
    try:
        yield Queue(folder, Mutex(writer), reader)
    finally:
        reader.close()
        writer.close()


def statements(connection: sqlite3.Connection, work: Callable[[], object]) -> list[str]:
    """The SQL that `work` runs on this connection, its values filled in."""
    found: list[str] = []
    connection.set_trace_callback(found.append)
    try:
        work()
    finally:
        connection.set_trace_callback(None)
    return [sql for sql in found if sql.startswith(("SELECT", "UPDATE", "INSERT", "DELETE"))]


def plan_of(connection: sqlite3.Connection, work: Callable[[], object]) -> list[str]:
    """SQLite's plan for everything `work` runs."""
    lines: list[str] = []
    for sql in statements(connection, work):
        lines += [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    return lines


def effort_of(connection: sqlite3.Connection, work: Callable[[], object]) -> int:
    """How many steps SQLite's machine takes for `work`."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(count, 1)
    try:
        work()
    finally:
        connection.set_progress_handler(None, 0)
    return steps
