"""The vault: what the keyring would not do is done as soon as it opens."""

from __future__ import annotations

import threading

import pytest

from tests.unit.accounts.fake_keyring import DEADLINE_SECONDS, FakeKeyring
from tests.unit.accounts.life import a_vault
from trayapp.accounts.tokens import Tokens, TokensLocked

ACCOUNT = ("example", "https://time.example/api", "anna")


class WatchedKeyring(FakeKeyring):
    """Tells when an item was removed."""

    def __init__(self) -> None:
        super().__init__()
        self.removed = threading.Event()

    def delete(self, account: str) -> None:
        super().delete(account)
        self.removed.set()


def test_what_a_locked_keyring_would_not_remove_goes_when_the_user_acts_again() -> None:
    keyring = WatchedKeyring()
    with a_vault(keyring) as vault:
        store = vault.tokens_of(*ACCOUNT)
        store.save(Tokens(access="canary-access-1", refresh="canary-refresh-1"))
        assert not store.owes
        keyring.is_shut = True
        with pytest.raises(TokensLocked):
            store.delete()
        assert (store.owes, store.is_session_only, len(keyring.items)) == (True, False, 1)
        keyring.is_shut = False
        vault.allow_prompt()
        assert keyring.removed.wait(DEADLINE_SECONDS)
        assert keyring.items == {}
