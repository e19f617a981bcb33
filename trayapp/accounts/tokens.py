"""Tokens: the pair a server gave us, refreshed once for any number of callers.

A token is a secret: no repr, text of an exception or log record here holds one, and every token
that passes is concealed from the log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from trayapp.accounts import jwt
from trayapp.clock import SystemClock
from trayapp.light import dataclass
from trayapp.log import conceal

if TYPE_CHECKING:
    from concurrent.futures import Future

AHEAD = timedelta(minutes=5)
_CHANGED = "Network error: the sign-in has changed meanwhile"
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class RefreshError(Exception):
    """No new token could be had; `reason` is short and holds no secret."""

    def __init__(self, reason: str = "no new token could be had") -> None:
        super().__init__(reason)
        self.reason = reason


class RefreshRefused(RefreshError):  # noqa: N818  # says what happened, as the outcomes do
    """The server read the refresh token and said no: only signing in again helps."""


class NothingToRefresh(RefreshError):  # noqa: N818  # says what happened, as the outcomes do
    """There is no refresh token: only signing in helps."""


class TokensLocked(RefreshError):  # noqa: N818  # says what happened, as the outcomes do
    """The place tokens are kept in is locked, or does not answer: they may be there."""

    def __init__(self, reason: str = "locked") -> None:
        super().__init__(reason)


class RefreshUnreachable(RefreshError):  # noqa: N818  # says what happened, as the outcomes do
    """Neither yes nor no: the server, or the place tokens are kept in, could not be asked.

    `retry_after`: the pause that the server wants.
    """

    def __init__(
        self,
        reason: str = "no new token could be had",
        *,
        retry_after: timedelta | datetime | None = None,
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after

    def after(self, left: timedelta) -> RefreshUnreachable:
        """The same, with what is left of the pause."""
        return RefreshUnreachable(self.reason, retry_after=left)


@dataclass(frozen=True, slots=True)
class _Pause:
    """No early renewal before this boot time; `told`: none at all, the server said."""

    until: timedelta
    tries: int
    told: RefreshUnreachable | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """An access token and the refresh token that replaces both; empty where there is none."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)


class TokenStore(Protocol):
    """Where tokens are kept. May block for a bounded time; any thread may call."""

    def load(self) -> Tokens | None:
        """The tokens that were saved last; None when nobody is signed in. Raises TokensLocked."""
        ...

    def ready(self) -> None:
        """Raise TokensLocked when new tokens could not be kept now, but may be later."""
        ...

    def save(self, tokens: Tokens) -> None:
        """Keep `tokens` in place of those before: durably, or else until this is possible.

        From here on `load` hands them out. Raises nothing: a new pair is never given back.
        """
        ...


class MemoryTokenStore:
    """A TokenStore for this run only: for the server inside the demo, and for tests."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens

    def load(self) -> Tokens | None:
        return self._tokens

    def ready(self) -> None:
        """Memory always takes what is new."""

    def save(self, tokens: Tokens) -> None:
        self._tokens = tokens


class TokenSource:
    """The current access token, for any number of threads; blocks while one of them refreshes."""

    def __init__(
        self,
        store: TokenStore,
        refresh: Callable[[str], Tokens],
        *,
        expires_at: Callable[[str], datetime | None] = jwt.expires_at,
        now: Callable[[], datetime] = _utc_now,
        ahead: timedelta = AHEAD,
        boot: Callable[[], timedelta] | None = None,
    ) -> None:
        """`refresh` asks the server for a new pair; it raises a RefreshError when it gets none.

        An access token that says it ends within `ahead` is renewed before it is used. When that
        fails it is used all the same, and it is tried again after a pause by the `boot` clock.
        """
        self._store = store
        self._refresh = refresh
        self._expires_at = expires_at
        self._now = now
        self._ahead = ahead
        self._boot = boot or SystemClock().boot
        self._pause: _Pause | None = None
        self._is_expiry_believed = True
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None
        self._running: Future[str] | None = None

    def access(self) -> str:
        """The access token, empty when nobody is signed in. Raises as `renew` does."""
        tokens = self._current()
        if tokens is None:
            return ""
        needs_new = not tokens.access or self._ends_soon(tokens)
        if not (needs_new and tokens.refresh) or self._may_wait(tokens):
            return tokens.access
        try:
            return self.renew(tokens.access)
        except RefreshRefused:
            if not tokens.access:
                raise
            # Only a request that is refused, too, tells that the session is over.
            return tokens.access
        except (RefreshUnreachable, TokensLocked):
            if not self._is_good(tokens):
                raise
            return tokens.access

    def renew(self, rejected: str) -> str:
        """The access token after `rejected` was: whoever comes first refreshes for all.

        Raises a RefreshError, the same to all of them.
        """
        from concurrent.futures import Future  # noqa: PLC0415  # with the first renewal

        with self._lock:
            mine: Future[str] | None = None
            running = self._running
            if running is None:
                if self._tokens is not None and self._tokens.access != rejected:
                    return self._tokens.access  # another thread has done it
                running = mine = self._running = Future()
        if mine is not None:
            self._lead(mine)
        return running.result()

    def _lead(self, mine: Future[str]) -> None:
        """Refresh, and tell the result to everybody who waits for it."""
        try:
            self._heed_pause()
            tokens = self._renewed()
        except BaseException as error:  # noqa: BLE001  # raised again by result(), in every waiter
            with self._lock:
                self._running = None
                self._pause = self._pause_after(error)
            mine.set_exception(error)
            return
        with self._lock:
            self._running = self._pause = None
        mine.set_result(tokens.access)

    def _heed_pause(self) -> None:
        """A server that named a time is not asked before it, needed or not."""
        pause = self._pause
        if pause is not None and pause.told is not None and self._boot() < pause.until:
            raise pause.told.after(pause.until - self._boot())

    def _pause_after(self, error: BaseException) -> _Pause | None:
        """As told, else growing; a keyring that is locked costs no request, and no pause."""
        pause, now = self._pause, self._boot()
        if not isinstance(error, (RefreshRefused, RefreshUnreachable)):
            return pause
        if pause is not None and pause.told is not None and now < pause.until:
            return pause
        tries = pause.tries + 1 if pause is not None else 0
        own = min(_FIRST_PAUSE * (1 << min(tries, 16)), _LONGEST_PAUSE)
        told = error.retry_after if isinstance(error, RefreshUnreachable) else None
        if told is None or not isinstance(error, RefreshUnreachable):
            return _Pause(now + own, tries, None)
        left = told if isinstance(told, timedelta) else told - self._now()
        return _Pause(now + max(left, timedelta()), tries, error)

    def _may_wait(self, tokens: Tokens) -> bool:
        """Whether an early renewal failed so lately that the old token has to do."""
        pause = self._pause
        return pause is not None and self._boot() < pause.until and self._is_good(tokens)

    def _is_good(self, tokens: Tokens) -> bool:
        return bool(tokens.access) and not self._ends_within(tokens, timedelta(0))

    def _renewed(self) -> Tokens:
        old = self._current()
        if old is None or not old.refresh:
            raise NothingToRefresh
        # Many servers take a refresh token once: what could not be kept must not be asked for.
        self._store.ready()
        new = self._refresh(old.refresh)
        _conceal(new)
        if self._store.load() != old:  # somebody signed out, or in anew, while the server was asked
            raise RefreshUnreachable(_CHANGED)
        with self._lock:
            self._tokens = new
        # Only now may it be used: a server that takes the old refresh token until then loses
        # nothing by a crash before this line is durable; with the others one signs in again.
        self._store.save(new)
        # A new token that looks old tells of a wrong clock, or of a life shorter than `ahead`.
        self._is_expiry_believed = not self._ends_within(new, self._ahead)
        return new

    def _ends_soon(self, tokens: Tokens) -> bool:
        return self._is_expiry_believed and self._ends_within(tokens, self._ahead)

    def _ends_within(self, tokens: Tokens, span: timedelta) -> bool:
        ends_at = self._expires_at(tokens.access)
        return ends_at is not None and ends_at <= self._now() + span

    def _current(self) -> Tokens | None:
        with self._lock:
            tokens = self._tokens
        if tokens is not None:
            return tokens
        loaded = self._store.load()  # outside the lock: a keyring may block
        if loaded is None:
            return None
        _conceal(loaded)
        with self._lock:
            self._tokens = self._tokens or loaded
            return self._tokens


def _conceal(tokens: Tokens) -> None:
    conceal(tokens.access)
    conceal(tokens.refresh)
