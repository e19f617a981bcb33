"""The control channel over real sockets: asking, answering, subscribing, stopping."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.integration.control_support import (
    ENDPOINTS,
    WAIT_SECONDS,
    FakeApp,
    echo,
    echoing,
    raw_peer,
    read_to_end,
    serving,
)
from trayapp.control.channel import ControlServer
from trayapp.control.client import ControlClient, NotAnsweringError, NotRunningError
from trayapp.control.connection import Responder
from trayapp.control.endpoint import ChannelError, Endpoint, UnsafeChannelError
from trayapp.control.loopback import FILE_NAME, LOCK_NAME
from trayapp.control.messages import MAX_LINE_BYTES, MessageError, Reply, Request
from trayapp.control.unix_socket import SOCKET_NAME

_CLIENTS = 50


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


def test_a_request_gets_its_answer_on_the_control_thread(
    directory: Path, endpoint: Endpoint, client: ControlClient
) -> None:
    threads: list[str] = []

    def answer(request: Request, responder: Responder) -> None:
        threads.append(threading.current_thread().name)
        echo(request, responder)

    app = FakeApp(answer)
    request = Request("start", {"note": "Привет 🎉"}, FakeClock().stamp())
    with serving(directory, app, endpoint=endpoint):
        reply = client.ask(request, WAIT_SECONDS)

    assert reply == Reply(ok=True, message="start", value={"note": "Привет 🎉"})
    assert app.next()[0] == request
    assert threads == ["control"]


def test_an_answer_may_come_later_from_another_thread(
    directory: Path, endpoint: Endpoint, client: ControlClient
) -> None:
    app = FakeApp()
    with serving(directory, app, endpoint=endpoint), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.ask, Request("status"), WAIT_SECONDS)
        _request, responder = app.next()
        assert _is_open(responder)
        responder.reply(Reply(ok=True, message="later"))

        assert waiting.result(WAIT_SECONDS) == Reply(ok=True, message="later")
        assert not _is_open(responder)
        with pytest.raises(RuntimeError, match="already"):
            responder.reply(Reply(ok=True))
        with pytest.raises(RuntimeError, match="already"):
            responder.stream(Reply(ok=True))


def test_fifty_clients_at_once_each_get_their_own_answer(
    directory: Path, endpoint: Endpoint, client: ControlClient
) -> None:
    start = threading.Barrier(_CLIENTS)

    def ask(number: int) -> Reply:
        start.wait(WAIT_SECONDS)
        return client.ask(Request("status", {"number": number}), WAIT_SECONDS)

    with serving(directory, echoing(), endpoint=endpoint), ThreadPoolExecutor(_CLIENTS) as pool:
        replies = list(pool.map(ask, range(_CLIENTS)))

    assert [reply.value for reply in replies] == [{"number": n} for n in range(_CLIENTS)]


def test_what_is_left_there_to_be_found_is_for_its_owner_only(
    directory: Path, endpoint: Endpoint
) -> None:
    with serving(directory, echoing(), endpoint=endpoint):
        found = {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}
        assert found.keys() & {SOCKET_NAME, FILE_NAME}
        assert set(found.values()) == {0o600}
        assert directory.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_is_not_safe_is_refused_at_both_ends(
    directory: Path, endpoint: Endpoint, client: ControlClient
) -> None:
    directory.mkdir()
    directory.chmod(0o755)
    server = ControlServer(directory, echoing().handle, endpoint=endpoint)

    with pytest.raises(UnsafeChannelError):
        server.start()
    with pytest.raises(UnsafeChannelError):
        client.ask(Request("status"), WAIT_SECONDS)
    assert list(directory.iterdir()) == []


def test_the_socket_of_a_dead_process_is_replaced(directory: Path) -> None:
    client = ControlClient(directory)
    directory.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(directory / SOCKET_NAME))
        dead.listen()
    with pytest.raises(NotRunningError, match="not running"):
        client.ask(Request("status"), WAIT_SECONDS)

    with serving(directory, echoing()):
        assert client.ask(Request("status"), WAIT_SECONDS).ok


def test_without_an_app_the_client_says_so(directory: Path, client: ControlClient) -> None:
    with pytest.raises(NotRunningError) as no_directory:
        client.ask(Request("status"), WAIT_SECONDS)
    directory.mkdir(mode=0o700)
    with pytest.raises(NotRunningError) as no_socket:
        client.ask(Request("status"), WAIT_SECONDS)

    assert no_directory.value.title == no_socket.value.title == "Trayapp is not running."
    assert "sent when it runs" in no_socket.value.message


def test_an_app_that_does_not_answer_is_given_up(
    directory: Path, endpoint: Endpoint, client: ControlClient
) -> None:
    app = FakeApp()
    with serving(directory, app, endpoint=endpoint):
        with pytest.raises(NotAnsweringError, match="within 1 second"):
            client.ask(Request("start"), 0.1)
        _request, responder = app.next()
        _wait_until_left(responder)
        responder.reply(Reply(ok=True))  # too late, and nobody needs to care


def test_a_request_that_cannot_be_sent_is_told_before(client: ControlClient) -> None:
    with pytest.raises(MessageError):
        client.ask(Request("start", {"note": "\udcff"}), WAIT_SECONDS)


def test_a_subscription_streams_until_the_app_ends_it(
    directory: Path, endpoint: Endpoint, client: ControlClient
) -> None:
    app = FakeApp()
    with serving(directory, app, endpoint=endpoint), client.subscribe(Request("watch")) as answers:
        _request, responder = app.next()
        for number in range(3):
            responder.stream(Reply(ok=True, value={"number": number}))
        responder.reply(Reply(ok=True, value={"number": 3}))

        assert [reply.value["number"] for reply in answers] == [0, 1, 2, 3]


def test_a_subscriber_that_leaves_is_noticed(
    directory: Path, endpoint: Endpoint, client: ControlClient
) -> None:
    app = FakeApp()
    with serving(directory, app, endpoint=endpoint):
        with client.subscribe(Request("watch")) as answers:
            _request, responder = app.next()
            responder.stream(Reply(ok=True, message="one"))
            assert next(answers).message == "one"
            assert _is_open(responder)
        _wait_until_left(responder)

        assert not _is_open(responder)
        responder.stream(Reply(ok=True, message="two"))
        assert list(answers) == []


def test_a_subscription_outlives_the_wait_for_its_first_answer(directory: Path) -> None:
    app = FakeApp()
    with (
        serving(directory, app, idle_seconds=0.05),
        ControlClient(directory).subscribe(Request("watch"), timeout=0.3) as answers,
        ThreadPoolExecutor(1) as pool,
    ):
        _request, responder = app.next()
        responder.stream(Reply(ok=True, message="one"))
        assert next(answers).message == "one"
        second = pool.submit(next, answers)
        with pytest.raises(TimeoutError):
            second.result(0.6)
        responder.stream(Reply(ok=True, message="two"))

        assert second.result(WAIT_SECONDS).message == "two"


def test_stopping_lets_everybody_go(
    directory: Path, endpoint: Endpoint, client: ControlClient
) -> None:
    app = FakeApp()
    with serving(directory, app, endpoint=endpoint) as server, ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(client.ask, Request("start"), WAIT_SECONDS)
        watching = pool.submit(list, client.subscribe(Request("watch")))
        responders = [app.next()[1], app.next()[1]]
        server.stop()

        with pytest.raises(NotAnsweringError, match="ended before it answered"):
            waiting.result(WAIT_SECONDS)
        assert watching.result(WAIT_SECONDS) == []
        assert not any(responder.is_open for responder in responders)
        for responder in responders:
            responder.reply(Reply(ok=True))
        server.stop()

    assert {path.name for path in directory.iterdir()} <= {LOCK_NAME}
    assert "control" not in {thread.name for thread in threading.enumerate()}


def test_an_answer_given_before_stopping_still_arrives(
    directory: Path, endpoint: Endpoint, client: ControlClient
) -> None:
    app = FakeApp()
    for _time in range(50):  # the moment between the last look and the end is short
        with (
            serving(directory, app, endpoint=endpoint) as server,
            client.subscribe(Request("quit")) as answers,
        ):
            app.next()[1].reply(Reply(ok=True, message="bye"))
            server.stop()
            assert [answer.message for answer in answers] == ["bye"]


def test_a_channel_can_be_started_again_but_not_twice(
    directory: Path, endpoint: Endpoint, client: ControlClient
) -> None:
    with serving(directory, echoing(), endpoint=endpoint) as server:
        with pytest.raises(RuntimeError, match="already"):
            server.start()
        server.stop()
        server.start()

        assert client.ask(Request("status"), WAIT_SECONDS).ok


def test_a_path_too_long_for_a_socket_is_told_at_both_ends(home: Path) -> None:
    directory = home / ("long" * 30)
    directory.mkdir(mode=0o700)

    with pytest.raises(ChannelError, match="hours are safe"):
        ControlServer(directory, echoing().handle).start()
    with pytest.raises(ChannelError, match="cannot be used"):
        ControlClient(directory).ask(Request("status"), WAIT_SECONDS)


def test_an_answer_too_long_for_the_channel_becomes_an_error(
    directory: Path, endpoint: Endpoint, client: ControlClient
) -> None:
    long = tuple("x" * 8000 for _ in range(MAX_LINE_BYTES // 8000 + 1))

    def answer(_request: Request, responder: Responder) -> None:
        responder.reply(Reply(ok=True, value={"long": long}))

    with serving(directory, FakeApp(answer), endpoint=endpoint):
        reply = client.ask(Request("status"), WAIT_SECONDS)

    assert reply == Reply(ok=False, message="Trayapp's answer could not be sent.")


def test_a_request_in_two_pieces_is_one_request(directory: Path, endpoint: Endpoint) -> None:
    line = Request("status").line()
    with serving(directory, echoing(), endpoint=endpoint), raw_peer(directory, endpoint) as peer:
        peer.sendall(line[:5])
        peer.sendall(line[5:])

        assert Reply.parse(read_to_end(peer)).message == "status"


def _wait_until_left(responder: Responder) -> None:
    tick, left = threading.Event(), WAIT_SECONDS
    while responder.is_open and left > 0:
        tick.wait(0.01)
        left -= 0.01


def _is_open(responder: Responder) -> bool:
    return responder.is_open
