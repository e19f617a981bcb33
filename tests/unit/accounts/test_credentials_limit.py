"""Items of a limited length: Windows takes 1280 characters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.accounts.fake_keyring import FakeKeyring
from tests.unit.accounts.keyring_contract import KEPT
from tests.unit.accounts.life import ACCOUNT, Life, item
from trayapp.accounts.credentials import (
    WINDOWS_CHARACTERS,
    max_characters,
)


class TestWindows:
    """An item holds 1280 characters there."""

    @pytest.fixture
    def life(self, keyring: FakeKeyring) -> Iterator[Life]:
        life = Life(keyring, limit=max_characters("win32"))
        yield life
        life.end()

    def test_what_fits_is_kept_whole(self, life: Life, keyring: FakeKeyring) -> None:
        frame = len(item(" "))
        pair = f"{'a' * (WINDOWS_CHARACTERS - frame - 1)} r"
        assert life.ask(f"save {pair}") == KEPT
        assert len(keyring.items[ACCOUNT]) == WINDOWS_CHARACTERS

    def test_of_what_is_too_long_the_refresh_token_is_kept(
        self, life: Life, keyring: FakeKeyring
    ) -> None:
        assert life.ask(f"save {'a' * WINDOWS_CHARACTERS} refresh") == KEPT
        assert keyring.items == {ACCOUNT: item(" refresh")}
        assert life.ask("load") == f"{'a' * WINDOWS_CHARACTERS} refresh"
        life.ask(f"save {'b' * WINDOWS_CHARACTERS} refresh")
        assert keyring.calls == ["set", "get"]

    @pytest.mark.parametrize("pair", [f"{'a' * 1300} ", f"a {'r' * 1300}", f"a {'й' * 300}"])
    def test_what_cannot_be_shortened_lasts_for_this_run(
        self, life: Life, keyring: FakeKeyring, pair: str
    ) -> None:
        assert life.ask(f"save {pair}") == "session only: too_long"
        assert life.ask("ready") == "session only: too_long"
        assert keyring.items == {}
        assert life.ask("load") == pair

    def test_elsewhere_there_is_no_such_limit(self) -> None:
        assert (max_characters("linux"), max_characters("darwin")) == (None, None)
