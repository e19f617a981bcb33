"""The icon in the tray: shows a TrayView and posts what is clicked.

pystray's loop runs on a daemon thread of its own, named "tray", or where `run_loop` runs it, and
pystray is imported there: its import opens the display and raises where there is none.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import Queue
from typing import TYPE_CHECKING, Protocol

from trayapp.desktop.badge import IconKey, IconStyle
from trayapp.desktop.menu import Action, Click, TrayView
from trayapp.desktop.system import MACOS, WINDOWS, System, this_system
from trayapp.i18n import _

if TYPE_CHECKING:
    from gi.repository import Gio
    from PIL.Image import Image

logger = logging.getLogger(__name__)

_HOST = "org.kde.StatusNotifierWatcher"
_BUS_MILLISECONDS = 1000
_STOP_SECONDS = 1.0


RunLoop = Callable[[Callable[[], None]], None]


class TrayUnavailable(Exception):  # noqa: N818  # a state of this desktop, not an error of ours
    """There can be no icon here; the text says why, what that means, and what to do."""


class TrayIcon(Protocol):
    """What the tray asks of an icon; `run_until_stopped` blocks, the others return at once."""

    def show_view(self, view: TrayView) -> None: ...
    def redraw(self) -> None: ...
    def run_until_stopped(self, ready: Callable[[], None]) -> None: ...
    def stop(self) -> None: ...


class Tray:
    """The tray icon. Any thread may call it; what it calls, it calls on the tray's thread.

    `post` is given each click that the menu offers, and must return at once. `on_host` is told
    whether anything on this desktop shows tray icons: first at the start, then at each change.
    """

    def __init__(
        self,
        *,
        post: Callable[[Click], None],
        icon_size: int,
        icon_style: IconStyle = IconStyle.COLOUR,
        app_name: str = "Trayapp",
        on_host: Callable[[bool], None] | None = None,
        run_loop: RunLoop | None = None,
    ) -> None:
        """`run_loop` has a loop run and returns at once; without it a thread is made for it."""
        self._post = post
        self._icon_size = icon_size
        self._icon_style = icon_style
        self._app_name = app_name
        self._on_host = on_host
        self._on_jump: Callable[[], None] | None = None
        self._forget_jumps: Callable[[], None] = lambda: None
        self._view: TrayView | None = None
        self._icon: TrayIcon | None = None
        self._bus: Gio.DBusConnection | None = None
        self._run_loop = run_loop or _on_own_thread
        self._loop_thread: threading.Thread | None = None
        self._has_ended = threading.Event()

    def heed_jumps(self, on_jump: Callable[[], None]) -> None:
        """Before the start: `on_jump` is called when the clock was set or the machine slept.

        Where the system tells, that is: on Linux.
        """
        self._on_jump = on_jump

    def start(self, view: TrayView) -> None:
        """Show the icon; returns when its thread runs. Raises TrayUnavailable."""
        self._view = view
        started: Queue[TrayUnavailable | None] = Queue()
        self._run_loop(lambda: self._run(view, started))
        trouble = started.get()
        if trouble is not None:
            self._has_ended.wait()
            raise trouble

    def show(self, view: TrayView) -> None:
        """Show this from now on; what says it already is not touched."""
        self._view = view
        if self._icon is not None:
            self._icon.show_view(view)

    def restyle(self, style: IconStyle) -> None:
        """Draw the picture in this style from now on."""
        if style is not self._icon_style:
            self._icon_style = style
            if self._icon is not None:
                self._icon.redraw()

    def stop(self) -> None:
        """Withdraw the icon. Takes a second at most, never raises, does nothing twice."""
        if self._icon is None or self._has_ended.is_set():
            return
        self._icon.stop()
        if self._loop_thread is threading.current_thread():
            return
        if not self._has_ended.wait(_STOP_SECONDS):
            logger.warning("The tray icon did not go away in time; it goes with the program.")

    def has_host(self) -> bool:
        """Whether anything on this desktop shows tray icons now. May block for a second."""
        if self._bus is None:
            return self._icon is not None
        return _has_host(self._bus)

    def _run(self, view: TrayView, started: Queue[TrayUnavailable | None]) -> None:
        self._loop_thread = threading.current_thread()
        try:
            self._icon = self._open(this_system())
            self._icon.show_view(view)
            self._icon.run_until_stopped(lambda: self._on_ready(started))
        except TrayUnavailable as trouble:
            started.put(trouble)
        except Exception as error:
            # A tray that breaks takes neither the tracker nor the worker along.
            logger.exception("The tray icon broke; tracking and sending go on.")
            started.put(_unavailable(str(error), _("Start Trayapp again; the log tells more.")))
        finally:
            self._forget_jumps()
            self._has_ended.set()

    def _on_ready(self, started: Queue[TrayUnavailable | None]) -> None:
        started.put(None)
        if self._bus is None or self._on_jump is None:
            return
        from trayapp.desktop.jumps import watch_jumps  # noqa: PLC0415  # the icon is shown before

        try:
            self._forget_jumps = watch_jumps(self._on_jump)
        except OSError as error:
            logger.info("Jumps of the clock are not told here: %s", error)

    def _open(self, system: System) -> TrayIcon:
        if system is MACOS:
            return _mac_icon(self._app_name, draw=self._draw, clicked=self._clicked)
        if system is WINDOWS:
            return _windows_icon(self._app_name, draw=self._draw, clicked=self._clicked)
        self._bus = _session_bus()
        self._watch(self._bus)
        return _live_icon(self._app_name, draw=self._draw, clicked=self._clicked)

    def _draw(self, key: IconKey) -> Image:
        from trayapp.desktop.icon import draw  # noqa: PLC0415  # Pillow only where it is needed

        style = IconStyle.TEMPLATE if this_system().colours_tray_icon else self._icon_style
        return draw(key, self._icon_size, style)

    def _clicked(self, click: Click) -> None:
        # The bus lets anybody click a disabled row, and one that has just changed.
        if self._view is not None and self._view.offers(click):
            self._post(click)
        else:
            name = click.value if isinstance(click, Action) else type(click).__name__
            logger.debug("A click on %s was not on offer.", name)

    def _watch(self, bus: Gio.DBusConnection) -> None:
        from gi.repository import Gio  # noqa: PLC0415  # absent where there is no tray

        # GIO would end the whole process when the desktop's bus goes away.
        bus.set_exit_on_close(False)
        bus.connect("closed", _on_bus_closed)
        on_host = self._on_host
        if on_host is not None:
            Gio.bus_watch_name_on_connection(
                bus,
                _HOST,
                Gio.BusNameWatcherFlags.NONE,
                lambda *_: on_host(True),  # noqa: FBT003  # the callback's one argument
                lambda *_: on_host(False),  # noqa: FBT003
            )


def _on_own_thread(loop: Callable[[], None]) -> None:
    threading.Thread(target=loop, name="tray", daemon=True).start()


def _mac_icon(
    name: str, *, draw: Callable[[IconKey], Image], clicked: Callable[[Click], None]
) -> TrayIcon:
    if threading.current_thread() is not threading.main_thread():
        # AppKit would end the whole process.
        why = _("macOS shows icons of the main thread only")
        raise _unavailable(why, _("Use the command line."))
    from trayapp.desktop.mac_icon import MacIcon  # noqa: PLC0415  # only there

    return MacIcon(name, draw=draw, clicked=clicked)


def _windows_icon(
    name: str, *, draw: Callable[[IconKey], Image], clicked: Callable[[Click], None]
) -> TrayIcon:
    from trayapp.desktop.identity import claim_identity  # noqa: PLC0415  # only there
    from trayapp.desktop.stock_icon import WindowsIcon  # noqa: PLC0415  # only there

    claim_identity()
    return WindowsIcon(name, draw=draw, clicked=clicked)


def _live_icon(
    name: str, *, draw: Callable[[IconKey], Image], clicked: Callable[[Click], None]
) -> TrayIcon:
    try:
        from trayapp.desktop.live_menu import LiveIcon  # noqa: PLC0415  # it opens the display
    except Exception as error:
        # pystray tries one backend after the other and raises what the last of them pleases.
        raise _missing_library(error) from error
    icon: TrayIcon = LiveIcon(name, draw=draw, clicked=clicked)
    return icon


def _session_bus() -> Gio.DBusConnection:
    """The bus the icon will use, when there is a display to go with it."""
    try:
        import gi  # noqa: PLC0415  # absent on many systems

        gi.require_version("Gtk", "3.0")
        from gi.repository import Gio, GLib, Gtk  # noqa: PLC0415
    except (ImportError, ValueError) as error:
        raise _missing_library(error) from error
    if not Gtk.init_check()[0]:
        why = _("there is no display (DISPLAY and WAYLAND_DISPLAY lead nowhere)")
        raise _unavailable(why, _("Start Trayapp inside a graphical session."))
    try:
        return Gio.bus_get_sync(Gio.BusType.SESSION, None)
    except GLib.Error as error:
        why = _("there is no session bus ({error})").format(error=error.message)
        raise _unavailable(
            why, _("Log in to the desktop, or start it with dbus-run-session.")
        ) from error


def _has_host(bus: Gio.DBusConnection) -> bool:
    from gi.repository import Gio, GLib  # noqa: PLC0415  # there, since there is a bus

    try:
        answer = bus.call_sync(
            "org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "NameHasOwner",
            GLib.Variant("(s)", (_HOST,)),
            None,
            Gio.DBusCallFlags.NONE,
            _BUS_MILLISECONDS,
            None,
        )
    except GLib.Error as error:
        logger.warning("The session bus did not say who shows tray icons: %s", error.message)
        return False
    return bool(answer.unpack()[0])


def _on_bus_closed(*_details: object) -> None:
    logger.warning("The session bus went away, and the tray icon with it; tracking goes on.")


def _missing_library(error: Exception) -> TrayUnavailable:
    why = _("a library is missing ({error})").format(error=error)
    advice = _("Install python3-gi and gir1.2-ayatanaappindicator3-0.1, then start Trayapp again.")
    return _unavailable(why, advice)


def _unavailable(why: str, advice: str) -> TrayUnavailable:
    text = _("No tray icon: {why}. What you track is recorded and sent all the same. {advice}")
    return TrayUnavailable(text.format(why=why.rstrip("."), advice=advice))
