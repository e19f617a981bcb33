"""The machine: disk, clock, settings, and the libraries of this program."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from datetime import timedelta
from pathlib import Path

from trayapp import __version__
from trayapp.ca_file import is_away
from trayapp.config import ConfigError, Paths, Settings
from trayapp.doctor.check import Finding, Findings, State
from trayapp.i18n import _
from trayapp.sync.clock_words import skew_advice, skew_line
from trayapp.sync.skew import is_wrong

_MEGABYTE = 1 << 20
_LITTLE_MEGABYTES = 100
_TOO_LITTLE_MEGABYTES = 10
_SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")
_LIBRARIES = ("filelock", "keyring", "PIL", "platformdirs", "plyer", "pystray", "requests")


def look_at_disk(paths: Paths) -> Findings:
    """Room, and whether all may be written that has to be."""
    finding = _may_not_write(paths) or _open_to_others(paths)
    if finding is None:
        finding = room_finding(shutil.disk_usage(_nearest(paths.data_dir)).free)
    return {"disk": finding}


def _may_not_write(paths: Paths) -> Finding | None:
    data = _nearest(paths.data_dir)
    advice = _("See to its permissions, and whether its disk can be written to.")
    for place in (data, paths.database):
        if _is_there(place) and not os.access(place, os.W_OK):
            text = _("{file} may not be written to, so clicks cannot be recorded.")
            return Finding(State.PROBLEM, text.format(file=place), advice)
    log = _nearest(paths.log)
    if not os.access(log, os.W_OK):
        text = _(
            "{file} may not be written to, so Trayapp cannot start. "
            "Commands record clicks all the same."
        )
        return Finding(State.PROBLEM, text.format(file=log), advice)
    return None


def _open_to_others(paths: Paths) -> Finding | None:
    try:
        found = paths.open_to_others()
    except OSError:  # not all are there yet
        return None
    if not found:
        return None
    text = _("Other users can write into {file}. They could change what you tracked.")
    return Finding(State.WARNING, text.format(file=found[0]), _("Start Trayapp: it closes it."))


def room_finding(free_bytes: int) -> Finding:
    """Whether there is room for clicks to come."""
    free = free_bytes // _MEGABYTE
    text = _("{count} MB are free where your clicks are kept.").format(count=free)
    if free >= _LITTLE_MEGABYTES:
        return Finding(State.OK, text)
    state = State.WARNING if free >= _TOO_LITTLE_MEGABYTES else State.PROBLEM
    return Finding(state, text, _("Make room: on a full disk no click can be recorded."))


def _nearest(path: Path) -> Path:
    """It, or what of its path is there."""
    return next((one for one in (path, *path.parents) if _is_there(one)), path)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # nobody may look into its folder, so that folder is what is told
        return False


def look_at_settings(paths: Paths) -> Findings:
    """Whether the user's settings can be used."""
    try:
        settings = Settings.read(paths.settings)
    except ConfigError as error:
        text = _("The settings cannot be used: {reason}. Until then most commands do nothing.")
        finding = Finding(State.PROBLEM, text.format(reason=error), _("Correct that file."))
    else:
        finding = Finding(State.OK, _("The settings can be read."))
        if is_away(settings.ca_file):
            text = _("{file}, named as ca_file, is not there: your server may not be trusted.")
            advice = _("Mount its disk and start Trayapp anew, or correct ca_file.")
            finding = Finding(State.WARNING, text.format(file=settings.ca_file), advice)
    return {"settings": finding}


def clock_finding(skew: timedelta | None, *, synchronized: Path = _SYNCHRONIZED) -> Finding:
    """How right this computer's clock is; `skew`: how far it is ahead of the server's."""
    if skew is not None and is_wrong(skew):
        return Finding(State.WARNING, skew_line(skew) + ".", skew_advice())
    if skew is not None:
        return Finding(State.OK, _("This computer's clock agrees with the server's."))
    if synchronized.exists():
        return Finding(State.OK, _("This computer's clock is set by the network."))
    text = _("There was no server's clock to compare this computer's with.")
    return Finding(State.UNKNOWN, text)


def look_at_program() -> Findings:
    """The versions, and whether a library is missing."""
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        text = _("Trayapp lacks a part of itself: {names}.").format(names=", ".join(missing))
        return {"version": Finding(State.PROBLEM, text, _("Install Trayapp again."))}
    parts = (
        f"Trayapp {__version__}",
        f"Python {platform.python_version()}",
        sys.platform,
    )
    return {"version": Finding(State.OK, ", ".join(parts) + ".")}
