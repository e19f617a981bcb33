"""A Keyring of ours, with every fault a real one has shown."""

from __future__ import annotations

import threading

from trayapp.accounts.keyring_port import KeyringFailed, NotKept
from trayapp.accounts.tokens import TokensLocked

DEADLINE_SECONDS = 10


class FakeKeyring:
    """Keeps texts in memory; locked, absent, refusing, lying or hanging as told.

    The user dismisses every prompt, unless `is_answered`.
    """

    def __init__(self) -> None:
        self.items: dict[str, str] = {}
        self.calls: list[str] = []
        self.prompts = 0
        self.is_shut = False
        self.is_absent = False
        self.is_refusing = False
        self.is_unreadable = False
        self.is_lying = False
        self.is_answered = False
        self.can_tell = True
        self.go_on = threading.Event()
        self.go_on.set()

    def get(self, account: str) -> str | None:
        self._enter("get")
        if self.is_unreadable:
            raise KeyringFailed(NotKept.REFUSED)
        return self.items.get(account)

    def set(self, account: str, text: str) -> None:
        self._enter("set")
        if self.is_refusing:
            raise KeyringFailed(NotKept.REFUSED)
        if not self.is_lying:
            self.items[account] = text

    def delete(self, account: str) -> None:
        self._enter("delete")
        if not self.is_lying:
            self.items.pop(account, None)

    def is_locked(self) -> bool | None:
        if self.is_absent:
            raise KeyringFailed(NotKept.ABSENT)
        return self.is_shut if self.can_tell else None

    def _enter(self, call: str) -> None:
        self.calls.append(call)
        if self.is_absent:
            raise KeyringFailed(NotKept.ABSENT)
        if self.is_shut:
            self.prompts += 1
            self.is_shut = not self.is_answered
        assert self.go_on.wait(DEADLINE_SECONDS)
        if self.is_shut:
            raise TokensLocked
