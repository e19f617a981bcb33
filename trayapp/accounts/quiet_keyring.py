"""QuietKeyring: the keyring as the rest of the program may use it, without waits and prompts.

A prompt comes up at most once in a run, and once more each time the user acts; whatever happens in
the background finds a locked keyring locked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from trayapp.accounts.keyring_port import Keyring
from trayapp.accounts.keyring_thread import KeyringThread
from trayapp.accounts.tokens import TokensLocked

_T = TypeVar("_T")


class QuietKeyring:
    """One for all accounts of a run. Any thread may call; nobody waits beyond the deadline."""

    def __init__(self, keyring: Keyring, thread: KeyringThread) -> None:
        self._keyring = keyring
        self._thread = thread
        self._may_prompt = True
        self._was_dismissed = False
        self._was_seen = False

    @property
    def was_seen(self) -> bool:
        """Whether there has been a keyring in this run, locked or open."""
        return self._was_seen

    def allow_prompt(self) -> None:
        """The user acts: if the keyring is locked, the next use may ask to unlock it, once."""
        if not self._thread.is_hung:  # else there is a prompt already
            self._may_prompt = True

    def use(self, work: Callable[[Keyring], _T]) -> _T:
        """What `work` does on the keyring thread; it may go on after the deadline.

        Raises TokensLocked or KeyringFailed.
        """
        return self._thread.call(lambda: self._guarded(work))

    def check_open(self) -> None:
        """Raise TokensLocked when it is locked now, KeyringFailed when there is none."""
        self._thread.call(self._check_open)

    def _guarded(self, work: Callable[[Keyring], _T]) -> _T:
        is_locked = self._look()
        may_prompt, self._may_prompt = self._may_prompt, False
        if not may_prompt and (is_locked or self._was_dismissed):
            raise TokensLocked
        self._was_dismissed = False
        try:
            result = work(self._keyring)
        except TokensLocked:
            # Where being locked cannot be seen, the next try would ask the user again.
            self._was_dismissed = not is_locked
            raise
        self._was_seen = True
        return result

    def _check_open(self) -> None:
        if self._look():
            raise TokensLocked

    def _look(self) -> bool | None:
        try:
            is_locked = self._keyring.is_locked()
        except TokensLocked:
            is_locked = True
        if is_locked is not None:
            self._was_seen = True
        if is_locked:
            self._was_dismissed = False  # from now on the keyring itself tells
        return is_locked
