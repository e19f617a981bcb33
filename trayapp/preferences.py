"""Preferences: the settings as a window shows and changes them; the file is the truth.

Main thread only; a change waits for one fsync.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields

from trayapp.ca_file import is_away
from trayapp.config import BadSettingError, ConfigError, Paths, Settings, time_of_day
from trayapp.control.messages import JSON, Reply, Request
from trayapp.i18n import _
from trayapp.queue.schema import engine
from trayapp.settings_file import CannotChangeError, Value, change

REQUESTS = ("settings", "change_settings", "about")
_QUIET = ("quiet_from", "quiet_to")


class Preferences:
    """Answers REQUESTS. `follow` is called with new settings when they are written down."""

    def __init__(self, paths: Paths, *, follow: Callable[[Settings], None]) -> None:
        self._paths = paths
        self._follow = follow

    def answer(self, request: Request) -> Reply:
        """The settings as they are, or after the changes that are asked for; or what we run on."""
        if request.name == "about":
            about = {"sqlite": engine(), "data_dir": str(self._paths.data_dir)}
            return Reply(ok=True, value=about)
        try:
            settings = Settings.read(self._paths.settings)
        except ConfigError as error:
            text = _(
                "The settings cannot be used: {reason}. Nothing was changed; correct that file."
            )
            return Reply(ok=False, message=text.format(reason=error))
        if request.name == "settings":
            return Reply(ok=True, value=_value(settings))
        return self._change(settings, _changes(request.arguments.get("changes")))

    def _change(self, settings: Settings, changes: Mapping[str, Value]) -> Reply:
        current = _value(settings)
        changes = {name: new for name, new in changes.items() if current.get(name) != new}
        if not changes:
            return Reply(ok=True, value=_value(settings))
        try:
            wanted = Settings.of({**current, **changes})
            _look_for(wanted.ca_file if "ca_file" in changes else "")
        except BadSettingError as bad:
            return Reply(ok=False, message=_complaint(bad, changes), value={"field": bad.name})
        try:
            change(self._paths.settings, changes)
        except (CannotChangeError, OSError) as error:
            text = _("{file} could not be changed: {reason}. Nothing was changed.")
            message = text.format(file=self._paths.settings, reason=error)
            return Reply(ok=False, message=message)
        self._follow(wanted)
        return Reply(ok=True, changed=True, value=_value(wanted))


def _look_for(ca_file: str) -> None:
    """Whoever names a file means one that is there. Raises BadSettingError."""
    name = "ca_file"
    if is_away(ca_file):
        raise BadSettingError(name, _("there is no such file"))


def _value(settings: Settings) -> Mapping[str, JSON]:
    return {one.name: getattr(settings, one.name) for one in fields(settings)}


def _changes(value: JSON) -> dict[str, Value]:
    if not isinstance(value, Mapping):
        return {}
    return {name: new for name, new in value.items() if isinstance(new, str | int | float)}


def _complaint(bad: BadSettingError, changes: Mapping[str, Value]) -> str:
    """Why it cannot be so, in the user's words."""
    value = changes.get(bad.name, "")
    if bad.name == "max_attempts":
        return _("The number of attempts must be a whole number, 1 or more.")
    if bad.name in _QUIET and isinstance(value, str):
        if value and time_of_day(value) is None:
            return _("“{text}” is no time of day; type it as 22:00.").format(text=value)
        return _("Quiet hours need a beginning and an end; leave both empty for none.")
    if bad.name == "ca_file":
        reason = str(bad).rpartition(": ")[2]
        return _("These certificates cannot be used: {reason}.").format(reason=reason)
    return str(bad)
