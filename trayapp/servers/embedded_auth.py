"""Who may use the server inside when it is served on loopback: tokens that end and rotate.

Tokens live in memory: a server that starts anew has its first pair issued anew. Safe from any
thread; never blocks.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import field
from datetime import timedelta

from trayapp.clock import Clock
from trayapp.light import dataclass

ACCESS_LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPair:
    """An access token and the refresh token that replaces both."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


def _random_token() -> str:
    return secrets.token_urlsafe(32)


class Authenticator:
    """Bearer access tokens with an end, and refresh tokens that are good for one use.

    An answer can be lost, and a request can come twice. So the refresh token that was used brings
    the same pair again, until its access token is used, which shows that an answer arrived.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        lifetime: timedelta = ACCESS_LIFETIME,
        make_token: Callable[[], str] = _random_token,
    ) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._make_token = make_token
        self._lock = threading.Lock()
        self._pair: IssuedPair | None = None
        self._ends = timedelta()
        self._previous_refresh = ""

    def issue(self) -> IssuedPair:
        """A first pair, as signing in gives it; whatever was issued before is void."""
        with self._lock:
            self._previous_refresh = ""
            return self._new_pair()

    def allows(self, authorization: str) -> bool:
        """Whether an `Authorization` header carries the access token, and it has not ended."""
        kind, _, token = authorization.partition(" ")
        with self._lock:
            if self._pair is None or kind.lower() != "bearer" or not token:
                return False
            good = secrets.compare_digest(token.encode(), self._pair.access.encode())
            if not good or self._clock.boot() >= self._ends:
                return False
            self._previous_refresh = ""
            return True

    def refresh(self, token: str) -> IssuedPair | None:
        """A new pair for a good refresh token, else None."""
        with self._lock:
            if self._pair is None or not token:
                return None
            offered = token.encode()
            if secrets.compare_digest(offered, self._previous_refresh.encode()):
                self._ends = self._clock.boot() + self._lifetime
                return self._pair
            if not secrets.compare_digest(offered, self._pair.refresh.encode()):
                return None
            self._previous_refresh = token
            return self._new_pair()

    def expire_access(self) -> None:
        """Let the access token end now."""
        with self._lock:
            self._ends = timedelta()

    def revoke(self) -> None:
        """Void every token: only signing in again helps."""
        with self._lock:
            self._pair = None
            self._previous_refresh = ""

    def _new_pair(self) -> IssuedPair:
        self._pair = IssuedPair(access=self._make_token(), refresh=self._make_token())
        self._ends = self._clock.boot() + self._lifetime
        return self._pair
