"""Lives of the program: from opening its files to its end, or to a kill; driven by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes import FakeClock
from tests.integration import driving
from tests.integration.ledger import EVERYTHING, Click, Diary, do_click, log_of
from tests.integration.scenes import Scene
from trayapp.config import Paths
from trayapp.core import Core, Surroundings
from trayapp.mutex import Mutex
from trayapp.queue.store import QueueWriter
from trayapp.sync.outcome import Outcome
from trayapp.sync.rules import Rules
from trayapp.sync.server import Capabilities, Nothing, TimeServer, Unit, Write
from trayapp.sync.worker import SyncWorker, WorkerPorts
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import Event


class Relay:
    """A TimeServer that hands everything on; those who spoil something override it."""

    def __init__(self, inner: TimeServer) -> None:
        self.inner = inner

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    def plan(self, unit: Unit) -> Write | Nothing:
        return self.inner.plan(unit)

    def send(self, write: Write) -> Outcome:
        return self.inner.send(write)

    def look(self, unit: Unit, write: Write) -> Outcome:
        return self.inner.look(unit, write)

    def twins(self, unit: Unit, segment_id: str) -> tuple[str, ...] | Outcome:
        return self.inner.twins(unit, segment_id)

    def check(self) -> Outcome:
        return self.inner.check()

    def catalog(self) -> Catalog | Outcome:
        return self.inner.catalog()

    def close(self) -> None:
        self.inner.close()


class Killed(BaseException):
    """The process ends here, as by SIGKILL: nobody may catch it but the test."""


class Reaper:
    """Counts the points at which a process may be killed, and kills at one of them.

    What lies on the disk at that moment is copied to `remains`; what the dying objects still do
    changes nothing in it.
    """

    def __init__(self, data: Path, *, kill_at: int = 0) -> None:
        self._data = data
        self._kill_at = kill_at
        self.count = 0
        self.remains = data.parent.with_name(data.parent.name + "+")

    def let_go(self) -> None:
        """Kill no more: what ends by itself is no point of the story."""
        self._kill_at = 0

    def pass_by(self, where: str) -> None:
        self.count += 1
        if self.count == self._kill_at:
            shutil.copytree(self._data, self.remains / self._data.name)
            raise Killed(where)


class MortalServer(Relay):
    """Dies before or after a request."""

    def __init__(self, inner: TimeServer, reaper: Reaper) -> None:
        super().__init__(inner)
        self._reaper = reaper

    def send(self, write: Write) -> Outcome:
        self._reaper.pass_by("before send")
        outcome = self.inner.send(write)
        self._reaper.pass_by("after send")
        return outcome

    def look(self, unit: Unit, write: Write) -> Outcome:
        self._reaper.pass_by("before look")
        outcome = self.inner.look(unit, write)
        self._reaper.pass_by("after look")
        return outcome


class MortalWriter(QueueWriter):
    """Dies before or after a commit."""

    def __init__(self, paths: Paths, reaper: Reaper) -> None:
        super().__init__(paths.database, paths.writer_lock)
        self._reaper = reaper

    def commit(self) -> None:
        self._reaper.pass_by("before commit")
        super().commit()
        self._reaper.pass_by("after commit")


Wrap = Callable[[TimeServer], TimeServer]
Worker = Callable[[Mutex[QueueWriter], WorkerPorts, Rules], SyncWorker]


class Life:
    """One life of the program, from opening its files to its end; time and work by hand."""

    def __init__(
        self,
        scene: Scene,
        paths: Paths,
        clock: FakeClock,
        *,
        wrap: Wrap = lambda server: server,
        worker: Worker = SyncWorker,
        reaper: Reaper | None = None,
    ) -> None:
        paths.make()
        self._served: list[TimeServer] = []
        self.paths = paths
        self.clock = clock
        rules = Rules(jitter=lambda wait: wait)

        def server_for(_account: object) -> TimeServer:
            server = wrap(scene.client())
            self._served.append(server if reaper is None else MortalServer(server, reaper))
            return self._served[-1]

        self.core = Core(Surroundings(paths=paths, clock=clock, server_for=server_for, rules=rules))
        if reaper is not None:
            self.core._queue.recover(lambda writer: _mortal(writer, paths, reaper))
        ports = WorkerPorts(
            server_for=server_for,
            clock=clock,
            changed=lambda: None,
            rested=lambda: None,
            removed=lambda _entry: None,
            recover=lambda: None,
        )
        self.core.worker = worker(self.core._queue, ports, rules)

    def click(self, diary: Diary, name: str, note: str = "") -> None:
        """Now."""
        click = Click(name=name, at=self.clock.now(), note=note)
        diary.begin(click)
        diary.answer(do_click(self.core.timer, click, self.clock.stamp()))

    def work(self, steps: int) -> None:
        """At most so many steps of the worker, now."""
        for _ in range(steps):
            if self.core.worker.run_once() is not None:
                return

    def rest(self) -> None:
        """Let time pass until there is nothing to do before somebody acts."""
        driving.rest(self.core, self.clock)

    def retry_all(self) -> None:
        """As the menu does it."""
        driving.retry_all(self.core, self.clock)

    def unsent(self) -> list[str]:
        """What did not arrive, and everything that keeps the status from "all sent"."""
        status = self.core.status()
        found = [f"failed: {task.reason}" for task in self.core.reader.failed(limit=EVERYTHING)]
        found += [f"{status.pending} pending: {status.reason}"] if status.pending else []
        found += [f"{status.doubtful} in doubt"] if status.doubtful else []
        found += [f"{status.possible_doubles} doubles"] if status.possible_doubles else []
        assert status.all_sent is (not found and status.last_delivery_at is not None)
        return found

    def log(self) -> list[Event]:
        return log_of(self.paths.database)

    def end(self) -> None:
        """Give files and connections up; what was not settled stays in doubt."""
        for server in self._served:
            server.close()
        self.core.close()


def _mortal(writer: QueueWriter, paths: Paths, reaper: Reaper) -> QueueWriter:
    writer.close()
    return MortalWriter(paths, reaper)


@contextmanager
def life_of(
    scene: Scene,
    root: Path,
    clock: FakeClock,
    *,
    wrap: Wrap = lambda server: server,
    worker: Worker = SyncWorker,
) -> Iterator[Life]:
    """A life that ends in peace."""
    life = Life(scene, Paths.under(root), clock, wrap=wrap, worker=worker)
    try:
        yield life
    finally:
        life.end()
