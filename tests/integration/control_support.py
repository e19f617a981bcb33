"""A running channel with an app behind it that the test drives by hand."""

from __future__ import annotations

import queue
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trayapp.control.channel import IDLE_SECONDS, ControlServer
from trayapp.control.choice import this_endpoint
from trayapp.control.connection import Responder
from trayapp.control.endpoint import Doorkeeper, Endpoint
from trayapp.control.loopback import LoopbackEndpoint
from trayapp.control.messages import Reply, Request
from trayapp.control.unix_socket import UnixEndpoint

WAIT_SECONDS = 10.0
ENDPOINTS = [pytest.param(UnixEndpoint, id="socket"), pytest.param(LoopbackEndpoint, id="loopback")]
"""What holds for one way to meet holds for the other."""

Asked = tuple[Request, Responder]


class FakeApp:
    """Behind the channel: keeps what was asked, and answers when `answer` is given."""

    def __init__(self, answer: Callable[[Request, Responder], None] | None = None) -> None:
        self._asked: queue.SimpleQueue[Asked] = queue.SimpleQueue()
        self._answer = answer

    def handle(self, request: Request, responder: Responder) -> None:
        self._asked.put((request, responder))
        if self._answer is not None:
            self._answer(request, responder)

    def next(self, timeout: float = WAIT_SECONDS) -> Asked:
        """The oldest request nobody took yet. Raises queue.Empty."""
        return self._asked.get(timeout=timeout)


def echo(request: Request, responder: Responder) -> None:
    """Answer with what was asked."""
    responder.reply(Reply(ok=True, message=request.name, value=request.arguments))


def echoing() -> FakeApp:
    """An app that answers at once."""
    return FakeApp(echo)


@contextmanager
def serving(
    directory: Path,
    app: FakeApp,
    *,
    endpoint: Endpoint | None = None,
    idle_seconds: float = IDLE_SECONDS,
) -> Iterator[ControlServer]:
    """A channel that is stopped at the end."""
    server = ControlServer(directory, app.handle, endpoint=endpoint, idle_seconds=idle_seconds)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def raw_peer(directory: Path, endpoint: Endpoint | None = None) -> Iterator[socket.socket]:
    """A peer that is let in, and says what it likes."""
    with (endpoint or this_endpoint()).connect(directory, WAIT_SECONDS) as peer:
        peer.settimeout(WAIT_SECONDS)
        yield peer


def let_in(doorkeeper: Doorkeeper) -> socket.socket:
    """The next caller, known, as the app would let it in."""
    peer, _address = doorkeeper.listener.accept()
    handshake = doorkeeper.admit(peer)
    inbox = bytearray()
    while handshake is not None and not handshake.is_over:
        inbox += peer.recv(1)
        peer.sendall(handshake.hear(inbox))
    return peer


def read_to_end(peer: socket.socket) -> bytes:
    """Everything until the channel closes it; a reset is an end too."""
    found = b""
    try:
        while chunk := peer.recv(65536):
            found += chunk
    except ConnectionResetError:
        pass
    return found


def read_nothing(peer: socket.socket, *, for_seconds: float) -> bool:
    """Whether the channel stays silent for so long."""
    peer.settimeout(for_seconds)
    try:
        return not peer.recv(1)
    except TimeoutError:
        return True
