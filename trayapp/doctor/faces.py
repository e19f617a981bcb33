"""What shows Trayapp on this desktop: tray, notifications, windows, and its start at login."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from trayapp.doctor.bus import Bus, NoBusError, look_at_bus
from trayapp.doctor.check import Finding, Findings, State
from trayapp.doctor.running import Seen
from trayapp.i18n import _

_TRAY = "org.kde.StatusNotifierWatcher"
_NOTIFIER = "org.freedesktop.Notifications"


def look_at_faces(seen: Seen | None, tray_lack: Callable[[], str]) -> Findings:
    """Tray and notifications; `tray_lack` names the library that the icon lacks, if any."""
    if sys.platform in {"win32", "darwin"}:
        own = Finding(State.OK, _("This system has its own."))
        return {"tray": _told_tray(seen) or own, "notifications": _told_notifier(seen) or own}
    bus: Bus | None
    try:
        bus = look_at_bus()
    except (NoBusError, ImportError):
        bus = None
    return {
        "tray": _told_tray(seen) or _tray(bus, tray_lack),
        "notifications": _told_notifier(seen) or _notifier(bus),
    }


# -- tray ----------------------------------------------------------------------------------


def _told_tray(seen: Seen | None) -> Finding | None:
    """By the running app's own word, where it has one."""
    if seen is None or not seen.version:
        return None
    if not seen.wants_tray:
        text = _("Trayapp was started without its icon (--no-tray).")
        return Finding(State.OK, text)
    if seen.tray_trouble:
        return Finding(State.PROBLEM, seen.tray_trouble)
    if seen.has_host is None:
        return None
    return Finding(State.OK, _("The icon is shown.")) if seen.has_host else _no_host()


def _tray(bus: Bus | None, tray_lack: Callable[[], str]) -> Finding:
    if not _has_display():
        text = _("There is no display here to look at. Tracking and the command line need none.")
        return Finding(State.UNKNOWN, text, _("For the icon, try this inside a desktop session."))
    if lack := tray_lack():
        text = _(
            "There can be no icon: a library is missing ({name}). "
            "What you track is recorded and sent all the same."
        )
        advice = _("Install python3-gi and gir1.2-ayatanaappindicator3-0.1, then start Trayapp.")
        return Finding(State.PROBLEM, text.format(name=lack), advice)
    if bus is None:
        return _no_bus()
    if _TRAY in bus.owned:
        return Finding(State.OK, _("This desktop shows tray icons."))
    return _no_host()


def _no_host() -> Finding:
    return Finding(
        State.WARNING,
        _(
            "Nothing on this desktop shows tray icons. "
            "What you track is recorded and sent all the same."
        ),
        _(
            "Install a tray, on GNOME the package gnome-shell-extension-appindicator; "
            "the icon appears as soon as there is one."
        ),
    )


def _no_bus() -> Finding:
    return Finding(
        State.PROBLEM,
        _("There is no session bus. What you track is recorded and sent all the same."),
        _("Log in to the desktop, or start it with dbus-run-session."),
    )


def _has_display() -> bool:
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


# -- notifications -------------------------------------------------------------------------


def _told_notifier(seen: Seen | None) -> Finding | None:
    if seen is None or not seen.notify_trouble:
        return None
    text = _("The last notification could not be shown ({reason}). The menu tells the same.")
    return Finding(State.WARNING, text.format(reason=seen.notify_trouble), _install_notifier())


def _notifier(bus: Bus | None) -> Finding:
    if bus is None:
        if _has_display():
            return _no_bus()
        return Finding(State.UNKNOWN, _("There is no desktop here that could show any."))
    if _NOTIFIER in bus.owned:
        return Finding(State.OK, _("This desktop shows notifications."))
    if _NOTIFIER in bus.startable:
        return Finding(State.OK, _("This desktop starts its notifications when there is one."))
    text = _("This desktop shows no notifications. The menu and the command line tell the same.")
    return Finding(State.WARNING, text, _install_notifier())


def _install_notifier() -> str:
    return _("Install or start a notification service, such as dunst.")


# -- windows and login ---------------------------------------------------------------------


def look_at_windows() -> Findings:
    """Whether Trayapp's windows can be opened."""
    if importlib.util.find_spec("_tkinter") is not None:
        return {"windows": Finding(State.OK, _("The library for windows is there."))}
    text = _("The library for windows is missing. The command line does what the windows do.")
    return {"windows": Finding(State.WARNING, text, _("Install python3-tk."))}


def look_at_autostart() -> Findings:
    """Whether Trayapp starts at login, and whether what would start it is still there."""
    if sys.platform in {"win32", "darwin"}:
        return {"autostart": Finding(State.UNKNOWN, _("It cannot be told on this system."))}
    return {"autostart": _autostart()}


def _autostart() -> Finding:
    for path in _autostart_files():
        words = _read(path)
        command = words.get("Exec", "")
        if "trayapp" not in f"{path.name} {command}".casefold():
            continue
        is_off = words.get("Hidden", "").lower() == "true"
        is_off |= words.get("X-GNOME-Autostart-enabled", "").lower() == "false"
        if is_off:
            continue
        program = _program(words.get("TryExec", "") or command)
        if program and shutil.which(program) is None:
            text = _("Trayapp cannot start at login: {program}, named in {file}, is not there.")
            text = text.format(program=program, file=path)
            return Finding(State.WARNING, text, _("Correct that file, or remove it."))
        return Finding(State.OK, _("Trayapp starts at login."))
    return Finding(State.OK, _("Trayapp does not start at login."))


def _autostart_files() -> list[Path]:
    """What is started at login; a user's file stands for the system's of the same name."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    system = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    found: dict[str, Path] = {}
    for directory in [home, *system.split(":")]:
        for path in sorted(Path(directory, "autostart").glob("*.desktop")):
            found.setdefault(path.name, path)
    return list(found.values())


def _read(path: Path) -> dict[str, str]:
    """The keys of the file's one group."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    parts = (line.partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {key.strip(): value.strip() for key, sign, value in parts if sign}


def _program(command: str) -> str:
    try:
        return next(iter(shlex.split(command)), "")
    except ValueError:
        return ""
