"""Loopback: any WSGI app served on 127.0.0.1, in threads that end with it. For demo and tests."""

from __future__ import annotations

import io
import logging
import select
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import unquote
from wsgiref.types import WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"

_logger = logging.getLogger(__name__)
_MAX_BODY_BYTES = 1024 * 1024
_POLL_SECONDS = 0.05
_LINGER_NOT = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)

_Headers: TypeAlias = list[tuple[str, str]]
_ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None
)


class LoopbackServer(socketserver.ThreadingMixIn, HTTPServer):
    """An HTTP server, a thread per connection, whose end ends every connection at once."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self._open_lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__((HOST, port), handler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # HTTPServer's would ask the DNS for our name
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]  # TCP only
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]  # TCP only
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Cut every connection, so that their threads end."""
        with self._open_lock:
            for connection in self._open:
                hang_up(connection)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  # the base's
        if not isinstance(sys.exc_info()[1], OSError):  # a peer that went away is no news
            _logger.exception("A request could not be served")  # noqa: LOG004  # called in one


def hang_up(connection: socket.socket) -> None:
    """End a connection in both directions; its thread closes it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        _logger.debug("The other side was faster")


def reset(connection: socket.socket) -> None:
    """End a connection at once, so that the other side is told of a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    socket.close(connection.detach())  # a close() would wait for the files made of it


def has_hung_up(connection: socket.socket, *, within: float) -> bool:
    """Whether the other side, which has nothing more to say, closes it within so many seconds."""
    return bool(select.select([connection], [], [], within)[0])


class Served:
    """An address on this machine with a server behind it, from `start` to `stop`, repeatedly.

    The port is chosen at the first start and stays: while stopped it refuses connections.
    """

    def __init__(self, name: str, make_handler: Callable[[], type[BaseHTTPRequestHandler]]) -> None:
        self._name = name
        self._make_handler = make_handler
        self._port = 0
        self._server: LoopbackServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`, from the first start on."""
        return f"http://{HOST}:{self._port}"

    def start(self) -> Self:
        """Listen. Raises OSError when the port is taken."""
        if self._server is None:
            server = self._server = LoopbackServer(self._port, self._make_handler())
            self._port = server.server_port
            self._thread = threading.Thread(
                target=server.serve_forever, args=(_POLL_SECONDS,), name=self._name
            )
            self._thread.start()
        return self

    def stop(self) -> None:
        """Refuse connections from now on, cut the open ones, join every thread."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is None or thread is None:
            return
        server.shutdown()
        thread.join()
        server.hang_up()
        server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()


class Loopback(Served):
    """A WSGI app at an address of this machine."""

    def __init__(self, app: WSGIApplication) -> None:
        super().__init__("loopback", lambda: type("_AppHandler", (_Handler,), {"app": (app,)}))


class _Handler(BaseHTTPRequestHandler):
    """One connection: requests as they come, each answered by the app."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    app: tuple[WSGIApplication]

    def log_message(self, *_args: object) -> None:
        """Say nothing: a request line may hold what nobody else should read."""

    def serve(self) -> None:
        content = read_body(self)
        started: list[tuple[str, _Headers]] = []

        def start_response(
            status: str, headers: _Headers, _exc_info: _ExcInfo = None, /
        ) -> Callable[[bytes], object]:
            started.append((status, headers))
            return lambda _content: None

        answer = b"".join(self.app[0](self._environ(content), start_response))
        status, headers = started[-1]
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = serve  # noqa: N815  # the base's names

    def _environ(self, content: bytes) -> WSGIEnvironment:
        path, _, query = self.path.partition("?")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path),
            "QUERY_STRING": query,
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_PORT": str(self.client_address[1]),
            "SERVER_NAME": HOST,
            "SERVER_PORT": str(self.connection.getsockname()[1]),
            "SERVER_PROTOCOL": self.request_version,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(content),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return environ


def read_body(handler: BaseHTTPRequestHandler) -> bytes:
    """The request's body. Raises ConnectionError when it is cut short or too long."""
    text = handler.headers.get("Content-Length", "0")
    length = int(text) if text.isdecimal() else _MAX_BODY_BYTES + 1
    content = handler.rfile.read(length) if length <= _MAX_BODY_BYTES else b""
    if len(content) != length:
        handler.close_connection = True
        msg = "the body is cut short or too long"
        raise ConnectionError(msg)
    return content
