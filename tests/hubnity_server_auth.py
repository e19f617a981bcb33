"""Tokens of the strict Hubnity fake: signed ones that end, opaque ones good for one use."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from tests.hubnity_server_checks import Body, check, refusal, text, unauthorized
from tests.hubnity_server_entries import Books
from tests.hubnity_server_records import User

_DAY_MS = 24 * 3600 * 1000
_SECRET = b"a secret of the server"


@dataclass(slots=True)
class _Session:
    user_id: str
    ends_ms: int
    revoked: bool = False


class Tokens:
    """All that were given out. There is no grace: a refresh token used is a refresh token gone."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._sessions: dict[str, _Session] = {}
        self._ended: frozenset[str] = frozenset()

    def issue(self, user: User) -> dict[str, str]:
        """A new pair, as a login gives it."""
        now, refresh = self._books.now, secrets.token_hex(32)
        claims = {"sub": user.id, "email": user.email, "companyId": "company", "iat": now}
        # The session makes two tokens of one moment differ.
        access = _signed({**claims, "exp": now + 7 * _DAY_MS, "sid": refresh[:8]})
        self._sessions[refresh] = _Session(user.id, now + 30 * _DAY_MS)
        return {"access_token": access, "refresh_token": refresh}

    def expire_access(self) -> None:
        """Every access token so far has ended."""
        self._ended = frozenset(refresh[:8] for refresh in self._sessions)

    def revoke(self) -> None:
        """Every refresh token so far is void, and every access token has ended."""
        self.expire_access()
        for session in self._sessions.values():
            session.revoked = True

    def user_of(self, authorization: str) -> User:
        """Whose access token it is. An ended one cannot be told from a forged one."""
        kind, _, token = authorization.partition(" ")
        claims = _claims_of(token) if kind == "Bearer" else {}
        user = self._books.users.get(str(claims.get("sub")))
        ended = claims.get("sid") in self._ended
        if user is None or ended or self._books.now >= int(str(claims["exp"])):
            unauthorized()
        return user

    def refresh(self, body: Body) -> dict[str, str]:
        session = self._session_of(body)
        session.revoked = True
        return self.issue(self._books.users[session.user_id])

    def revoke_of(self, user: User, token: object) -> None:
        """That refresh token, or without one all of the user's."""
        for refresh, session in self._sessions.items():
            if session.user_id == user.id and token in {None, refresh}:
                session.revoked = True

    def revoke_one(self, body: Body) -> None:
        check(body, {"refreshToken": text}, {})
        session = self._sessions.get(str(body["refreshToken"]))
        if session is None or session.revoked:
            words = "Refresh token has already been revoked" if session else "Invalid refresh token"
            raise refusal(HTTPStatus.UNAUTHORIZED, words)
        session.revoked = True

    def _session_of(self, body: Body) -> _Session:
        check(body, {"refreshToken": text}, {})
        session = self._sessions.get(str(body["refreshToken"]))
        if session is None:
            raise refusal(HTTPStatus.UNAUTHORIZED, "Invalid refresh token")
        if session.revoked:
            raise refusal(HTTPStatus.UNAUTHORIZED, "Refresh token has been revoked")
        if self._books.now >= session.ends_ms:
            raise refusal(HTTPStatus.UNAUTHORIZED, "Refresh token has expired")
        return session


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _signed(claims: Mapping[str, object]) -> str:
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
    return f"{signed}.{_signature(signed)}"


def _signature(signed: str) -> str:
    return _encoded(hmac.digest(_SECRET, signed.encode(), hashlib.sha256))


def _claims_of(token: str) -> dict[str, object]:
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(signed).encode(), signature.encode()):
        return {}
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
    return claims
