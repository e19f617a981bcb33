"""The control channel and those it cannot trust: strangers, sleepers, babblers, broken apps."""

from __future__ import annotations

import logging
import os
import queue
import resource
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.integration.control_support import (
    ENDPOINTS,
    WAIT_SECONDS,
    FakeApp,
    echo,
    echoing,
    raw_peer,
    read_nothing,
    read_to_end,
    serving,
)
from trayapp.control.channel import MAX_CONNECTIONS
from trayapp.control.client import ControlClient, NotAnsweringError
from trayapp.control.connection import MAX_OUTBOX_BYTES, Responder
from trayapp.control.endpoint import Endpoint, UnsafeChannelError
from trayapp.control.messages import MAX_LINE_BYTES, Reply, Request
from trayapp.control.unix_socket import SOCKET_NAME, UnixEndpoint

_STRANGER = os.geteuid() + 1


@pytest.fixture(name="directory")
def _directory(runtime: Path) -> Path:
    return runtime / "trayapp"


@pytest.fixture(name="endpoint", params=ENDPOINTS)
def _endpoint(request: pytest.FixtureRequest) -> Endpoint:
    made: Endpoint = request.param()
    return made


@pytest.fixture(name="client")
def _client(directory: Path, endpoint: Endpoint) -> ControlClient:
    return ControlClient(directory, endpoint=endpoint)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"hello\n", id="no JSON"),
        pytest.param(b"\n", id="empty"),
        pytest.param(b"[1]\n", id="no object"),
        pytest.param(b"\xff\xfe\n", id="no UTF-8"),
        pytest.param(b"[" * 60_000 + b"\n", id="deep"),
        pytest.param(
            b'{"name":"\\ud800","arguments":{},"stamp":null}\n', id="lone surrogate, escaped"
        ),
        pytest.param(
            b'{"name":"\xed\xa0\x80","arguments":{},"stamp":null}\n', id="lone surrogate, raw"
        ),
        pytest.param(b"x" * MAX_LINE_BYTES, id="too long, no end"),
        pytest.param(b"x" * MAX_LINE_BYTES + b"\n", id="too long, with an end"),
        pytest.param(Request("a").line() + Request("b").line(), id="two requests"),
    ],
)
def test_nonsense_gets_one_error_and_the_end_and_others_go_on(
    directory: Path, endpoint: Endpoint, client: ControlClient, sent: bytes
) -> None:
    with serving(directory, echoing(), endpoint=endpoint):
        with raw_peer(directory, endpoint) as peer:
            peer.sendall(sent)
            reply = Reply.parse(read_to_end(peer))
        after = client.ask(Request("status"), WAIT_SECONDS)

    assert (reply.ok, reply.message != "", after.ok) == (False, True, True)


def test_a_peer_that_goes_on_talking_is_let_go(directory: Path, endpoint: Endpoint) -> None:
    app = FakeApp()
    with serving(directory, app, endpoint=endpoint), raw_peer(directory, endpoint) as peer:
        peer.sendall(Request("a").line())
        _request, responder = app.next()
        peer.sendall(Request("b").line())

        assert read_to_end(peer) == b""
        assert not responder.is_open


def test_another_users_peer_is_refused_at_once(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = echoing()
    with serving(directory, app, endpoint=UnixEndpoint(lambda _peer: _STRANGER)):
        with raw_peer(directory) as peer:
            assert read_to_end(peer) == b""
        with pytest.raises(NotAnsweringError):
            ControlClient(directory).ask(Request("start"), WAIT_SECONDS)

    assert caplog.text.count(f"User {_STRANGER} is not let in") == 1


def test_where_the_platform_does_not_tell_the_directory_protects(directory: Path) -> None:
    endpoint = UnixEndpoint(lambda _peer: None)
    with serving(directory, echoing(), endpoint=endpoint):
        client = ControlClient(directory, endpoint=endpoint)
        assert client.ask(Request("status"), WAIT_SECONDS).ok


def test_nothing_is_sent_to_another_users_program(directory: Path) -> None:
    app = echoing()
    asked: list[Request] = []
    with serving(directory, FakeApp(lambda request, _responder: asked.append(request))):
        stranger = ControlClient(directory, endpoint=UnixEndpoint(lambda _peer: _STRANGER))
        with pytest.raises(UnsafeChannelError, match="another user"):
            stranger.ask(Request("start"), WAIT_SECONDS)
    with serving(directory, app):
        ControlClient(directory).ask(Request("status"), WAIT_SECONDS)

    assert asked == []


def test_a_peer_that_leaves_before_it_is_asked_harms_nobody(
    directory: Path,
) -> None:
    answers = iter([_gone, os.geteuid])

    with serving(directory, echoing(), endpoint=UnixEndpoint(lambda _peer: next(answers)())):
        with raw_peer(directory) as peer:
            assert read_to_end(peer) == b""
        assert ControlClient(directory).ask(Request("status"), WAIT_SECONDS).ok


def _gone() -> int:
    raise OSError


def test_a_peer_that_says_nothing_is_let_go(directory: Path, endpoint: Endpoint) -> None:
    with (
        serving(directory, echoing(), endpoint=endpoint, idle_seconds=0.05),
        raw_peer(directory, endpoint) as peer,
    ):
        peer.sendall(b'{"name"')

        assert read_to_end(peer) == b""


def test_a_peer_that_waits_for_its_answer_may_wait(directory: Path, endpoint: Endpoint) -> None:
    app = FakeApp()
    with (
        serving(directory, app, endpoint=endpoint, idle_seconds=0.05),
        raw_peer(directory, endpoint) as peer,
    ):
        peer.sendall(Request("status").line())
        _request, responder = app.next()
        with pytest.raises(queue.Empty):
            app.next(0.2)
        responder.reply(Reply(ok=True, message="late"))

        assert Reply.parse(read_to_end(peer)).message == "late"


def test_a_subscriber_that_never_reads_is_let_go_and_others_are_answered(directory: Path) -> None:
    app = FakeApp(_flood_or_echo)
    with serving(directory, app), raw_peer(directory) as sleeper:
        sleeper.sendall(Request("flood").line())
        _request, responder = app.next()

        assert ControlClient(directory).ask(Request("status"), WAIT_SECONDS).ok
        assert not responder.is_open
        read_to_end(sleeper)


def _flood_or_echo(request: Request, responder: Responder) -> None:
    if request.name == "flood":
        for _number in range(100):
            responder.stream(Reply(ok=True, value={"a": "x" * 8000, "b": "x" * 8000}))
    else:
        echo(request, responder)


def test_a_peer_that_stops_reading_is_let_go_after_the_deadline(directory: Path) -> None:
    app = FakeApp()
    with (
        serving(directory, app, idle_seconds=0.1),
        raw_peer(directory) as sleeper,
    ):
        sleeper.sendall(Request("watch").line())
        _request, responder = app.next()
        tick = threading.Event()
        while responder.is_open:  # until the kernel takes no more; a test's time limit ends it
            responder.stream(Reply(ok=True, value={"a": "x" * 8000}))
            tick.wait(0.005)

        assert len(read_to_end(sleeper)) > 0


def test_a_slow_reader_gets_everything(directory: Path) -> None:
    # As much as the kernel takes, and nearly as much as the channel keeps besides.
    count = _lines_the_kernel_takes() + MAX_OUTBOX_BYTES // len(_long_line(0)) - 1
    app = FakeApp()
    with serving(directory, app), raw_peer(directory) as reader:
        reader.sendall(Request("watch").line())
        _request, responder = app.next()
        for number in range(count - 1):
            responder.stream(Reply.parse(_long_line(number)))
        responder.reply(Reply.parse(_long_line(count - 1)))
        lines = read_to_end(reader).splitlines()

    assert [Reply.parse(line).value["number"] for line in lines] == list(range(count))


def _long_line(number: int) -> bytes:
    return Reply(ok=True, value={"a": "x" * 8000, "number": number}).line()


def _lines_the_kernel_takes() -> int:
    one, other = socket.socketpair()
    with one, other:
        one.settimeout(0)
        taken = 0
        with suppress(BlockingIOError):
            while one.send(_long_line(taken)):
                taken += 1
    return taken


def test_a_reader_that_catches_up_may_stay(directory: Path) -> None:
    count = _lines_the_kernel_takes() + 5
    app = FakeApp()
    with (
        serving(directory, app),
        raw_peer(directory) as reader,
        reader.makefile("rb") as answers,
    ):
        reader.sendall(Request("watch").line())
        _request, responder = app.next()
        for number in range(count):
            responder.stream(Reply.parse(_long_line(number)))
        read = [answers.readline() for _number in range(count)]
        responder.reply(Reply(ok=True, message="last"))

        assert Reply.parse(answers.read()).message == "last"
    assert [Reply.parse(line).value["number"] for line in read] == list(range(count))


def test_who_finds_every_connection_taken_waits_for_one(
    directory: Path, endpoint: Endpoint, client: ControlClient
) -> None:
    app = FakeApp()
    with (
        serving(directory, app, endpoint=endpoint),
        ThreadPoolExecutor(1) as pool,
        ExitStack() as crowd,
    ):
        watchers = [
            crowd.enter_context(client.subscribe(Request("watch"))) for _ in range(MAX_CONNECTIONS)
        ]
        for _watcher in watchers:
            app.next()
        waiting = pool.submit(client.ask, Request("status"), WAIT_SECONDS)
        with pytest.raises(queue.Empty):
            app.next(0.2)
        watchers[0].close()
        request, responder = app.next()
        echo(request, responder)

        assert waiting.result(WAIT_SECONDS).message == "status"


class _Seen(logging.Handler):
    """Tells a test that something was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.event = threading.Event()

    def emit(self, _record: logging.LogRecord) -> None:
        self.count += 1
        self.event.set()


@contextmanager
def _no_free_descriptor() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = os.dup(0)
    os.close(probe)
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_a_free_file_descriptor_peers_wait_and_the_thread_does_not_spin(
    directory: Path,
) -> None:
    seen = _Seen()
    logger = logging.getLogger("trayapp.control.channel")
    logger.addHandler(seen)
    try:
        with (
            serving(directory, echoing()),
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer,
        ):
            with _no_free_descriptor():
                peer.connect(str(directory / SOCKET_NAME))
                assert seen.event.wait(WAIT_SECONDS)
                assert read_nothing(peer, for_seconds=0.2)
            peer.settimeout(WAIT_SECONDS)
            peer.sendall(Request("status").line())
            assert Reply.parse(read_to_end(peer)).ok
            assert seen.count == 1
    finally:
        logger.removeHandler(seen)
