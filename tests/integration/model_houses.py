"""The houses of the model's world: servers with a wire to them, and with other people's hands.

A house tells where it does not show what the model says: in the end all of it, before that no
more than was clicked, each once, with its own time.
"""

from __future__ import annotations

import io
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import requests

from tests.integration.model import Shape, Span, shape
from tests.plain_client import PlainClient
from tests.plain_server import PlainEntry, PlainServer, second_text, shown_times
from trayapp.demo.proxy import Delay, Double, DropAfter, DropBefore, Fault, Pass, Say
from trayapp.servers.embedded import EmbeddedServer
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_store import EmbeddedStore, StoredEvent
from trayapp.servers.http import HttpClient
from trayapp.servers.wsgi import WsgiAdapter
from trayapp.sync.server import TimeServer
from trayapp.tracking.entry import Event, EventKind, to_ms

THEIRS = "somebody else's"
_FAR_MS = 10**15
_Entries = Mapping[str, Sequence[Event]]


class Wire(WsgiAdapter):
    """The way to a house: can be cut, spoils requests as told, and counts them."""

    def __init__(self, app: WSGIApplication) -> None:
        super().__init__(self._spoilt)
        self._house = app
        self._faults: Iterator[Fault] = iter(())
        self.is_cut = False
        self.requests = 0

    def play(self, faults: Iterable[Fault]) -> None:
        self._faults = iter(faults)

    def session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", self)
        return session

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        self.requests += 1
        if self.is_cut:
            raise requests.ConnectionError(ConnectionRefusedError())
        return super().send(request)

    def _spoilt(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        fault = next(self._faults, Pass())
        acts = isinstance(fault, Pass | DropAfter | Double)
        if isinstance(fault, Delay | Say):
            acts = fault.after
        content = environ["wsgi.input"].read()
        answer: Iterable[bytes] = ()
        for _ in range(acts + isinstance(fault, Double)):
            answer = self._house(environ | {"wsgi.input": io.BytesIO(content)}, start_response)
        if isinstance(fault, DropBefore | DropAfter):
            raise ConnectionResetError
        if isinstance(fault, Delay):
            raise requests.ReadTimeout
        if isinstance(fault, Say):
            headers = [("Content-Type", fault.content_type), *fault.headers.items()]
            start_response(f"{fault.status} Said", headers)
            return [fault.body.encode()]
        return answer


class House(Protocol):
    """A server as the model's world knows it. `touched`: entries that somebody changed there."""

    wire: Wire
    touched: set[str]

    def client(self) -> TimeServer: ...

    def meddle(self, how: str, now: datetime) -> None:
        """Somebody else's hands: "remove", "edit", or "add" what is none of ours."""
        ...

    def calm(self, running: Span | None, *, only_theirs: bool) -> None:
        """What runs there and is in our way is ended; `running` is what we have running."""
        ...

    def complaints(self, told: _Entries, left_out: set[str]) -> list[str]:
        """What should not be so; `told`: what was clicked for it, `left_out`: not to be sent."""
        ...

    def missing(self, told: _Entries, left_out: set[str]) -> list[str]:
        """Where it does not show, in the end, just what was clicked."""
        ...


class EmbeddedHouse:
    """The embedded server."""

    def __init__(self, path: Path) -> None:
        self.store = EmbeddedStore(path)
        self.wire = Wire(EmbeddedApp(self.store, user="me"))
        self.touched: set[str] = set()
        self._theirs: set[str] = set()

    def client(self) -> TimeServer:
        return EmbeddedServer(HttpClient("http://house.invalid", make_session=self.wire.session))

    def close(self) -> None:
        self.store.close()

    def meddle(self, how: str, now: datetime) -> None:
        entries = self.store.entries_begun(-_FAR_MS, _FAR_MS)
        ours = [name for name in entries if name not in self._theirs]
        if how == "add":
            self._put(str(uuid.uuid4()), EventKind.START, to_ms(now))
        elif ours and how == "remove":
            self.store.remove(ours[-1])
        elif ours:
            last = self.store.events(ours[-1])[-1]
            self._put(ours[-1], EventKind.STOP, max(last.at_ms, to_ms(now)) + 5_000)
            self.touched.add(ours[-1])

    def _put(self, entry_id: str, kind: EventKind, at_ms: int) -> None:
        event_id = str(uuid.uuid4())
        self._theirs |= {entry_id, event_id} if kind is EventKind.START else {event_id}
        self.store.put(
            StoredEvent(
                id=event_id,
                entry_id=entry_id,
                kind=kind.value,
                at_ms=at_ms,
                offset_s=0,
                zone="UTC",
                project=THEIRS,
                note="",
            )
        )

    def calm(self, running: Span | None, *, only_theirs: bool) -> None:
        """Nothing here stands in anybody's way."""

    def complaints(self, told: _Entries, left_out: set[str]) -> list[str]:
        found: list[str] = []
        for name in self.store.entries_begun(-_FAR_MS, _FAR_MS):
            if name not in self._theirs:
                found += self._wrong(name, told.get(name, ()), left_out)
        return found

    def missing(self, told: _Entries, left_out: set[str]) -> list[str]:
        found: list[str] = []
        for name in told:
            wanted = [event.id for event in told[name] if event.id not in left_out]
            shown = [event.id for event in self.store.events(name)]
            is_settled = self.store.is_removed(name) or name in self.touched
            final = shape([event for event in told[name] if event.id not in left_out])
            is_unheard_of = not shown and (final is None or final.is_gone)
            if shown != wanted and not is_settled and not is_unheard_of:
                found.append(f"missing: {set(wanted) - set(shown)} of {name}")
        return found

    def _wrong(self, name: str, told: Sequence[Event], left_out: set[str]) -> list[str]:
        shown = [one for one in self.store.events(name) if one.id not in self._theirs]
        facts = {event.id: (event.kind.value, to_ms(event.at)) for event in told}
        found = [f"strange: {one}" for one in shown if facts.get(one.id) != (one.kind, one.at_ms)]
        ids = {one.id for one in shown}
        order = [event.id for event in told if event.id in ids]
        if [one.id for one in shown] != order:
            found.append(f"out of order: {shown}")
        last = max((place for place, event in enumerate(told) if event.id in ids), default=-1)
        gaps = [e.id for e in told[: last + 1] if e.id not in ids and e.id not in left_out]
        return [*found, *(f"overtaken: {gap} of {name}" for gap in gaps)]


class PlainHouse:
    """A PlainServer: one record a segment, whatever is sent twice is there twice."""

    def __init__(self) -> None:
        self.app = PlainServer()
        self.wire = Wire(self.app)
        self.touched: set[str] = set()
        self._touched_ids: set[int] = set()

    def client(self) -> TimeServer:
        return PlainClient(HttpClient("http://house.invalid", make_session=self.wire.session))

    def close(self) -> None:
        """Kept in memory."""

    @property
    def _ours(self) -> list[PlainEntry]:
        return [one for one in self.app.entries if one.project != THEIRS]

    def meddle(self, how: str, now: datetime) -> None:
        ours = self._ours
        if how == "add":
            is_free = all(one.end for one in self.app.entries)
            begin, end = shown_times(now, None if is_free else now)
            self.app.put(PlainEntry(id=0, begin=begin, end=end, project=THEIRS, note=""))
        elif ours and how == "remove":
            self._touch(ours[-1])
            self.app.remove(ours[-1].id)
        elif ours:
            self._touch(ours[-1])
            began_at = datetime.fromisoformat(ours[-1].begin)
            later = second_text(max(now, began_at) + timedelta(seconds=77))
            self.app.put(replace(ours[-1], end=later))

    def _touch(self, record: PlainEntry) -> None:
        self._touched_ids.add(record.id)
        self.touched.add(record.begin)

    def calm(self, running: Span | None, *, only_theirs: bool) -> None:
        ours = shown_times(*running)[0] if running else ""
        for one in self.app.entries:
            is_in_way = one.begin != ours and not only_theirs
            if one.end is None and (one.project == THEIRS or is_in_way):
                begin = datetime.fromisoformat(one.begin)
                self._touch(one)
                self.app.put(replace(one, end=second_text(begin + timedelta(seconds=1))))

    def complaints(self, told: _Entries, left_out: set[str]) -> list[str]:
        may, most = set[_Shown](), Counter[str]()
        for events in told.values():
            made = _versions(events) + _versions(_without(events, left_out))
            may |= {one for entry in made for one in _records(entry)}
            most += _most_at_once(events)
        records = [one for one in self._ours if one.id not in self._touched_ids]
        found = [f"strange: {one}" for one in records if _shown(one) not in may]
        # Who has sent what was clicked although the server shows another has two in the end.
        spoilt = self._spoilt(told)
        count = Counter(one.begin for one in self._ours if one.begin not in spoilt)
        found += [f"twice: {begin}" for begin in count if count[begin] > most[begin]]
        return found

    def missing(self, told: _Entries, left_out: set[str]) -> list[str]:
        spoilt = self._spoilt(told)
        made = [shape(_without(events, left_out)) for events in told.values()]
        wanted = Counter(one for entry in made for one in _records(entry) if one[0] not in spoilt)
        shown = Counter(_shown(one) for one in self._ours if one.begin not in spoilt)
        found = [f"missing: {one}" for one in wanted - shown]
        return found + [f"twice: {one}" for one in shown - wanted]

    def _spoilt(self, told: _Entries) -> set[str]:
        """When the segments of entries begin, or once began, that somebody changed here."""
        begins = [
            {one[0] for made in _versions(events) for one in _records(made)}
            for events in told.values()
        ]
        return self.touched.union(*(one for one in begins if one & self.touched))


_Shown = tuple[str, str | None, str, str]


def _shown(record: PlainEntry) -> _Shown:
    return record.begin, record.end, record.project, record.note


def _without(events: Sequence[Event], left_out: set[str]) -> list[Event]:
    return [event for event in events if event.id not in left_out]


def _versions(events: Sequence[Event]) -> list[Shape | None]:
    """How an entry looked after each of its events."""
    return [shape(events[: count + 1]) for count in range(len(events))]


def _records(made: Shape | None) -> list[_Shown]:
    if made is None or made.is_gone:
        return []
    return [(*shown_times(*span), made.project, made.note) for span in made.spans]


def _most_at_once(events: Sequence[Event]) -> Counter[str]:
    most = Counter[str]()
    for made in _versions(events):
        most |= Counter(one[0] for one in _records(made))
    return most
