"""A house for the real TimeTagger server: a user of their own, a proxy, a client, and couriers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from tests.contract.stages import Courier, Times
from tests.fakes import FakeClock
from tests.integration.ledger import compared
from tests.timetagger_server import PREFIX, WebApp, next_user, server_address
from trayapp.accounts.tokens import MemoryTokenStore, Tokens
from trayapp.demo.proxy import Fault, MisbehavingProxy
from trayapp.servers.timetagger import TimeTaggerServer
from trayapp.servers.timetagger_account import TimeTaggerKind
from trayapp.servers.timetagger_records import description
from trayapp.tracking.entry import Event, EventKind, TimeEntry, from_ms, to_ms
from trayapp.tracking.replay import replay


@dataclass(slots=True, kw_only=True)
class House:
    """A user's account on the server, a proxy before it, and our client behind that."""

    web: WebApp
    proxy: MisbehavingProxy
    server: TimeTaggerServer
    stray: TimeTaggerServer
    clock: FakeClock
    tokens: MemoryTokenStore
    _asked: int = 0

    @property
    def url(self) -> str:
        return self.proxy.url + PREFIX

    def courier(self, name: str = "") -> Courier:
        """Somebody's clicks; those with a name are of another entry."""
        if not name:
            return Courier(self.server, self.clock)
        return SecondCourier(self.server, self.clock, note=name, name=name)

    def another_user(self) -> Tokens:
        """Somebody with no record yet, in whose place the web app is now."""
        self.web = WebApp(next_user())
        return Tokens(access=self.web.api_token())

    def again(self) -> None:
        """As after a new start of the program: whatever the client remembered is gone."""
        self.server.close()
        self.server = TimeTaggerKind().connect(self.url, self.tokens)

    def play(self, *faults: Fault, method: str = "") -> None:
        self.proxy.play(faults, only=(lambda verb, _: verb == method) if method else None)

    def requests(self) -> list[str]:
        """What was asked for, since this was last asked."""
        fresh = self.proxy.ledger[self._asked :]
        self._asked += len(fresh)
        return [f"{seen.method} {seen.path.removeprefix(PREFIX)}" for seen in fresh]

    def times(self) -> Times:
        return [(text(one["t1"]), end_text(one)) for one in self.web.records]


@dataclass(slots=True)
class SecondCourier(Courier):
    """Clicks for another entry than the first."""

    name: str = ""

    def click(self, *kinds: EventKind) -> None:
        for kind in kinds:
            Courier.click(self, kind)
            event = self.events.pop()
            self.pending.pop()
            renamed = replace(
                event, id=f"{self.name}-{event.id}", entry_id=f"{self.name}-{event.entry_id}"
            )
            self.events.append(renamed)
            self.pending.append(renamed)


def text(seconds: object) -> str:
    assert isinstance(seconds, int)
    return from_ms(seconds * 1000).replace(tzinfo=None).isoformat() + "Z"


def end_text(record: dict[str, object]) -> str | None:
    return None if record["t1"] == record["t2"] else text(record["t2"])


def wanted_times(entry: TimeEntry) -> Times:
    """One record a segment: begin rounded down, and an end at least a second later."""
    found: Times = []
    for segment in entry.segments:
        begin = to_ms(segment.began_at) // 1000
        end = None
        if segment.ended_at is not None:
            end = text(max(to_ms(segment.ended_at) // 1000, begin + 1))
        found.append((text(begin), end))
    return found


_Shown = tuple[object, str, str | None, object]


@dataclass(slots=True)
class Editor:
    """Somebody at the web app, who changes texts and removes records that have arrived."""

    web: WebApp
    texts: dict[str, str] = field(default_factory=dict)
    removed: dict[str, _Shown] = field(default_factory=dict)

    def touch(self, dice: random.Random) -> None:
        records = self.web.records
        if not records:
            return
        record = dice.choice((records[-1], dice.choice(records)))
        key = str(record["key"])
        if dice.random() < 0.3:
            self.web.remove(record)
            (self.removed[key],) = (_shown(one) for one in self.web.everything if one["key"] == key)
            return
        self.texts[key] = f"edited № {len(self.texts)}"
        self.web.edit(record, ds=self.texts[key])

    def complaints(self, log: Sequence[Event]) -> list[str]:
        """Where the server does not show one record a segment, with what was changed there."""
        wanted: dict[str, _Shown] = {}
        for entry_id in dict.fromkeys(event.entry_id for event in log):
            entry = replay([event for event in log if event.entry_id == entry_id]).entry
            assert entry is not None
            for segment, (begin, end) in zip(entry.segments, wanted_times(entry), strict=True):
                words = self.texts.get(segment.id, description(entry.project, entry.note))
                wanted[segment.id] = (segment.id, begin, end, words)
        wanted |= self.removed
        return compared([*wanted.values()], [*map(_shown, self.web.everything)])


def _shown(record: dict[str, object]) -> _Shown:
    return record["key"], text(record["t1"]), end_text(record), record["ds"]


@contextmanager
def house_of(clock: FakeClock | None = None) -> Iterator[House]:
    web = WebApp(next_user())
    tokens = MemoryTokenStore(Tokens(access=web.api_token()))
    kind = TimeTaggerKind()
    with MisbehavingProxy(server_address()) as proxy:
        server = kind.connect(proxy.url + PREFIX, tokens)
        stray = kind.connect(proxy.url + "/elsewhere", tokens)
        made = House(
            web=web,
            proxy=proxy,
            server=server,
            stray=stray,
            clock=clock or FakeClock(),
            tokens=tokens,
        )
        yield made
        made.server.close()
        stray.close()


@pytest.fixture
def house() -> Iterator[House]:
    with house_of() as made:
        yield made
