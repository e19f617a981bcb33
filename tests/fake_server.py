"""FakeServer: a TimeServer driven by a script, with a ledger of what arrived; and a bench for it.

It keeps the port's promises: it never raises, says Delivered only for what is in its ledger, and
plans the oldest pending event of a unit.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.fakes import FakeClock
from trayapp.mutex import Mutex
from trayapp.queue.reader import QueueReader
from trayapp.queue.rows import task_of
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account, Gate, SyncTask
from trayapp.sync.claim import Pause
from trayapp.sync.outcome import Absent, Delivered, Outcome
from trayapp.sync.retry import Retrier
from trayapp.sync.rules import Rules
from trayapp.sync.server import Capabilities, Nothing, Unit, Write
from trayapp.sync.waiting import Waits
from trayapp.sync.worker import SyncWorker, WorkerPorts
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import Event, EventKind

KINDS = (EventKind.START, EventKind.PAUSE, EventKind.RESUME, EventKind.STOP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that was made: "send", "look", "check" or "twins", for which entry, when."""

    verb: str
    entry_id: str
    events: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Applied:
    """The request has its effect, and this is the answer all the same."""

    outcome: Outcome


Step = Outcome | Applied | None
"""What a call comes to; None: what an honest server would do."""
Rule = Callable[[Call], Step]


def honest(_: Call) -> Step:
    return None


class FakeServer:
    """A TimeServer; `script` comes first, then `rule` decides, call by call."""

    def __init__(
        self,
        clock: FakeClock,
        *,
        repeatable: bool = True,
        one_active: bool = False,
        at_once: int = 1,
    ) -> None:
        """`at_once`: how many events of an entry one request carries."""
        self.rule: Rule = honest
        self.script: deque[Step] = deque()
        self.during: Callable[[Call], None] = lambda _: None
        self.calls: list[Call] = []
        self.ledger: list[tuple[str, str]] = []
        """Entry and event ids, in the order of their arrival; a double shows twice."""
        self.needless: set[str] = set()
        self.unplannable: dict[str, Exception] = {}
        self.skips_first = False
        self.segment_id = ""
        self.projects: Catalog | Outcome = Catalog()
        self.listed = 0
        self.closed = 0
        self.most_in_flight = 0
        self._clock = clock
        self._capabilities = Capabilities(one_active=one_active)
        self._repeatable = repeatable
        self._at_once = at_once
        self._in_flight = 0
        self._lock = threading.Lock()

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def plan(self, unit: Unit) -> Write | Nothing:
        pending = unit.pending[1:] if self.skips_first else unit.pending[: self._at_once]
        first = pending[0] if pending else unit.pending[0]
        if first.id in self.unplannable:
            raise self.unplannable[first.id]
        settles = tuple(event.id for event in pending)
        gone = any(known.removed for known in unit.known.values())
        if first.id in self.needless or (gone and not first.kind.opens):
            return Nothing(settles=settles)
        begun = [segment.id for segment in unit.entry.segments if segment.began_at <= first.at]
        body = json.dumps({"entry": first.entry_id, "events": settles})
        return Write(
            body=body,
            settles=settles,
            segment_id=self.segment_id or begun[-1],
            repeatable=self._repeatable,
        )

    def send(self, write: Write) -> Outcome:
        call = self._call("send", write)
        with self._asked(call):
            step = self._step(call)
            outcome = step.outcome if isinstance(step, Applied) else step
            if outcome is None or isinstance(step, Applied):
                self._apply(call)
            return outcome or self._delivered(call)

    def look(self, unit: Unit, write: Write) -> Outcome:  # noqa: ARG002  # the port's: ids suffice
        call = self._call("look", write)
        with self._asked(call):
            step = self._step(call)
            outcome = step.outcome if isinstance(step, Applied) else step
            if outcome is not None:
                return outcome
            arrived = {event_id for _, event_id in self.ledger}
            return self._delivered(call) if arrived >= set(call.events) else Absent()

    def twins(self, unit: Unit, segment_id: str) -> tuple[str, ...] | Outcome:
        call = Call(verb="twins", entry_id=unit.entry.id, events=(segment_id,), at=self.now)
        with self._asked(call):
            step = self.script.popleft() if self.script else None
            if isinstance(step, Outcome):
                return step
            count = sum(1 for _, event_id in self.ledger if event_id == segment_id)
            return tuple(f"twin-{number}" for number in range(1, count))

    def check(self) -> Outcome:
        call = Call(verb="check", entry_id="", events=(), at=self.now)
        with self._asked(call):
            step = self._step(call)
            outcome = step.outcome if isinstance(step, Applied) else step
            return outcome or Delivered()

    def catalog(self) -> Catalog | Outcome:
        self.listed += 1
        return self.projects

    def close(self) -> None:
        self.closed += 1

    @property
    def now(self) -> datetime:
        return self._clock.now()

    def arrived(self, entry_id: str) -> list[str]:
        """The events of an entry, in the order of their arrival."""
        return [event_id for entry, event_id in self.ledger if entry == entry_id]

    def made(self, verb: str = "send") -> list[Call]:
        """The requests of one sort."""
        return [call for call in self.calls if call.verb == verb]

    def _call(self, verb: str, write: Write) -> Call:
        body = json.loads(write.body)
        return Call(verb=verb, entry_id=body["entry"], events=tuple(body["events"]), at=self.now)

    @contextlib.contextmanager
    def _asked(self, call: Call) -> Iterator[None]:
        with self._lock:
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
        self.calls.append(call)
        try:
            self.during(call)
            yield
        finally:
            with self._lock:
                self._in_flight -= 1

    def _step(self, call: Call) -> Step:
        return self.script.popleft() if self.script else self.rule(call)

    def _apply(self, call: Call) -> None:
        known = set(self.ledger) if self._repeatable else set()
        new = [(call.entry_id, event_id) for event_id in call.events]
        self.ledger += [pair for pair in new if pair not in known]

    def _delivered(self, call: Call) -> Delivered:
        if self._repeatable:
            return Delivered()
        return Delivered(remote_id=f"remote-{call.events[0]}", base="{}")


@dataclass
class Bench:
    """A worker, its queue on a file, its server and its clock: driven by hand."""

    folder: Path
    mutex: Mutex[QueueWriter]
    reader: QueueReader
    clock: FakeClock
    server: FakeServer
    worker: SyncWorker = field(init=False)
    removed: list[str] = field(default_factory=list)
    changed: list[datetime] = field(default_factory=list)
    rested: list[datetime] = field(default_factory=list)
    clicked: dict[str, list[str]] = field(default_factory=dict)
    """The ids of the events of each entry, in the order of the clicks."""

    @contextlib.contextmanager
    def writing(self) -> Iterator[QueueWriter]:
        with self.mutex.lock() as guard:
            yield guard.value

    def click(self, entry_id: str) -> str:
        """The next event of this entry: start, pause, resume, stop; its id."""
        events = self.clicked.setdefault(entry_id, [])
        event = Event(
            id=f"{entry_id}-{len(events) + 1}",
            entry_id=entry_id,
            kind=KINDS[len(events) % len(KINDS)],
            stamp=self.clock.stamp(),
            project="Website",
            note="",
        )
        events.append(event.id)
        with self.writing() as writer:
            writer.record((event,), self.clock.now())
        self.worker.wake()
        return event.id

    def fill(self, *, entries: int, clicks: int) -> None:
        """So many entries with so many clicks each, a second apart, entry after entry."""
        for number in range(entries):
            for _ in range(clicks):
                self.click(f"entry-{number:03}")
                self.clock.advance(1)

    def run(self) -> Pause:
        """Work until there is nothing to do for now."""
        for _ in range(10_000):
            pause = self.worker.run_once()
            if pause is not None:
                return pause
        msg = "the worker never rests"
        raise AssertionError(msg)

    def run_for(self, time: timedelta) -> Pause:
        """Let time pass, as the worker would sleep through it."""
        end = self.clock.now() + time
        for _ in range(100_000):
            pause = self.run()
            if pause.until is None or pause.until > end:
                self.clock.advance(end - self.clock.now())
                return pause
            self.clock.advance(max(pause.until - self.clock.now(), timedelta(milliseconds=1)))
        msg = "the worker is always woken"
        raise AssertionError(msg)

    def retry_all(self) -> None:
        """What the menu's "Retry all" does."""
        retrier = Retrier(self.mutex)
        retrier.begin(self.clock.now())
        while retrier.next_chunk():
            pass
        self.worker.wake()

    def tasks(self, status: str = "") -> list[SyncTask]:
        """What is in the queue."""
        with self.writing() as writer:
            rows = writer.rows("SELECT id FROM sync_queue ORDER BY id")
        found = [self.task(row["id"]) for row in rows]
        return [task for task in found if status in {"", task.status.value}]

    def task(self, task_id: int) -> SyncTask:
        with self.writing() as writer:
            return task_of(writer.rows("SELECT * FROM sync_queue WHERE id = ?", (task_id,))[0])

    @property
    def failed(self) -> list[SyncTask]:
        return self.tasks("failed")

    @property
    def pending(self) -> list[SyncTask]:
        return self.tasks("pending")

    @property
    def gate(self) -> Gate | None:
        with self.writing() as writer:
            return writer.accounts.gate(writer.accounts.active().id)

    def all_arrived(self) -> bool:
        """Whether the queue is empty and the server has everything, once and in order."""
        return not self.tasks() and all(
            self.server.arrived(entry_id) == events for entry_id, events in self.clicked.items()
        )

    def new_worker(self, server: FakeServer | None = None) -> SyncWorker:
        """As after a restart: nothing is remembered but what is in the file."""
        self.server = server or self.server
        self.worker = a_worker(self, self.server)
        return self.worker


def a_worker(bench: Bench, server: FakeServer, *, rules: Rules | None = None) -> SyncWorker:
    def connect(_: Account) -> FakeServer:
        return server

    return SyncWorker(
        bench.mutex,
        WorkerPorts(
            server_for=connect,
            clock=bench.clock,
            changed=lambda: bench.changed.append(bench.clock.now()),
            rested=lambda: bench.rested.append(bench.clock.now()),
            removed=bench.removed.append,
            recover=lambda: bench.mutex.recover(lambda writer: writer.reopen()),
        ),
        rules or Rules(jitter=lambda wait: wait, waits=Waits()),
    )


@contextlib.contextmanager
def a_bench(
    folder: Path, *, repeatable: bool = True, one_active: bool = False, at_once: int = 1
) -> Iterator[Bench]:
    """A bench on a fresh file; without jitter, so that times can be told."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = FakeClock()
    server = FakeServer(clock, repeatable=repeatable, one_active=one_active, at_once=at_once)
    writer = QueueWriter(folder / "queue.db", folder / "queue.lock")
    writer.run("PRAGMA synchronous = OFF")  # weeks are played here; durability has its own tests
    reader = QueueReader(folder / "queue.db")
    mutex = Mutex(writer)
    bench = Bench(
        folder=folder,
        mutex=mutex,
        reader=reader,
        clock=clock,
        server=server,
    )
    bench.new_worker()
    try:
        yield bench
    finally:
        reader.close()
        writer.close()
