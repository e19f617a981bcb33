"""Faces: everything the user sees of the running app, fed with one status at a time.

Called on the main thread only. Each face may be missing: no tray, no notifications, or none.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from trayapp.desktop.menu import Action, tray_view
from trayapp.desktop.notices import Notice, NoticeRules, failed_notice
from trayapp.desktop.notifications import Speaker
from trayapp.desktop.tray import Tray, TrayUnavailable
from trayapp.sync.status import SyncStatus

logger = logging.getLogger(__name__)

_OPENERS = {"darwin": "open", "win32": "explorer"}


class Faces:
    """Tray icon and notifications."""

    def __init__(
        self, *, speaker: Speaker, waiting_after: timedelta, icon_size: int | None
    ) -> None:
        """`icon_size` None: no tray icon wanted."""
        self._speaker = speaker
        self._rules = NoticeRules(waiting_after=waiting_after)
        self._icon_size = icon_size
        self._tray: Tray | None = None

    def start(
        self,
        status: SyncStatus,
        *,
        post: Callable[[Action], None],
        host: Callable[[bool], None],
    ) -> None:
        """Show the first status; without a tray one line says why, and the rest goes on."""
        self._speaker.start()
        if self._icon_size is not None:
            tray = Tray(post=post, icon_size=self._icon_size, on_host=host)
            try:
                tray.start(tray_view(status))
                self._tray = tray
            except TrayUnavailable as why:
                logger.warning("%s", why)
                sys.stderr.write(f"trayapp: {why}\n")
        self._say(self._rules.on_status(status))

    def show(self, status: SyncStatus) -> None:
        """From now on this is so."""
        if self._tray is not None:
            self._tray.show(tray_view(status))
        self._say(self._rules.on_status(status))

    def stop(self) -> None:
        """Withdraw everything; takes two seconds at most."""
        if self._tray is not None:
            self._tray.stop()
        self._speaker.stop()

    def host_changed(self, *, present: bool) -> None:
        """Something that shows tray icons came or went."""
        logger.info("Tray icons are shown here" if present else "Nothing here shows tray icons")
        if not present:
            self._say(self._rules.on_no_host())

    def tell(self, title: str, body: str) -> None:
        """Say one thing now."""
        self._speaker.say(Notice(title, body, key="told", urgent=True))

    def tell_failed(self, status: SyncStatus) -> None:
        """The reasons of the failed tasks, grouped, as one notification."""
        self._speaker.say(failed_notice(status))

    def open_file(self, path: Path) -> None:
        """Show a file in the desktop's own program for it."""
        opener = _OPENERS.get(sys.platform, "xdg-open")
        try:
            subprocess.Popen(  # noqa: S603  # our own path, no shell
                [opener, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            logger.warning("Cannot open %s: %s", path, error)
            self.tell(path.name, str(path))

    def _say(self, notices: tuple[Notice, ...]) -> None:
        for notice in notices:
            self._speaker.say(notice)
