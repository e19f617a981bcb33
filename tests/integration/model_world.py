"""The world of the model: two houses and the server inside, one clock, one program.

All in this process, no socket. The witness between the program and a house sees every request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.fakes import FakeClock
from tests.integration import driving
from tests.integration.core_support import made_paths, rows_of
from tests.integration.lives import Killed, Relay, Worker
from tests.integration.model import Model
from tests.integration.model_houses import EmbeddedHouse, PlainHouse
from trayapp.clock import Clock
from trayapp.config import Paths
from trayapp.core import Core, Surroundings
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account
from trayapp.sync.found import Begun
from trayapp.sync.outcome import (
    Absent,
    AlreadySo,
    Conflict,
    Delivered,
    Doubtful,
    Outcome,
    Removed,
    Several,
    Unasked,
)
from trayapp.sync.retry import Retrier
from trayapp.sync.rules import Rules
from trayapp.sync.server import Nothing, TimeServer, Unit, Write
from trayapp.sync.status import AccountView, SyncStatus
from trayapp.sync.worker import SyncWorker
from trayapp.timer import Timer

INSIDE, ANN, BEN = "", "ann", "ben"
PLAIN, EMBEDDED = "plain", "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the program is made of; those who spoil something replace a part."""

    wrap: Callable[[TimeServer, Clock], TimeServer] = lambda server, _clock: server
    worker: Worker = SyncWorker
    writer: Callable[[Paths], QueueWriter] | None = None
    timer: type[Timer] = Timer
    retrier: type[Retrier] = Retrier


@dataclass(slots=True)
class Testimony:
    """What the witnesses saw: doubts by user and event, and what came of each event."""

    doubts: dict[tuple[str, str], int] = field(default_factory=dict)
    """How many looks that find nothing it still takes to send the event again."""
    delivered: set[str] = field(default_factory=set)
    needless: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    yes_at: dict[str, timedelta] = field(default_factory=dict)
    """When a house said yes last, by the boot clock."""
    killing: str = ""


class Witness(Relay):
    """Sees every request of one account; the process may be killed here."""

    def __init__(self, inner: TimeServer, world: World, user: str) -> None:
        super().__init__(inner)
        self._world, self._user = world, user
        self._seen = world.seen

    def plan(self, unit: Unit) -> Write | Nothing:
        plan = self.inner.plan(unit)
        if isinstance(plan, Nothing):
            self._seen.needless |= set(plan.settles)
        return plan

    def send(self, write: Write) -> Outcome:
        parts = write.parts or (write,)
        entries = [self._check(part) for part in parts]
        assert len(set(entries)) == len(entries), f"twice in one request: {entries}"
        for part in parts:
            for event in part.settles:
                self._seen.doubts[self._user, event] = 1 if part.repeatable else 2
        self._world.pass_by("before")
        outcome = self.inner.send(write)
        self._world.pass_by("after")
        for part, told in zip(parts, _told_apart(write, outcome), strict=True):
            if not isinstance(told, Doubtful | AlreadySo):
                self._forget(part)
            self._take(part, told)
        return outcome

    def look(self, unit: Unit, write: Write) -> Outcome:
        self._world.pass_by("before")
        outcome = self.inner.look(unit, write)
        self._world.pass_by("after")
        for event in write.settles if isinstance(outcome, Absent) else ():
            if (self._user, event) in self._seen.doubts:
                self._seen.doubts[self._user, event] -= 1
        if isinstance(outcome, Delivered | Removed | Conflict):
            self._forget(write)
        self._take(write, outcome)
        return outcome

    def _check(self, write: Write) -> str:
        """The entry it is about."""
        entry = ""
        for event in write.settles:
            left = self._seen.doubts.get((self._user, event), 0)
            assert left <= 0, f"sent again without a look: {event}"
            entry = next(one.entry_id for one in self._world.model.told if one.id == event)
            owner = self._world.model.owner[entry]
            assert owner == self._user, f"sent as {self._user!r}, clicked as {owner!r}"
        unsent = self._world.rows(
            "SELECT event FROM sync_queue WHERE status IN ('pending', 'failed') AND entry ="  # noqa: S608  # our own id
            f" (SELECT entry FROM event WHERE id = '{write.settles[0]}') ORDER BY id"
        )
        order = [str(row[0]) for row in unsent[: len(write.settles)]]
        assert order == list(write.settles), f"overtakes: {write.settles} before {order}"
        return entry

    def _forget(self, write: Write) -> None:
        for event in write.settles:
            self._seen.doubts.pop((self._user, event), None)

    def _take(self, write: Write, outcome: Outcome) -> None:
        if isinstance(outcome, Removed):
            self._seen.removed |= set(write.settles)
        elif isinstance(outcome, Delivered) and not write.more:
            settles = outcome.settles if isinstance(outcome, Begun) else write.settles
            self._seen.delivered |= set(settles)
        if isinstance(outcome, Delivered | Removed):
            self._seen.yes_at[self._user] = self._world.clock.boot()


def _told_apart(write: Write, outcome: Outcome) -> Sequence[Outcome]:
    """What became of each part: a doubt is one about all, all else befell the first."""
    if isinstance(outcome, Several):
        return outcome.parts
    others = outcome if isinstance(outcome, Doubtful) else Unasked()
    return (outcome, *[others] * (len(write.parts) - 1))


class World:
    """One program and its surroundings; time passes, and the worker works, only when told."""

    def __init__(self, root: Path, kind: str, parts: Parts) -> None:
        self.clock = FakeClock()
        self.model = Model()
        self.seen = Testimony()
        self.paths = made_paths(root)
        self._parts = parts
        plain = kind == PLAIN
        self.houses: dict[str, EmbeddedHouse | PlainHouse] = {
            INSIDE: EmbeddedHouse(root / "inside.db"),
            ANN: PlainHouse() if plain else EmbeddedHouse(root / "ann.db"),
            BEN: PlainHouse() if plain else EmbeddedHouse(root / "ben.db"),
        }
        self._served: list[TimeServer] = []
        self.core = self._opened()

    def _opened(self) -> Core:
        rules = Rules(jitter=lambda wait: wait)
        parts = self._parts
        core = Core(
            Surroundings(
                paths=self.paths, clock=self.clock, server_for=self._server_for, rules=rules
            )
        )
        writer = parts.writer
        if writer is not None:
            core._queue.recover(lambda old: _instead(old, writer(self.paths)))
        core.worker = parts.worker(core._queue, core.worker._ports, rules)
        core.timer = parts.timer(core._queue, recorded=core._tell, recover=core._recover)
        core.retrier = parts.retrier(core._queue)
        return core

    def _server_for(self, account: Account) -> TimeServer:
        client = self._parts.wrap(self.houses[account.user].client(), self.clock)
        self._served.append(Witness(client, self, account.user))
        return self._served[-1]

    def reopen(self) -> None:
        """The program ends, and begins again; what was not settled stays in doubt."""
        self._end()
        self.core = self._opened()

    def _end(self) -> None:
        while self._served:
            self._served.pop().close()
        self.core.close()

    def close(self) -> None:
        self._end()
        for house in self.houses.values():
            house.close()

    def pass_by(self, where: str) -> None:
        """A point at which the process may be killed."""
        if self.seen.killing == where:
            self.seen.killing = ""
            raise Killed(where)

    def enter(self, user: str) -> None:
        self.core.enter(AccountView(kind="house", url="http://house.invalid", user=user))

    def work(self) -> datetime | None:
        """Let the worker do all it can do now; when it wants to go on."""
        return driving.work(self.core, self.clock)

    def live(self, length: timedelta) -> None:
        """Let time pass, with the worker at work whenever it is due."""
        driving.live(self.core, self.clock, length)

    def retry_all(self) -> None:
        driving.retry_all(self.core, self.clock)
        self.core.worker.wake()

    @property
    def user(self) -> str:
        """Who is signed in; empty: nobody."""
        return self.status.account.user

    @property
    def status(self) -> SyncStatus:
        return self.core.status()

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """A look past our own code."""
        return rows_of(self.paths.database, sql)

    @property
    def left_out(self) -> set[str]:
        """The events that are not to be sent."""
        rows = self.rows("SELECT event FROM sync_queue WHERE status = 'discarded'")
        return {str(row[0]) for row in rows}

    @property
    def requests(self) -> int:
        return sum(house.wire.requests for house in self.houses.values())


def _instead(old: QueueWriter, new: QueueWriter) -> QueueWriter:
    old.close()
    return new
