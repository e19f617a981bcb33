"""A server that answers with anything: every call comes to an Outcome, and none to an exception."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.stages import Courier
from tests.fakes import FakeClock
from tests.hubnity_server import DEC, FEB, FakeHubnity
from tests.security.chance import VALUES, fuzzed, patient
from tests.soak import Soak
from trayapp.accounts.tokens import MemoryTokenStore, Tokens, TokenSource
from trayapp.demo.loopback import Loopback
from trayapp.servers import hubnity_account
from trayapp.servers.embedded import EmbeddedServer
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.servers.http import HttpClient
from trayapp.servers.hubnity import HubnityServer
from trayapp.servers.hubnity_api import HubnityApi
from trayapp.servers.hubnity_kind import HubnityKind
from trayapp.servers.timetagger import TimeTaggerServer
from trayapp.servers.timetagger_account import TimeTaggerKind
from trayapp.servers.timetagger_api import TimeTaggerApi
from trayapp.servers.wsgi import session_of
from trayapp.sync.kind import Credentials, ServerKind, SignedIn
from trayapp.sync.outcome import Delivered, Outcome
from trayapp.sync.server import TimeServer, Write
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import EventKind

pytestmark = [pytest.mark.soak, pytest.mark.slow, pytest.mark.timeout(120)]

Lie = tuple[int, object]
Make = Callable[[WSGIApplication], TimeServer]

TEXTS_AND_NUMBERS = ("\ud800", "x" * 9000, "\0", "", 10**400, 2**60, -1)
OTHERS: tuple[object, ...] = (math.inf, math.nan, 0.5, [], {}, True, None)
HARD: st.SearchStrategy[object] = st.sampled_from((*TEXTS_AND_NUMBERS, *OTHERS))
LIES = st.lists(
    st.one_of(st.none(), st.tuples(st.integers(0, 40), st.one_of(HARD, VALUES))),
    min_size=4,
    max_size=20,
)
CLICKS = st.sampled_from([1, 2, 3, 4])


class Lying:
    """A server before whose answers something stands that changes a part of them."""

    def __init__(self, app: WSGIApplication, lies: Iterable[Lie | None]) -> None:
        self._app = app
        self._lies = iter(lies)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        told: list[str] = []

        def heard(
            status: str, _headers: object, _exc_info: object = None
        ) -> Callable[[bytes], object]:
            told.append(status)
            return lambda _content: None

        content = b"".join(self._app(environ, heard))
        lie = next(self._lies, None)
        if lie is not None:
            told[-1], content = _changed(told[-1], content, *lie)
        start_response(
            told[-1],
            [("Content-Type", "application/json"), ("Content-Length", str(len(content)))],
        )
        return [content]


def _changed(status: str, content: bytes, place: int, value: object) -> tuple[str, bytes]:
    if place in _STATUSES:
        return f"{_STATUSES[place]} Lied", content
    root: list[object] = [json.loads(content) if content else None]
    changes = list(_changes(root))
    changes[place % len(changes)](value)
    return status, json.dumps(root[0]).encode()


_STATUSES = {36: 200, 37: 404, 38: 409, 39: 422, 40: 500}


def _changes(value: object) -> Iterable[Callable[[object], None]]:
    """For every place a value stands in, what puts another there."""
    if isinstance(value, (dict, list)):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield partial(value.__setitem__, key)
            yield from _changes(inner)


class TimeTaggerSays:
    """What a TimeTagger server says, as far as our client listens."""

    def __init__(self) -> None:
        self._records: dict[str, object] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        if environ["REQUEST_METHOD"] != "PUT":
            shown = [{"st": 1.5, **one} for one in self._records.values() if isinstance(one, dict)]
            told = {"records": shown, "server_time": 1_767_844_800.5, "reset": 0, "settings": []}
            told |= {"version": "26.1", "token": "a.b.c"}
            return [json.dumps(told).encode()]
        length = int(environ["CONTENT_LENGTH"] or 0)
        sent = json.loads(environ["wsgi.input"].read(length))
        self._records |= {one["key"]: one for one in sent}
        return [json.dumps({"accepted": [one["key"] for one in sent], "failed": []}).encode()]


def _hubnity(app: WSGIApplication, prefix: str, tokens: MemoryTokenStore) -> TimeServer:
    def client(auth: TokenSource | None = None) -> HttpClient:
        url = f"http://x.invalid{prefix}"
        return HttpClient(url, auth=auth, make_session=lambda: session_of(app))

    source = TokenSource(tokens, hubnity_account.refresher(client()))
    return HubnityServer(HubnityApi(client(source), source.access))


def _use(server: TimeServer, clock: FakeClock, clicks: int) -> None:
    """As a worker would, with every question there is."""
    courier = Courier(server, clock)
    courier.click(*list(EventKind)[:clicks])
    assert isinstance(server.check(), Outcome)
    catalog = server.catalog()
    assert isinstance(catalog, (Catalog, Outcome))
    for project in catalog.projects if isinstance(catalog, Catalog) else ():
        (project.id + project.name).encode()
    for _ in range(5):
        with suppress(ValueError):  # "no request can be built": the worker knows what to do
            write = courier.next_write() if courier.pending else None
            if write is not None:
                _send(courier, write)
    server.close()


def _send(courier: Courier, write: Write) -> None:
    assert Write.from_json(write.to_json()) == write
    outcome = courier.server.send(write)
    assert isinstance(outcome, Outcome)
    _is_tellable(outcome)
    if not isinstance(outcome, Delivered):
        outcome = courier.server.look(courier.unit, write)
        assert isinstance(outcome, Outcome)
        _is_tellable(outcome)
    twins = courier.server.twins(courier.unit, write.segment_id)
    for twin in () if isinstance(twins, Outcome) else twins:
        twin.encode()
    if isinstance(outcome, Delivered):
        courier.take(write, outcome)


def _is_tellable(outcome: Outcome) -> None:
    """It can be stored and shown."""
    reason = getattr(outcome, "reason", "")
    assert reason.isprintable()
    assert len(reason) < 1000
    for name in ("remote_id", "base"):
        (getattr(outcome, name, None) or "").encode()


@pytest.mark.parametrize("dialect", [FEB, DEC])
def test_hubnity(soak: Soak, dialect: str) -> None:
    @patient(60)
    @given(lies=LIES, clicks=CLICKS)
    def proof(lies: list[Lie | None], clicks: int) -> None:
        clock, tokens = FakeClock(), MemoryTokenStore()
        app = FakeHubnity(clock, dialect)
        app.sign_in(tokens)
        _use(_hubnity(Lying(app, lies), app.prefix, tokens), clock, clicks)

    fuzzed(soak, proof, what="rounds of 60 servers", full=300)


def test_embedded(soak: Soak, tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "embedded.db")

    @patient(60)
    @given(lies=LIES, clicks=CLICKS)
    def proof(lies: list[Lie | None], clicks: int) -> None:
        lying = Lying(EmbeddedApp(store), lies)
        client = HttpClient("http://embedded.invalid", make_session=lambda: session_of(lying))
        _use(EmbeddedServer(client), FakeClock(), clicks)

    fuzzed(soak, proof, what="rounds of 60 servers", full=300)
    store.close()


def test_timetagger(soak: Soak) -> None:
    lying = [Lying(TimeTaggerSays(), ())]

    @patient(20)
    @given(lies=LIES, clicks=CLICKS)
    def proof(lies: list[Lie | None], clicks: int) -> None:
        lying[0] = Lying(TimeTaggerSays(), lies)
        source = TokenSource(MemoryTokenStore(Tokens(access="x")), lambda _token: Tokens(access=""))
        _use(TimeTaggerServer(TimeTaggerApi(loopback.url, source)), FakeClock(), clicks)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return lying[0](environ, start_response)

    with Loopback(app) as loopback:
        fuzzed(soak, proof, what="rounds of 20 servers", full=300)


@pytest.mark.parametrize("kind", [HubnityKind(), TimeTaggerKind()], ids=["hubnity", "timetagger"])
def test_signing_in(soak: Soak, kind: ServerKind) -> None:
    said: list[tuple[int, bytes]] = [(200, b"")]

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, content = said[0]
        start_response(f"{status} Said", [("Content-Length", str(len(content)))])
        return [content]

    tokens = {"access_token": VALUES, "refresh_token": VALUES, "token": VALUES}
    user = st.fixed_dictionaries({"id": VALUES, "email": VALUES})
    shapes = st.one_of(
        VALUES, st.fixed_dictionaries({**tokens, "user": st.one_of(user, VALUES), "id": VALUES})
    )

    @patient(15)
    @given(value=shapes, status=st.sampled_from([200, 200, 201, 204, 401, 404, 500]))
    def proof(value: object, status: int) -> None:
        said[0] = (status, json.dumps(value).encode())
        assert isinstance(kind.recognise(loopback.url), Outcome)
        found = kind.sign_in(loopback.url, Credentials(user="me", password="x", token=""))
        assert isinstance(found, (SignedIn, Outcome))
        if isinstance(found, SignedIn):
            (found.user + found.user_id).encode()
            assert isinstance(kind.sign_out(loopback.url, found.tokens), Outcome)

    with Loopback(app) as loopback:
        fuzzed(soak, proof, what="rounds of 15 sign-ins", full=300)
