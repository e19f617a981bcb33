"""Who we are to the taskbar, which groups windows by it; told before the first icon or window."""

from __future__ import annotations

import logging
from collections.abc import Callable

from trayapp.desktop.system import this_system

logger = logging.getLogger(__name__)

APP_ID = "app.trayapp.trayapp"
"""By it Windows groups windows and knows whose a notification is."""


def claim_identity(claim: Callable[[str], object] | None = None) -> None:
    """Tell Windows who this process is; other systems know. `claim` is the shell's own call."""
    if not this_system().asks_who_we_are:
        return
    try:
        (claim or _shell_call())(APP_ID)
    except OSError as error:
        logger.info("Windows does not take our name: %s", error)


def _shell_call() -> Callable[[str], object]:
    import ctypes  # noqa: PLC0415  # only there

    shell = ctypes.WinDLL("shell32")  # type: ignore[attr-defined]  # only there
    claim: Callable[[str], object] = shell.SetCurrentProcessExplicitAppUserModelID
    return claim
