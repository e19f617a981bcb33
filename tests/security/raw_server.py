"""RawServer: something on a port of this machine that says what it likes, plainly or over TLS."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from trayapp.demo.loopback import HOST, hang_up

Serve = Callable[[socket.socket], None]


class RawServer:
    """Hands each connection to `serve`, in a thread of its own; its end cuts them all."""

    def __init__(self, serve: Serve, context: ssl.SSLContext | None = None) -> None:
        self._serve = serve
        self._context = context
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._is_over = threading.Event()
        self._start(self._accept)

    def stop(self) -> None:
        self._is_over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            hang_up(connection)
        for thread in self._threads:
            thread.join()

    def _start(self, job: Callable[[], None]) -> None:
        thread = threading.Thread(target=job, name="raw server")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._is_over.is_set():
                connection, _address = self._listener.accept()
                self._open.append(connection)
                self._start(lambda peer=connection: self._talk(peer))  # type: ignore[misc]  # bound now

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # a peer that went away is no news
            if self._context is None:
                self._serve(connection)
                return
            peer = connection.dup()  # what is wrapped is taken from its owner
            with self._context.wrap_socket(peer, server_side=True) as secured:
                self._serve(secured)


@contextmanager
def raw_server(serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address, without scheme, of a server that talks so."""
    server = RawServer(serve, context)
    try:
        yield f"{HOST}:{server.port}"
    finally:
        server.stop()


def take_request(peer: socket.socket) -> bytes:
    """A request as it came, whole: what is left unread cuts the answer short."""
    found = b""
    while b"\r\n\r\n" not in found:
        if not (piece := peer.recv(65536)):
            return found
        found += piece
    head, _, body = found.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        if not (piece := peer.recv(65536)):
            break
        body += piece
    return head + b"\r\n\r\n" + body


def saying(*pieces: bytes, before: Callable[[], None] = lambda: None) -> Serve:
    """Take a request, then say all this and hang up."""

    def serve(peer: socket.socket) -> None:
        take_request(peer)
        before()
        for piece in pieces:
            peer.sendall(piece)

    return serve


def endless(head: bytes, piece: bytes) -> Serve:
    """Take a request, then say `piece` for as long as somebody listens."""

    def serve(peer: socket.socket) -> None:
        take_request(peer)
        peer.sendall(head)
        while True:
            peer.sendall(piece)

    return serve


def trickling(head: bytes, piece: bytes, seconds: float) -> Serve:
    """Take a request, then say `piece` again and again, with pauses."""

    def serve(peer: socket.socket) -> None:
        peer.settimeout(seconds)
        take_request(peer)
        peer.sendall(head)
        while True:
            peer.sendall(piece)
            with suppress(TimeoutError):
                if not peer.recv(65536):
                    return

    return serve
