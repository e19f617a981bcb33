from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from tests.fakes import FakeClock
from trayapp.servers.embedded_auth import ACCESS_LIFETIME, Authenticator


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def auth(clock: FakeClock) -> Authenticator:
    numbers = itertools.count(1)
    return Authenticator(clock, make_token=lambda: f"token-{next(numbers)}")


def test_before_the_first_pair_nothing_is_allowed(auth: Authenticator) -> None:
    assert not auth.allows("Bearer token-1")
    assert auth.refresh("token-1") is None


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic token-1", "token-1", "Bearer token-2", "Bearer ü"]
)
def test_only_a_bearer_of_the_access_token_is_allowed(auth: Authenticator, header: str) -> None:
    auth.issue()
    assert auth.allows("Bearer token-1")
    assert auth.allows("bearer token-1")
    assert not auth.allows(header)


def test_an_access_token_ends(auth: Authenticator, clock: FakeClock) -> None:
    pair = auth.issue()
    clock.advance(ACCESS_LIFETIME - timedelta(milliseconds=1))
    assert auth.allows(f"Bearer {pair.access}")
    clock.advance(timedelta(milliseconds=1))
    assert not auth.allows(f"Bearer {pair.access}")


def test_a_clock_that_is_set_ends_no_token(auth: Authenticator, clock: FakeClock) -> None:
    pair = auth.issue()
    clock.set_wall(clock.now() + timedelta(days=1))
    assert auth.allows(f"Bearer {pair.access}")


def test_a_refresh_brings_a_new_pair_and_voids_the_access_token(auth: Authenticator) -> None:
    old = auth.issue()
    new = auth.refresh(old.refresh)
    assert new is not None
    assert not auth.allows(f"Bearer {old.access}")
    assert auth.allows(f"Bearer {new.access}")


def test_a_used_refresh_token_brings_the_same_pair_until_its_answer_was_seen(
    auth: Authenticator,
) -> None:
    old = auth.issue()
    new = auth.refresh(old.refresh)
    assert new is not None
    auth.expire_access()
    assert auth.refresh(old.refresh) == new
    assert auth.allows(f"Bearer {new.access}")
    assert auth.refresh(old.refresh) is None
    assert auth.refresh(new.refresh) is not None


@pytest.mark.parametrize("token", ["", "token-1", "unknown", "ü"])
def test_what_is_no_refresh_token_refreshes_nothing(auth: Authenticator, token: str) -> None:
    auth.issue()
    assert auth.refresh(token) is None


def test_expiring_leaves_the_refresh_token_and_revoking_does_not(auth: Authenticator) -> None:
    pair = auth.issue()
    auth.expire_access()
    assert not auth.allows(f"Bearer {pair.access}")
    assert auth.refresh(pair.refresh) is not None
    auth.revoke()
    assert auth.refresh(pair.refresh) is None


def test_tokens_are_random_and_hidden() -> None:
    pairs = [Authenticator(FakeClock()).issue() for _ in range(2)]
    assert len({token for pair in pairs for token in (pair.access, pair.refresh)}) == 4
    assert pairs[0].access not in repr(pairs)
    assert pairs[0].refresh not in repr(pairs)
