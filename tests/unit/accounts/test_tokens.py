from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import CodeType, FrameType

import pytest

from trayapp.accounts.tokens import (
    MemoryTokenStore,
    NothingToRefresh,
    RefreshError,
    RefreshRefused,
    RefreshUnreachable,
    Tokens,
    TokensLocked,
    TokenSource,
)
from trayapp.log import redact

DEADLINE_SECONDS = 10
OLD = Tokens(access="access-canary-1", refresh="refresh-canary-1")
NEW = Tokens(access="access-canary-2", refresh="refresh-canary-2")


class FakeServer:
    """Refreshes: hands out NEW, or raises; holds every caller until told to go on."""

    def __init__(self, error: RefreshError | None = None) -> None:
        self.offered: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self._error = error

    def refresh(self, token: str) -> Tokens:
        self.offered.append(token)
        assert self.go_on.wait(DEADLINE_SECONDS)
        if self._error is not None:
            raise self._error
        return NEW


class LockedStore(MemoryTokenStore):
    """A place that could be read before it was locked."""

    def ready(self) -> None:
        raise TokensLocked


class BrokenStore(MemoryTokenStore):
    """A place that keeps nothing, and breaks its promise to bear it."""

    def save(self, _tokens: Tokens) -> None:
        raise ZeroDivisionError


def test_a_repr_hides_what_it_holds() -> None:
    assert repr(OLD) == "Tokens()"


def test_nobody_signed_in_has_no_token_and_nothing_to_refresh() -> None:
    source = TokenSource(MemoryTokenStore(), FakeServer().refresh)
    assert source.access() == ""
    with pytest.raises(NothingToRefresh):
        source.renew("")


def test_without_a_refresh_token_nothing_is_asked() -> None:
    server = FakeServer()
    source = TokenSource(MemoryTokenStore(Tokens(access="lone-canary")), server.refresh)
    with pytest.raises(NothingToRefresh):
        source.renew("lone-canary")
    assert server.offered == []


def test_a_new_pair_is_stored_and_used() -> None:
    store, server = MemoryTokenStore(OLD), FakeServer()
    source = TokenSource(store, server.refresh)
    assert source.access() == OLD.access
    assert source.renew(OLD.access) == NEW.access
    assert source.access() == NEW.access
    assert store.load() == NEW
    assert server.offered == [OLD.refresh]


def test_a_token_that_was_renewed_meanwhile_is_not_renewed_again() -> None:
    server = FakeServer()
    source = TokenSource(MemoryTokenStore(OLD), server.refresh)
    source.renew(OLD.access)
    assert source.renew(OLD.access) == NEW.access
    assert len(server.offered) == 1


def test_what_could_not_be_kept_is_not_asked_for() -> None:
    server = FakeServer()
    source = TokenSource(LockedStore(OLD), server.refresh)
    for _ in range(2):
        with pytest.raises(TokensLocked, match="locked"):
            source.renew(OLD.access)
    assert server.offered == []
    assert source.access() == OLD.access


def test_a_pair_that_was_had_is_never_given_back() -> None:
    server = FakeServer()
    source = TokenSource(BrokenStore(OLD), server.refresh)
    with pytest.raises(ZeroDivisionError):
        source.renew(OLD.access)
    assert source.access() == NEW.access
    assert source.renew(OLD.access) == NEW.access
    assert len(server.offered) == 1


def test_fifty_threads_hear_that_the_keyring_is_locked() -> None:
    go_on = threading.Event()

    class SlowlyLocked(MemoryTokenStore):
        def ready(self) -> None:
            assert go_on.wait(DEADLINE_SECONDS)
            raise TokensLocked

    source = TokenSource(SlowlyLocked(OLD), FakeServer().refresh)

    def renew() -> str:
        with pytest.raises(TokensLocked) as caught:
            source.renew(OLD.access)
        return caught.value.reason

    assert _at_once(50, renew, go_on) == ["locked"] * 50


def test_a_stored_refresh_token_alone_is_enough() -> None:
    server = FakeServer()
    source = TokenSource(MemoryTokenStore(Tokens(access="", refresh="lone-r")), server.refresh)
    assert source.access() == NEW.access
    assert server.offered == ["lone-r"]


def test_fifty_threads_make_one_refresh() -> None:
    server = FakeServer()
    server.go_on.clear()
    source = TokenSource(MemoryTokenStore(OLD), server.refresh)
    assert _at_once(50, lambda: source.renew(OLD.access), server.go_on) == [NEW.access] * 50
    assert len(server.offered) == 1


def test_fifty_threads_hear_of_one_refusal() -> None:
    error = RefreshRefused("400 Bad Request")
    server = FakeServer(error)
    server.go_on.clear()
    source = TokenSource(MemoryTokenStore(OLD), server.refresh)

    def renew() -> str:
        with pytest.raises(RefreshRefused) as caught:
            source.renew(OLD.access)
        return caught.value.reason

    heard = _at_once(50, renew, server.go_on)
    assert heard == ["400 Bad Request"] * 50
    assert len(server.offered) == 1
    assert source.access() == OLD.access


def test_a_refusal_is_not_remembered() -> None:
    server = FakeServer(RefreshUnreachable())
    source = TokenSource(MemoryTokenStore(OLD), server.refresh)
    for _ in range(2):
        with pytest.raises(RefreshUnreachable):
            source.renew(OLD.access)
    assert len(server.offered) == 2


def test_tokens_are_kept_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    source = TokenSource(MemoryTokenStore(OLD), FakeServer().refresh)
    source.renew(OLD.access)
    for secret in (OLD.access, OLD.refresh, NEW.access, NEW.refresh):
        assert secret not in caplog.text
        assert redact(f"said {secret}") == "said ***"


def _at_once(count: int, call: Callable[[], str], go_on: threading.Event) -> list[str]:
    """What `count` threads get when all others wait for the first before it goes on."""
    results: list[str] = []
    threads = [
        threading.Thread(target=lambda: results.append(call()), name="caller") for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + DEADLINE_SECONDS
    while _waiting_for_a_result() < count - 1:
        assert time.monotonic() < ends
    go_on.set()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive()
    return results


def _waiting_for_a_result() -> int:
    """How many threads stand in the wait for somebody else's refresh."""
    frames = sys._current_frames().values()
    return sum(_stands_in(frame, Future.result.__code__) for frame in frames)


def _stands_in(frame: FrameType | None, code: CodeType) -> bool:
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None


def test_a_pair_that_comes_after_the_sign_out_is_kept_nowhere() -> None:
    store, server = MemoryTokenStore(OLD), FakeServer()
    server.go_on.clear()
    source = TokenSource(store, server.refresh)
    raised: list[RefreshError] = []

    def renew() -> None:
        try:
            source.renew(OLD.access)
        except RefreshError as error:
            raised.append(error)

    thread = threading.Thread(target=renew)
    thread.start()
    while not server.offered:
        thread.join(0.001)
    store._tokens = None  # signed out
    server.go_on.set()
    thread.join(DEADLINE_SECONDS)
    assert store.load() is None
    assert [type(error) for error in raised] == [RefreshUnreachable]
    assert "canary" not in str(raised[0])
