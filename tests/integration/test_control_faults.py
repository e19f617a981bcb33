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
from trayapp.control.endpoint import SOCKET_NAME, ChannelError
from trayapp.control.messages import MAX_LINE_BYTES, Request


@pytest.fixture(name="directory")
def _directory(runtime: Path) -> Path:
    return runtime / "trayapp"


@pytest.fixture(name="client")
def _client(directory: Path) -> ControlClient:
    return ControlClient(directory)


@contextmanager
def _false_app(directory: Path, says: bytes) -> Iterator[None]:
    """Something that listens where the app should, and says the same to everybody."""
    directory.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(directory / SOCKET_NAME))
        listener.listen()
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(_say_once, listener, says)
            yield
            done.result(WAIT_SECONDS)


def _say_once(listener: socket.socket, says: bytes) -> None:
    peer, _address = listener.accept()
    with peer:
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
    directory: Path, client: ControlClient, says: bytes
) -> None:
    with (
        _false_app(directory, says),
        pytest.raises(ChannelError, match="cannot be read") as caught,
    ):
        client.ask(Request("status"), WAIT_SECONDS)

    assert "another version" in caught.value.message


def test_an_app_that_lets_nobody_in_is_not_answering(
    directory: Path, client: ControlClient
) -> None:
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
        ControlClient(directory, peer_uid=fails).ask(Request("status"), WAIT_SECONDS)


def test_a_directory_that_cannot_be_read_is_told(home: Path) -> None:
    (home / "file").write_text("")

    with pytest.raises(ChannelError, match="cannot be used"):
        ControlClient(home / "file" / "trayapp").ask(Request("status"), WAIT_SECONDS)


def test_without_local_sockets_nobody_runs(
    directory: Path, client: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")

    with pytest.raises(NotRunningError, match="menu of the icon"):
        client.ask(Request("status"), WAIT_SECONDS)
    with pytest.raises(ChannelError):
        ControlServer(directory, echoing().handle).start()


def test_stopping_does_not_wait_for_a_stuck_request(
    directory: Path, client: ControlClient, caplog: pytest.LogCaptureFixture
) -> None:
    freed = threading.Event()

    def stuck(_request: Request, _responder: Responder) -> None:
        freed.wait(WAIT_SECONDS)

    app = FakeApp(stuck)
    with serving(directory, app) as server, client.subscribe(Request("start")):
        app.next()
        server.stop()
        freed.set()

    assert "does not end" in caplog.text


def test_a_defect_in_the_loop_is_logged_and_ends_the_channel_cleanly(
    directory: Path, client: ControlClient, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_peer: socket.socket) -> int:
        raise LookupError

    with serving(directory, echoing(), peer_uid=broken):
        with raw_peer(directory) as peer:
            read_to_end(peer)
        with pytest.raises(NotRunningError):
            client.ask(Request("status"), WAIT_SECONDS)

    assert "The control channel has ended" in caplog.text
    assert list(directory.iterdir()) == []


def test_a_runtime_directory_cleaned_by_others_does_not_hold_up_the_end(directory: Path) -> None:
    with serving(directory, echoing()):
        (directory / SOCKET_NAME).unlink()


def test_a_request_that_fails_in_the_app_says_so_and_the_next_one_works(
    directory: Path, client: ControlClient, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(request: Request, responder: Responder) -> None:
        if request.name == "answered":
            echo(request, responder)
        if request.name != "sound":
            raise LookupError(request.name)
        echo(request, responder)

    with serving(directory, FakeApp(answer)):
        assert not client.ask(Request("broken"), WAIT_SECONDS).ok
        assert client.ask(Request("answered"), WAIT_SECONDS).ok
        assert client.ask(Request("sound"), WAIT_SECONDS).ok

    assert [record.message for record in caplog.records] == ["A request failed"] * 2
