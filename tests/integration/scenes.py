"""Scenes: both servers on loopback behind the misbehaving proxy."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tests.integration.ledger import (
    embedded_complaints,
    plain_complaints,
)
from tests.plain_client import plain_over_http
from tests.plain_server import PlainServer
from trayapp.accounts.tokens import MemoryTokenStore, Tokens, TokenStore
from trayapp.clock import Clock
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import MisbehavingProxy
from trayapp.servers.embedded import over_http
from trayapp.servers.embedded_app import LOOPBACK_HOSTS, EmbeddedApp
from trayapp.servers.embedded_auth import Authenticator
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.sync.server import TimeServer
from trayapp.tracking.entry import Event

EMBEDDED, PLAIN = "embedded", "plain"
SERVERS = (EMBEDDED, PLAIN)


def client_of(kind: str, url: str, tokens: TokenStore) -> TimeServer:
    return over_http(url, tokens) if kind == EMBEDDED else plain_over_http(url, tokens)


class _Door:
    """A WSGI app whose house can be changed."""

    def __init__(self) -> None:
        self.app: WSGIApplication

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start_response)


class Scene:
    """One of the two servers behind a proxy; `renew` puts an empty server there."""

    def __init__(self, kind: str, root: Path, clock: Clock) -> None:
        self.kind = kind
        self._root = root
        self._clock = clock
        self._servers = 0
        self._door = _Door()
        self._stack = contextlib.ExitStack()
        self._store: EmbeddedStore | None = None
        self.complaints: Callable[[Sequence[Event]], list[str]]
        self.auth: Authenticator
        self.tokens = MemoryTokenStore()
        self.renew()

    def renew(self) -> None:
        """A new server, with nothing on it, that knows us."""
        self._close_store()
        self._servers += 1
        self.auth = Authenticator(self._clock)
        if self.kind == EMBEDDED:
            store = self._store = EmbeddedStore(self._root / f"server-{self._servers}.db")
            self._door.app = EmbeddedApp(store, authenticator=self.auth, hosts=LOOPBACK_HOSTS)
            self.complaints = lambda log: embedded_complaints(store, log)
        else:
            plain = self._door.app = PlainServer(self.auth)
            self.complaints = lambda log: plain_complaints(plain, log)
        self.sign_in(self.tokens)

    def sign_in(self, tokens: TokenStore) -> None:
        pair = self.auth.issue()
        tokens.save(Tokens(access=pair.access, refresh=pair.refresh))

    def client(self) -> TimeServer:
        return client_of(self.kind, self.proxy.url, self.tokens)

    def __enter__(self) -> Self:
        loopback = self._stack.enter_context(Loopback(self._door))
        self.proxy = self._stack.enter_context(MisbehavingProxy(loopback.url))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        self._close_store()

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
