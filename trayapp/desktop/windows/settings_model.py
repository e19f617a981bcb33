"""What the settings window shows and what was changed in it, as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from trayapp.control.messages import JSON
from trayapp.desktop.windows.account import number, text
from trayapp.light import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred:
    """The settings that the window has a control for, as they stand in it.

    `max_attempts` is what is typed.
    """

    language: str
    icon_style: str
    notifications: bool
    quiet_from: str
    quiet_to: str
    max_attempts: str
    ca_file: str

    @classmethod
    def read(cls, value: Mapping[str, JSON]) -> Self:
        """The answer to "settings"; what it lacks is empty."""
        return cls(
            language=text(value, "language"),
            icon_style=text(value, "icon_style"),
            notifications=value.get("notifications") is True,
            quiet_from=text(value, "quiet_from"),
            quiet_to=text(value, "quiet_to"),
            max_attempts=str(number(value, "max_attempts")),
            ca_file=text(value, "ca_file"),
        )

    def changes_from(self, before: Preferred) -> dict[str, JSON]:
        """What the app is asked to change; an unreadable number is 0, which it refuses."""
        changes: dict[str, JSON] = {
            name: getattr(self, name)
            for name in self.__dataclass_fields__
            if getattr(self, name) != getattr(before, name)
        }
        if "max_attempts" in changes:
            typed = self.max_attempts
            is_number = typed.isascii() and typed.isdigit() and len(typed) < _LONG
            changes["max_attempts"] = int(typed) if is_number else 0
        return changes


_LONG = 10
