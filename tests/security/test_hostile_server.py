"""A server that means harm: whatever it says, it costs little memory and little time."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.patience import stopwatch
from tests.security.raw_server import (
    Serve,
    endless,
    raw_server,
    saying,
    trickling,
)
from tests.unit.servers.recorder import Recorder, inside
from trayapp.servers.http import MAX_ANSWER_BYTES, HttpClient, Timeouts
from trayapp.servers.http_answer import Answer
from trayapp.servers.http_outcomes import outcome_of_status
from trayapp.servers.timetagger_api import TimeTaggerApi
from trayapp.sync.outcome import Doubtful, Offline, Outcome

MOST_BYTES = 24 * MAX_ANSWER_BYTES
QUICK = Timeouts(connect_seconds=0.5, read_seconds=0.2, total_seconds=0.4)
MOST_SECONDS = 4.0
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MEGABYTE = b"x" * 1_000_000


def head_of(length: int, *more: bytes) -> bytes:
    return OK + b"".join(line + b"\r\n" for line in more) + b"Content-Length: %d\r\n\r\n" % length


def whole(content: bytes, *more: bytes) -> Serve:
    return saying(head_of(len(content), *more), content)


def told(status: int, *headers: bytes, content: bytes = b"{}") -> Serve:
    lines = b"".join(line + b"\r\n" for line in headers)
    length = b"Content-Length: %d\r\n\r\n" % len(content)
    return saying(b"HTTP/1.1 %d No\r\n" % status + lines + length + content)


def bomb(megabytes: int, rounds: int = 1) -> bytes:
    packed = gzip.compress(b"\0" * megabytes * 1_000_000)
    for _ in range(rounds - 1):
        packed = gzip.compress(packed)
    return packed


ATTACKS: dict[str, Serve] = {
    # -- too much -------------------------------------------------------------------------
    "gigabytes promised": endless(head_of(5_000_000_000), MEGABYTE),
    "no length, no end": endless(OK + b"\r\n", MEGABYTE),
    "endless chunks": endless(CHUNKED, b"fffff\r\n" + b"x" * 0xFFFFF + b"\r\n"),
    "a chunk of any size": endless(CHUNKED + b"fffffffffffffff\r\n", MEGABYTE),
    "a chunk size without end": endless(CHUNKED, b"0" * 100_000),
    "chunk extensions": endless(CHUNKED + b"1;", b"x" * 100_000),
    "endless trailers": endless(CHUNKED + b"0\r\n", b"X-Trailer: x\r\n" * 1000),
    "a trailer without end": endless(CHUNKED + b"0\r\nX: ", MEGABYTE),
    "a length of a thousand digits": saying(OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nx"),
    "a negative length": saying(OK + b"Content-Length: -5\r\n\r\n" + b"x" * 100),
    "a length that is none": endless(OK + b"Content-Length: x\r\n\r\n", MEGABYTE),
    # -- heads ----------------------------------------------------------------------------
    "endless headers": endless(OK, b"X-More: x\r\n" * 1000),
    "a header without end": endless(OK + b"X-Long: ", MEGABYTE),
    "a status line without end": endless(b"HTTP/1.1 200 ", MEGABYTE),
    "a hundred large headers": saying(OK, *[b"X-A: " + b"x" * 65_000 + b"\r\n"] * 95, b"\r\n{}"),
    "a thousand cookies": saying(OK + b"Set-Cookie: a=b\r\n" * 1000 + b"\r\n{}"),
    "folded headers": saying(OK + b"X: a\r\n" + b" b\r\n" * 90 + b"\r\n{}"),
    "for ever 100 Continue": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "for ever 100 Continue with headers": endless(b"", b"HTTP/1.1 100 C\r\nX: y\r\n\r\n" * 1000),
    "no HTTP at all": endless(b"", b"\x16\x03\x01\0\xff" * 1000),
    "zeros": endless(b"", b"\0" * 100_000),
    "HTTP/9.9": saying(b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    "another status": saying(b"HTTP/1.1 99999 OK\r\n\r\n"),
    "no status": saying(b"HTTP/1.1 abc OK\r\n\r\n"),
    "switching protocols": saying(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n" + b"x" * 99),
    "broken headers": saying(OK + b"no colon here\r\n\xff\xfe: \xff\r\nX\0Y: \0\r\n\r\n{}"),
    # -- too slow -------------------------------------------------------------------------
    "a head that trickles": trickling(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05),
    "headers that trickle": trickling(OK, b"X: y\r\n", 0.05),
    "100 Continue that trickles": trickling(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05),
    "a body that trickles": trickling(head_of(1_000_000), b"x", 0.05),
    "chunks that trickle": trickling(CHUNKED, b"1\r\nx\r\n", 0.05),
    "trailers that trickle": trickling(CHUNKED + b"0\r\n", b"X: y\r\n", 0.05),
    "silence": trickling(b"", b"", 0.05),
    "silence after the head": trickling(head_of(5), b"", 0.05),
    "gzip that trickles": trickling(head_of(1000, b"Content-Encoding: gzip"), bomb(1)[:1], 0.05),
    # -- bombs ----------------------------------------------------------------------------
    "gzip bomb": whole(bomb(100), b"Content-Encoding: gzip"),
    "gzip in gzip": whole(bomb(60, 2), b"Content-Encoding: gzip, gzip"),
    "a hundred codings": whole(b"x", b"Content-Encoding: " + b", ".join([b"gzip"] * 100)),
    "deflate bomb": whole(zlib.compress(b"\0" * 100_000_000), b"Content-Encoding: deflate"),
    "gzip that is none": whole(b"x" * 1000, b"Content-Encoding: gzip"),
    "gzip cut short": saying(head_of(500, b"Content-Encoding: gzip"), bomb(1)[:200]),
    "an unknown coding": whole(b"x" * 1000, b"Content-Encoding: zip-of-death"),
    # -- JSON -----------------------------------------------------------------------------
    "deep lists": whole(b"[" * 100_000 + b"]" * 100_000),
    "deep objects": whole(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "a million numbers": whole(b"[" + b"1," * 100_000 + b"1]"),
    "many keys": whole(b"{" + b",".join(b'"%d":0' % n for n in range(80_000)) + b"}"),
    "an integer of a million digits": whole(b"9" * 1_000_000),
    "a fraction of a million digits": whole(b"0." + b"9" * 1_000_000),
    "an exponent": whole(b"1e999999999"),
    # -- answers that are no success --------------------------------------------------------
    "a strange challenge": told(401, b"WWW-Authenticate: Digest " + b'a="b",' * 5000),
    "no challenge": told(401, content=b"[" * 90_000),
    "a redirect to a file": told(302, b"Location: file:///etc/passwd"),
    "a redirect without end": told(301, b"Location: /" + b"x" * 60_000),
    "an hour of a thousand digits": told(429, b"Retry-After: " + b"9" * 5000),
    "a zone of any size": told(503, b"Retry-After: Thu, 08 Jan 2026 10:00:00 +" + b"9" * 40),
    "a year of any size": told(503, b"Retry-After: Thu, 08 Jan %s 10:00:00 GMT" % (b"9" * 5000)),
    "the first year": told(503, b"Retry-After: Mon, 01 Jan 0001 00:00:00 +2300"),
    "parentheses": told(503, b"Retry-After: " + b"(" * 60_000),
    "commas": told(503, b"Retry-After: " + b"a," * 30_000),
    "a long reason": told(422, content=b'{"message": "' + b"\\u202e<b>" * 90_000 + b'"}'),
    "words in a deep place": told(422, content=b'{"errors":' * 900 + b"1" + b"}" * 900),
}


@contextmanager
def bounded(most_bytes: int = MOST_BYTES) -> Iterator[None]:
    """Fails when what is done in here takes too much memory or time."""
    tracemalloc.start()
    used = time.process_time()
    try:
        with stopwatch() as taken:
            yield
        took, (_now, peak) = time.process_time() - used, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(took, taken.seconds) < MOST_SECONDS
    assert peak < most_bytes


METHODS = ("GET", "POST")


@pytest.mark.parametrize("name", ATTACKS)
def test_it_costs_little_and_is_understood_as_trouble(name: str) -> None:
    method = METHODS[list(ATTACKS).index(name) % 2]
    with raw_server(ATTACKS[name]) as address:
        client = HttpClient(f"http://{address}", timeouts=QUICK)
        with bounded():
            answer = client.get("/x") if method == "GET" else client.send("POST", "/x", {"a": 1})
            outcome = verdict(answer, repeatable=method == "GET")
        client.close()
    if isinstance(outcome, Outcome):
        assert len(outcome.reason) < 300
        assert outcome.reason.isprintable()


def verdict(answer: Answer | Outcome, *, repeatable: bool) -> Outcome | None:
    if isinstance(answer, Outcome):
        return answer
    return outcome_of_status(answer, repeatable=repeatable)


def test_a_server_that_takes_a_request_crumb_by_crumb_is_left_in_doubt() -> None:
    is_over = threading.Event()

    def serve(peer: socket.socket) -> None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while peer.recv(8192):
            is_over.wait(0.02)

    with raw_server(serve) as address, bounded(most_bytes=10 * MOST_BYTES):
        client = HttpClient(f"http://{address}", timeouts=QUICK)
        outcome = client.send("POST", "/x", "x" * 30_000_000)
        client.close()
        is_over.set()
    assert outcome == Doubtful("Network error: no answer in time", timed_out=True)


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(trickling(b"\x16\x03\x03\x40\x00", b"\x02", 0.02), id="trickles"),
        pytest.param(endless(b"\x16\x03\x03\x40\x00\x02\x00\xff\xff", b"x" * 9999), id="endless"),
        pytest.param(endless(b"", b"HTTP/1.1 200 OK\r\n"), id="plain"),
        pytest.param(trickling(b"", b"", 0.02), id="silent"),
    ],
)
def test_a_tls_handshake_is_bounded_too(attack: Serve) -> None:
    with raw_server(attack) as address, bounded():
        client = HttpClient(f"https://{address}", timeouts=QUICK)
        outcome = client.send("POST", "/x", {})
        client.close()
    assert isinstance(outcome, Offline)


def test_a_proxy_that_trickles_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(trickling(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.02)) as address:
        monkeypatch.setenv("https_proxy", f"http://{address}")
        with bounded():
            client = HttpClient("https://server.invalid", timeouts=QUICK)
            outcome = client.send("POST", "/x", {})
            client.close()
    assert isinstance(outcome, Offline)


@pytest.mark.parametrize(
    "attack", ["endless headers", "gigabytes promised", "a body that trickles"]
)
def test_a_transport_of_another_server_is_bounded_too(attack: str) -> None:
    with raw_server(ATTACKS[attack]) as address, bounded():
        api = TimeTaggerApi(f"http://{address}", timeouts=QUICK)
        assert isinstance(api.recognise(), Outcome)
        api.close()


def test_after_an_attack_the_next_request_goes_through() -> None:
    turns = iter([ATTACKS["a head that trickles"], ATTACKS["endless headers"], whole(b"{}")])

    def serve(peer: socket.socket) -> None:
        next(turns)(peer)

    with raw_server(serve) as address:
        client = HttpClient(f"http://{address}", timeouts=QUICK)
        found = [client.get("/x") for _ in range(3)]
        client.close()
    assert [type(one) for one in found] == [Offline, Offline, Answer]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"NaN", id="no number"),
        pytest.param(b'{"a": [-Infinity]}', id="infinite"),
        pytest.param(b"1e400", id="beyond all bounds"),
        pytest.param(b'{"a": "\\ud800"}', id="half a character"),
        pytest.param(b'{"\\udfff": 1}', id="half a character for a name"),
        pytest.param(b'"\xed\xa0\x80"', id="half a character, raw"),
        pytest.param('"hours"'.encode("utf-16"), id="another encoding"),
    ],
)
def test_what_is_no_json_by_the_standard_is_unreadable(content: bytes) -> None:
    answer = inside(Recorder(content=content)).get("/x")
    assert answer == Answer(status=200)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        pytest.param(b'{"a": 1, "a": 2}', {"a": 2}, id="the last of two counts"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', {"a": 1}, id="byte order mark"),
        pytest.param(b'"\\ud83d\\ude00 \\u0041"', "\U0001f600 A", id="a whole pair"),
        pytest.param(b"[1.5e3, -0.25]", [1500.0, -0.25], id="fractions"),
    ],
)
def test_what_is_json_is_read(content: bytes, value: object) -> None:
    answer = inside(Recorder(content=content)).get("/x")
    assert answer == Answer(status=200, json=value, is_json=True)
