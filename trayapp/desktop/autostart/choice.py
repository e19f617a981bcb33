"""Which of them this system has, and the one look at each start of the app."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from trayapp.desktop.autostart.port import Autostart, AutostartError
from trayapp.desktop.autostart.program import Running, program_of

logger = logging.getLogger(__name__)


def of_this_system() -> Autostart:
    """Start at login of the user whose process this is."""
    program = program_of(Running.now())
    if sys.platform == "win32":
        from trayapp.desktop.autostart.registry import (  # noqa: PLC0415  # only where it is
            RegistryAutostart,
            UserRegistry,
        )

        return RegistryAutostart(UserRegistry(), program)
    if sys.platform == "darwin":
        import os  # noqa: PLC0415  # only where it is

        from trayapp.desktop.autostart.launchd import Launchctl, LaunchdAutostart  # noqa: PLC0415

        agents = Path.home() / "Library" / "LaunchAgents"
        return LaunchdAutostart(agents, Launchctl(os.getuid()), program)
    from trayapp.desktop.autostart.xdg import XdgAutostart  # noqa: PLC0415  # only where it is

    return XdgAutostart.of_user(program)


def repair_at_start() -> None:
    """What starts at login starts this program again after it was moved. Never raises."""
    try:
        if of_this_system().repair():
            logger.info("Start at login named a program that is gone; it names this one now")
    except AutostartError as error:
        logger.warning("%s", error)
