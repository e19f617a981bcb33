"""A token that says when it ends is renewed before that, and a wrong clock costs one refresh."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes import START, FakeClock
from tests.unit.accounts.test_jwt import token
from trayapp.accounts.tokens import (
    MemoryTokenStore,
    RefreshError,
    RefreshRefused,
    RefreshUnreachable,
    Tokens,
    TokensLocked,
    TokenSource,
)

DEADLINE_SECONDS = 10
LIFE = timedelta(minutes=15)


class Issuer:
    """A server that hands out tokens of 15 minutes by its own clock, or raises."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked = 0
        self.error: RefreshError | None = None

    def issue(self) -> Tokens:
        ends_at = self.clock.now() + LIFE
        text = token({"exp": int(ends_at.timestamp()), "n": self.asked})
        return Tokens(access=text, refresh=f"refresh-{self.asked}")

    def refresh(self, _token: str) -> Tokens:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.issue()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer(clock: FakeClock) -> Issuer:
    return Issuer(clock)


@pytest.fixture
def first(issuer: Issuer) -> Tokens:
    return issuer.issue()


@pytest.fixture
def source(issuer: Issuer, first: Tokens, clock: FakeClock) -> TokenSource:
    return TokenSource(MemoryTokenStore(first), issuer.refresh, now=clock.now, boot=clock.boot)


def test_a_token_is_renewed_five_minutes_before_its_end(
    source: TokenSource, issuer: Issuer, first: Tokens, clock: FakeClock
) -> None:
    clock.advance(timedelta(minutes=9, seconds=59))
    assert source.access() == first.access
    clock.advance(1)
    renewed = source.access()
    assert renewed == issuer.issue().access != first.access
    assert source.access() == renewed
    assert issuer.asked == 1


def test_how_far_ahead_and_how_to_read_the_end_can_be_said(clock: FakeClock) -> None:
    ends: Callable[[str], datetime] = lambda _token: START + timedelta(seconds=30)  # noqa: E731
    source = TokenSource(
        MemoryTokenStore(Tokens(access="opaque", refresh="r")),
        lambda _token: Tokens(access="new", refresh="r"),
        expires_at=ends,
        now=clock.now,
        ahead=timedelta(seconds=10),
    )
    assert source.access() == "opaque"
    clock.advance(20)
    assert source.access() == "new"


def test_an_opaque_token_waits_for_its_401(issuer: Issuer, clock: FakeClock) -> None:
    store = MemoryTokenStore(Tokens(access="opaque", refresh="r"))
    assert TokenSource(store, issuer.refresh, now=clock.now).access() == "opaque"
    assert issuer.asked == 0


def test_without_a_refresh_token_the_end_is_the_servers_to_say(
    issuer: Issuer, first: Tokens, clock: FakeClock
) -> None:
    store = MemoryTokenStore(Tokens(access=first.access))
    clock.advance(LIFE)
    assert TokenSource(store, issuer.refresh, now=clock.now).access() == first.access
    assert issuer.asked == 0


@pytest.mark.parametrize("error", [RefreshUnreachable(), TokensLocked()], ids=["offline", "locked"])
def test_while_a_token_lives_it_is_used_though_no_new_one_can_be_had(
    source: TokenSource, issuer: Issuer, first: Tokens, clock: FakeClock, error: RefreshError
) -> None:
    issuer.error = error
    clock.advance(timedelta(minutes=14, seconds=59))
    assert source.access() == first.access
    clock.advance(1)
    with pytest.raises(type(error)):
        source.access()


def test_a_refusal_ahead_of_the_end_signs_nobody_out_before_a_request_is_refused_too(
    source: TokenSource, issuer: Issuer, first: Tokens, clock: FakeClock
) -> None:
    issuer.error = RefreshRefused("401 Unauthorized")
    clock.advance(timedelta(minutes=12))
    assert source.access() == first.access
    clock.advance(timedelta(minutes=4))  # ended, by our clock
    assert source.access() == first.access
    with pytest.raises(RefreshRefused):
        source.renew(first.access)  # the 401 of a request


def test_a_refusal_without_any_access_token_is_told(issuer: Issuer) -> None:
    issuer.error = RefreshRefused("401 Unauthorized")
    source = TokenSource(MemoryTokenStore(Tokens(access="", refresh="r")), issuer.refresh)
    with pytest.raises(RefreshRefused):
        source.access()


@pytest.mark.parametrize(
    "error", [RefreshUnreachable(), RefreshRefused()], ids=["unreachable", "refused"]
)
def test_what_failed_ahead_of_the_end_is_tried_again_after_growing_pauses(
    source: TokenSource, issuer: Issuer, first: Tokens, clock: FakeClock, error: RefreshError
) -> None:
    issuer.error = error
    clock.advance(timedelta(minutes=10))
    asked_at: list[int] = []
    for second in range(280):
        before = issuer.asked
        assert source.access() == first.access
        asked_at += [second] if issuer.asked > before else []
        clock.advance(1)
    assert asked_at == [0, 10, 30, 70, 150]
    issuer.error = None
    clock.advance(20)
    assert source.access() != first.access


def test_the_pause_goes_by_the_clock_that_nobody_sets(
    source: TokenSource, issuer: Issuer, clock: FakeClock
) -> None:
    issuer.error = RefreshUnreachable()
    clock.advance(timedelta(minutes=11))
    source.access()
    clock.set_wall(clock.now() + timedelta(minutes=1))
    source.access()
    assert issuer.asked == 1


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_a_server_that_names_a_time_is_asked_for_no_token_before_it(
    source: TokenSource,
    issuer: Issuer,
    first: Tokens,
    clock: FakeClock,
    as_date: bool,  # noqa: FBT001
) -> None:
    clock.advance(timedelta(minutes=11))
    pause = timedelta(seconds=100)
    told = clock.now() + pause if as_date else pause
    issuer.error = RefreshUnreachable("429 Too Many Requests", retry_after=told)
    assert source.access() == first.access
    clock.advance(99)
    assert source.access() == first.access
    with pytest.raises(RefreshUnreachable) as caught:
        source.renew(first.access)  # though a request was refused
    assert caught.value.retry_after == timedelta(seconds=1)
    assert caught.value.reason == "429 Too Many Requests"
    assert issuer.asked == 1
    issuer.error = None
    clock.advance(1)
    assert source.access() != first.access


def test_a_keyring_that_is_locked_makes_no_pause(
    source: TokenSource, issuer: Issuer, first: Tokens, clock: FakeClock
) -> None:
    issuer.error = TokensLocked()
    clock.advance(timedelta(minutes=11))
    assert source.access() == first.access
    issuer.error = None
    assert source.access() != first.access


@pytest.mark.parametrize("wrong", [timedelta(days=1), timedelta(minutes=12)], ids=str)
def test_a_wrong_clock_costs_one_refresh_and_not_one_a_request(
    issuer: Issuer, first: Tokens, clock: FakeClock, wrong: timedelta
) -> None:
    ours = FakeClock(clock.now() + wrong)
    source = TokenSource(MemoryTokenStore(first), issuer.refresh, now=ours.now)
    got = {source.access() for _ in range(100)}
    assert len(got) == 1
    assert issuer.asked == 1
    renewed = source.renew(got.pop())
    assert {source.access() for _ in range(100)} == {renewed}
    assert issuer.asked == 2


def test_a_clock_that_was_put_right_is_believed_again(
    issuer: Issuer, first: Tokens, clock: FakeClock
) -> None:
    ours = FakeClock(clock.now() + timedelta(days=1))
    source = TokenSource(MemoryTokenStore(first), issuer.refresh, now=ours.now)
    wrong = source.access()
    ours.set_wall(clock.now())
    source.renew(wrong)  # the 401 that follows when the end is passed
    for one in (ours, clock):
        one.advance(timedelta(minutes=11))
    source.access()
    assert issuer.asked == 3


def test_fifty_threads_refresh_ahead_once(
    source: TokenSource, issuer: Issuer, clock: FakeClock
) -> None:
    clock.advance(timedelta(minutes=12))
    ready = threading.Barrier(50)
    got: list[str] = []

    def ask() -> None:
        ready.wait(DEADLINE_SECONDS)
        got.append(source.access())

    threads = [threading.Thread(target=ask, name="caller") for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert got == [issuer.issue().access] * 50
    assert issuer.asked == 1


def test_the_clock_on_the_wall_is_asked_by_itself() -> None:
    ended = token({"exp": datetime.now(UTC).timestamp() + 60})
    store = MemoryTokenStore(Tokens(access=ended, refresh="r"))
    assert TokenSource(store, lambda _token: Tokens(access="new", refresh="r")).access() == "new"
