"""The whole app on a virtual desktop, and the server it delivers to, which lives in the test."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from virtual_desktop import VirtualDesktop

from tests.gui.app_host import USER, Plan
from tests.patience import DEADLINE_SECONDS, wait_for
from trayapp.clock import SystemClock
from trayapp.config import Paths
from trayapp.control.client import ControlClient
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import MisbehavingProxy
from trayapp.queue.reader import QueueReader
from trayapp.servers.embedded_app import LOOPBACK_HOSTS, EmbeddedApp
from trayapp.servers.embedded_auth import Authenticator, IssuedPair
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.sync.snapshot import read_status
from trayapp.sync.status import SyncStatus
from trayapp.tracking.entry import to_ms

_ROOT = Path(__file__).parents[2]
_DAY = timedelta(days=1)


class World:
    """A server behind a proxy, and the files of one app. Starts the app as often as you like."""

    def __init__(self, root: Path) -> None:
        self.paths = Paths.under(root)
        self.paths.make()
        self.clock = SystemClock()
        self.auth = Authenticator(self.clock)
        self.store = EmbeddedStore(root / "server.db")
        app = EmbeddedApp(self.store, user=USER, authenticator=self.auth, hosts=LOOPBACK_HOSTS)
        self._loopback = Loopback(app)
        self._loopback.start()
        self.proxy = MisbehavingProxy(self._loopback.url).start()
        self._root = root
        self._numbers = itertools.count(1)

    def close(self) -> None:
        """Take the server down."""
        self.proxy.stop()
        self._loopback.stop()
        self.store.close()

    def arrived(self) -> list[str]:
        """The kinds of what the server has, in order, without their common prefix."""
        now = datetime.now(UTC)
        window = (to_ms(now - _DAY), to_ms(now + _DAY))
        return [
            event.kind.removeprefix("time_entry_")
            for entry_id in self.store.entries_begun(*window)
            for event in self.store.events(entry_id)
        ]

    @contextmanager
    def app(
        self, desktop: VirtualDesktop, *, patience: float = 30.0, **variables: str
    ) -> Iterator[AppProgram]:
        """The running app; at the end it quits unless it has ended, and must have ended well."""
        plan = Plan(root=str(self._root), url=self.proxy.url, tray_patience_seconds=patience)
        env = desktop.env | variables
        log = self._root / f"app-{next(self._numbers)}.log"
        channel = Path(env["XDG_RUNTIME_DIR"]) / self.paths.channel_dir.name
        paths = replace(self.paths, channel_dir=channel)
        program = AppProgram(plan, env, log=log, paths=paths)
        try:
            program.sign_in(self.auth.issue())
            assert wait_for(program.answers), program.errors()
            yield program
            if program.is_running():
                program.ask(Request("quit"))
            assert program.wait() == 0, program.errors()
            assert "Traceback" not in program.errors()
        finally:
            program.close()


class AppProgram:
    """The app as a process: clicks over its channel, signals, what it said."""

    def __init__(self, plan: Plan, env: dict[str, str], *, log: Path, paths: Paths) -> None:
        self._log = log
        self.paths = paths
        self._clock = SystemClock()
        self._client = ControlClient(paths.channel_dir)
        with log.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-m", "tests.gui.app_host", json.dumps(asdict(plan))],
                cwd=_ROOT,
                env=env,
                stdin=subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                text=True,
            )

    def sign_in(self, pair: IssuedPair) -> None:
        """Give it these tokens."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"access": pair.access, "refresh": pair.refresh}))
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def ask(self, request: Request) -> Reply:
        """Ask it over the channel."""
        return self._client.ask(request, DEADLINE_SECONDS)

    def answers(self) -> bool:
        """Whether it is up."""
        assert self.is_running(), self.errors()
        try:
            return self.ask(Request("hello")).ok
        except ChannelError:
            return False

    def click(self, name: str, **arguments: str | int) -> None:
        """A click from the command line's side, which must have changed something."""
        request = Request(name, {**dict.fromkeys(("project", "note", "given_at_ms")), **arguments})
        reply = self.ask(replace(request, stamp=self._clock.stamp()))
        assert reply.ok, reply.message
        assert reply.changed, reply.message

    def status(self) -> SyncStatus:
        """What is in its queue now."""
        reader = QueueReader(self.paths.database)
        try:
            return read_status(reader, self._clock.now())
        finally:
            reader.close()

    def comes_to(self, so: Callable[[SyncStatus], bool]) -> bool:
        """Whether the status becomes so before the deadline."""
        return wait_for(lambda: so(self.status()))

    def errors(self) -> str:
        """What it has written on its outputs so far."""
        return self._log.read_text(encoding="utf-8")

    def log(self) -> str:
        """What it has logged so far."""
        return self.paths.log.read_text(encoding="utf-8")

    def is_running(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, seconds: float = DEADLINE_SECONDS) -> int:
        """Its exit status."""
        return self._process.wait(seconds)

    def close(self) -> None:
        """Leave nothing of it."""
        if self.is_running():
            self._process.kill()
            self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()


@contextmanager
def world_at(root: Path) -> Iterator[World]:
    """A world that is taken down in the end."""
    world = World(root)
    try:
        yield world
    finally:
        world.close()


def notifications(desktop: VirtualDesktop) -> list[tuple[str, str]]:
    """Title and body of all that dunst has shown so far, the oldest first; closes what is open."""
    desktop.run(["dunstctl", "close-all"])
    raw = json.loads(desktop.run(["dunstctl", "history"]).stdout)
    shown = [(str(one["summary"]["data"]), str(one["body"]["data"])) for one in raw["data"][0]]
    return shown[::-1]


def is_notified(desktop: VirtualDesktop, title: str) -> bool:
    """Whether a notification with this title comes before the deadline."""
    return wait_for(lambda: title in dict(notifications(desktop)))
