"""ServerKind: what signing in asks of any kind of server, and how an account is served there.

Adapters implement it; `trayapp.signing` composes it into "Test connection", sign-in and sign-out.
All methods but `connect` make requests: they may take a minute each, run on any thread, and never
raise; whatever happens comes back as an `Outcome`.
"""

from __future__ import annotations

from dataclasses import field
from typing import Protocol

from trayapp.accounts.tokens import Tokens, TokenStore
from trayapp.light import dataclass
from trayapp.sync.outcome import Outcome
from trayapp.sync.server import TimeServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What somebody typed: a user's name and password, or a token made on the server's page."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who signed in, and the tokens to keep.

    `user` tells accounts of one server apart and is shown (a mail address, a name); `user_id` is
    what the server itself calls the user, where that is something else.
    """

    tokens: Tokens
    user: str
    user_id: str = ""


class ServerKind(Protocol):
    """One kind of server. Addresses are base addresses, prefix included, no slash at the end."""

    @property
    def name(self) -> str:
        """As the database and the command line call it: "hubnity"."""
        ...

    @property
    def label(self) -> str:
        """As people call it: "Hubnity"."""
        ...

    @property
    def takes_password(self) -> bool:
        """Whether a user's name and password sign in."""
        ...

    @property
    def takes_token(self) -> bool:
        """Whether a token made on the server's page signs in."""
        ...

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Where this API lies on a host, most likely first: ("/api/v1", "/api")."""
        ...

    def recognise(self, url: str) -> Outcome:
        """Is this API at this address? Asked without credentials.

        Delivered: it is. WrongAddress: something else answers, or nothing does at this path.
        """
        ...

    def sign_in(self, url: str, credentials: Credentials) -> SignedIn | Outcome:
        """Tokens for these credentials; Refused with the server's words when they are not good."""
        ...

    def sign_out(self, url: str, tokens: Tokens) -> Outcome:
        """Give up this session there and no other; Delivered also when it was over already."""
        ...

    def connect(self, url: str, tokens: TokenStore) -> TimeServer:
        """The server to deliver to; makes no request. Runs on the sync thread."""
        ...
