"""ExampleKind: a kind of server one can sign in to, made of the server inside on loopback.

Each address has one user with a log of their own; the password is "right <user>".
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tests.fakes import FakeClock
from trayapp.accounts.keyring_port import NotKept
from trayapp.accounts.tokens import MemoryTokenStore, Tokens, TokenStore
from trayapp.clock import Clock
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import MisbehavingProxy
from trayapp.servers.embedded import over_http
from trayapp.servers.embedded_app import LOOPBACK_HOSTS, EmbeddedApp
from trayapp.servers.embedded_auth import Authenticator
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.sync.kind import Credentials, SignedIn
from trayapp.sync.outcome import Delivered, Outcome, Refused, WrongAddress
from trayapp.sync.server import TimeServer

PREFIX = "/api"


class KeptTokens(MemoryTokenStore):
    """Tokens of one account, as a keyring keeps them."""

    def __init__(self, *, is_session_only: bool = False) -> None:
        super().__init__()
        self._is_session_only = is_session_only

    @property
    def is_session_only(self) -> bool:
        return self._is_session_only

    def delete(self) -> None:
        self._tokens = None


class KeptInMemory:
    """Where the tokens of all accounts are."""

    def __init__(self, *, is_session_only: bool = False) -> None:
        self._is_session_only = is_session_only
        self.kept: dict[tuple[str, str, str], KeptTokens] = {}
        self.prompts = 0

    def tokens_of(self, kind: str, url: str, user: str) -> KeptTokens:
        made = KeptTokens(is_session_only=self._is_session_only)
        return self.kept.setdefault((kind, url, user), made)

    def allow_prompt(self) -> None:
        self.prompts += 1

    def listen(
        self, *, opened: Callable[[], None], kept_for_session: Callable[[NotKept], None]
    ) -> None:
        """It never hangs, and keeps all it is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One user's server."""

    user: str
    url: str
    store: EmbeddedStore
    auth: Authenticator
    proxy: MisbehavingProxy


class ExampleKind:
    """A ServerKind with places that a test opens. A context manager."""

    name = "example"
    label = "Example"
    takes_password = True
    takes_token = True
    prefixes: tuple[str, ...] = (PREFIX,)

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._places: dict[str, Place] = {}
        self.answer: Outcome | None = None
        """What every request of a sign-in comes to, when set."""
        self.signed_out: list[str] = []

    def __enter__(self) -> ExampleKind:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def open(self, folder: Path, user: str, clock: Clock | None = None) -> Place:
        """A server for this user, with a log of its own."""
        store = EmbeddedStore(folder / f"{user}.db")
        self._stack.callback(store.close)
        auth = Authenticator(clock or FakeClock())
        app = EmbeddedApp(store, user=user, authenticator=auth, hosts=LOOPBACK_HOSTS)
        loopback = self._stack.enter_context(Loopback(app))
        proxy = self._stack.enter_context(MisbehavingProxy(loopback.url))
        place = Place(user=user, url=proxy.url + PREFIX, store=store, auth=auth, proxy=proxy)
        self._places[place.url] = place
        return place

    def rename(self, url: str, user: str) -> None:
        """The user there has another name."""
        self._places[url] = replace(self._places[url], user=user)

    def recognise(self, url: str) -> Outcome:
        if self.answer is not None:
            return self.answer
        if url in self._places:
            return Delivered()
        return WrongAddress("HTTP 404: Not Found")

    def sign_in(self, url: str, credentials: Credentials) -> SignedIn | Outcome:
        place = self._places[url]
        is_right = credentials.password == f"right {place.user}" == f"right {credentials.user}"
        if not is_right and credentials.token != f"token of {place.user}":
            return Refused("HTTP 401: Invalid credentials")
        pair = place.auth.issue()
        tokens = Tokens(access=pair.access, refresh=pair.refresh)
        return SignedIn(tokens=tokens, user=place.user, user_id=f"id of {place.user}")

    def sign_out(self, url: str, tokens: Tokens) -> Outcome:
        assert tokens.access
        self.signed_out.append(self._places[url].user)
        return Delivered()

    def connect(self, url: str, tokens: TokenStore) -> TimeServer:
        return over_http(url.removesuffix(PREFIX), tokens)
