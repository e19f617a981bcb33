"""The control channel with one end broken: the other says so, and ends cleanly."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.integration.control_support import (
    ENDPOINTS,
    WAIT_SECONDS,
    FakeApp,
    echo,
    echoing,
    let_in,
    raw_peer,
    read_to_end,
    serving,
)
from trayapp.control.client import ControlClient, NotAnsweringError, NotRunningError
from trayapp.control.connection import Responder
from trayapp.control.endpoint import ChannelError, Doorkeeper, Endpoint
from trayapp.control.messages import MAX_LINE_BYTES, Request
from trayapp.control.unix_socket import SOCKET_NAME, UnixEndpoint


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


@contextmanager
def _false_app(directory: Path, endpoint: Endpoint, says: bytes) -> Iterator[None]:
    """Something that listens where the app should, and says the same to everybody."""
    doorkeeper = endpoint.listen(directory)
    with doorkeeper.listener, ThreadPoolExecutor(1) as pool:
        done = pool.submit(_say_once, doorkeeper, says)
        yield
        done.result(WAIT_SECONDS)
        doorkeeper.withdraw()


def _say_once(doorkeeper: Doorkeeper, says: bytes) -> None:
    with let_in(doorkeeper) as peer:
        peer.recv(65536)
        peer.sendall(says)


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(b"{}\n", id="no reply"),
        pytest.param(b"x" * MAX_LINE_BYTES, id="too long"),
    ],
)
def test_an_answer_that_cannot_be_read_is_told(
    directory: Path, endpoint: Endpoint, client: ControlClient, says: bytes
) -> None:
    with (
        _false_app(directory, endpoint, says),
        pytest.raises(ChannelError, match="cannot be read") as caught,
    ):
        client.ask(Request("status"), WAIT_SECONDS)

    assert "another version" in caught.value.message


def test_an_app_that_lets_nobody_in_is_not_answering(
    directory: Path,
) -> None:
    client = ControlClient(directory)
    directory.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener, ExitStack() as crowd:
        listener.bind(str(directory / SOCKET_NAME))
        listener.listen(0)
        with pytest.raises(NotAnsweringError):
            _crowd_in(client, crowd)


def _crowd_in(client: ControlClient, crowd: ExitStack) -> None:
    for _number in range(100):  # the kernel lets a few more wait than it was told
        crowd.enter_context(client.subscribe(Request("status"), timeout=0.1))


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        pytest.param(TimeoutError(), NotAnsweringError, id="full"),
        pytest.param(OSError(107, "not connected"), ChannelError, id="gone"),
    ],
)
def test_trouble_while_sending_is_translated(
    directory: Path, trouble: OSError, error: type[ChannelError]
) -> None:
    def fails(_peer: socket.socket) -> int:
        raise trouble

    with serving(directory, echoing()), pytest.raises(error):
        ControlClient(directory, endpoint=UnixEndpoint(fails)).ask(Request("status"), WAIT_SECONDS)


def test_a_directory_that_cannot_be_read_is_told(home: Path, endpoint: Endpoint) -> None:
    (home / "file").write_text("")

    with pytest.raises(ChannelError, match="cannot be used"):
        ControlClient(home / "file" / "trayapp", endpoint=endpoint).ask(
            Request("status"), WAIT_SECONDS
        )


def test_stopping_does_not_wait_for_a_stuck_request(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    freed = threading.Event()

    def stuck(_request: Request, _responder: Responder) -> None:
        freed.wait(WAIT_SECONDS)

    app = FakeApp(stuck)
    with serving(directory, app) as server, ControlClient(directory).subscribe(Request("start")):
        app.next()
        server.stop()
        freed.set()

    assert "does not end" in caplog.text


def test_a_defect_in_the_loop_is_logged_and_ends_the_channel_cleanly(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_peer: socket.socket) -> int:
        raise LookupError

    with serving(directory, echoing(), endpoint=UnixEndpoint(broken)):
        with raw_peer(directory) as peer:
            read_to_end(peer)
        with pytest.raises(NotRunningError):
            ControlClient(directory).ask(Request("status"), WAIT_SECONDS)

    assert "The control channel has ended" in caplog.text
    assert list(directory.iterdir()) == []


def test_a_runtime_directory_cleaned_by_others_does_not_hold_up_the_end(
    directory: Path, endpoint: Endpoint
) -> None:
    with serving(directory, echoing(), endpoint=endpoint):
        for path in directory.iterdir():
            path.unlink()


def test_a_request_that_fails_in_the_app_says_so_and_the_next_one_works(
    directory: Path, endpoint: Endpoint, client: ControlClient, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(request: Request, responder: Responder) -> None:
        if request.name == "answered":
            echo(request, responder)
        if request.name != "sound":
            raise LookupError(request.name)
        echo(request, responder)

    with serving(directory, FakeApp(answer), endpoint=endpoint):
        assert not client.ask(Request("broken"), WAIT_SECONDS).ok
        assert client.ask(Request("answered"), WAIT_SECONDS).ok
        assert client.ask(Request("sound"), WAIT_SECONDS).ok

    assert [record.message for record in caplog.records] == ["A request failed"] * 2
