"""A world with a program in it that may die at any step: what outlives it, its lives, its end."""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tests.contract.stages import FaultyApp
from tests.fakes import FakeClock
from tests.integration import driving
from tests.integration.core_support import rows_of
from tests.integration.ledger import Fact, facts_of
from tests.integration.lives import Killed
from tests.integration.mortal import Fate, MortalPlug, MortalVault, mortal
from trayapp.accounts.tokens import Tokens, TokenStore
from trayapp.config import Paths
from trayapp.core import Core, Surroundings
from trayapp.demo.proxy import Say
from trayapp.servers.embedded import EmbeddedServer
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.servers.http import HttpClient
from trayapp.signing import Signing
from trayapp.sync.discard import CannotDiscard
from trayapp.sync.kind import Credentials, SignedIn
from trayapp.sync.outcome import Delivered, Outcome
from trayapp.sync.rules import Rules
from trayapp.sync.server import TimeServer
from trayapp.timer import Corrected
from trayapp.tracking.corrections import Delete, Edit, Undo
from trayapp.tracking.entry import to_ms
from trayapp.tracking.tracker import CannotDo, Changed, Command

URL = "https://time.example/api"
REFUSED = Say(status=422, body='{"message": "project closed"}')


class Door:
    """The ServerKind of one server in this process, which lives on when we die."""

    name = "example"
    label = "Example"
    takes_password = True
    takes_token = False
    prefixes = ("/api",)

    def __init__(self, store: EmbeddedStore) -> None:
        self.faulty = FaultyApp(EmbeddedApp(store))
        self.plug = MortalPlug(self.faulty)

    def recognise(self, url: str) -> Outcome:
        assert url == URL
        return Delivered()

    def sign_in(self, url: str, credentials: Credentials) -> SignedIn | Outcome:
        assert url == URL
        return SignedIn(tokens=Tokens(access="a", refresh="r"), user=credentials.user)

    def sign_out(self, url: str, tokens: Tokens) -> Outcome:
        assert (url, tokens.access) == (URL, "a")
        return Delivered()

    def connect(self, url: str, tokens: TokenStore) -> TimeServer:
        del url, tokens
        return EmbeddedServer(HttpClient("http://x.invalid", make_session=self.plug.session))


class World:
    """What outlives the program: its disk, its user, the keyring, the servers, time."""

    def __init__(self, root: Path, kill_at: int) -> None:
        self.root = root
        self.clock = FakeClock()
        self.vault = MortalVault()
        self.own, self.far = (EmbeddedStore(root / f"{name}.db") for name in ("own", "far"))
        self.inside, self.door = Door(self.own), Door(self.far)
        self.told: list[Fact] = []
        self.unanswered: set[int] = set()
        self.old: set[str] = set()
        """Ids of events that were there before the story began."""
        self.deaths: list[str] = []
        self.fate = Fate(root / "life", root / "life+", kill_at)

    @property
    def paths(self) -> Paths:
        return Paths.under(self.fate.home)

    def close(self) -> None:
        self.own.close()
        self.far.close()

    def die(self, killed: Killed) -> None:
        self.deaths.append(str(killed))
        self.clock.advance(3)
        self.fate = Fate(self.fate.remains, self.root / "none")


@dataclass(slots=True)
class Program:
    """One life of it; its steps are taken by hand."""

    world: World
    core: Core
    signing: Signing

    def click(self, command: Command | Edit | Delete | Undo) -> None:
        """One that is not answered is not repeated: it may be recorded, whole, or not at all."""
        world = self.world
        world.clock.advance(60.25)
        stamp = world.clock.stamp()
        at_ms = to_ms(stamp.at)
        world.unanswered.add(at_ms)
        is_correction = isinstance(command, Edit | Delete | Undo)
        timer = self.core.timer
        with contextlib.suppress(CannotDo):
            done = timer.correct(command, stamp) if is_correction else timer.do(command, stamp)  # type: ignore[arg-type]  # told apart above
            if isinstance(done, Changed | Corrected):
                world.told += facts_of(done.events)
        world.unanswered.discard(at_ms)

    def work(self) -> None:
        driving.rest(self.core, self.world.clock)

    def retry_all(self) -> None:
        driving.retry_all(self.core, self.world.clock)

    def failed(self) -> list[int]:
        return [task.id for task in self.core.reader.failed(limit=10_000)]

    def bring_over(self) -> None:
        self.core.bring_over(self.world.root / "old" / "hubnity.db")

    def refused(self) -> None:
        """The server takes none of what waits."""
        self.world.inside.faulty.play([REFUSED] * 20)
        self.work()
        self.world.inside.faulty.play([])

    def discard(self) -> None:
        # What a death left in doubt is retried before it can be discarded.
        with contextlib.suppress(CannotDiscard):
            self.core.discarder.discard(self.failed(), self.world.clock.now())

    def undo_discard(self) -> None:
        sql = "SELECT id FROM sync_queue WHERE status = 'discarded'"
        ids = [int(str(row[0])) for row in rows_of(self.world.paths.database, sql)]
        if ids:
            self.core.discarder.undo(ids, self.world.clock.now())


@contextmanager
def living(world: World) -> Iterator[Program]:
    """A life from its opening to its end; all of it can be the moment of death."""
    served: list[TimeServer] = []

    def server_for(account: object) -> TimeServer:
        is_far = getattr(account, "kind", "") == "example"
        served.append(
            (world.door if is_far else world.inside).connect(
                URL, world.vault.tokens_of("example", URL, "Ada")
            )
        )
        return served[-1]

    world.vault.fate = world.door.plug.fate = world.inside.plug.fate = world.fate
    with mortal(world.fate):
        world.paths.make()
        core = Core(
            Surroundings(
                paths=world.paths,
                clock=world.clock,
                server_for=server_for,
                rules=Rules(jitter=lambda wait: wait),
                kinds={"example": world.door},
                vault=world.vault,
            )
        )
        try:
            yield Program(world, core, Signing(core, {"example": world.door}, world.vault))
        finally:
            core.close()
            for server in served:
                server.close()


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is asked for; `again`: also once more, where no answer came."""

    run: Callable[[Program], object]
    again: bool = True


def clicks(*commands: Command | Edit | Delete | Undo) -> tuple[Step, ...]:
    return tuple(
        Step(lambda program, one=one: program.click(one), again=False)  # type: ignore[misc]  # bound now
        for one in commands
    )


WORK = Step(Program.work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What there is in the beginning, what is done then, and what must have come of it."""

    steps: tuple[Step, ...]
    ends: Callable[[World], list[str]]
    prepare: Callable[[World], None] = lambda _world: None
    names: frozenset[str] = frozenset()
    """Points that it must have, beside commits."""


@dataclass(frozen=True, slots=True)
class Told:
    """How it went: the fate of the first life, the deaths, what is wrong in the end."""

    fate: Fate
    deaths: tuple[str, ...]
    complaints: tuple[str, ...]


def tell(story: Story, root: Path, kill_at: int = 0) -> Told:
    """Live, die at most once, live again to the end."""
    root.mkdir()
    world = World(root, kill_at)
    fate = world.fate
    try:
        world.paths.make()
        story.prepare(world)
        _live(world, list(story.steps))
        complaints = (*_local_complaints(world), *story.ends(world))
        return Told(fate, tuple(world.deaths), complaints)
    finally:
        world.close()
        shutil.rmtree(root)


def _live(world: World, steps: list[Step]) -> None:
    """All lives, until nothing is left to do; what was begun is repeated or left."""
    begun = False
    while True:
        try:
            with living(world) as program:
                if begun and not steps[0].again:
                    del steps[0]
                while steps:
                    begun = True
                    steps[0].run(program)
                    begun = False
                    del steps[0]
                return
        except Killed as killed:
            world.die(killed)


def _local_complaints(world: World) -> list[str]:
    """Where the log is not what was told, in order; what was not answered is whole or not there."""
    sql = "SELECT id, kind, at_ms FROM event WHERE seq > 0 ORDER BY seq"
    rows = rows_of(world.paths.database, sql)
    log = [Fact(str(event_id), str(kind), int(str(at))) for event_id, kind, at in rows]
    counts = Counter(log)
    found = [f"{counts[fact]} times: {fact}" for fact in world.told if counts[fact] != 1]
    told = set(world.told)
    for fact, then in zip_longest(log, log[1:]):
        # A start that ends what is paused ends it where that was paused.
        at = then if then and fact.kind == "time_entry_stop" else fact
        is_known = fact in told or fact.event_id in world.old
        if not is_known and not {fact.at_ms, at.at_ms} & world.unanswered:
            found.append(f"nobody clicked {fact}")
    found += [] if [fact for fact in log if fact in told] == world.told else ["out of order"]
    whole = rows_of(world.paths.database, "PRAGMA integrity_check")
    return found if whole == [("ok",)] else [*found, f"damaged: {whole}"]
