"""pystray's own icon, where its menu is the system's and replacing it harms nobody.

pystray is imported when an icon is made, on the thread that runs it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from trayapp.desktop.badge import IconKey
from trayapp.desktop.menu import Click, Row, Separator, Submenu, TrayView

if TYPE_CHECKING:
    import pystray
    from PIL.Image import Image


class StockIcon:
    """An icon that any thread may tell what to show."""

    def __init__(
        self, name: str, *, draw: Callable[[IconKey], Image], clicked: Callable[[Click], None]
    ) -> None:
        import pystray  # noqa: PLC0415  # it opens the display

        self._pystray = pystray
        self._draw = draw
        self._clicked = clicked
        self._view: TrayView | None = None
        self._icon = pystray.Icon(name, menu=pystray.Menu(self._items))

    def show_view(self, view: TrayView) -> None:
        shown, self._view = self._view, view
        if shown is None or shown.icon != view.icon:
            self._icon.icon = self._draw(view.icon)
        self._icon.title = view.title
        if shown is not None and shown.rows != view.rows:
            self._renew_menu()

    def redraw(self) -> None:
        if self._view is not None:
            self._icon.icon = self._draw(self._view.icon)

    def run_until_stopped(self, ready: Callable[[], None]) -> None:
        def appear(icon: pystray.Icon) -> None:
            icon.visible = True
            ready()

        self._icon.run(setup=appear)

    def stop(self) -> None:
        self._icon.stop()

    def _renew_menu(self) -> None:
        self._icon.update_menu()

    def _items(self) -> Iterator[pystray.MenuItem]:
        return self._items_of(self._view.rows if self._view is not None else ())

    def _items_of(self, rows: tuple[Row, ...]) -> Iterator[pystray.MenuItem]:
        for row in rows:
            if isinstance(row, Separator):
                yield self._pystray.Menu.SEPARATOR
                continue
            if isinstance(row, Submenu):
                answer = self._pystray.Menu(*self._items_of(row.rows))
            else:
                answer = self._answer(row.action)
            yield self._pystray.MenuItem(self._label(row.label), answer, enabled=row.enabled)

    def _label(self, text: str) -> str:
        return text

    def _answer(self, click: Click | None) -> Callable[[], None]:
        return lambda: self._clicked(click) if click is not None else None


class WindowsIcon(StockIcon):
    """On Windows a menu must not be replaced while it is open: it waits until it is closed.

    An open menu blocks the icon's thread in the handler that opened it.
    """

    def __init__(
        self, name: str, *, draw: Callable[[IconKey], Image], clicked: Callable[[Click], None]
    ) -> None:
        super().__init__(name, draw=draw, clicked=clicked)
        self._lock = threading.Lock()
        self._is_busy = False
        self._is_due = False
        handlers = self._icon._message_handlers  # noqa: SLF001  # there is no other way in
        for message, handler in handlers.items():
            handlers[message] = self._guarded(handler)

    def _guarded(self, handler: Callable[[int, int], object]) -> Callable[[int, int], object]:
        def guarded(first: int, second: int) -> object:
            with self._lock:
                was_busy, self._is_busy = self._is_busy, True
            try:
                return handler(first, second)
            finally:
                with self._lock:
                    self._is_busy = was_busy
                    is_due = self._is_due and not was_busy
                    if is_due:
                        self._is_due = False
                        self._icon.update_menu()

        return guarded

    def _renew_menu(self) -> None:
        with self._lock:
            if self._is_busy:
                self._is_due = True
            else:
                self._icon.update_menu()

    def _label(self, text: str) -> str:
        # Windows takes a single & for the mark of a keyboard shortcut.
        return text.replace("&", "&&")
