"""Scenes: each of the servers behind the misbehaving proxy, with a client and its tokens.

A site is a server with nothing on it that knows us; a scene has one, and can have another.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tests.hubnity_server import DEC, FEB, FakeHubnity
from tests.hubnity_server_house import complaints as hubnity_complaints
from tests.integration.ledger import (
    PROJECT,
    embedded_complaints,
    plain_complaints,
)
from tests.plain_client import PlainClient
from tests.plain_server import PlainServer
from tests.timetagger_house import Editor
from tests.timetagger_server import PREFIX, WebApp, next_user, server_address
from trayapp.accounts.tokens import MemoryTokenStore, Tokens, TokenSource, TokenStore
from trayapp.clock import Clock
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import MisbehavingProxy
from trayapp.servers import hubnity_account, timetagger_account
from trayapp.servers.embedded import EmbeddedServer
from trayapp.servers.embedded_app import LOOPBACK_HOSTS, EmbeddedApp
from trayapp.servers.embedded_auth import Authenticator
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.servers.http import HttpClient, Timeouts, token_refresher
from trayapp.servers.hubnity import HubnityServer
from trayapp.servers.hubnity_api import HubnityApi
from trayapp.servers.timetagger import TimeTaggerServer
from trayapp.servers.timetagger_api import TimeTaggerApi
from trayapp.sync.server import TimeServer
from trayapp.tracking.entry import Event

EMBEDDED, PLAIN, TIMETAGGER = "embedded", "plain", "timetagger"
HUBNITY_FEB, HUBNITY_DEC = "hubnity feb", "hubnity dec"
HUBNITY = {HUBNITY_FEB: FEB, HUBNITY_DEC: DEC}
SERVERS = (EMBEDDED, PLAIN)
ALL_SERVERS = (EMBEDDED, PLAIN, TIMETAGGER, *HUBNITY)
_HUBNITY_PREFIX = {FEB: "/api/v1", DEC: "/api"}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client waits; who renews tokens as all others, unless told."""

    timeouts: Timeouts | None = None
    renewal_timeouts: Timeouts | None = None


PATIENT = Patience()


def client_of(
    kind: str,
    url: str,
    tokens: TokenStore,
    *,
    patience: Patience = PATIENT,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    boot: Callable[[], timedelta] | None = None,
) -> TimeServer:
    """`now` tells a TimeTagger's token that is to be renewed, `boot` when it may be tried again."""
    timeouts = patience.timeouts
    if kind == TIMETAGGER:
        renewal = timetagger_account.refresher(url + PREFIX)
        ends_at, ahead = timetagger_account.ends_at, timetagger_account.RENEWED_BEFORE
        auth = TokenSource(tokens, renewal, expires_at=ends_at, now=now, ahead=ahead, boot=boot)
        return TimeTaggerServer(TimeTaggerApi(url + PREFIX, auth, timeouts=timeouts))
    if kind in HUBNITY:
        url += _HUBNITY_PREFIX[HUBNITY[kind]]
        renewing = HttpClient(url, timeouts=patience.renewal_timeouts or timeouts)
        renewal = hubnity_account.refresher(renewing)
        auth = TokenSource(tokens, renewal, boot=boot)
        client = HttpClient(url, auth=auth, timeouts=timeouts)
        return HubnityServer(HubnityApi(client, auth.access))
    renewing = HttpClient(url, timeouts=patience.renewal_timeouts or timeouts)
    renewal = token_refresher(renewing, "/token/refresh")
    auth = TokenSource(tokens, renewal, boot=boot)
    client = HttpClient(url, auth=auth, timeouts=timeouts)
    return EmbeddedServer(client) if kind == EMBEDDED else PlainClient(client)


class Auth(Protocol):
    """The hand of the server on our access token."""

    def expire_access(self) -> None:
        """It has ended, or is to be renewed."""
        ...


class Site(Protocol):
    """A server with nothing on it yet, that knows us. `app` None: it serves itself."""

    app: WSGIApplication | None
    auth: Auth

    def issue(self) -> Tokens:
        """As signing in gives them."""
        ...

    def now(self) -> datetime:
        """The time by which its tokens end."""
        ...

    def meddle(self, dice: random.Random) -> bool:
        """Somebody else changes something there; False where our client would not allow for it."""
        ...

    def complaints(self, log: Sequence[Event]) -> list[str]:
        """Where it does not show what the log holds."""
        ...

    def close(self) -> None: ...


class _OurSite:
    """What sites in this process have in common."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def meddle(self, _dice: random.Random) -> bool:
        return False

    def close(self) -> None:
        """Nothing is open."""


class _AuthenticatedSite(_OurSite):
    def __init__(self, clock: Clock) -> None:
        self.auth: Auth
        self._auth = self.auth = Authenticator(clock)

    def issue(self) -> Tokens:
        pair = self._auth.issue()
        return Tokens(access=pair.access, refresh=pair.refresh)


class _EmbeddedSite(_AuthenticatedSite):
    def __init__(self, clock: Clock, database: Path) -> None:
        super().__init__(clock)
        self._store = EmbeddedStore(database)
        self.app: WSGIApplication | None = EmbeddedApp(
            self._store, authenticator=self._auth, hosts=LOOPBACK_HOSTS
        )

    def complaints(self, log: Sequence[Event]) -> list[str]:
        return embedded_complaints(self._store, log)

    def close(self) -> None:
        self._store.close()


class _PlainSite(_AuthenticatedSite):
    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._plain = PlainServer(self._auth)
        self.app: WSGIApplication | None = self._plain

    def complaints(self, log: Sequence[Event]) -> list[str]:
        return plain_complaints(self._plain, log)


class _HubnitySite(_OurSite):
    def __init__(self, clock: Clock, dialect: str) -> None:
        self._hubnity = FakeHubnity(clock, dialect)
        self._hubnity.add_project(PROJECT)
        self.app: WSGIApplication | None = self._hubnity
        self.auth: Auth = self._hubnity.tokens

    def issue(self) -> Tokens:
        pair = self._hubnity.tokens.issue(self._hubnity.me)
        return Tokens(access=pair["access_token"], refresh=pair["refresh_token"])

    def complaints(self, log: Sequence[Event]) -> list[str]:
        return hubnity_complaints(self._hubnity, log)


class _TimeTaggerSite:
    """The real one, with a user of its own. Its tokens are renewed a day after they were made."""

    def __init__(self, tokens: TokenStore) -> None:
        self.app: WSGIApplication | None = None
        self.auth: Auth = self
        self._tokens = tokens
        self._editor = Editor(WebApp(next_user()))
        self._aged: Tokens | None = None

    def issue(self) -> Tokens:
        token = self._editor.web.token
        return Tokens(access=token, refresh=token)

    def expire_access(self) -> None:
        self._aged = self._tokens.load()

    def now(self) -> datetime:
        is_aged = self._aged is not None and self._tokens.load() == self._aged
        return datetime.now(UTC) + timedelta(days=2 if is_aged else 0)

    def meddle(self, dice: random.Random) -> bool:
        self._editor.touch(dice)
        return True

    def complaints(self, log: Sequence[Event]) -> list[str]:
        return self._editor.complaints(log)

    def close(self) -> None:
        """Nothing is open."""


class _Door:
    """A WSGI app whose house can be changed."""

    def __init__(self) -> None:
        self.app: WSGIApplication | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        assert self.app is not None
        return self.app(environ, start_response)


class Scene:
    """One of the servers behind a proxy; `renew` puts an empty server there."""

    def __init__(
        self,
        kind: str,
        root: Path,
        clock: Clock,
        *,
        timeouts: Timeouts | None = None,
        renewal_timeouts: Timeouts | None = None,
    ) -> None:
        self.kind = kind
        self._root = root
        self._clock = clock
        self._patience = Patience(timeouts, renewal_timeouts)
        self._sites = 0
        self._door = _Door()
        self._stack = contextlib.ExitStack()
        self._closing = contextlib.ExitStack()
        self.tokens = MemoryTokenStore()
        self.site: Site
        self.renew()

    def renew(self) -> None:
        """A new server, with nothing on it, that knows us."""
        self._closing.close()
        self._sites += 1
        self.site = self._made()
        self._closing.callback(self.site.close)
        self._door.app = self.site.app
        self.sign_in(self.tokens)

    @property
    def auth(self) -> Auth:
        return self.site.auth

    def complaints(self, log: Sequence[Event]) -> list[str]:
        return self.site.complaints(log)

    def sign_in(self, tokens: TokenStore) -> None:
        tokens.save(self.site.issue())

    def client(self) -> TimeServer:
        return client_of(
            self.kind,
            self.proxy.url,
            self.tokens,
            patience=self._patience,
            now=self.site.now,
            boot=self._clock.boot,
        )

    def __enter__(self) -> Self:
        if self.site.app is None:
            url = server_address()
        else:
            url = self._stack.enter_context(Loopback(self._door)).url
        self.proxy = self._stack.enter_context(MisbehavingProxy(url))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        self._closing.close()

    def _made(self) -> Site:
        if self.kind == TIMETAGGER:
            return _TimeTaggerSite(self.tokens)
        if self.kind in HUBNITY:
            return _HubnitySite(self._clock, HUBNITY[self.kind])
        if self.kind == PLAIN:
            return _PlainSite(self._clock)
        return _EmbeddedSite(self._clock, self._root / f"server-{self._sites}.db")
