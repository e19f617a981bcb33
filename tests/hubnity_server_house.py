"""A house for the strict Hubnity fake: itself, a proxy before it, a client, and couriers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from tests.contract.stages import Courier, Times
from tests.fakes import FakeClock
from tests.hubnity_server import DEC, DIALECTS, FEB, FakeHubnity
from tests.hubnity_server_checks import iso
from tests.hubnity_server_records import Entry
from tests.integration.ledger import compared
from trayapp.accounts.tokens import MemoryTokenStore
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import (
    Fault,
    MisbehavingProxy,
)
from trayapp.servers.hubnity import HubnityServer, over_http
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import Event, EventKind, TimeEntry, TrackerState, to_ms
from trayapp.tracking.replay import replay

START, PAUSE, RESUME, STOP, *_ = EventKind


@dataclass(slots=True, kw_only=True)
class House:
    """A fake server behind a proxy, and its client."""

    app: FakeHubnity
    proxy: MisbehavingProxy
    server: HubnityServer
    stray: HubnityServer
    clock: FakeClock
    tokens: MemoryTokenStore

    def courier(self) -> Courier:
        return Courier(self.server, self.clock)

    @property
    def entry(self) -> Entry:
        """The only record there is."""
        (entry,) = self.app.books.entries.values()
        return entry

    def shown(self) -> list[tuple[str | None, str | None, int, str]]:
        return [
            (iso(entry.start_ms), iso(entry.end_ms), entry.duration, entry.status)
            for entry in self.app.books.entries.values()
        ]

    def requests(self) -> list[str]:
        """What was asked for, since this was last asked."""
        fresh = self.proxy.ledger[self._asked :]
        self._asked += len(fresh)
        names = dict.fromkeys(self.app.books.entries, "ID")
        return [
            f"{seen.method} "
            + "/".join(
                names.get(part, part) for part in seen.path.removeprefix(self.app.prefix).split("/")
            )
            for seen in fresh
        ]

    def play(self, *faults: Fault, method: str = "") -> None:
        self.proxy.play(faults, only=(lambda verb, _: verb == method) if method else None)

    _asked: int = 0


@contextmanager
def house_of(dialect: str, clock: FakeClock | None = None) -> Iterator[House]:
    clock, tokens = clock or FakeClock(), MemoryTokenStore()
    app = FakeHubnity(clock, dialect)
    app.sign_in(tokens)
    with Loopback(app) as loopback, MisbehavingProxy(loopback.url) as proxy:
        server = over_http(proxy.url + app.prefix, tokens)
        stray = over_http(proxy.url + "/elsewhere", tokens)
        assert isinstance(server.catalog(), Catalog)  # learned once a session
        yield House(
            app=app, proxy=proxy, server=server, stray=stray, clock=clock, tokens=tokens, _asked=2
        )
        server.close()
        stray.close()


@pytest.fixture(params=[pytest.param(name, id=name) for name in DIALECTS])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with house_of(request.param) as made:
        yield made


@pytest.fixture
def feb() -> Iterator[House]:
    with house_of(FEB) as made:
        yield made


@pytest.fixture
def dec() -> Iterator[House]:
    with house_of(DEC) as made:
        yield made


def is_feb(house: House) -> bool:
    return house.app.books.is_feb


def wanted_times(entry: TimeEntry) -> Times:
    """Of a record: its begin, and unless it runs its seconds."""
    shown_first = entry.state is TrackerState.STOPPED
    begun = entry.segments[0 if shown_first else -1].began_at
    spans = [one.ended_at - one.began_at for one in entry.segments if one.ended_at]
    seconds = sum(spans, timedelta()) // timedelta(seconds=1)
    running = entry.state is TrackerState.RUNNING
    return [(str(iso(to_ms(begun))), None if running else f"{seconds} s")]


def complaints(app: FakeHubnity, log: Sequence[Event]) -> list[str]:
    """Where the server does not show one record an entry, as it should be by now."""
    wanted: list[object] = []
    for entry_id in dict.fromkeys(event.entry_id for event in log):
        events = [event for event in log if event.entry_id == entry_id]
        entry = replay(events).entry
        assert entry is not None
        stops = [to_ms(event.at) for event in events if event.kind is STOP]
        end = iso(stops[0]) if entry.state is TrackerState.STOPPED else None
        wanted.append((entry.note, *wanted_times(entry), end, entry.state.value.upper()))
    shown = []
    for one in app.books.entries.values():
        seconds = None if one.status == "RUNNING" else f"{one.duration} s"
        times = (str(iso(one.start_ms)), seconds)
        shown.append((one.note, times, iso(one.end_ms), one.status))
    return compared(wanted, shown)


def rename(courier: Courier, suffix: str) -> None:
    """Another entry with other events, as if they had been clicked so."""
    courier.events = [
        replace(event, id=f"{event.id}-{suffix}", entry_id=f"{event.entry_id}-{suffix}")
        for event in courier.events
    ]
    courier.pending = list(courier.events)


def second(house: House, *kinds: EventKind) -> Courier:
    """Somebody's next entry, with clicks."""
    courier = house.courier()
    courier.click(*kinds)
    rename(courier, "second")
    return courier
