"""Hammer: the real app in this process, and everybody who can ask it, all at once.

The app runs on a thread of its own, so that a watchdog can tell where all of them stand.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from tests.integration.hammer_books import OwnerWatch, Told
from tests.integration.hammer_watchdog import Watchdog
from tests.integration.lives import Relay
from tests.integration.scenes import EMBEDDED, Scene
from trayapp.app import App
from trayapp.clock import SystemClock
from trayapp.config import Paths
from trayapp.control.client import ControlClient
from trayapp.control.messages import Reply, Request
from trayapp.core import Surroundings
from trayapp.demo.proxy import CHAOS, Double, Fault, Say, chaos
from trayapp.desktop.faces import Faces
from trayapp.desktop.notices import Notice
from trayapp.desktop.notifications import Speaker
from trayapp.queue.errors import QueueError
from trayapp.queue.reader import QueueReader
from trayapp.sync.outcome import Conflict, Outcome
from trayapp.sync.rules import Rules
from trayapp.sync.server import Write
from trayapp.sync.snapshot import read_status
from trayapp.sync.status import SyncStatus
from trayapp.sync.waiting import Waits
from trayapp.tracking.entry import Stamp

ASK_SECONDS = 60.0
PATIENCE_SECONDS = 30.0
_SETTLE_SECONDS = 150.0
_JOIN_SECONDS = 0.1
_FAULTS: tuple[Fault, ...] = (
    *CHAOS,
    Double(),
    Say(status=422, body='{"message": "project closed"}'),
)
_SHORT = timedelta(seconds=0.1)
_LONG = timedelta(seconds=1)
_WAITS = Waits(
    offline_first=_SHORT,
    offline_longest=_LONG,
    trouble_first=_SHORT,
    trouble_longest=_LONG,
    address_first=_SHORT,
    address_longest=_LONG,
    refused_first=_SHORT,
    refused_longest=_LONG,
    blocked=_SHORT,
    first_look=_SHORT,
    between_looks=_SHORT,
)


class LabelClock(SystemClock):
    """The system's clock; each click in the menu gets a zone of its own to be found by."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count()
        self.newest = ""
        """The zone of the menu's newest click; for the one thread that clicks there."""

    def stamp(self) -> Stamp:
        found = super().stamp()
        if threading.current_thread().name != MENU:
            return found
        self.newest = f"{MENU}-{next(self._numbers)}"
        return replace(found, zone=self.newest)


MENU = "menu"


class Mute:
    """A notification service that takes everything."""

    def say(self, notice: Notice) -> None:
        del notice


class KeepingFaces(Faces):
    """The real ones, without an icon; they keep what they were to show. Main thread."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__(
            speaker=Speaker(Mute(), clock=clock),
            waiting_after=timedelta(minutes=5),
            icon_size=None,
            host_patience=_LONG,
        )
        self.shown: list[SyncStatus] = []
        self.windows = 0

    def show(self, status: SyncStatus) -> None:
        self.shown.append(status)
        super().show(status)

    def open_window(self, name: str, *, instead: str) -> None:
        del name, instead
        self.windows += 1


class Meddled(Relay):
    """A server on which the entries are changed by others now and then. Sync thread."""

    share = 0.05

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.client())
        self._dice = random.Random(5)  # noqa: S311  # a repeatable story

    def send(self, write: Write) -> Outcome:
        if self._dice.random() < self.share:
            return Conflict("Conflict: the server shows something else")
        return super().send(write)


@dataclass(slots=True, kw_only=True)
class Hammer:
    """The app and its crew. Each member has a thread, and does one thing until the end."""

    app: App
    clock: LabelClock
    faces: KeepingFaces
    paths: Paths
    scene: Scene
    watchdog: Watchdog
    owner: OwnerWatch
    told: list[Told] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    end: threading.Event = field(default_factory=threading.Event)
    crew: list[threading.Thread] = field(default_factory=list)
    leaving: list[Callable[[], None]] = field(default_factory=list)
    """What ends the waiting of those who wait for others to do something."""

    def hire(self, who: str, work: Callable[[], object], *, pause: float) -> None:
        """Have this done again and again, with a pause of about so many seconds."""
        thread = threading.Thread(target=self._work, args=(who, work, pause), name=who, daemon=True)
        self.crew.append(thread)
        thread.start()

    def _work(self, who: str, work: Callable[[], object], pause: float) -> None:
        dice = random.Random(who)  # noqa: S311  # pauses, no secret
        try:
            while not self.end.is_set():
                self.watchdog.beat(who)
                work()
                self.done[who] += 1
                self.end.wait(pause * dice.uniform(0, 2))
        except Exception as error:  # noqa: BLE001  # the test tells of it
            self.wrong.append(f"{who}: {error!r}")
        finally:
            self.watchdog.leave(who)

    def ask(self, request: Request) -> Reply:
        """As a window or a command asks."""
        return ControlClient(self.paths.channel_dir).ask(request, ASK_SECONDS)

    def go_on(self, seconds: float) -> None:
        """Let them work; a bite of the watchdog ends it."""
        assert not self.watchdog.bitten.wait(seconds), self.watchdog.report
        assert not self.wrong, self.wrong

    def disband(self) -> None:
        """Nobody asks any more; those whom the watchdog found stay where they are."""
        self.end.set()
        for member in self.crew:
            while member.is_alive() and not self.watchdog.bitten.is_set():
                for leave in self.leaving:
                    leave()
                member.join(_JOIN_SECONDS)

    def rest(self) -> None:
        """Nobody asks any more; what was clicked goes to the server, on a network that works."""
        self.disband()
        self.go_on(0)
        self.scene.proxy.play(())
        Meddled.share = 0.0
        until = time.monotonic() + _SETTLE_SECONDS
        with _reading(self.paths) as status:
            while (now := status()).pending or now.failed:
                assert time.monotonic() < until, now
                self.ask(Request("retry", {"wait": False}))
                threading.Event().wait(0.2)


@contextmanager
def _reading(paths: Paths) -> Iterator[Callable[[], SyncStatus]]:
    reader, clock = QueueReader(paths.database), SystemClock()
    try:
        yield lambda: read_status(reader, clock.now())
    finally:
        reader.close()


@contextmanager
def hammered(root: Path, *, seed: int, patience: float = PATIENCE_SECONDS) -> Iterator[Hammer]:
    """The app, in the user's own folders, sending through a bad network; quits in the end."""
    clock, paths = LabelClock(), Paths.of_user()
    paths.make()
    Meddled.share = 0.05
    with Scene(EMBEDDED, root, clock) as scene, Watchdog(patience) as watchdog:
        where = Surroundings(
            paths=paths,
            clock=clock,
            server_for=lambda _account: Meddled(scene),
            rules=Rules(jitter=lambda wait: wait, waits=_WAITS),
        )
        faces = KeepingFaces(clock)
        app = App(where, faces=faces)
        hammer = Hammer(
            app=app,
            clock=clock,
            faces=faces,
            paths=paths,
            scene=scene,
            watchdog=watchdog,
            owner=OwnerWatch(app.core),
        )
        scene.proxy.play(chaos(seed, share=0.3, faults=_FAULTS))
        with _running(hammer):
            yield hammer


@contextmanager
def _running(hammer: Hammer) -> Iterator[None]:
    ends: list[bool] = []
    main = threading.Thread(target=lambda: ends.append(hammer.app.run()), name="app", daemon=True)
    main.start()
    listens = threading.Event()
    hammer.app.post(listens.set)
    assert listens.wait(PATIENCE_SECONDS)
    try:
        yield
    finally:
        hammer.end.set()
        hammer.app.quit()
        main.join(PATIENCE_SECONDS)
    assert ends == [True], hammer.watchdog.report


def failed_ids(paths: Paths, limit: int) -> list[int]:
    """The oldest failed tasks, as a window reads them."""
    reader = QueueReader(paths.database)
    try:
        return [task.id for task in reader.failed(limit=limit)]
    except QueueError:
        return []
    finally:
        reader.close()
