"""Faces: everything the user sees of the running app, fed with one status at a time.

Called on the main thread only. Each face may be missing: no tray, no notifications, or none.
"""

from __future__ import annotations

import importlib.util
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from trayapp.config import Settings, time_of_day
from trayapp.desktop.badge import IconStyle
from trayapp.desktop.menu import Click, tray_view
from trayapp.desktop.notices import Notice, NoticeRules, closed_foreign_notice
from trayapp.desktop.notifications import Speaker
from trayapp.desktop.quiet import Manners, QuietHours
from trayapp.desktop.system import this_system
from trayapp.desktop.tray import RunLoop, Tray, TrayUnavailable
from trayapp.i18n import _
from trayapp.light import dataclass
from trayapp.sync.status import SyncStatus
from trayapp.tracking.entry import TrackerState
from trayapp.tracking.totals import next_midnight

logger = logging.getLogger(__name__)

MOMENT = timedelta(milliseconds=50)
"""Waited longer than until something is so, so that it is."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How the faces stand; empty words and None: nothing to tell."""

    wants_tray: bool
    tray_trouble: str
    has_host: bool | None
    notify_trouble: str


class Faces:
    """Tray icon and notifications."""

    def __init__(
        self,
        *,
        speaker: Speaker,
        waiting_after: timedelta,
        icon_size: int | None,
        icon_style: IconStyle = IconStyle.COLOUR,
        host_patience: timedelta,
    ) -> None:
        """`icon_size` None: no tray icon wanted.

        `host_patience`: for so long nothing need show it, for at login the panel comes some
        seconds after us, and one that is restarted comes back.
        """
        self._speaker = speaker
        self._rules = NoticeRules(waiting_after=waiting_after)
        self._manners = Manners()
        self._icon_size = icon_size
        self._icon_style = icon_style
        self._host_patience = host_patience
        self._host_timer: threading.Timer | None = None
        self._host_is_overdue = threading.Event()
        self._tell_host: Callable[[bool], None] = lambda _present: None
        self._on_jump: Callable[[], None] = lambda: None
        self._run_loop: RunLoop | None = None
        self._tray: Tray | None = None
        self._tray_trouble = ""
        self._has_host: bool | None = None

    def looks(self) -> Looks:
        """Whether what should be shown is shown."""
        return Looks(
            wants_tray=self._icon_size is not None,
            tray_trouble=self._tray_trouble,
            has_host=self._has_host,
            notify_trouble=self._speaker.trouble,
        )

    def run_tray_by(self, run_loop: RunLoop) -> None:
        """Have this run the loop of the icon, which else has a thread of its own."""
        self._run_loop = run_loop

    def heed_jumps(self, on_jump: Callable[[], None]) -> None:
        """Before the start: `on_jump` is called, on any thread, when the clock jumped."""
        self._on_jump = on_jump

    def start(
        self,
        status: SyncStatus,
        *,
        post: Callable[[Click], None],
        host: Callable[[bool], None],
    ) -> None:
        """Show the first status; without a tray one line says why, and the rest goes on.

        `host` is called on any thread, and has `host_changed` called with what it was told.
        """
        self._tell_host = host
        self._speaker.start()
        if self._icon_size is not None:
            size, style = self._icon_size, self._icon_style
            tray = Tray(
                post=post, icon_size=size, icon_style=style, on_host=host, run_loop=self._run_loop
            )
            tray.heed_jumps(self._on_jump)
            try:
                tray.start(tray_view(status))
                self._tray = tray
            except TrayUnavailable as why:
                self._tray_trouble = str(why)
                logger.warning("%s", why)
                sys.stderr.write(f"trayapp: {why}\n")
        self._say(self._rules.on_status(status), status.as_of)

    def follow(self, settings: Settings) -> None:
        """From now on they are as these settings say."""
        self._rules.remind_after(timedelta(minutes=settings.notify_waiting_minutes))
        self._manners.follow(wanted=settings.notifications, hours=_quiet_hours(settings))
        self._icon_style = IconStyle(settings.icon_style)
        if self._tray is not None:
            self._tray.restyle(self._icon_style)

    def quiet_until(self, now: datetime) -> datetime | None:
        """When something is to be said that waits for the quiet hours' end; None for nothing."""
        return self._manners.held_until(now)

    def show(self, status: SyncStatus) -> None:
        """From now on this is so."""
        if self._tray is not None:
            self._tray.show(tray_view(status))
        self._say(self._rules.on_status(status), status.as_of)

    def stop(self) -> None:
        """Withdraw everything; takes two seconds at most."""
        self._stop_waiting_for_host()
        if self._tray is not None:
            self._tray.stop()
        self._speaker.stop()

    def host_changed(self, *, present: bool) -> None:
        """Something that shows tray icons came or went; the user hears of a lasting lack only."""
        self._has_host = present
        if present:
            self._stop_waiting_for_host()
            logger.info("Tray icons are shown here")
        elif self._host_timer is None:
            logger.info("Nothing here shows tray icons now")
            self._wait_for_host()
        elif self._host_is_overdue.is_set():
            self._say(self._rules.on_no_host(), self._speaker.now())

    def _wait_for_host(self) -> None:
        seconds = self._host_patience.total_seconds()
        self._host_timer = threading.Timer(seconds, self._ask_for_host)
        self._host_timer.name = "host"
        self._host_timer.daemon = True
        self._host_timer.start()

    def _ask_for_host(self) -> None:
        # On the timer's thread. Asked anew, for what was heard last may be old.
        self._host_is_overdue.set()
        self._tell_host(self._tray is not None and self._tray.has_host())

    def _stop_waiting_for_host(self) -> None:
        if self._host_timer is not None:
            self._host_timer.cancel()
            self._host_timer = None
        self._host_is_overdue.clear()

    def tell(self, title: str, body: str) -> None:
        """Say one thing now; any thread may."""
        self._speaker.say(Notice(title, body, key="told", urgent=True))

    def tell_closed(self, words: str) -> None:
        """An entry was ended on the server because another began here."""
        self._say((closed_foreign_notice(words),), self._speaker.now())

    def open_file(self, path: Path) -> None:
        """Show a file in the desktop's own program for it, or say where it is."""
        # On a thread of its own: an opener may stay as long as the window it opened.
        threading.Thread(target=self._open, args=(path,), name="opener", daemon=True).start()

    def _open(self, path: Path) -> None:
        system = this_system()
        opener = system.opener
        try:
            status = _run_unseen([opener, str(path)])
        except OSError as error:
            why = str(error)
        else:
            if status == 0 or not system.opener_tells:
                return
            why = f"{opener} ended with {status}"
        logger.warning("Cannot open %s: %s", path, why)
        body = _("This desktop has no program for it. The file is {path}").format(path=path)
        folder = path.is_dir()
        self.tell(
            _("The folder could not be opened") if folder else _("The log could not be opened"),
            body,
        )

    def open_window(self, name: str, *, instead: str) -> None:
        """Open one of our windows, a process of its own; `instead` is the command that does it too.

        Returns at once. The user is told when the window ends in an error or never comes.
        """
        threading.Thread(
            target=self._run_window, args=(name, instead), name=f"window {name}", daemon=True
        ).start()

    def _run_window(self, name: str, instead: str) -> None:
        from trayapp.desktop.ourselves import ourselves  # noqa: PLC0415  # with the first window

        try:
            status = _run_unseen([*ourselves(), "window", name])
        except OSError as error:
            why = str(error)
        else:
            if status == 0:
                return
            why = f"it ended with {status}"
        logger.warning("The window %s could not be opened: %s", name, why)
        self.tell(_("The window could not be opened"), _without_window(instead))

    def _say(self, notices: tuple[Notice, ...], now: datetime) -> None:
        for notice in self._manners.let_through(notices, now):
            self._speaker.say(notice)


def seconds_shown(status: SyncStatus, now: datetime) -> float | None:
    """For how long what is shown of it stays true by itself; None: for ever."""
    if status.entry is None or status.tracker is not TrackerState.RUNNING:
        # What was worked today is yesterday's then.
        is_told = status.totals.week > timedelta()
        return (next_midnight(now) - now + MOMENT).total_seconds() if is_told else None
    worked = status.entry.worked + (now - status.as_of)
    return (_MINUTE - worked % _MINUTE + MOMENT).total_seconds()


def _quiet_hours(settings: Settings) -> QuietHours | None:
    begins, ends = time_of_day(settings.quiet_from), time_of_day(settings.quiet_to)
    return None if begins is None or ends is None else QuietHours(begins, ends)


def _run_unseen(command: Sequence[str]) -> int:
    """Run a program to its end, apart from our terminal; its exit status. Raises OSError."""
    from trayapp.desktop.ourselves import environment_for_others  # noqa: PLC0415  # see above

    return subprocess.run(  # noqa: S603  # our own words, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment_for_others(),
        start_new_session=True,
        check=False,
    ).returncode


def _without_window(instead: str) -> str:
    """What to do when a window does not come; tracking needs none."""
    if importlib.util.find_spec("_tkinter") is None:
        text = _(
            "The library for windows is missing: install python3-tk. Without it, type in a"
            " terminal: {command}. What you track is recorded all the same."
        )
    else:
        text = _("Type in a terminal instead: {command}. What you track is recorded all the same.")
    return text.format(command=instead)
