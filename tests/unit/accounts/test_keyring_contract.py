"""The contract on a keyring of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.accounts.fake_keyring import FakeKeyring
from tests.unit.accounts.keyring_contract import KeyringContract
from tests.unit.accounts.life import Life


class FakeLives:
    """Lives in this process, one after the other."""

    def __init__(self, keyring: FakeKeyring) -> None:
        self._keyring = keyring
        self._life = Life(keyring)

    def ask(self, order: str) -> str:
        return self._life.ask(order)

    def again(self) -> None:
        self.end()
        self._life = Life(self._keyring)

    def end(self) -> None:
        self._life.end()


class FakeHand:
    """Turns the switches of a FakeKeyring."""

    def __init__(self, keyring: FakeKeyring) -> None:
        self._keyring = keyring

    def lock(self) -> None:
        self._keyring.is_shut = True

    def unlock(self) -> None:
        self._keyring.is_shut = False

    def stop(self) -> None:
        self._keyring.is_absent = True

    def start(self, *, locked: bool) -> None:
        self._keyring.is_absent, self._keyring.is_shut = False, locked

    def prompts(self) -> int:
        return self._keyring.prompts


class TestFakeKeyring(KeyringContract):
    @pytest.fixture
    def keyring(self) -> FakeKeyring:
        return FakeKeyring()

    @pytest.fixture
    def hand(self, keyring: FakeKeyring) -> FakeHand:
        return FakeHand(keyring)

    @pytest.fixture
    def lives(self, keyring: FakeKeyring) -> Iterator[FakeLives]:
        lives = FakeLives(keyring)
        yield lives
        lives.end()
