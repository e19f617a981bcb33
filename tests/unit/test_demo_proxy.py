"""The misbehaving proxy and the loopback server: each fault does what it says, and both end."""

from __future__ import annotations

import http.client
import itertools
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from tests.patience import stopwatch
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import (
    CHAOS,
    SAY_401,
    SAY_403,
    SAY_404,
    SAY_429_DATE,
    SAY_429_SECONDS,
    SAY_500,
    SAY_503,
    SAY_ELSEWHERE,
    SAY_HTML,
    Delay,
    Double,
    DropAfter,
    DropBefore,
    Fault,
    MisbehavingProxy,
    Outlast,
    Pass,
    Reset,
    Say,
    Seen,
    Trickle,
    Truncate,
    chaos,
)

DEADLINE_SECONDS = 10


@dataclass(slots=True)
class Counter:
    """A WSGI app that counts what reaches it; `hold` keeps an answer back."""

    reached: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    hold: threading.Event | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.bodies.append(environ["wsgi.input"].read())
        self.reached.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if self.hold is not None:
            self.hold.wait(DEADLINE_SECONDS)
        content = b'{"number": %d}' % len(self.reached)
        start_response("201 Created", [("X-Kept", "yes"), ("Content-Length", str(len(content)))])
        return [content]


@pytest.fixture
def app() -> Counter:
    return Counter()


@pytest.fixture
def proxy(app: Counter) -> Iterator[MisbehavingProxy]:
    with Loopback(app) as loopback, MisbehavingProxy(loopback.url) as proxy:
        yield proxy


def ask(url: str, *, method: str = "POST", body: bytes = b"hello") -> tuple[int, bytes]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=DEADLINE_SECONDS
    )
    try:
        connection.request(method, "/x?y=z", body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_what_passes_arrives_whole_and_so_does_the_answer(
    app: Counter, proxy: MisbehavingProxy
) -> None:
    assert ask(proxy.url) == (201, b'{"number": 1}')
    assert app.reached == ["POST /x"]
    assert app.bodies == [b"hello"]
    assert proxy.ledger == (Seen(method="POST", path="/x", fault=Pass(), reached=1, status=201),)


def test_several_requests_share_a_connection(app: Counter, proxy: MisbehavingProxy) -> None:
    connection = http.client.HTTPConnection(
        "127.0.0.1", urlsplit(proxy.url).port, timeout=DEADLINE_SECONDS
    )
    for number in range(3):
        connection.request("PUT", "/x", b"hello")
        first = connection.sock
        answer = connection.getresponse()
        assert answer.getheader("X-Kept") == "yes"
        answer.read()
        assert number == 0 or connection.sock is first
    connection.close()
    assert len(app.reached) == 3


@pytest.mark.parametrize(("fault", "reached"), [(DropBefore(), 0), (DropAfter(), 1)])
def test_a_drop_gives_no_answer(
    app: Counter, proxy: MisbehavingProxy, fault: Fault, reached: int
) -> None:
    proxy.play([fault])
    with pytest.raises(http.client.RemoteDisconnected):
        ask(proxy.url)
    assert len(app.reached) == reached
    wanted = Seen(method="POST", path="/x", fault=fault, reached=reached, status=None)
    assert proxy.ledger == (wanted,)
    assert ask(proxy.url)[0] == 201


def test_a_doubled_request_arrives_twice_and_is_answered_once(
    app: Counter, proxy: MisbehavingProxy
) -> None:
    proxy.play([Double()])
    assert ask(proxy.url) == (201, b'{"number": 1}')
    assert app.bodies == [b"hello", b"hello"]
    assert proxy.ledger[0].reached == 2


def test_a_truncated_answer_promises_more_than_comes(proxy: MisbehavingProxy) -> None:
    proxy.play([Truncate()])
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(proxy.url)
    assert caught.value.partial == b'{"numb'


@pytest.mark.parametrize(
    ("say", "status"),
    [
        (SAY_401, 401),
        (SAY_403, 403),
        (SAY_404, 404),
        (SAY_429_SECONDS, 429),
        (SAY_429_DATE, 429),
        (SAY_500, 500),
        (SAY_503, 503),
        (SAY_HTML, 200),
        (SAY_ELSEWHERE, 302),
    ],
)
@pytest.mark.parametrize("after", [True, False])
def test_the_proxy_answers_itself_before_or_after_the_server_acted(
    app: Counter, proxy: MisbehavingProxy, say: Say, status: int, *, after: bool
) -> None:
    fault = Say(
        status=say.status,
        body=say.body,
        headers=say.headers,
        content_type=say.content_type,
        after=after,
    )
    proxy.play([fault])
    assert ask(proxy.url) == (status, say.body.encode())
    assert len(app.reached) == int(after)


@pytest.mark.parametrize("after", [True, False])
def test_a_delay_holds_the_request_until_it_is_let_go(
    app: Counter, proxy: MisbehavingProxy, *, after: bool
) -> None:
    gate = threading.Event()
    proxy.play([Delay(until=gate, after=after)])
    answers: list[tuple[int, bytes]] = []
    asker = threading.Thread(target=lambda: answers.append(ask(proxy.url)))
    asker.start()
    ends = time.monotonic() + DEADLINE_SECONDS
    while after and not app.reached:
        assert time.monotonic() < ends
    assert len(app.reached) == int(after)
    assert answers == []
    gate.set()
    asker.join(DEADLINE_SECONDS)
    assert answers == [(201, b'{"number": 1}')]


def test_a_delay_ends_by_itself(proxy: MisbehavingProxy) -> None:
    proxy.play([Delay(seconds=0.05)])
    assert ask(proxy.url)[0] == 201


@pytest.mark.parametrize("after", [True, False])
def test_a_reset_is_told_as_one(app: Counter, proxy: MisbehavingProxy, *, after: bool) -> None:
    proxy.play([Reset(after=after)])
    with pytest.raises(ConnectionResetError):
        ask(proxy.url)
    assert len(app.reached) == int(after)
    assert proxy.ledger[0].reached == int(after)
    assert ask(proxy.url)[0] == 201


def test_an_answer_that_trickles_comes_whole(proxy: MisbehavingProxy) -> None:
    proxy.play([Trickle(pause_seconds=0.005)])
    began = time.monotonic()
    assert ask(proxy.url) == (201, b'{"number": 1}')
    assert time.monotonic() - began >= 0.005 * len(b'{"number": 1}')


@pytest.mark.parametrize("after", [True, False])
def test_a_request_outlasts_its_client_and_is_before_the_next(
    app: Counter, proxy: MisbehavingProxy, *, after: bool
) -> None:
    proxy.play([Outlast(after=after)], in_turn=True)
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(proxy.url).port, timeout=0.1)
    connection.request("POST", "/x", b"first")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    assert len(app.reached) == int(after)
    connection.close()
    assert ask(proxy.url, body=b"second") == (201, b'{"number": 2}')
    assert app.bodies == [b"first", b"second"]


def test_a_script_can_leave_requests_out(app: Counter, proxy: MisbehavingProxy) -> None:
    proxy.play([SAY_500, SAY_503], only=lambda method, path: (method, path) == ("POST", "/x"))
    assert ask(proxy.url, method="GET", body=b"")[0] == 201
    assert [ask(proxy.url)[0] for _ in range(3)] == [500, 503, 201]
    assert app.reached == ["GET /x", "POST /x"]


def test_stopped_it_refuses_and_started_again_it_is_where_it_was(
    proxy: MisbehavingProxy,
) -> None:
    url = proxy.url
    proxy.stop()
    proxy.stop()
    with pytest.raises(ConnectionRefusedError):
        ask(url)
    proxy.start()
    proxy.start()
    assert proxy.url == url
    assert ask(url)[0] == 201


def test_a_server_that_is_away_is_a_bad_gateway(app: Counter) -> None:
    with Loopback(app) as loopback:
        url = loopback.url
    with MisbehavingProxy(url) as proxy:
        assert ask(proxy.url) == (502, b"<html>Bad Gateway</html>")


@pytest.mark.parametrize("kind", ["delay", "upstream", "idle"])
def test_it_stops_within_a_second_whatever_hangs(app: Counter, kind: str) -> None:
    hold = threading.Event()
    app.hold = hold if kind == "upstream" else None
    with Loopback(app) as loopback:
        proxy = MisbehavingProxy(loopback.url, [Delay()] if kind == "delay" else [])
        proxy.start()
        before = set(threading.enumerate())
        connection = http.client.HTTPConnection(
            "127.0.0.1", urlsplit(proxy.url).port, timeout=DEADLINE_SECONDS
        )
        if kind == "idle":
            connection.connect()
        else:
            connection.request("POST", "/x", b"hello")
        ends = time.monotonic() + DEADLINE_SECONDS
        while not set(threading.enumerate()) - before or (kind == "upstream" and not app.reached):
            assert time.monotonic() < ends
        with stopwatch() as taken:
            proxy.stop()
        assert taken.seconds < 1
        hold.set()
        connection.close()


def test_a_seed_tells_the_same_story_twice() -> None:
    one, two, other = (list(itertools.islice(chaos(seed), 200)) for seed in (1, 1, 2))
    assert one == two
    assert one != other
    assert 60 < sum(fault != Pass() for fault in one) < 140
    assert all(fault in (*CHAOS, Pass()) for fault in one)
    assert all(fault == Pass() for fault in itertools.islice(chaos(1, share=0), 50))


def test_a_body_that_is_cut_or_too_long_reaches_nobody(
    app: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    with Loopback(app) as loopback:
        for length in ("999999999999", "two"):
            connection = http.client.HTTPConnection(
                "127.0.0.1", urlsplit(loopback.url).port, timeout=DEADLINE_SECONDS
            )
            connection.putrequest("POST", "/x")
            connection.putheader("Content-Length", length)
            connection.endheaders()
            with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
                connection.getresponse()
            connection.close()
    assert app.reached == []
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_an_app_that_breaks_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
        raise LookupError

    with Loopback(broken) as loopback, pytest.raises(http.client.RemoteDisconnected):
        ask(loopback.url)
    assert "A request could not be served" in caplog.messages


def test_a_port_that_is_taken_is_an_error(app: Counter) -> None:
    with Loopback(app) as first:
        second = Loopback(app)
        second._port = int(urlsplit(first.url).port or 0)
        with pytest.raises(OSError, match="in use"):
            second.start()
