"""The channel over a port of this computer: what took the port of an app that is gone."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.control_support import WAIT_SECONDS, echoing, read_to_end
from tests.integration.loopback_support import HOST, exactly, serves, stranger
from trayapp.control.client import ControlClient, NotAnsweringError, NotRunningError
from trayapp.control.endpoint import ChannelError, UnsafeChannelError
from trayapp.control.loopback import FILE_NAME, LOCK_NAME, SECRET_BYTES, LoopbackEndpoint, Note
from trayapp.control.messages import Request

_STATUS = Request("status")


@pytest.fixture(name="directory")
def _directory(runtime: Path) -> Path:
    return runtime / "trayapp"


@pytest.fixture(name="client")
def _client(directory: Path) -> ControlClient:
    return ControlClient(directory, endpoint=LoopbackEndpoint())


@contextmanager
def _impostor(port: int, says: Callable[[socket.socket], None]) -> Iterator[None]:
    """Has taken the port of an app that is gone."""
    with socket.create_server((HOST, port)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(WAIT_SECONDS)

        def serve() -> None:
            peer, _address = listener.accept()
            peer.settimeout(WAIT_SECONDS)
            with peer:
                says(peer)

        done = pool.submit(serve)
        yield
        done.result(WAIT_SECONDS)


def _web_server(peer: socket.socket) -> None:
    assert len(peer.recv(1000)) == SECRET_BYTES
    peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    assert read_to_end(peer) == b""


def _mute(peer: socket.socket) -> None:
    assert len(read_to_end(peer)) == SECRET_BYTES


def _gone_at_once(_peer: socket.socket) -> None:
    pass


def _gone_amid(peer: socket.socket) -> None:
    assert peer.recv(1000)
    peer.sendall(b"x" * (SECRET_BYTES + 1))


IMPOSTORS = pytest.mark.parametrize("says", [_web_server, _mute, _gone_at_once, _gone_amid])


def _killed(directory: Path) -> Note:
    """What an app leaves behind that could not take leave."""
    doorkeeper = LoopbackEndpoint().listen(directory)
    note = Note.read(directory)
    doorkeeper.listener.close()
    doorkeeper.withdraw()
    note.write(directory)
    return note


@IMPOSTORS
def test_who_took_the_port_of_a_dead_app_is_told_nothing_and_the_file_goes(
    directory: Path, client: ControlClient, says: Callable[[socket.socket], None]
) -> None:
    note = _killed(directory)
    with _impostor(note.port, says), pytest.raises(NotRunningError) as caught:
        client.ask(_STATUS, 0.3)

    assert not (directory / FILE_NAME).exists()
    assert note.secret.hex() not in str(caught.value) + repr(caught.value.__cause__)
    with pytest.raises(NotRunningError):
        client.ask(_STATUS, WAIT_SECONDS)


def test_the_file_of_a_dead_app_is_noticed_and_a_new_one_takes_its_place(
    directory: Path, client: ControlClient
) -> None:
    _killed(directory)
    with pytest.raises(NotRunningError, match="not running"):
        client.ask(_STATUS, WAIT_SECONDS)
    assert not (directory / FILE_NAME).exists()
    _killed(directory)
    (directory / f"{FILE_NAME}.new").write_text("left while it was written")
    with serves(directory):
        assert client.ask(_STATUS, WAIT_SECONDS).ok


@pytest.mark.parametrize(
    ("says", "error"),
    [
        pytest.param(_web_server, UnsafeChannelError, id="no proof"),
        pytest.param(_gone_amid, NotRunningError, id="ends"),
        pytest.param(_mute, NotAnsweringError, id="hangs"),
    ],
)
def test_while_the_app_lives_its_file_stays_whatever_answers_there(
    directory: Path,
    client: ControlClient,
    says: Callable[[socket.socket], None],
    error: type[ChannelError],
) -> None:
    with serves(directory) as note:
        other = _free_port()
        Note(other, note.secret).write(directory)
        with _impostor(other, says), pytest.raises(error) as caught:
            client.ask(_STATUS, 0.3)
        assert (directory / FILE_NAME).exists()
    assert note.secret.hex() not in str(caught.value)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_a_conversation_passed_on_from_another_port_is_refused(
    directory: Path, client: ControlClient
) -> None:
    app = echoing()
    with serves(directory, app) as note:
        other = _free_port()
        Note(other, note.secret).write(directory)

        def pass_on(peer: socket.socket) -> None:
            with stranger(note) as app_side:
                app_side.sendall(exactly(peer, SECRET_BYTES))
                peer.sendall(exactly(app_side, 2 * SECRET_BYTES))
                assert read_to_end(peer) == b""

        with _impostor(other, pass_on), pytest.raises(UnsafeChannelError, match="cannot prove"):
            client.ask(_STATUS, WAIT_SECONDS)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"1234 " + b"a" * 64, id="cut off"),
        pytest.param(b"0 " + b"a" * 64 + b"\n", id="no port"),
        pytest.param(b"65536 " + b"a" * 64 + b"\n", id="too large a port"),
        pytest.param(b"1234 " + b"A" * 64 + b"\n", id="other letters"),
        pytest.param(b"1234 " + b"a" * 64 + b"\nmore", id="more"),
        pytest.param(b"\0" * 10_000, id="long"),
    ],
)
def test_a_file_that_no_app_wrote_is_as_good_as_none(
    directory: Path, client: ControlClient, text: bytes
) -> None:
    directory.mkdir(mode=0o700)
    (directory / FILE_NAME).write_bytes(text)
    with pytest.raises(NotRunningError):
        client.ask(_STATUS, WAIT_SECONDS)


def test_a_lock_that_cannot_be_looked_at_leaves_the_file(
    directory: Path, client: ControlClient
) -> None:
    _killed(directory)
    (directory / LOCK_NAME).unlink(missing_ok=True)
    (directory / LOCK_NAME).mkdir()
    with pytest.raises(NotRunningError):
        client.ask(_STATUS, WAIT_SECONDS)
    assert (directory / FILE_NAME).exists()
