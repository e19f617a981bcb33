"""The kinds of servers one can sign in to, each loaded when it is first asked for anything.

What they are called is known without that: most users have one of them, many none.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trayapp.accounts.tokens import Tokens, TokenStore
    from trayapp.sync.kind import Credentials, ServerKind, SignedIn
    from trayapp.sync.outcome import Outcome
    from trayapp.sync.server import TimeServer


@dataclass(frozen=True, kw_only=True)
class LateKind:
    """A ServerKind whose module is loaded with the first request. Any thread."""

    name: str
    label: str
    takes_password: bool
    takes_token: bool
    prefixes: tuple[str, ...]
    home: tuple[str, str]
    """Its module and its class."""

    @cached_property
    def kind(self) -> ServerKind:
        """The real one."""
        module, name = self.home
        made: ServerKind = getattr(importlib.import_module(module), name)()
        return made

    def recognise(self, url: str) -> Outcome:
        return self.kind.recognise(url)

    def sign_in(self, url: str, credentials: Credentials) -> SignedIn | Outcome:
        return self.kind.sign_in(url, credentials)

    def sign_out(self, url: str, tokens: Tokens) -> Outcome:
        return self.kind.sign_out(url, tokens)

    def connect(self, url: str, tokens: TokenStore) -> TimeServer:
        return self.kind.connect(url, tokens)


HUBNITY = LateKind(
    name="hubnity",
    label="Hubnity",
    takes_password=True,
    takes_token=False,
    prefixes=("/api/v1", "/api"),
    home=("trayapp.servers.hubnity_kind", "HubnityKind"),
)
TIMETAGGER = LateKind(
    name="timetagger",
    label="TimeTagger",
    takes_password=True,
    takes_token=True,
    prefixes=("/timetagger/api/v2", "/api/v2"),
    home=("trayapp.servers.timetagger_account", "TimeTaggerKind"),
)
KINDS: tuple[ServerKind, ...] = (HUBNITY, TIMETAGGER)
