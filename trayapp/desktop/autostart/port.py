"""What the rest asks of start at login, whatever the system.

The user's word counts, wherever it was said last: what they switched off in the desktop's own
settings stays off until they switch it on in ours.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol, TypeAlias

from trayapp.i18n import _

Program: TypeAlias = tuple[str, ...]
"""The words that start Trayapp."""


class LoginState(StrEnum):
    """Whether Trayapp starts at login."""

    ON = "on"
    OFF = "off"
    OFF_BY_DESKTOP = "switched off in the desktop's settings"


class AutostartError(Exception):
    """It could not be read or changed; the text says why and what to do."""

    def __init__(self, reason: object) -> None:
        text = _(
            "Start at login could not be changed: {reason}. What you track is not touched."
            " Try again, or use the settings of your desktop."
        )
        super().__init__(text.format(reason=reason))


class Autostart(Protocol):
    """Start at login. Each method may wait for a disk, and raises AutostartError."""

    def state(self) -> LoginState:
        """How it is now."""

    def turn_on(self) -> None:
        """The user wants it, whatever they said elsewhere before."""

    def turn_off(self) -> None:
        """The user does not want it."""

    def repair(self) -> bool:
        """Let what is on start the present program when the one it names is gone.

        True when something was written; never turns anything on or off.
        """


def wanted(program: Program | None) -> Program:
    """The program to be started. Raises AutostartError where there is none to rely on."""
    if program is None:
        raise AutostartError(_("Trayapp runs from a temporary place; move it to Applications"))
    return program
