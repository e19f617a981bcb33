"""A running channel with an app behind it that the test drives by hand."""

from __future__ import annotations

import queue
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trayapp.control import endpoint
from trayapp.control.channel import IDLE_SECONDS, ControlServer, PeerUid
from trayapp.control.connection import Responder
from trayapp.control.messages import Reply, Request

WAIT_SECONDS = 10.0

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
    peer_uid: PeerUid = endpoint.peer_uid,
    idle_seconds: float = IDLE_SECONDS,
) -> Iterator[ControlServer]:
    """A channel that is stopped at the end."""
    server = ControlServer(directory, app.handle, peer_uid=peer_uid, idle_seconds=idle_seconds)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def raw_peer(directory: Path) -> Iterator[socket.socket]:
    """A peer that says what it likes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(WAIT_SECONDS)
        peer.connect(str(directory / endpoint.SOCKET_NAME))
        yield peer


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
