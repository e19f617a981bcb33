"""A Hubnity server as the older app left it, and the core that its tasks are imported to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fakes import FakeClock
from tests.hubnity_server_house import House, house_of
from tests.hubnity_server_records import Entry, Project
from tests.integration.core_support import Bench, made_paths
from tests.unit.transfer.support import USER
from trayapp.accounts.tokens import MemoryTokenStore
from trayapp.queue.task import SyncTask
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.servers.hubnity import over_http
from trayapp.sync.diagnosis import cause_of_reason
from trayapp.sync.resolve import Keep, Resolved, resolve
from trayapp.sync.status import AccountView
from trayapp.tracking.entry import Event, EventKind, to_ms
from trayapp.tracking.replay import replay
from trayapp.transfer.importing import import_database

ACCOUNT = AccountView(kind="hubnity", url="https://time.example/api", user="ada@example.com")
LATER = datetime(2026, 1, 10, 9, 0, tzinfo=UTC)
VERBS = {EventKind.PAUSE: "pause", EventKind.RESUME: "resume", EventKind.STOP: "stop"}

Part = Callable[[Sequence[Event]], Sequence[Event]]


def all_of(events: Sequence[Event]) -> Sequence[Event]:
    return events


@dataclass(slots=True, kw_only=True)
class Past:
    """The two, and what the older app had sent to the one before it broke down."""

    bench: Bench
    house: House

    def bring(self, path: Path) -> None:
        """Import; the events are in the log, and nothing is asked of anybody."""
        import_database(path, self.bench.core._queue, cause_of=cause_of_reason)

    def entries(self) -> dict[str, list[Event]]:
        """The imported clicks that change something, by entry."""
        found: dict[str, list[Event]] = {}
        for (name,) in self.bench.rows("SELECT DISTINCT entry FROM event ORDER BY seq"):
            events = self.bench.core.reader.events(str(name))
            redundant = set(replay(events).redundant)
            found[str(name)] = [event for event in events if event.id not in redundant]
        return found

    def arrive(self, events: Sequence[Event], *, remote_id: str = "") -> Entry:
        """These clicks arrived there when they were made, at times of the server's own clock."""
        books, server_clock = self.house.app.books, self.house.clock
        first = events[0]
        books.projects.setdefault(first.project, Project(id=first.project, name=first.project))
        server_clock.set_wall(first.at + _lag(0))
        entry = Entry(
            id=remote_id or first.entry_id,
            user_id=USER,
            project_id=first.project,
            start_ms=books.now,
            created_ms=books.now,
            updated_ms=books.now,
            note=first.note or None,
        )
        books.entries[entry.id] = entry
        for number, event in enumerate(events[1:], start=1):
            server_clock.set_wall(event.at + _lag(number))
            books.apply(self.house.app.me, entry.id, VERBS[event.kind])
        server_clock.set_wall(LATER)
        return entry

    def sign_in(self) -> None:
        self.bench.core.enter(ACCOUNT, user_id=USER)

    def remove_duplicates(self) -> int:
        return len(self.bench.core.discarder.discard(None, self.bench.clock.now()).task_ids)

    def retry_all(self) -> None:
        self.bench.retry_all()
        self.bench.live(timedelta(days=1))

    def resolve(self, task: SyncTask, keep: Keep) -> Resolved:
        with self.bench.core._queue.lock() as guard:
            return resolve(guard.value, task.id, keep, self.bench.clock.now())

    def shown(self) -> dict[str, bytes]:
        """Every record there, byte by byte."""
        books = self.house.app.books
        return {
            name: json.dumps(books.shown(entry)).encode() for name, entry in books.entries.items()
        }

    def writes(self) -> list[str]:
        """What was asked for that may change something there."""
        return [one for one in self.house.requests() if not one.startswith("GET ")]


def _lag(number: int) -> timedelta:
    """Between a click and its arrival: up to a second and a half, another each time."""
    return timedelta(milliseconds=370 * number % 1500)


def is_as_clicked(entry: Entry, events: Sequence[Event]) -> bool:
    """Whether a stopped record has our very times."""
    wanted = replay(events).entry
    assert wanted is not None
    spans = (one.ended_at - one.began_at for one in wanted.segments if one.ended_at is not None)
    seconds = sum(spans, timedelta()) // timedelta(seconds=1)
    shown = (entry.status, entry.start_ms, entry.end_ms, entry.duration)
    begun, stopped = to_ms(wanted.started_at), to_ms(events[-1].at)
    return shown == ("STOPPED", begun, stopped, seconds)


@contextmanager
def past_of(dialect: str, root: Path) -> Iterator[Past]:
    paths = made_paths(root / "ours")
    store = EmbeddedStore(paths.embedded_database)
    try:
        with house_of(dialect, FakeClock(LATER)) as house:
            books = house.app.books
            house.app.me.id = USER
            books.users = {USER: house.app.me}
            tokens = MemoryTokenStore()
            house.app.sign_in(tokens)
            url = house.proxy.url + house.app.prefix
            bench = Bench(paths, store, lambda: over_http(url, tokens))
            bench.clock.set_wall(LATER)
            try:
                yield Past(bench=bench, house=house)
            finally:
                bench.close()
    finally:
        store.close()
