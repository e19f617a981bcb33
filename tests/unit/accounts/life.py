"""A run of a program that keeps one account's tokens, driven by words; here, or as a process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from trayapp.accounts.credentials import KeyringTokenStore
from trayapp.accounts.keyring_port import Keyring, KeyringFailed
from trayapp.accounts.keyring_thread import DEADLINE, KeyringThread
from trayapp.accounts.quiet_keyring import QuietKeyring
from trayapp.accounts.tokens import Tokens, TokensLocked
from trayapp.accounts.vault import KeyringVault

ACCOUNT = "hubnity anna@x.org https://time.example/api"


class Life:
    """From the start of a program to its end."""

    def __init__(
        self,
        keyring: Keyring,
        *,
        opened: Callable[[], None] | None = None,
        deadline: timedelta = DEADLINE,
        limit: int | None = None,
    ) -> None:
        self.told: list[str] = []
        self.thread = KeyringThread(opened=opened, deadline=deadline)
        self.quiet = QuietKeyring(keyring, self.thread)
        self.store = KeyringTokenStore(
            self.quiet, ACCOUNT, kept_for_session=self.told.append, limit=limit
        )

    def ask(self, order: str) -> str:
        """Do what the first word says, and say what came of it."""
        word, *rest = order.split(" ")
        try:
            return self._do(word, rest)
        except TokensLocked as locked:
            return f"locked: {locked.reason}"
        except KeyringFailed as failure:
            return f"failed: {failure.why}"

    def end(self) -> None:
        """End as a program does: what is in memory is gone."""
        self.thread.close()

    def _do(self, word: str, rest: list[str]) -> str:
        match word:
            case "load":
                return _shown(self.store.load())
            case "save":
                self.store.save(Tokens(access=rest[0], refresh=rest[1]))
            case "ready":
                self.store.ready()
            case "keep":
                return str(self.store.keep())
            case "delete":
                self.store.delete()
            case "last":
                return (
                    "until the end of this run" if self.store.is_session_only else "beyond this run"
                )
            case "allow":
                self.quiet.allow_prompt()
        return f"session only: {self.store.why_session_only}"


@contextmanager
def a_vault(keyring: Keyring) -> Iterator[KeyringVault]:
    """The tokens of all accounts of a run, until its end."""
    vault = KeyringVault(keyring)
    try:
        yield vault
    finally:
        vault._keyring._thread.close()


def item(pair: str) -> str:
    """How these two tokens are written down."""
    access, refresh = pair.split(" ")
    return json.dumps({"access": access, "refresh": refresh}, separators=(",", ":"))


def _shown(tokens: Tokens | None) -> str:
    return "nobody" if tokens is None else f"{tokens.access} {tokens.refresh}"
