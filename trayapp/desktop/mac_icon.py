"""The tray icon on macOS: a template picture that the system colours, with a text beside it.

AppKit is for the main thread only, where `run_until_stopped` is called; what is shown from other
threads goes there through PyObjC.
"""

from __future__ import annotations

import importlib
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from trayapp.desktop.badge import IconKey
from trayapp.desktop.menu import Click, TrayView
from trayapp.desktop.stock_icon import StockIcon

if TYPE_CHECKING:
    from PIL.Image import Image

_MANY_ROWS = 10_000


class _Button(Protocol):
    """The icon's place in the menu bar."""

    def setTitle_(self, text: str) -> None: ...  # noqa: N802  # as Objective-C has it


class MacIcon(StockIcon):
    """pystray's icon on macOS; the newest view wins."""

    def __init__(
        self, name: str, *, draw: Callable[[IconKey], Image], clicked: Callable[[Click], None]
    ) -> None:
        super().__init__(name, draw=draw, clicked=clicked)
        helper = importlib.import_module("PyObjCTools.AppHelper")  # only there
        signals = importlib.import_module("PyObjCTools.MachSignals")
        self._call_after: Callable[..., None] = helper.callAfter
        self._take_signal: Callable[..., None] = signals.signal
        self._wanted: TrayView | None = None
        self._earlier: list[object] = []
        self._make_menu = self._icon._create_menu  # noqa: SLF001  # there is no other way in
        self._icon._create_menu = self._menu_of  # noqa: SLF001

    def show_view(self, view: TrayView) -> None:
        self._wanted = view
        self._call_after(self._apply)

    def redraw(self) -> None:
        self._call_after(self._redraw)

    def stop(self) -> None:
        self._call_after(self._leave)

    def run_until_stopped(self, ready: Callable[[], None]) -> None:
        self._icon.run(setup=lambda _icon: self._call_after(self._appear, ready))

    def _appear(self, ready: Callable[[], None]) -> None:
        # pystray has SIGINT end the process as it stands, and Python's own handlers do not run
        # while AppKit has the main thread.
        for number in (signal.SIGINT, signal.SIGTERM):
            self._take_signal(number, signal.getsignal(number))
        self._apply()
        self._renew_menu()  # pystray asked for it before there was a view
        self._icon.visible = True
        self._leave_colour_to_system()
        ready()

    def _leave(self) -> None:
        # pystray hides a visible icon when Python forgets it, on whatever thread that is.
        self._icon.visible = False
        self._icon.stop()

    def _apply(self) -> None:
        view, shown = self._wanted, self._view
        if view is None or view is shown:
            return
        super().show_view(view)
        if shown is None or shown.icon != view.icon:
            self._leave_colour_to_system()
        # Colour is not shown there, so words say what it would.
        self._button().setTitle_(view.label)

    def _redraw(self) -> None:
        super().redraw()
        self._leave_colour_to_system()

    def _leave_colour_to_system(self) -> None:
        picture = self._icon._icon_image  # noqa: SLF001
        if picture is not None:
            picture.setTemplate_(True)

    def _button(self) -> _Button:
        button: _Button = self._icon._status_item.button()  # noqa: SLF001
        return button

    def _menu_of(self, rows: object, answers: list[object]) -> object:
        """A menu whose rows have numbers of their own.

        A row is answered by its number in the newest menu, and an older one may still be open.
        """
        if not answers and len(self._earlier) < _MANY_ROWS:
            answers.extend(self._earlier)
        menu: object = self._make_menu(rows, answers)
        self._earlier = answers
        return menu
