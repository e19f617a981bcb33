"""Which of them this system has, and the one look at each start of the app."""

from __future__ import annotations

import logging
import sys

from trayapp.desktop.autostart.port import Autostart, AutostartError
from trayapp.desktop.autostart.program import Running, program_of

logger = logging.getLogger(__name__)


def of_this_system() -> Autostart:
    """Start at login of the user whose process this is."""
    program = program_of(Running.now())
    found: Autostart
    if sys.platform == "win32":
        from trayapp.desktop.autostart import registry  # noqa: PLC0415  # only where it is

        found = registry.RegistryAutostart(registry.WindowsKeys(), program)
    elif sys.platform == "darwin":
        from trayapp.desktop.autostart import launchd  # noqa: PLC0415  # only where it is

        found = launchd.LaunchdAutostart.of_user(program)
    else:
        from trayapp.desktop.autostart import xdg  # noqa: PLC0415  # only where it is

        found = xdg.XdgAutostart.of_user(program)
    return found


def repair_at_start() -> None:
    """What starts at login starts this program again after it was moved. Never raises."""
    try:
        if of_this_system().repair():
            logger.info("Start at login named a program that is gone; it names this one now")
    except AutostartError as error:
        logger.warning("%s", error)
