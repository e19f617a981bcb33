"""A queue in which tasks have failed, as the failed-tasks window finds it in the user's home."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trayapp.config import Paths
from trayapp.mutex import Mutex
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Doubt, Gate, GateKind, SyncTask, TaskChange, TaskStatus
from trayapp.sync.cause import Cause
from trayapp.tracking.entry import Event, EventKind, Stamp

CLICKED_AT = datetime(2026, 1, 8, 9, 0, tzinfo=UTC)
KINDS = (EventKind.START, EventKind.PAUSE, EventKind.RESUME, EventKind.STOP)
PAUSES = 6
URL = "https://time.example.org/api"

LONG = (
    "HTTP 422: The project “Website relaunch 2026” is closed since 31 December: ask Maria "
    "Konstantinova (maria@example.org) to open it again, or book the time on “Maintenance”. "
    "Отказано: проект закрыт. https://time.example.org/projects/4711/closed?because=budget-is-spent"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """So many entries whose tasks failed for one reason; `burst`: pauses that change nothing."""

    cause: Cause
    reason: str
    entries: int
    attempts: int = 1
    burst: bool = False
    clicks: int = 4


SIGNED_OUT = Trouble(cause=Cause.SIGNED_OUT, reason="HTTP 401: Unauthorized", entries=4)
MANY = (
    Trouble(cause=Cause.SIGNED_OUT, reason="HTTP 401: Unauthorized", entries=33, clicks=100),
    Trouble(cause=Cause.REFUSED, reason=LONG, entries=33, clicks=100),
    Trouble(
        cause=Cause.SERVER_TROUBLE,
        reason="HTTP 500: Internal Server Error",
        entries=33,
        clicks=100,
    ),
    Trouble(cause=Cause.UNKNOWN, reason="", entries=1, clicks=100),
)
MIXED = (
    Trouble(cause=Cause.SIGNED_OUT, reason="HTTP 401: Unauthorized", entries=4, burst=True),
    Trouble(cause=Cause.REFUSED, reason=LONG, entries=2, attempts=2),
    Trouble(cause=Cause.CONFLICT, reason="Conflict: the server shows 09:12 – 10:47", entries=1),
    Trouble(
        cause=Cause.SERVER_TROUBLE,
        reason="HTTP 500: Internal Server Error",
        entries=2,
        attempts=5,
    ),
)


def paths_of(env: Mapping[str, str]) -> Paths:
    """Where the program finds its files when it is started in this environment."""
    data_dir = Path(env.get("XDG_DATA_HOME") or Path(env["HOME"]) / ".local/share") / "trayapp"
    return Paths(
        config_dir=Path(env.get("XDG_CONFIG_HOME") or Path(env["HOME"]) / ".config") / "trayapp",
        data_dir=data_dir,
        state_dir=data_dir,
        channel_dir=data_dir,
    )


class FailedWorld:
    """The queue's writer, as the app has it, in the hands of the test."""

    def __init__(self, paths: Paths) -> None:
        paths.data_dir.mkdir(parents=True, exist_ok=True)
        self._queue = Mutex(QueueWriter(paths.database, paths.writer_lock))
        self._clicks = 0
        self._entries = 0
        self._at = CLICKED_AT

    def close(self) -> None:
        with self._queue.lock() as guard:
            writer = guard.value
        writer.close()

    def fail(self, troubles: Sequence[Trouble]) -> None:
        """Record clicks and have all of their tasks fail."""
        for trouble in troubles:
            events = [one for _ in range(trouble.entries) for one in self._clicked(trouble)]
            self._record(events)
            change = _change(trouble)
            with self._queue.lock() as guard:
                tasks = guard.value.tasks
                account = guard.value.accounts.active().id
                while (head := tasks.next_task(account, CLICKED_AT)) is not None:
                    for task in tasks.pending_of_entry(head):
                        for _ in range(trouble.attempts):
                            tasks.change((task,), change, self._now)
                            tasks.add_attempt(task, self._now, trouble.cause, trouble.reason)

    def wait(self, count: int) -> None:
        """Clicks that nothing has gone wrong with yet."""
        self._record([self._event(str(uuid.uuid4()), EventKind.START) for _ in range(count)])

    def close_gate(self) -> None:
        """The server is in trouble, and asked again at 14:05."""
        gate = Gate(
            kind=GateKind.SERVER_TROUBLE,
            reason="HTTP 500: Internal Server Error",
            since=self._now,
            due_at=datetime.now(UTC) + timedelta(minutes=7),
        )
        with self._queue.lock() as guard:
            accounts = guard.value.accounts
            accounts.set_gate(accounts.active().id, gate)

    def deliver(self, tasks: Sequence[SyncTask]) -> None:
        """These have arrived."""
        with self._queue.lock() as guard:
            for task in tasks:
                guard.value.tasks.remove((task,))

    @property
    def _now(self) -> datetime:
        return self._at + timedelta(seconds=2)

    def _record(self, events: Sequence[Event]) -> None:
        with self._queue.lock() as guard:
            guard.value.record(events, self._now)

    def _clicked(self, trouble: Trouble) -> Iterator[Event]:
        entry = str(uuid.uuid4())
        self._entries += 1
        kinds = [EventKind.START, *KINDS[1:3] * (trouble.clicks // 2 - 1), EventKind.STOP]
        if trouble.burst:
            kinds[1:2] = [EventKind.PAUSE] * PAUSES
        for kind in kinds:
            yield self._event(entry, kind, burst=trouble.burst and kind is EventKind.PAUSE)

    def _event(self, entry: str, kind: EventKind, *, burst: bool = False) -> Event:
        self._clicks += 1
        step = timedelta(milliseconds=120) if burst else timedelta(minutes=11)
        self._at += step
        return Event(
            id=str(uuid.uuid4()),
            entry_id=entry,
            kind=kind,
            stamp=Stamp(
                at=self._at,
                offset=timedelta(hours=3),
                zone="Europe/Moscow",
                boot_id="11111111-1111-1111-1111-111111111111",
                boot=timedelta(hours=1, seconds=self._clicks),
            ),
            project=("Website", "Сопровождение", "Consulting")[self._entries % 3],
            note=("fix the login", "", "звонок с командой")[self._entries % 3],
        )


def _change(trouble: Trouble) -> TaskChange:
    return TaskChange(
        status=TaskStatus.FAILED,
        retry_count=trouble.attempts,
        due_at=None,
        reason=trouble.reason,
        cause=trouble.cause,
        doubt=Doubt.NONE,
        looks=0,
    )
