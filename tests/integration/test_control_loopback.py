"""The channel over a port of this computer: who does not know the secret is not heard."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.control_support import WAIT_SECONDS, echoing, read_to_end
from tests.integration.loopback_support import HOST, exactly, serves, stranger
from tests.integration.program import PATIENCE_SECONDS, ROOT, until
from trayapp.config import Paths
from trayapp.control.channel import MAX_CONNECTIONS, MAX_STRANGERS, ControlServer
from trayapp.control.client import ControlClient
from trayapp.control.endpoint import ChannelError
from trayapp.control.loopback import FILE_NAME, SECRET_BYTES, LoopbackEndpoint, Note
from trayapp.control.messages import MAX_LINE_BYTES, Reply, Request
from trayapp.control.unix_socket import SOCKET_NAME

_STATUS = Request("status")


@pytest.fixture(name="directory")
def _directory(runtime: Path) -> Path:
    return runtime / "trayapp"


@pytest.fixture(name="client")
def _client(directory: Path) -> ControlClient:
    return ControlClient(directory, endpoint=LoopbackEndpoint())


# -- callers that are not ours -------------------------------------------------------------


def _nonsense(peer: socket.socket) -> None:
    peer.sendall(
        b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html, */*\r\nCookie: a\r\n\r\n"
    )


def _a_request(peer: socket.socket) -> None:
    peer.sendall(_STATUS.line() * 5)


def _a_huge_line(peer: socket.socket) -> None:
    peer.sendall(b"x" * (2 * MAX_LINE_BYTES))


def _another_secret(peer: socket.socket) -> None:
    peer.sendall(bytes(SECRET_BYTES))
    said = exactly(peer, 2 * SECRET_BYTES)
    note = Note(peer.getpeername()[1], bytes(SECRET_BYTES))
    proof = note.proof(b"trayapp: I am a caller", bytes(SECRET_BYTES) + said[:SECRET_BYTES])
    peer.sendall(proof + _STATUS.line())


def _what_it_was_told(peer: socket.socket) -> None:
    """The app's own proof, given back to it."""
    peer.sendall(bytes(SECRET_BYTES))
    peer.sendall(exactly(peer, 2 * SECRET_BYTES)[SECRET_BYTES:] + _STATUS.line())


@pytest.mark.parametrize(
    "says",
    [_nonsense, _a_request, _a_huge_line, _another_secret, _what_it_was_told],
)
def test_who_does_not_know_the_secret_is_not_heard_and_learns_nothing(
    directory: Path,
    client: ControlClient,
    says: Callable[[socket.socket], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, heard = echoing(), b""
    with serves(directory, app) as note:
        for _time in range(2):
            with stranger(note) as peer:
                says(peer)
                heard = read_to_end(peer)
        assert client.ask(Request("mine"), WAIT_SECONDS).ok
    assert app.next()[0].name == "mine"
    assert len(heard) <= 2 * SECRET_BYTES
    assert note.secret not in heard
    assert caplog.text.count("does not know the secret is not let in") == 1
    assert note.secret.hex() not in caplog.text


@pytest.mark.parametrize("sent", [0, 5, SECRET_BYTES, SECRET_BYTES + 5])
def test_half_a_handshake_is_waited_for_only_so_long(directory: Path, sent: int) -> None:
    with serves(directory, idle_seconds=0.05) as note, stranger(note) as peer:
        peer.sendall(bytes(sent))
        assert len(read_to_end(peer)) == (2 * SECRET_BYTES if sent >= SECRET_BYTES else 0)


def test_a_handshake_drop_by_drop_is_given_no_more_time(directory: Path) -> None:
    began = time.monotonic()
    with serves(directory, idle_seconds=0.3) as note, stranger(note) as peer:
        peer.settimeout(0.02)
        heard: bytes | None = None
        while heard is None:
            try:
                peer.sendall(b"x")
                heard = peer.recv(1)
            except TimeoutError:
                assert time.monotonic() - began < WAIT_SECONDS
            except ConnectionError:
                heard = b""
    assert heard == b""


def test_strangers_who_hold_every_place_keep_nobody_out(
    directory: Path, client: ControlClient
) -> None:
    with serves(directory) as note, ExitStack() as crowd:
        peers = [
            crowd.enter_context(stranger(note)) for _ in range(MAX_STRANGERS + MAX_CONNECTIONS)
        ]
        assert client.ask(_STATUS, WAIT_SECONDS).ok
        assert read_to_end(peers[0]) == b""
        peers[-1].sendall(bytes(SECRET_BYTES))
        assert len(exactly(peers[-1], 2 * SECRET_BYTES)) == 2 * SECRET_BYTES


def test_a_conversation_that_was_listened_to_can_neither_be_repeated_nor_tells_the_secret(
    directory: Path, client: ControlClient
) -> None:
    doorkeeper = LoopbackEndpoint().listen(directory)
    note = Note.read(directory)
    said, answered = bytearray(), bytearray()
    with doorkeeper.listener, ThreadPoolExecutor(1) as pool:
        reply = pool.submit(client.ask, _STATUS, WAIT_SECONDS)
        peer, _address = doorkeeper.listener.accept()
        with peer:
            handshake, inbox = doorkeeper.admit(peer), bytearray()
            while not handshake.is_over:
                chunk = peer.recv(1)
                said += chunk
                inbox += chunk
                answer = handshake.hear(inbox)
                answered += answer
                peer.sendall(answer)
            said += peer.recv(MAX_LINE_BYTES)
            peer.sendall(Reply(ok=True).line())
        assert reply.result(WAIT_SECONDS).ok
        doorkeeper.withdraw()

    assert said.endswith(_STATUS.line())
    for form in (note.secret, note.secret.hex().encode()):
        assert form not in said
        assert form not in answered
    app = echoing()
    with serves(directory, app) as later, stranger(later) as peer:
        assert later.secret != note.secret
        peer.sendall(said)
        assert len(read_to_end(peer)) <= 2 * SECRET_BYTES


# -- the app's end -------------------------------------------------------------------------


def test_the_file_is_its_owners_only_and_goes_with_the_app(directory: Path) -> None:
    before = os.umask(0)
    try:
        with serves(directory) as note:
            assert (directory / FILE_NAME).stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
    assert not (directory / FILE_NAME).exists()
    assert note.secret.hex() not in repr(note)
    assert str(note.secret) not in repr(note)


def test_nobody_from_outside_can_reach_the_port(directory: Path) -> None:
    doorkeeper = LoopbackEndpoint().listen(directory)
    with doorkeeper.listener:
        assert doorkeeper.listener.getsockname()[0] == HOST
        doorkeeper.withdraw()


def test_no_other_program_can_take_the_port_besides(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An option of Windows; another one of Linux stands for it.
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_KEEPALIVE, raising=False)
    doorkeeper = LoopbackEndpoint().listen(directory)
    with doorkeeper.listener:
        assert doorkeeper.listener.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        doorkeeper.withdraw()


def test_an_app_that_cannot_write_its_file_says_so_and_leaves_nothing(
    directory: Path, client: ControlClient
) -> None:
    directory.mkdir(mode=0o700)
    (directory / FILE_NAME).mkdir()
    server = ControlServer(directory, echoing().handle, endpoint=LoopbackEndpoint())
    with pytest.raises(ChannelError, match="hours are safe"):
        server.start()
    (directory / FILE_NAME).rmdir()
    with serves(directory):
        assert client.ask(_STATUS, WAIT_SECONDS).ok


def test_a_port_is_not_taken_while_another_app_has_one(directory: Path) -> None:
    doorkeeper = LoopbackEndpoint().listen(directory)
    with doorkeeper.listener:
        with pytest.raises(ChannelError, match=re.escape(os.strerror(errno.EAGAIN))):
            LoopbackEndpoint(lock_seconds=0).listen(directory)
        doorkeeper.withdraw()


# -- the whole program ---------------------------------------------------------------------


@pytest.mark.timeout(120)
def test_commands_and_a_second_start_reach_an_app_that_has_no_local_socket() -> None:
    channel = Paths.of_user().channel_dir
    app = _begun("--no-tray")
    try:
        until(lambda: app.poll() is not None or (channel / FILE_NAME).exists(), "it listens")
        assert app.poll() is None, app.communicate()
        assert _ran("--no-tray") == (0, "Trayapp is running already.\n", "")
        status, told, _error = _ran("start", "Website")
        assert (status, "not running" in told) == (0, False)
        assert json.loads(_ran("status", "--json")[1])["app_runs"] is True
        assert not (channel / SOCKET_NAME).exists()
        assert _ran("quit")[0] == 0
        assert app.wait(PATIENCE_SECONDS) == 0
        assert not (channel / FILE_NAME).exists()
    finally:
        app.kill()
        app.communicate()
    assert "Trayapp is not running" in _ran("quit")[1]


def _ran(*typed: str) -> tuple[int, str, str]:
    process = _begun(*typed)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, out, err


def _begun(*typed: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "tests.integration.socketless_host", *typed],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
