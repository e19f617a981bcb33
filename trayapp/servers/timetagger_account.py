"""TimeTaggerKind: signing in to a TimeTagger server, and serving an account there.

Two tokens do: one for programs, copied from the web app, that lasts for ever; and one for the web,
given for name and password, that lasts two weeks and is renewed each day. Both may be in use many
times at once, and none is ever revoked from here: that would sign out the user's other programs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trayapp.accounts.jwt import claims
from trayapp.accounts.tokens import (
    MemoryTokenStore,
    RefreshRefused,
    Tokens,
    TokenSource,
    TokenStore,
)
from trayapp.i18n import _
from trayapp.log import conceal
from trayapp.servers.http import RefreshFailed
from trayapp.servers.timetagger import TimeTaggerServer
from trayapp.servers.timetagger_api import TimeTaggerApi
from trayapp.sync.kind import Credentials, SignedIn
from trayapp.sync.outcome import Delivered, Outcome, Refused, SignedOut, WrongAddress

RENEWED_BEFORE = timedelta(days=13)
"""How long before its end a token for the web is renewed: a day after it was made."""

_FAR_FUTURE = 10**11
_ENDLESS_AFTER = datetime(2900, 1, 1, tzinfo=UTC)


class TimeTaggerKind:
    """A ServerKind: TimeTagger, on the user's own host or in its makers' cloud."""

    name = "timetagger"
    label = "TimeTagger"
    takes_password = True
    takes_token = True
    prefixes: tuple[str, ...] = ("/timetagger/api/v2", "/api/v2")

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`now` tells a token that is to be renewed."""
        self._now = now

    def recognise(self, url: str) -> Outcome:
        api = TimeTaggerApi(url)
        try:
            return api.recognise()
        finally:
            api.close()

    def sign_in(self, url: str, credentials: Credentials) -> SignedIn | Outcome:
        conceal(credentials.password)
        conceal(credentials.token)
        if credentials.token:
            return _with_token(url, credentials.token.strip())
        return _with_password(url, credentials)

    def sign_out(self, url: str, tokens: Tokens) -> Outcome:  # noqa: ARG002  # there is no session
        return Delivered()

    def connect(self, url: str, tokens: TokenStore) -> TimeTaggerServer:
        auth = TokenSource(
            tokens, refresher(url), expires_at=ends_at, now=self._now, ahead=RENEWED_BEFORE
        )
        return TimeTaggerServer(TimeTaggerApi(url, auth))


def refresher(url: str) -> Callable[[str], Tokens]:
    """How a TokenSource gets a newer token for the web. The old one stays good."""

    def refresh(token: str) -> Tokens:
        api = _as_holder_of(url, token)
        try:
            new = api.web_token()
        finally:
            api.close()
        if isinstance(new, str):
            return Tokens(access=new, refresh=new)
        if isinstance(new, (SignedOut, Refused)):
            raise RefreshRefused(new.reason.removeprefix("HTTP "))
        status = new.reason.removeprefix("HTTP ")
        # Of a good status the words alone tell what was wrong.
        reason = new.reason if status.startswith("2") else status
        raise RefreshFailed(replace(new, reason=f"Token refresh failed: {reason}"))

    return refresh


def ends_at(token: str) -> datetime | None:
    """When a token ends; None when it does not say."""
    seconds = claims(token).get("expires")
    if not isinstance(seconds, (int, float)) or not 0 <= seconds < _FAR_FUTURE:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def user_of(token: str) -> str:
    """The user's name in a token; empty when it is none of TimeTagger's."""
    name = claims(token).get("username")
    is_sendable = token.isascii() and token.isprintable()
    return name if isinstance(name, str) and is_sendable else ""


def _with_token(url: str, token: str) -> SignedIn | Outcome:
    if not user_of(token):
        return Refused(
            _("This is no token of TimeTagger; copy the API token from the web app's account page.")
        )
    api = _as_holder_of(url, token)
    try:
        version = api.version()
    finally:
        api.close()
    if isinstance(version, SignedOut):
        return Refused(version.reason)
    return version if isinstance(version, Outcome) else _signed_in(token)


def _with_password(url: str, credentials: Credentials) -> SignedIn | Outcome:
    login = {
        "method": "usernamepassword",
        "username": credentials.user,
        "password": credentials.password,
    }
    encoded = base64.b64encode(json.dumps(login).encode()).decode()
    conceal(encoded)
    api = TimeTaggerApi(url)
    try:
        token = api.bootstrap(encoded)
    finally:
        api.close()
    if isinstance(token, SignedOut):
        return Refused(token.reason)
    if isinstance(token, Outcome):
        return token
    if not user_of(token):
        return WrongAddress("HTTP 200: the answer holds no token")
    return _signed_in(token)


def _signed_in(token: str) -> SignedIn:
    conceal(token)
    ends = ends_at(token)
    is_endless = ends is not None and ends > _ENDLESS_AFTER
    tokens = Tokens(access=token, refresh="" if is_endless else token)
    return SignedIn(tokens=tokens, user=user_of(token))


def _as_holder_of(url: str, token: str) -> TimeTaggerApi:
    """A session that shows this very token, and no newer one."""

    def refresh(_token: str) -> Tokens:
        raise RefreshRefused

    return TimeTaggerApi(url, TokenSource(MemoryTokenStore(Tokens(access=token)), refresh))
