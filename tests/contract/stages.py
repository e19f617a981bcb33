"""Stages: each server of the contract with its client, and somebody else's hands on the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tests.fakes import FakeClock
from tests.plain_client import plain_over_http
from tests.plain_server import PlainServer, shown_times
from trayapp.accounts.tokens import MemoryTokenStore, Tokens
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import DropAfter, DropBefore, Fault, MisbehavingProxy, Pass, Say
from trayapp.servers.embedded import EmbeddedServer, over_http
from trayapp.servers.embedded_app import LOOPBACK_HOSTS, EmbeddedApp
from trayapp.servers.embedded_auth import Authenticator
from trayapp.servers.embedded_json import entry_json
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.servers.http import HttpClient
from trayapp.servers.wsgi import session_of
from trayapp.sync.outcome import Absent, Delivered, Doubtful, Offline, Outcome, ServerTrouble
from trayapp.sync.server import Known, Nothing, TimeServer, Unit, Write
from trayapp.tracking.corrections import Edit, Pen, delete, edit, undo
from trayapp.tracking.entry import Event, EventKind, TimeEntry, to_ms
from trayapp.tracking.replay import replay

ENTRY = "aaaaaaaa-0000-4000-8000-000000000001"

Times = list[tuple[str, str | None]]


@dataclass(slots=True)
class Courier:
    """Clicks, and what a worker does with them, without its patience."""

    server: TimeServer
    clock: FakeClock
    project: str = "Website"
    note: str = "Ночь 🌙 <b>&amp;</b>"
    events: list[Event] = field(default_factory=list)
    pending: list[Event] = field(default_factory=list)
    known: dict[str, Known] = field(default_factory=dict)
    _ids: int = 0

    def click(self, *kinds: EventKind) -> None:
        for kind in kinds:
            self.clock.advance(61.25)
            event = Event(
                id=f"bbbbbbbb-0000-4000-8000-{len(self.events):012}",
                entry_id=ENTRY,
                kind=kind,
                stamp=self.clock.stamp(),
                project=self.project,
                note=self.note,
            )
            self.events.append(event)
            self.pending.append(event)

    def edit(
        self,
        *,
        project: str | None = None,
        note: str | None = None,
        started_at: datetime | None = None,
        stopped_at: datetime | None = None,
    ) -> None:
        """Correct the entry, as of now."""
        self.clock.advance(61.25)
        command = Edit(ENTRY, project, note, started_at, stopped_at)
        self._correct(edit(self.events, command, pen=self._pen))

    def delete(self) -> None:
        self.clock.advance(61.25)
        self._correct(delete(self.events, pen=self._pen))

    def undo(self) -> None:
        self.clock.advance(61.25)
        self._correct(undo([self.events], pen=self._pen))

    @property
    def _pen(self) -> Pen:
        return Pen(stamp=self.clock.stamp(), new_id=self._new_id)

    def _new_id(self) -> str:
        self._ids += 1
        return f"cccccccc-0000-4000-8000-{self._ids:012}"

    def _correct(self, events: tuple[Event, ...]) -> None:
        assert events
        self.events += events
        self.pending += events
        self.project, self.note = events[-1].project, events[-1].note

    @property
    def entry(self) -> TimeEntry:
        entry = replay(self.events).entry
        assert entry is not None
        return entry

    @property
    def unit(self) -> Unit:
        before = [event for event in self.events if event not in self.pending]
        return Unit(
            entry=self.entry,
            pending=tuple(self.pending),
            known=dict(self.known),
            earlier=tuple(before),
        )

    def plan(self) -> Write:
        plan = self.server.plan(self.unit)
        while isinstance(plan, Nothing):
            self._settle(plan.settles)
            plan = self.server.plan(self.unit)
        return plan

    def next_write(self) -> Write | None:
        """The next write; None after settling what needs none."""
        plan = self.server.plan(self.unit)
        if isinstance(plan, Nothing):
            self._settle(plan.settles)
            return None
        return plan

    def take(self, write: Write, outcome: Outcome) -> None:
        """Write down a delivery."""
        assert isinstance(outcome, Delivered), outcome
        if not write.more:
            self._settle(write.settles)
        if outcome.remote_id is not None:
            self.known[write.segment_id] = Known(remote_id=outcome.remote_id, base=outcome.base)

    def deliver(self) -> int:
        """Send all that is pending; how many requests that took."""
        requests = 0
        while self.pending:
            plan = self.server.plan(self.unit)
            if isinstance(plan, Nothing):
                self._settle(plan.settles)
                continue
            requests += 1
            self.take(plan, self.server.send(plan))
        return requests

    def finish(self, outcome: Outcome) -> None:
        """As the worker does: a doubt is looked at, all else is sent again."""
        write = self.plan()
        for _ in range(3):
            if isinstance(outcome, Doubtful):
                outcome = self.server.look(self.unit, write)
            if isinstance(outcome, Delivered):
                self.take(write, outcome)
                return
            assert isinstance(outcome, (Absent, Offline, ServerTrouble)), outcome
            outcome = self.server.send(write)
        msg = "it never arrives"
        raise AssertionError(msg)

    def _settle(self, settles: tuple[str, ...]) -> None:
        assert settles
        self.pending = [event for event in self.pending if event.id not in settles]


@dataclass(slots=True, kw_only=True)
class Stage:
    """A server to deliver to. `stray` is the same client at a wrong address.

    `texts` are those of all records there, `text_of` is what they should be; `rename` has somebody
    give the newest one another text, where that can be done.
    """

    server: TimeServer
    stray: TimeServer
    clock: FakeClock
    play: Callable[[Iterable[Fault]], None]
    times: Callable[[], Times]
    wanted: Callable[[TimeEntry], Times]
    remove: Callable[[], None]
    contradict: Callable[[Courier], None]
    texts: Callable[[], list[str]]
    text_of: Callable[[TimeEntry], str] = lambda entry: f"{entry.note} #{entry.project}"
    rename: Callable[[str], None] | None = None
    auth: Authenticator | None = None
    unplug: Callable[[], None] | None = None

    def courier(self) -> Courier:
        return Courier(self.server, self.clock)


class FaultyApp:
    """A WSGI app of this process with a misbehaving wire before it."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._faults: Iterator[Fault] = iter(())

    def play(self, faults: Iterable[Fault]) -> None:
        self._faults = iter(faults)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        fault = next(self._faults, Pass())
        if isinstance(fault, DropBefore):
            raise ConnectionResetError
        if isinstance(fault, Say):
            headers = [("Content-Type", fault.content_type), *fault.headers.items()]
            start_response(f"{fault.status} Said", headers)
            return [fault.body.encode()]
        answer = self._app(environ, start_response)
        if isinstance(fault, DropAfter):
            raise ConnectionResetError
        return answer


@contextmanager
def embedded_inside(tmp_path: Path) -> Iterator[Stage]:
    store = EmbeddedStore(tmp_path / "embedded.db")
    app = FaultyApp(EmbeddedApp(store, user="me"))
    server = EmbeddedServer(_client_of(app, "http://embedded.invalid"))
    stray = EmbeddedServer(_client_of(app, "http://embedded.invalid/elsewhere"))
    try:
        yield _embedded_stage(store, server, stray, app.play)
    finally:
        server.close()
        store.close()


def _client_of(app: WSGIApplication, base_url: str) -> HttpClient:
    return HttpClient(base_url, make_session=lambda: session_of(app))


@contextmanager
def embedded_on_loopback(tmp_path: Path) -> Iterator[Stage]:
    store = EmbeddedStore(tmp_path / "embedded.db")
    auth = Authenticator(FakeClock())
    app = EmbeddedApp(store, user="me", authenticator=auth, hosts=LOOPBACK_HOSTS)
    tokens = _signed_in(auth)
    with Loopback(app) as loopback, MisbehavingProxy(loopback.url) as proxy:
        server = over_http(proxy.url, tokens)
        stray = over_http(proxy.url + "/elsewhere", tokens)
        stage = _embedded_stage(store, server, stray, proxy.play)
        yield replace(stage, auth=auth, unplug=proxy.stop)
        server.close()
        stray.close()
    store.close()


@contextmanager
def plain(tmp_path: Path) -> Iterator[Stage]:  # noqa: ARG001  # as the others
    auth = Authenticator(FakeClock())
    app = PlainServer(auth)
    tokens = _signed_in(auth)

    def contradict(courier: Courier) -> None:
        """Somebody stops the running entry at another time."""
        (entry,) = app.entries
        courier.click(EventKind.PAUSE)
        app.put(replace(entry, end="2026-01-08T23:00:00Z"))

    with Loopback(app) as loopback, MisbehavingProxy(loopback.url) as proxy:
        server = plain_over_http(proxy.url, tokens)
        stray = plain_over_http(proxy.url + "/elsewhere", tokens)
        yield Stage(
            server=server,
            stray=stray,
            clock=FakeClock(),
            play=proxy.play,
            times=lambda: [(entry.begin, entry.end) for entry in app.entries],
            wanted=lambda entry: [
                shown_times(segment.began_at, segment.ended_at) for segment in entry.segments
            ],
            remove=lambda: app.remove(app.entries[-1].id),
            contradict=contradict,
            texts=lambda: [f"{entry.note} #{entry.project}" for entry in app.entries],
            rename=lambda note: app.put(replace(app.entries[-1], note=note)),
            auth=auth,
            unplug=proxy.stop,
        )
        server.close()
        stray.close()


def _embedded_stage(
    store: EmbeddedStore,
    server: TimeServer,
    stray: TimeServer,
    play: Callable[[Iterable[Fault]], None],
) -> Stage:
    def shown() -> dict[str, object] | None:
        events = store.events(ENTRY)
        entry = entry_json(events) if events else None
        return entry if entry and not entry["deleted"] else None

    def times() -> Times:
        entry = shown()
        return _embedded_times(entry["segments"]) if entry else []

    def texts() -> list[str]:
        entry = shown()
        return [f"{entry['note']} #{entry['project']}"] if entry else []

    def contradict(courier: Courier) -> None:
        """Another event stands there under our id."""
        courier.click(EventKind.PAUSE)
        event = store.events(ENTRY)[-1]
        ours = courier.pending[-1]
        other = to_ms(ours.at) + 60_000
        store.put(replace(event, id=ours.id, kind=ours.kind.value, at_ms=other))

    return Stage(
        server=server,
        stray=stray,
        clock=FakeClock(),
        play=play,
        times=times,
        wanted=_wanted_of_embedded,
        remove=lambda: _remove(store),
        contradict=contradict,
        texts=texts,
    )


def _wanted_of_embedded(entry: TimeEntry) -> Times:
    return [
        (_millis(segment.began_at), _millis(segment.ended_at) if segment.ended_at else None)
        for segment in entry.segments
    ]


def _remove(store: EmbeddedStore) -> None:
    assert store.remove(ENTRY)


def _millis(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _embedded_times(segments: object) -> Times:
    assert isinstance(segments, list)
    return [(segment["begin"], segment["end"]) for segment in segments]


def _signed_in(auth: Authenticator) -> MemoryTokenStore:
    pair = auth.issue()
    return MemoryTokenStore(Tokens(access=pair.access, refresh=pair.refresh))
