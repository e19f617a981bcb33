"""The real core with its clock and its worker driven by hand, and the server inside to send to."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import requests

from tests.contract.stages import FaultyApp
from tests.fakes import FakeClock
from tests.integration import driving
from trayapp.accounts.tokens import MemoryTokenStore, Tokens
from trayapp.config import Paths
from trayapp.core import Core, Surroundings
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import MisbehavingProxy
from trayapp.queue.reader import QueueReader
from trayapp.queue.task import SyncTask
from trayapp.servers.embedded import EmbeddedServer, over_http
from trayapp.servers.embedded_app import LOOPBACK_HOSTS, EmbeddedApp
from trayapp.servers.embedded_auth import Authenticator
from trayapp.servers.embedded_store import EmbeddedStore, StoredEvent
from trayapp.servers.http import HttpClient
from trayapp.servers.wsgi import WsgiAdapter
from trayapp.sync.rules import Rules
from trayapp.sync.server import TimeServer
from trayapp.sync.status import SyncStatus
from trayapp.tracking.entry import Event
from trayapp.tracking.tracker import AlreadySo, Changed, Command

EVERYTHING = 1_000_000
_DAY_MS = 86_400_000


class Bench:
    """A core whose time passes, and whose worker works, only when told."""

    def __init__(self, paths: Paths, store: EmbeddedStore, serve: Callable[[], TimeServer]) -> None:
        self.paths = paths
        self.clock = FakeClock()
        self.store = store
        self.served: list[TimeServer] = []
        self.serve = serve
        self.core = Core(
            Surroundings(
                paths=paths,
                clock=self.clock,
                server_for=lambda _account: self._new_server(),
                rules=Rules(jitter=lambda wait: wait),
            )
        )

    def _new_server(self) -> TimeServer:
        self.served.append(self.serve())
        return self.served[-1]

    def close(self) -> None:
        self.core.worker.settle()
        self.core.close()
        for server in self.served:
            server.close()

    def click(self, command: Command, *, at: datetime | None = None) -> Changed | AlreadySo:
        return self.core.timer.do(command, self.clock.stamp(), given_at=at)

    def clicks(self, *commands: Command, every: float = 60) -> None:
        """One after the other, each with time before it."""
        for command in commands:
            self.clock.advance(every)
            self.click(command)

    def work(self) -> datetime | None:
        """Let the worker do all it can do now; when it wants to go on."""
        return driving.work(self.core, self.clock)

    def live(self, length: timedelta) -> None:
        """Let time pass, with the worker at work whenever it is due."""
        driving.live(self.core, self.clock, length)

    def retry_all(self) -> int:
        """As the app does it, in chunks; how many."""
        return driving.retry_all(self.core, self.clock)

    @property
    def status(self) -> SyncStatus:
        return self.core.status()

    @property
    def failed(self) -> tuple[SyncTask, ...]:
        return self.core.reader.failed(limit=EVERYTHING)

    @property
    def clicked(self) -> list[Event]:
        """The local log, in order."""
        return events_in(self.core.reader)

    @property
    def arrived(self) -> list[StoredEvent]:
        """The server's log, in order of entries and of time."""
        return events_on(self.store)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """A look past our own code."""
        return rows_of(self.paths.database, sql)


def rows_of(database: Path, sql: str) -> list[tuple[object, ...]]:
    uri = f"{database.as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        return connection.execute(sql).fetchall()


def events_in(reader: QueueReader) -> list[Event]:
    entries = reversed(reader.recent(EVERYTHING))
    return [event for recent in entries for event in reader.events(recent.entry.id)]


def events_on(store: EmbeddedStore) -> list[StoredEvent]:
    found = store.entries_begun(0, EVERYTHING * _DAY_MS)
    return [event for entry_id in found for event in store.events(entry_id)]


def made_paths(root: Path) -> Paths:
    paths = Paths.under(root)
    paths.make()
    return paths


class Plug(WsgiAdapter):
    """The wire to the server inside: can be pulled out, can be faulty, counts the requests."""

    def __init__(self, app: FaultyApp) -> None:
        super().__init__(app)
        self.play = app.play
        self.is_in = True
        self.requests = 0

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        self.requests += 1
        if not self.is_in:
            raise requests.ConnectionError(ConnectionRefusedError())
        return super().send(request)

    def session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", self)
        return session


@contextmanager
def bench_inside(root: Path) -> Iterator[tuple[Bench, Plug]]:
    """The server in the process: fast."""
    paths = made_paths(root)
    store = EmbeddedStore(paths.embedded_database)
    plug = Plug(FaultyApp(EmbeddedApp(store)))

    def serve() -> TimeServer:
        return EmbeddedServer(HttpClient("http://embedded.invalid", make_session=plug.session))

    try:
        bench = Bench(paths, store, serve)
        try:
            yield bench, plug
        finally:
            bench.close()
    finally:
        store.close()


@dataclass(slots=True, kw_only=True)
class Wire:
    """What lies between the core and a server on loopback."""

    proxy: MisbehavingProxy
    auth: Authenticator
    tokens: MemoryTokenStore

    def sign_in(self) -> None:
        """New tokens, as a sign-in brings them."""
        pair = self.auth.issue()
        self.tokens.save(Tokens(access=pair.access, refresh=pair.refresh))

    @property
    def sent(self) -> list[str]:
        """The events sent so far, by id, in order."""
        return [event for request in self.requests for event in request]

    @property
    def requests(self) -> list[list[str]]:
        """The events of each request that carried some."""
        bodies = [seen.content for seen in self.proxy.ledger if seen.path == "/events"]
        return [[event["id"] for event in json.loads(body)["events"]] for body in bodies]


@contextmanager
def bench_over_http(
    root: Path, *, make_token: Callable[[], str] | None = None
) -> Iterator[tuple[Bench, Wire]]:
    """The same server over HTTP, with tokens, behind a proxy that can be told to misbehave."""
    paths = made_paths(root)
    store = EmbeddedStore(paths.embedded_database)
    tokens = MemoryTokenStore()
    holder: list[MisbehavingProxy] = []
    bench = Bench(paths, store, lambda: over_http(holder[0].url, tokens))
    auth = (
        Authenticator(bench.clock)
        if make_token is None
        else Authenticator(bench.clock, make_token=make_token)
    )
    app = EmbeddedApp(store, authenticator=auth, hosts=LOOPBACK_HOSTS)
    try:
        with Loopback(app) as loopback, MisbehavingProxy(loopback.url) as proxy:
            holder.append(proxy)
            wire = Wire(proxy=proxy, auth=auth, tokens=tokens)
            wire.sign_in()
            yield bench, wire
            bench.close()
    finally:
        store.close()
