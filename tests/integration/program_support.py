"""The real app as a program of its own, asked over its channel, with a record of what it did."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tests.integration.core_support import made_paths
from tests.integration.recorded_app import Opened, Order, Record, Statement
from trayapp import commands
from trayapp.clock import SystemClock
from trayapp.config import Paths
from trayapp.control.client import ControlClient
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import MisbehavingProxy
from trayapp.queue.reader import QueueReader
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_auth import Authenticator
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.sync.snapshot import read_status
from trayapp.sync.status import SyncStatus

WAIT_SECONDS = 30.0
ROOT = Path(__file__).parents[2]
_POLL_SECONDS = 0.02


@dataclass(slots=True)
class Running:
    """A running app; what it recorded is there when it has ended."""

    paths: Paths
    process: subprocess.Popen[str]
    clock: SystemClock = field(default_factory=SystemClock)
    record: Record = field(default_factory=Record)
    output: str = ""

    def ask(self, name: str, **arguments: bool) -> Reply:
        client = ControlClient(self.paths.channel_dir)
        return client.ask(Request(name, arguments), WAIT_SECONDS)

    def click(self, name: str, *, project: str | None = None) -> Reply:
        request = commands.click_request(name, self.clock.stamp(), project=project)
        return ControlClient(self.paths.channel_dir).ask(request, WAIT_SECONDS)

    def status(self) -> SyncStatus:
        reader = QueueReader(self.paths.database)
        try:
            return read_status(reader, self.clock.now())
        finally:
            reader.close()

    def wait_for(self, so: Callable[[SyncStatus], bool]) -> SyncStatus:
        wait_until(lambda: so(self.status()))
        return self.status()

    def wait_until_all_sent(self) -> None:
        self.wait_for(lambda status: status.all_sent)


def wait_until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    pause = threading.Event()
    while not so():
        assert time.monotonic() < deadline, "it never came to be so"
        pause.wait(_POLL_SECONDS)


@contextmanager
def running(
    root: Path, *, order: Order | None = None, under: Sequence[str] = ()
) -> Iterator[Running]:
    """An app that is told to quit at the end, and must do so with 0."""
    paths = made_paths(root)
    record = root / "record.json"
    order = replace(order or Order(root="", record=""), root=str(root), record=str(record))
    program = [*under, sys.executable, "-m", "tests.integration.recorded_app"]
    with subprocess.Popen(  # noqa: S603  # our own program
        program,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        app = Running(paths, process)
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(asdict(order)) + "\n")
            process.stdin.flush()
            wait_until(lambda: _answers(app))
            yield app
            app.ask("quit")
            app.output = process.communicate(timeout=WAIT_SECONDS)[0]
            assert process.returncode == 0, app.output
            app.record = _read(record)
        finally:
            process.kill()


def _answers(app: Running) -> bool:
    assert app.process.poll() is None, app.process.communicate()[0]
    try:
        return app.ask("hello").ok
    except ChannelError:
        return False


def _read(path: Path) -> Record:
    raw = json.loads(path.read_text(encoding="utf-8"))
    return Record(
        opened=[Opened(**one) for one in raw["opened"]],
        traced=raw["traced"],
        statements=[Statement(**one) for one in raw["statements"]],
        contacted=raw["contacted"],
        looked_up=raw["looked_up"],
    )


def random_token() -> str:
    return secrets.token_urlsafe(32)


@contextmanager
def served(
    root: Path, *, make_token: Callable[[], str] = random_token
) -> Iterator[tuple[MisbehavingProxy, Authenticator]]:
    """A server on loopback, outside the app's process, behind a proxy."""
    store = EmbeddedStore(root / "server.db")
    auth = Authenticator(SystemClock(), make_token=make_token)
    app = EmbeddedApp(store, authenticator=auth)
    try:
        with Loopback(app) as loopback, MisbehavingProxy(loopback.url) as proxy:
            yield proxy, auth
    finally:
        store.close()
