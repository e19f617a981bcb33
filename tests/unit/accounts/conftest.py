"""A program with a keyring of ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.unit.accounts.fake_keyring import FakeKeyring
from tests.unit.accounts.life import Life


@pytest.fixture
def keyring() -> FakeKeyring:
    return FakeKeyring()


@pytest.fixture
def opened() -> threading.Event:
    """Set when the keyring has answered after all."""
    return threading.Event()


@pytest.fixture
def life(keyring: FakeKeyring, opened: threading.Event) -> Iterator[Life]:
    life = Life(keyring, opened=opened.set)
    yield life
    keyring.go_on.set()
    life.end()
