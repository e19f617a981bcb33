"""BoundedAdapter: the transport of every request: whom it trusts, how long an answer may take.

Load late: needs requests. Used on the thread that makes the request, which waits for it.
"""

from __future__ import annotations

import io
import math
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection

import trayapp
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
        piece = self._piece_seconds
        self._peer.settimeout(left if piece is None else min(left, piece))
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


class BoundedAdapter(HTTPAdapter):
    """The transport of requests; it checks certificates as `trust` says and keeps `within`."""

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
        manager: ProxyManager = super().proxy_manager_for(proxy, ssl_context=context(), **more)
        if is_new and type(manager) is ProxyManager:  # a SOCKS proxy has pools of its own
            manager.pool_classes_by_scheme = _POOLS
        return manager


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
