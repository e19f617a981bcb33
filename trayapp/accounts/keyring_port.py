"""What we ask of the place where the system keeps secrets, and the ways it can fail us."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from trayapp.i18n import _


class NotKept(StrEnum):
    """Why tokens are kept for this run only."""

    ABSENT = "absent"
    """There is no keyring, or it went away."""
    REFUSED = "refused"
    """It did not keep what it was given."""
    TOO_LONG = "too_long"
    """The tokens do not fit into one of its items."""
    LOCKED = "locked"
    """It is locked, or does not answer; it is asked again."""


class KeyringFailed(Exception):  # noqa: N818  # says what happened, as the outcomes do
    """The keyring cannot be used, which is not the same as locked. Holds no text of others."""

    def __init__(self, why: NotKept) -> None:
        super().__init__(why.value)
        self.why = why


class Keyring(Protocol):
    """One secret text per account. Every method may block as long as the desktop likes.

    Called on the keyring thread only. All raise TokensLocked when it is locked, or the user would
    not open it, and KeyringFailed when it cannot be used.
    """

    def get(self, account: str) -> str | None:
        """The text of this account; None when there is none. May ask the user to unlock."""
        ...

    def set(self, account: str, text: str) -> None:
        """Keep this text in place of the one before. May ask the user to unlock."""
        ...

    def delete(self, account: str) -> None:
        """Remove the text, if there is one. May ask the user to unlock."""
        ...

    def is_locked(self) -> bool | None:
        """Whether it is locked now; None where it cannot tell. Never asks the user."""
        ...


def explanation(why: NotKept) -> str:
    """What happened, what it means and what to do, for the user."""
    match why:
        case NotKept.ABSENT:
            return _(
                "No keyring was found, so your sign-in is kept only until Trayapp quits. "
                "Your hours are safe. Start a keyring, or sign in again after the next start."
            )
        case NotKept.REFUSED:
            return _(
                "The keyring did not keep your sign-in, so it lasts only until Trayapp quits. "
                "Your hours are safe. Check the keyring, or sign in again after the next start."
            )
        case NotKept.TOO_LONG:
            return _(
                "Your sign-in is too long for the keyring, so it lasts only until Trayapp quits. "
                "Your hours are safe. Sign in again after the next start."
            )
        case NotKept.LOCKED:
            return _(
                "The keyring is locked, so your sign-in is kept only until Trayapp quits. "
                "Your hours are safe. Unlock the keyring: it is then saved there."
            )
