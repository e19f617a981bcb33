"""Upstream: the server behind a proxy, asked once per request, from any number of threads."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from trayapp.demo.loopback import hang_up
from trayapp.light import dataclass

_PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whole."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class Upstream:
    """Where requests are passed on to."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._address = (address.hostname or "", address.port or 80)
        self._lock = threading.Lock()
        self._open: set[http.client.HTTPConnection] = set()

    def ask(self, handler: BaseHTTPRequestHandler, content: bytes) -> Reply:
        """The server's answer to the handler's request, or a 502 in its place."""
        connection = http.client.HTTPConnection(*self._address, timeout=_PATIENCE_SECONDS)
        headers = {
            name: value for name, value in handler.headers.items() if name.lower() != "connection"
        }
        with self._lock:
            self._open.add(connection)
        try:
            connection.request(handler.command, handler.path, content or None, headers)
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheaders(), answer.read())
        except (OSError, http.client.HTTPException):
            return Reply(502, (("Content-Type", "text/html"),), b"<html>Bad Gateway</html>")
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def hang_up(self) -> None:
        """Cut what is under way, so that nobody waits for it."""
        with self._lock:
            for connection in self._open:
                if connection.sock is not None:
                    hang_up(connection.sock)
