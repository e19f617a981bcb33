"""An ended token is renewed on the way, once for all, and shows nowhere."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from tests.unit.servers.recorder import Recorder, inside
from trayapp.accounts.tokens import MemoryTokenStore, Tokens, TokensLocked, TokenSource
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import (
    CHAOS,
    SAY_401,
    SAY_ELSEWHERE,
    DropAfter,
    DropBefore,
    Fault,
    MisbehavingProxy,
    Pass,
    Say,
    Truncate,
)
from trayapp.servers.http import HttpClient, token_refresher
from trayapp.servers.http_answer import Answer
from trayapp.servers.http_outcomes import outcome_of_status
from trayapp.servers.wsgi import session_of
from trayapp.sync.outcome import (
    Locked,
    Offline,
    Ours,
    Outcome,
    ServerTrouble,
    SignedOut,
    Throttled,
    WrongAddress,
)

DEADLINE_SECONDS = 10


def signed_in(app: Recorder, tokens: Tokens | None, refresh: Callable[[str], Tokens]) -> HttpClient:
    source = TokenSource(MemoryTokenStore(tokens), refresh)
    session = session_of(app)
    return HttpClient("http://inside.invalid", auth=source, make_session=lambda: session)


OLD = Tokens(access="access-canary-old", refresh="refresh-canary-old")


def never(_token: str) -> Tokens:
    raise AssertionError


def test_a_401_that_nothing_can_renew_is_the_adapters_to_read() -> None:
    app = Recorder(status=401)
    lone = Tokens(access="lone-canary")
    for client in (inside(app), signed_in(app, None, never), signed_in(app, lone, never)):
        answer = client.get("/x")
        assert isinstance(answer, Answer)
        assert outcome_of_status(answer, repeatable=True) == SignedOut("HTTP 401: Unauthorized")
    assert app.seen[2]["HTTP_AUTHORIZATION"] == "Bearer lone-canary"


def test_a_token_that_no_header_can_carry_is_ours_and_not_told() -> None:
    for bad in ("canary\nX: y", "канарейка"):
        with Loopback(Recorder()) as loopback:
            source = TokenSource(MemoryTokenStore(Tokens(access=bad)), never)
            client = HttpClient(loopback.url, auth=source)
            outcome = client.get("/x")
            client.close()
        assert isinstance(outcome, Ours)
        assert bad not in outcome.reason


def test_a_keyring_that_cannot_be_asked_is_no_sign_out() -> None:
    class LockedStore(MemoryTokenStore):
        def load(self) -> Tokens | None:
            raise TokensLocked

    client = HttpClient("http://inside.invalid", auth=TokenSource(LockedStore(), never))
    assert client.get("/x") == Locked("Keyring: locked")


def test_an_ended_token_is_not_renewed_while_the_keyring_is_locked() -> None:
    class LockedStore(MemoryTokenStore):
        def ready(self) -> None:
            reason = "it does not answer"
            raise TokensLocked(reason)

    session = session_of(Recorder(status=401))
    client = HttpClient(
        "http://inside.invalid",
        auth=TokenSource(LockedStore(OLD), never),
        make_session=lambda: session,
    )
    assert client.send("POST", "/x", {}) == Locked("Keyring: it does not answer")


def test_a_lost_answer_to_a_refresh_is_tried_again() -> None:
    with Loopback(Recorder()) as loopback, MisbehavingProxy(loopback.url) as proxy:
        bare = HttpClient(proxy.url)
        source = TokenSource(MemoryTokenStore(OLD), token_refresher(bare, "/refresh"))
        client = HttpClient(proxy.url, auth=source)
        proxy.play([SAY_401, DropAfter()])
        outcome = client.send("POST", "/x", {})
        assert isinstance(outcome, Offline)
        assert outcome.reason.startswith("Network error: ")
        assert source.access() == OLD.access
        for one in (client, bare):
            one.close()


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        pytest.param(
            Recorder(status=400), SignedOut("Token refresh failed: 400 Bad Request"), id="400"
        ),
        pytest.param(
            Recorder(status=401), SignedOut("Token refresh failed: 401 Unauthorized"), id="401"
        ),
        pytest.param(
            Recorder(status=403), SignedOut("Token refresh failed: 403 Forbidden"), id="403"
        ),
        pytest.param(
            Recorder(status=404), WrongAddress("Token refresh failed: 404 Not Found"), id="404"
        ),
        pytest.param(
            Recorder(status=500),
            ServerTrouble("Token refresh failed: 500 Internal Server Error"),
            id="500",
        ),
        pytest.param(
            Recorder(status=429, headers={"Retry-After": "7"}),
            Throttled(
                "Token refresh failed: 429 Too Many Requests", retry_after=timedelta(seconds=7)
            ),
            id="429",
        ),
        pytest.param(
            Recorder(content=b"<html>"),
            WrongAddress(
                "Token refresh failed: HTTP 200: a web page where the server's answer belongs"
            ),
            id="html",
        ),
        pytest.param(
            Recorder(content=b"{"),
            ServerTrouble("Token refresh failed: HTTP 200: unreadable answer"),
            id="unreadable",
        ),
        pytest.param(
            Recorder(content=b'{"access_token": ""}'),
            ServerTrouble("Token refresh failed: 200 OK, without a token"),
            id="no-token",
        ),
    ],
)
def test_a_failed_refresh_says_what_it_was(answer: Recorder, wanted: Outcome) -> None:
    client = signed_in(Recorder(status=401), OLD, token_refresher(inside(answer), "/refresh"))
    assert client.send("POST", "/x", {}) == wanted


@pytest.mark.parametrize(("status", "kind"), [(429, Throttled), (503, ServerTrouble)])
def test_a_server_that_named_a_time_is_asked_for_no_token_before_it(
    status: int, kind: type[Throttled | ServerTrouble]
) -> None:
    answer = Recorder(status=status, headers={"Retry-After": "700"})
    client = signed_in(Recorder(status=401), OLD, token_refresher(inside(answer), "/refresh"))
    first, second = client.get("/x"), client.get("/x")
    assert isinstance(first, kind)
    assert isinstance(second, kind)
    assert first.retry_after == timedelta(seconds=700)
    assert isinstance(second.retry_after, timedelta)
    assert timedelta(seconds=600) < second.retry_after <= timedelta(seconds=700)
    assert len(answer.seen) == 1


@pytest.mark.parametrize(
    ("given", "refresh"), [({"refresh_token": "new-r"}, "new-r"), ({}, OLD.refresh)]
)
def test_a_refresh_asks_by_the_field_the_server_knows(given: dict[str, str], refresh: str) -> None:
    answer = Recorder(content=json.dumps({"access_token": "new-a", **given}).encode())
    tokens = token_refresher(inside(answer), "/refresh")(OLD.refresh)
    assert tokens == Tokens(access="new-a", refresh=refresh)
    assert json.loads(answer.bodies[0]) == {"refresh_token": OLD.refresh}


def test_fifty_threads_refresh_once() -> None:
    calls: list[str] = []

    class Picky(Recorder):
        def __call__(
            self, environ: WSGIEnvironment, start_response: StartResponse
        ) -> Iterable[bytes]:
            good = environ["HTTP_AUTHORIZATION"] == "Bearer new"
            return Recorder(status=200 if good else 401)(environ, start_response)

    def refresh(token: str) -> Tokens:
        calls.append(token)
        return Tokens(access="new", refresh="new-r")

    client = signed_in(Picky(), OLD, refresh)
    answers: list[Answer | Outcome] = []
    threads = [threading.Thread(target=lambda: answers.append(client.get("/x"))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert answers == [Answer(status=200, json={}, is_json=True)] * 50
    assert calls == [OLD.refresh]


def test_no_token_shows_in_an_outcome_a_log_or_a_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = json.dumps({"message": f"bad token {OLD.access} or {OLD.refresh}"})
    say = [Say(status=status, body=echo) for status in (400, 401, 403, 404, 409, 422, 429, 500)]
    faults = [*CHAOS, DropBefore(), DropAfter(), Truncate(), SAY_401, SAY_ELSEWHERE, *say]
    with Loopback(Recorder()) as loopback, MisbehavingProxy(loopback.url) as proxy:
        shown = [text for fault in faults for text in all_that_shows(proxy, fault)]
    text = " ".join(shown) + caplog.text
    assert "Token refresh failed: 422" in text
    assert "HTTP 422: bad token ***" in text
    assert OLD.access not in text
    assert OLD.refresh not in text


def all_that_shows(proxy: MisbehavingProxy, fault: Fault) -> Iterator[str]:
    """The fault falls on the request, on the refresh, and on the request repeated after it."""
    source = TokenSource(MemoryTokenStore(OLD), token_refresher(HttpClient(proxy.url), "/refresh"))
    client = HttpClient(proxy.url, auth=source)
    scripts: list[list[Fault]] = [[fault], [SAY_401, fault], [SAY_401, Pass(), fault]]
    for script in scripts:
        proxy.play(script)
        answer = client.send("POST", "/x", {})
        if isinstance(answer, Answer):
            yield repr(outcome_of_status(answer, repeatable=False))
        else:
            yield repr(answer)
    yield repr((client, source))
    client.close()
