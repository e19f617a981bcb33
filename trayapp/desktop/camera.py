"""Pictures of the screen, with the tray's menu open where the mouse is ours to move."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
from pathlib import Path

from PIL import Image, ImageColor, ImageGrab

from trayapp.desktop.badge import COLOURS

logger = logging.getLogger(__name__)

OWN_DESKTOP = "TRAYAPP_VIRTUAL_DESKTOP"
"""Set in the environment of a desktop made for this program: nobody else moves its mouse."""

_PANEL_PIXELS = 64
_SETTLE_SECONDS = 0.5
_XDOTOOL_SECONDS = 5


class Camera:
    """Writes PNG files into a directory. Blocks for about a second a picture."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._pause = threading.Event()

    def photograph(self, name: str) -> Path | None:
        """The screen as it is; on a desktop of our own with the menu open. None: no screen."""
        self._pause.wait(_SETTLE_SECONDS)
        path = self._directory / f"{name}.png"
        try:
            opened = OWN_DESKTOP in os.environ and self._open_menu()
            ImageGrab.grab(xdisplay=os.environ.get("DISPLAY")).save(path)
            if opened:
                self._xdotool("key", "Escape")
        except (OSError, subprocess.SubprocessError) as error:
            logger.warning("No picture: %s", error)
            return None
        return path

    def _open_menu(self) -> bool:
        tool = shutil.which("xdotool")
        icon = find_icon(ImageGrab.grab(xdisplay=os.environ.get("DISPLAY"))) if tool else None
        if icon is None:
            return False
        self._xdotool("mousemove", str(icon[0]), str(icon[1]))
        self._pause.wait(_SETTLE_SECONDS / 2)
        self._xdotool("click", "3")
        self._pause.wait(_SETTLE_SECONDS)
        return True

    def _xdotool(self, *words: str) -> None:
        subprocess.run(  # noqa: S603  # our own words, no shell
            ["xdotool", *words],  # noqa: S607  # found on the PATH just now
            check=False,
            timeout=_XDOTOOL_SECONDS,
        )


def find_icon(screen: Image.Image) -> tuple[int, int] | None:
    """Where in the panel at the top of the screen our icon's colours are; None: nowhere."""
    strip = screen.convert("RGB").crop((0, 0, screen.width, _PANEL_PIXELS))
    wanted = {ImageColor.getrgb(colour)[:3] for colour in COLOURS.values()}
    found = [
        (x, y)
        for y in range(strip.height)
        for x in range(strip.width)
        if strip.getpixel((x, y)) in wanted
    ]
    if not found:
        return None
    columns, rows = zip(*found, strict=True)
    return sum(columns) // len(columns), sum(rows) // len(rows)
