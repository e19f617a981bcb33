"""BoundedAdapter: the transport of every request: whom it trusts, how long an answer may take.

Load late: needs requests. Used on the thread that makes the request, which waits for it.
"""

from __future__ import annotations

import io
import math
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool
from urllib3.response import BaseHTTPResponse

import trayapp
from trayapp.light import dataclass
from trayapp.servers.trust import context

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_HEAD_BYTES = 256 * 1024

_ends_at: ContextVar[float] = ContextVar("ends_at", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Whatever is read from a server in here has come to its end after so long."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


class _BoundedStream(io.RawIOBase):
    """What a socket says: each piece in the socket's own time, all of it by `ends_at`."""

    room: int | None = MAX_HEAD_BYTES
    """For so many bytes; None when whoever reads them counts."""

    def __init__(self, peer: socket.socket, stream: io.RawIOBase, ends_at: float) -> None:
        self._peer = peer
        self._stream = stream
        self._ends_at = ends_at
        self._piece_seconds = peer.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self._piece_seconds is None or left < self._piece_seconds:
            self._peer.settimeout(left)
        count = self._stream.readinto(buffer)
        if self.room is not None:
            self.room -= count or 0
            if self.room < 0:
                msg = "the head is too long"
                raise HTTPException(msg)
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    """All of it by the deadline, and a head of bounded size.

    http.client alone would wait for a head, byte by byte, for ever.
    """

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self._bounds = _BoundedStream(sock, self.fp.detach(), _ends_at.get())
        self.fp = io.BufferedReader(self._bounds)

    def begin(self) -> None:
        super().begin()
        self._bounds.room = None


class _Connection(HTTPConnection):
    response_class = _BoundedResponse


class _SecureConnection(HTTPSConnection):
    response_class = _BoundedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


@dataclass(frozen=True, slots=True)
class _Found:
    """The connections for all addresses that begin like this, and what they were asked for with."""

    origin: str
    verify: object
    cert: object
    proxies: Mapping[str, str] | None = field(repr=False)  # may name a password
    pool: ConnectionPool


class BoundedAdapter(HTTPAdapter):
    """The transport of requests; it checks certificates as `trust` says and keeps `within`."""

    _found: _Found | None = None

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,  # noqa: FBT001, FBT002  # the base's
        **more: object,
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=context(), **more)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **more: object) -> ProxyManager:
        is_new = proxy not in self.proxy_manager
        if proxy.lower().startswith("https:"):
            more["proxy_ssl_context"] = context()  # its own certificate, before the server's
        manager: ProxyManager = super().proxy_manager_for(proxy, ssl_context=context(), **more)
        if is_new and type(manager) is ProxyManager:  # a SOCKS proxy has pools of its own
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,  # noqa: FBT001  # the base's
        proxies: Mapping[str, str] | None = None,
        cert: str | tuple[str, str] | None = None,
    ) -> ConnectionPool:
        """Those found last, as long as nothing differs: to look takes a tenth of a request."""
        url, found = str(request.url), self._found
        if (
            found is None
            or (found.verify, found.cert) != (verify, cert)
            or found.proxies is not proxies
            or not url.startswith(found.origin)
        ):
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            found = self._found = _Found(urljoin(url, "/"), verify, cert, proxies, pool)
        return found.pool

    def cert_verify(
        self,
        conn: ConnectionPool,
        url: str,  # noqa: ARG002  # the base asks only for its scheme
        verify: bool | str,  # noqa: FBT001  # the base's
        cert: str | tuple[str, str] | None,
    ) -> None:
        """As whom we connect to needs it: also a proxy over TLS, on the way to a plain address."""
        super().cert_verify(conn, f"{conn.scheme}:", verify, cert)  # type: ignore[no-untyped-call]

    def request_url(
        self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None
    ) -> str:
        """Without proxies there is nothing to choose."""
        return super().request_url(request, proxies) if proxies else request.path_url

    def build_response(
        self, req: requests.PreparedRequest, resp: BaseHTTPResponse
    ) -> requests.Response:
        """What came, without the cookies and the guesses that nobody asks for."""
        response = requests.Response()
        response.status_code, response.raw = resp.status, resp
        response.headers = CaseInsensitiveDict(resp.headers)
        response.request, response.url = req, str(req.url)
        return response

    def close(self) -> None:
        """Give up the connections."""
        self._found = None
        super().close()


def new_session() -> requests.Session:
    """A session that says who we are, and looks into no .netrc."""
    session = requests.Session()
    session.auth = _leave_as_it_is
    session.headers["User-Agent"] = f"Trayapp/{trayapp.__version__}"
    session.headers["Accept"] = "application/json"
    session.headers["Accept-Encoding"] = "identity"
    for scheme in ("http://", "https://"):
        session.mount(scheme, BoundedAdapter())
    return session


def _leave_as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An `auth` that does nothing, so that requests looks into no .netrc."""
    return request
