"""Vault: the tokens of all accounts of a run, each account's in one place."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from trayapp.accounts.credentials import KeyringTokenStore, max_characters
from trayapp.accounts.keyring_port import Keyring, NotKept
from trayapp.accounts.keyring_thread import KeyringThread
from trayapp.accounts.quiet_keyring import QuietKeyring
from trayapp.accounts.system_keyring import SystemKeyring
from trayapp.accounts.tokens import TokenStore


class AccountTokens(TokenStore, Protocol):
    """Where the tokens of one account are kept."""

    @property
    def is_session_only(self) -> bool:
        """Whether they are gone when the program ends."""
        ...

    def delete(self) -> None:
        """Forget them. Raises TokensLocked or KeyringFailed when the place still has them."""
        ...


class Vault(Protocol):
    """The tokens of all accounts. Any thread may call."""

    def tokens_of(self, kind: str, url: str, user: str) -> AccountTokens:
        """Where this account's tokens are; the same object each time."""
        ...

    def allow_prompt(self) -> None:
        """The user acts: the desktop may ask to unlock the keyring, once."""
        ...

    def listen(
        self, *, opened: Callable[[], None], kept_for_session: Callable[[NotKept], None]
    ) -> None:
        """Tell when a keyring that hung answers again, and what is kept for this run only.

        Both are called on any thread and must not block.
        """
        ...


class KeyringVault:
    """The Vault over the system's keyring, which is asked on one thread."""

    def __init__(self, keyring: Keyring | None = None) -> None:
        self._opened: Callable[[], None] = lambda: None
        self._kept_for_session: Callable[[NotKept], None] = lambda _why: None
        thread = KeyringThread(opened=self._on_opened)
        self._keyring = QuietKeyring(keyring or SystemKeyring(), thread)
        self._lock = threading.Lock()
        self._stores: dict[str, KeyringTokenStore] = {}

    def listen(
        self, *, opened: Callable[[], None], kept_for_session: Callable[[NotKept], None]
    ) -> None:
        self._opened, self._kept_for_session = opened, kept_for_session

    def allow_prompt(self) -> None:
        self._keyring.allow_prompt()
        self._keep_soon()

    def tokens_of(self, kind: str, url: str, user: str) -> KeyringTokenStore:
        name = f"{kind} {user} {url}"
        with self._lock:
            if name not in self._stores:
                self._stores[name] = KeyringTokenStore(
                    self._keyring,
                    name,
                    kept_for_session=self._on_not_kept,
                    limit=max_characters(),
                )
            return self._stores[name]

    def _on_opened(self) -> None:
        self._keep_soon()
        self._opened()

    def _keep_soon(self) -> None:
        """Have the keyring hold what it should, and no more, on a thread that may wait for it."""
        with self._lock:
            owing = [store for store in self._stores.values() if store.owes]
        if owing:
            threading.Thread(
                target=lambda: [store.keep() for store in owing], name="keep", daemon=True
            ).start()

    def _on_not_kept(self, why: NotKept) -> None:
        self._kept_for_session(why)
