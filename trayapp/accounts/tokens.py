"""Tokens: the pair a server gave us, refreshed once for any number of callers.

A token is a secret: no repr, text of an exception or log record here holds one, and every token
that passes is concealed from the log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from trayapp.log import conceal


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


class RefreshUnreachable(RefreshError):  # noqa: N818  # says what happened, as the outcomes do
    """Neither yes nor no: the server, or the place tokens are kept in, could not be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """An access token and the refresh token that replaces both; empty where there is none."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)


class TokenStore(Protocol):
    """Where tokens are kept. May block as long as the desktop likes; any thread may call.

    Both methods raise RefreshUnreachable when the place cannot be used now.
    """

    def load(self) -> Tokens | None:
        """The tokens that were saved last; None when nobody is signed in."""
        ...

    def save(self, tokens: Tokens) -> None:
        """Keep `tokens` durably in place of those before."""
        ...


class MemoryTokenStore:
    """A TokenStore for this run only: for the server inside the demo, and for tests."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens

    def load(self) -> Tokens | None:
        return self._tokens

    def save(self, tokens: Tokens) -> None:
        self._tokens = tokens


class TokenSource:
    """The current access token, for any number of threads; blocks while one of them refreshes."""

    def __init__(self, store: TokenStore, refresh: Callable[[str], Tokens]) -> None:
        """`refresh` asks the server for a new pair; it raises a RefreshError when it gets none."""
        self._store = store
        self._refresh = refresh
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None
        self._running: Future[str] | None = None

    def access(self) -> str:
        """The access token, empty when nobody is signed in. Raises RefreshUnreachable."""
        tokens = self._current()
        return tokens.access if tokens else ""

    def renew(self, rejected: str) -> str:
        """The access token after `rejected` was: whoever comes first refreshes for all.

        Raises RefreshRefused, NothingToRefresh or RefreshUnreachable, to all of them alike.
        """
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
            tokens = self._renewed()
        except BaseException as error:  # noqa: BLE001  # raised again by result(), in every waiter
            with self._lock:
                self._running = None
            mine.set_exception(error)
            return
        with self._lock:
            self._tokens = tokens
            self._running = None
        mine.set_result(tokens.access)

    def _renewed(self) -> Tokens:
        old = self._current()
        if old is None or not old.refresh:
            raise NothingToRefresh
        new = self._refresh(old.refresh)
        _conceal(new)
        # Until the new access token is used the server takes the old refresh token once more, so
        # a crash before this line is durable costs nothing.
        self._store.save(new)
        return new

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
