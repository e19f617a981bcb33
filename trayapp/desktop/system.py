"""What the desktops of the three systems differ in, as facts: who has to know asks here. Pure."""

from __future__ import annotations

import sys

from trayapp.light import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The facts of one system."""

    opener: str
    """The program that shows a file in the user's own program for it."""
    opener_tells: bool = True
    """Whether its exit status says that it could."""
    notice_title: int = 200
    notice_body: int = 2000
    """The longest texts of a notification, in UTF-16 units."""
    notice_is_markup: bool = False
    notice_icon: str = ""
    """The picture that goes with a notification, below `icons`; empty for none."""
    asks_who_we_are: bool = False
    """Whether each process has to say whose its windows, icon and notifications are."""
    tray_needs_main_thread: bool = False
    colours_tray_icon: bool = False
    """Whether it colours the icon itself, so that only the shape can tell anything."""


LINUX = System(opener="xdg-open", notice_is_markup=True, notice_icon="app.svg")
# Explorer says 1 when all went well. A balloon has 64 and 256 units with the closing NUL,
# ValueError beyond; its picture must be an .ico.
WINDOWS = System(
    opener="explorer",
    opener_tells=False,
    notice_title=63,
    notice_body=255,
    notice_icon="rendered/trayapp.ico",
    asks_who_we_are=True,
)
# AppKit ends the whole process when its loop is not on the main thread.
MACOS = System(opener="open", tray_needs_main_thread=True, colours_tray_icon=True)


def this_system() -> System:
    """The one this process runs on; what is neither Windows nor macOS has a free desktop."""
    return {"win32": WINDOWS, "darwin": MACOS}.get(sys.platform, LINUX)
