"""Signing in to and out of a Hubnity server, and who a token belongs to.

Each call makes one request, blocks for as long as it takes, and never raises.
"""

from __future__ import annotations

from collections.abc import Callable

from trayapp.accounts.jwt import claims
from trayapp.accounts.tokens import Tokens
from trayapp.log import conceal
from trayapp.servers.http import HttpClient, token_refresher
from trayapp.servers.http_answer import Answer
from trayapp.servers.http_outcomes import outcome_of_status
from trayapp.servers.hubnity_answers import read_only
from trayapp.sync.kind import SignedIn
from trayapp.sync.outcome import (
    Delivered,
    Outcome,
    Refused,
    WrongAddress,
)

_UNAUTHORIZED = 401


def login(client: HttpClient, email: str, password: str) -> SignedIn | Outcome:
    """Sign in through a `client` without tokens; Refused when name or password is not good."""
    conceal(password)
    answer = client.send("POST", "/auth/login", {"email": email, "password": password})
    if not isinstance(answer, Answer):
        return read_only(answer)
    if answer.status == _UNAUTHORIZED:
        return Refused(f"HTTP {answer.status}: {answer.words() or 'Unauthorized'}")
    outcome = outcome_of_status(answer, repeatable=True)
    return outcome or _signed_in(answer, email)


def logout(client: HttpClient, refresh_token: str) -> Outcome:
    """Give up the session of `refresh_token`, and no other; Delivered also when it was over."""
    # The route without an access token: the other one ends every session when it is misread.
    answer = client.send("POST", "/auth/logout-by-refresh-token", {"refreshToken": refresh_token})
    if not isinstance(answer, Answer):
        return read_only(answer)
    if answer.status == _UNAUTHORIZED:
        return Delivered()
    return outcome_of_status(answer, repeatable=True) or Delivered()


def refresher(client: HttpClient) -> Callable[[str], Tokens]:
    """How a TokenSource gets a new pair here; without grace: a lost answer costs the session."""
    return token_refresher(client, "/auth/refresh", field="refreshToken")


def subject_of(access: str) -> str:
    """The user's id in an access token; empty when it cannot be read. Nothing is verified."""
    subject = claims(access).get("sub")
    return subject if isinstance(subject, str) else ""


def _signed_in(answer: Answer, typed: str) -> SignedIn | Outcome:
    user = answer.field("user")
    found = user if isinstance(user, dict) else {}
    values = [answer.field("access_token"), answer.field("refresh_token"), found.get("id")]
    values.append(found.get("email"))
    access, refresh, user_id, email = (one if isinstance(one, str) else "" for one in values)
    if not access or not user_id:
        return WrongAddress(f"HTTP {answer.status}: the answer holds no token")
    conceal(access)
    conceal(refresh)
    tokens = Tokens(access=access, refresh=refresh)
    return SignedIn(tokens=tokens, user=email or typed, user_id=user_id)
