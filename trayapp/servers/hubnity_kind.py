"""HubnityKind: what signing in to a Hubnity server asks, and how an account is served there.

Each call but `connect` makes its requests on the thread that asks, and never raises.
"""

from __future__ import annotations

from trayapp.accounts.tokens import Tokens, TokenStore
from trayapp.servers import hubnity_account
from trayapp.servers.http import HttpClient
from trayapp.servers.http_answer import Answer
from trayapp.servers.http_outcomes import outcome_of_status
from trayapp.servers.hubnity import over_http
from trayapp.sync.kind import Credentials, SignedIn
from trayapp.sync.outcome import Delivered, Outcome, WrongAddress
from trayapp.sync.server import TimeServer

_UNAUTHORIZED = 401
_GUARDED = ("/auth/me", "/time-entries/active")


class HubnityKind:
    """A Hubnity server, in either of its dialects. Any thread."""

    @property
    def name(self) -> str:
        return "hubnity"

    @property
    def label(self) -> str:
        return "Hubnity"

    @property
    def takes_password(self) -> bool:
        return True

    @property
    def takes_token(self) -> bool:
        return False

    @property
    def prefixes(self) -> tuple[str, ...]:
        return ("/api/v1", "/api")

    def recognise(self, url: str) -> Outcome:
        # Two of its routes ask for a sign-in, each in the same words; a login would be counted,
        # and few are allowed. What the root answers is no JSON, and says nothing of the prefix.
        client = HttpClient(url)
        try:
            for path in _GUARDED:
                outcome = _guarded(client.get(path))
                if not isinstance(outcome, Delivered):
                    return outcome
        finally:
            client.close()
        return Delivered()

    def sign_in(self, url: str, credentials: Credentials) -> SignedIn | Outcome:
        client = HttpClient(url)
        try:
            return hubnity_account.login(client, credentials.user, credentials.password)
        finally:
            client.close()

    def sign_out(self, url: str, tokens: Tokens) -> Outcome:
        if not tokens.refresh:
            return Delivered()  # the access token cannot be taken back there
        client = HttpClient(url)
        try:
            return hubnity_account.logout(client, tokens.refresh)
        finally:
            client.close()

    def connect(self, url: str, tokens: TokenStore) -> TimeServer:
        return over_http(url, tokens)


def _guarded(answer: Answer | Outcome) -> Outcome:
    """Whether a route says no as this API does it to whoever is not signed in."""
    if not isinstance(answer, Answer):
        return answer
    says = (answer.field("statusCode"), answer.field("message"))
    if answer.status == _UNAUTHORIZED and says == (_UNAUTHORIZED, "Unauthorized"):
        return Delivered()
    strange = WrongAddress(f"HTTP {answer.status}: not the answer of this API")
    if answer.status == _UNAUTHORIZED:
        return strange
    return outcome_of_status(answer, repeatable=True) or strange
