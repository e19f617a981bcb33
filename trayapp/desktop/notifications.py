"""Showing notices: one at a time, on a thread of their own, through plyer.

A notification service may block as long as it likes; then notices wait here, a few of them, and
nobody else does.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from trayapp.clock import Clock
from trayapp.desktop.notices import Notice
from trayapp.desktop.system import LINUX, MACOS, System
from trayapp.i18n import _, system_words
from trayapp.sync.sentences import one_line, shorten

logger = logging.getLogger(__name__)

STOP_SECONDS = 1.0
_QUEUE_LENGTH = 8
_DEADLINE = timedelta(seconds=30)
"""A notice not shown by then is old news; the menu shows how things stand."""
_SHOWN_SECONDS = 10
_APP_NAME = "Trayapp"
_OSASCRIPT_SECONDS = 25
# The texts are arguments of the script: as part of it they could be commands.
_OSASCRIPT = (
    "on run told",
    "display notification (item 3 of told) with title (item 2 of told)",
    "end run",
)
_URGENCY_CRITICAL = 2


class VoiceUnavailable(Exception):  # noqa: N818  # a state of this desktop, not an error of ours
    """There is no notification service, or it refused."""


class Voice(Protocol):
    """What shows a notice. Called on the notify thread only; may block. Raises VoiceUnavailable."""

    def say(self, notice: Notice) -> None:
        """Show it, and return when the desktop has taken it."""
        ...


class Speaker:
    """Hands notices to a voice on the thread "notify". `say` never blocks; any thread may call it.

    The queue is short, the newest of a key wins, and a notice past its deadline is dropped.
    """

    def __init__(self, voice: Voice, *, clock: Clock) -> None:
        self._voice = voice
        self._clock = clock
        self._changed = threading.Condition(threading.Lock())
        self._waiting: dict[str, tuple[Notice, timedelta]] = {}
        self._speaking_since: timedelta | None = None
        self._is_stopped = False
        self._has_complained = False
        self._trouble = ""
        # A daemon: a service that never answers must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)

    @property
    def trouble(self) -> str:
        """Why nothing can be shown now; empty when all was shown so far. Any thread."""
        return self._trouble

    def now(self) -> datetime:
        """The time, by the clock it goes by."""
        return self._clock.now()

    def start(self) -> None:
        """Begin to speak; what was said before is still shown."""
        self._thread.start()

    def say(self, notice: Notice) -> None:
        """Show this as soon as the ones before it are shown."""
        now = self._clock.boot()
        with self._changed:
            self._waiting.pop(notice.key, None)
            self._waiting[notice.key] = (notice, now + _DEADLINE)
            if len(self._waiting) > _QUEUE_LENGTH:
                self._waiting.pop(next(iter(self._waiting)))
            since = self._speaking_since
            self._changed.notify()
        if since is not None and now - since > _DEADLINE:
            self._complain("The notification service does not answer", _("it does not answer"))

    def stop(self) -> None:
        """Be silent from now on; returns within a second, even while the service hangs."""
        with self._changed:
            self._is_stopped = True
            self._waiting.clear()
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        try:
            while (notice := self._next()) is not None:
                self._speak(notice)
        except Exception:
            logger.exception("Notifications stopped; tracking and sending go on")

    def _next(self) -> Notice | None:
        """The next notice that is still worth showing, or None at the end; waits for it."""
        with self._changed:
            self._speaking_since = None
            while True:
                self._changed.wait_for(lambda: self._waiting or self._is_stopped)
                if self._is_stopped:
                    return None
                notice, deadline = self._waiting.pop(next(iter(self._waiting)))
                now = self._clock.boot()
                if now <= deadline:
                    self._speaking_since = now
                    return notice

    def _speak(self, notice: Notice) -> None:
        try:
            self._voice.say(notice)
        except VoiceUnavailable as trouble:
            self._complain(f"No notifications for now: {trouble}", str(trouble))
        else:
            self._has_complained = False
            self._trouble = ""

    def _complain(self, text: str, trouble: str) -> None:
        self._trouble = trouble
        if not self._has_complained:
            self._has_complained = True
            logger.info("%s; the menu and the command line tell the same", text)


class PlyerVoice:
    """Speaks through plyer, which is imported at the first notice. May block for 25 s and more."""

    def __init__(self, *, icon: Path | None = None, system: System = LINUX) -> None:
        self._icon = icon
        self._system = system

    def say(self, notice: Notice) -> None:
        title, body = texts_for(notice, self._system)
        icon = str(self._icon) if self._icon else ""
        try:
            from plyer import notification  # noqa: PLC0415  # on the notify thread, when needed

            notification.notify(
                title=title,
                message=body,
                app_name=_APP_NAME,
                app_icon=icon,
                timeout=_SHOWN_SECONDS,
                hints=_hints(notice),
            )
        except Exception as error:  # each platform's library raises its own
            raise VoiceUnavailable(one_line(str(error)) or type(error).__name__) from error


class OsascriptVoice:
    """Speaks through macOS's own script program: a Python that is no signed app may not itself.

    The notification is then the script program's, and may be turned off by its name.
    """

    def __init__(self, *, program: str = "osascript") -> None:
        self._program = program

    def say(self, notice: Notice) -> None:
        lines = [word for line in _OSASCRIPT for word in ("-e", line)]
        # The name comes first: a title that begins with a dash would be an option.
        words = (_APP_NAME, *texts_for(notice, MACOS))
        try:
            status = subprocess.run(  # noqa: S603  # no shell
                [self._program, *lines, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_OSASCRIPT_SECONDS,
                check=False,
            ).returncode
        except OSError as error:
            raise VoiceUnavailable(system_words(error)) from error
        except subprocess.TimeoutExpired as error:  # its own words would repeat the notice's
            raise VoiceUnavailable(_("it does not answer")) from error
        if status != 0:
            msg = f"{self._program}: {status}"
            raise VoiceUnavailable(msg)


def voice_of(system: System) -> Voice:
    """What shows notices there."""
    if system is MACOS:
        return OsascriptVoice()
    return PlyerVoice(icon=app_icon(system.notice_icon), system=system)


def texts_for(notice: Notice, system: System) -> tuple[str, str]:
    """Title and body as this system takes them."""
    # plyer refuses NUL; lines are kept in the body only.
    title = one_line(notice.title)
    body = "\n".join(one_line(line) for line in notice.body.splitlines())
    title, body = shorten(title, system.notice_title), shorten(body, system.notice_body)
    if not system.notice_is_markup:
        return title, body
    import html  # noqa: PLC0415  # its table of names is long

    # A note is text.
    return title, html.escape(body, quote=False)


def app_icon(name: str = LINUX.notice_icon) -> Path | None:
    """The picture beside a notification: in the installed package, or in a source tree."""
    package = Path(__file__).resolve().parents[1]
    places = (package / "icons" / name, package.parent / "icons" / name)
    return next((place for place in places if place.is_file()), None)


def _hints(notice: Notice) -> dict[str, object]:
    if not notice.urgent:
        return {}
    try:
        import dbus  # noqa: PLC0415  # only where plyer speaks through it
    except ImportError:
        return {}
    return {"urgency": dbus.Byte(_URGENCY_CRITICAL)}  # an int is ignored
