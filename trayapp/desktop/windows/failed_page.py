"""The page of the failed-tasks window: title, banner, what scrolls, footer; or that all is well.

Runs on Tk's thread. It shows what it is given, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from tkinter import ttk

from trayapp.desktop.windows.banner import Banner, Offer
from trayapp.desktop.windows.failed_footer import Commands, Footer
from trayapp.desktop.windows.failed_surface import Surface
from trayapp.desktop.windows.signs import Sign
from trayapp.desktop.windows.widgets import Kind, Role
from trayapp.desktop.windows.window import PAD, Window
from trayapp.i18n import _
from trayapp.light import dataclass

WIDTH = 912
_HEIGHT, _LEAST_HEIGHT, _LEAST_WIDTH = 560, 300, 660
_BIG_SIGN = 48
_SCREEN_PART = 0.92


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbar:
    """The line above the list, for what the list shows."""

    show_all: Callable[[], None]
    retry: Callable[[], None]
    copy: Callable[[], None]
    discard: Callable[[], None]


class ListHead:
    """What the list shows, and what can be done with all of it."""

    def __init__(self, surface: Surface, window: Window, deeds: Toolbar) -> None:
        widgets, px = window.widgets, window.theme.px
        self.frame = widgets.frame(surface.canvas)
        self.frame.columnconfigure(0, weight=1)
        self._words = widgets.label(self.frame, role=Role.BOLD)
        self._words.grid(row=0, column=0, sticky="w")
        made = []
        for column, (text, do, kind) in enumerate(
            (
                (_("Show all"), deeds.show_all, Kind.QUIET),
                (_("Retry these"), deeds.retry, Kind.QUIET),
                (_("Copy"), deeds.copy, Kind.QUIET),
                (_("Discard…"), deeds.discard, Kind.QUIET),
            ),
            start=1,
        ):
            button = widgets.button(self.frame, text, do, kind=kind)
            button.grid(row=0, column=column, padx=(px(2), 0))
            button.bind("<FocusIn>", lambda event: surface.show_widget(event.widget))
            made.append(button)
        self._only_some = made[:2]

    def show(self, words: str, *, filtered: bool) -> None:
        """What the list shows: all, or one group."""
        self._words.configure(text=words)
        for button in self._only_some:
            if filtered:
                button.grid()
            else:
                button.grid_remove()


class Page:
    """Everything that does not scroll, and the surface that does."""

    def __init__(self, window: Window, commands: Commands) -> None:
        widgets, px = window.widgets, window.theme.px
        self._window = window
        page = window.page(width=WIDTH)
        page.columnconfigure(0, minsize=0)
        page.rowconfigure(2, weight=1)
        self._page = page
        self._head = widgets.frame(page)
        self._head.columnconfigure(0, weight=1)
        self._head.grid(row=0, sticky="we", pady=(0, px(8)))
        self._title = widgets.label(self._head, role=Role.TITLE)
        self._title.grid(row=0, sticky="w")
        self._safe = widgets.label(self._head, role=Role.MUTED, wrap=WIDTH)
        self._safe.grid(row=1, sticky="we", pady=(px(2), 0))
        self.banner = Banner(page, widgets, row=1)
        self.surface = Surface(page, window, width=WIDTH)
        self.surface.frame.grid(row=2, sticky="nswe", pady=(px(8), 0))
        self._empty: ttk.Frame | None = None
        self.footer = Footer(page, widgets, commands)
        self.footer.frame.grid(row=3, sticky="we", pady=(px(14), 0))
        self._is_empty: bool | None = None

    def settle(self, content: int) -> None:
        """Ask for a size that fits `content` pixels of what scrolls; `release` it when shown."""
        top, px = self._window.top, self._window.theme.px
        most_across = int(top.winfo_screenwidth() * _SCREEN_PART)
        most_down = int(top.winfo_screenheight() * _SCREEN_PART) - px(16)
        self.surface.canvas.configure(width=1, height=1)
        self._page.columnconfigure(0, minsize=min(px(WIDTH), most_across - 2 * px(PAD)))
        top.update_idletasks()
        around = top.winfo_reqheight()
        high = max(px(_LEAST_HEIGHT), min(content, px(_HEIGHT), most_down - around))
        self._page.rowconfigure(2, minsize=high)
        top.update_idletasks()
        across, down = min(top.winfo_reqwidth(), most_across), top.winfo_reqheight()
        top.geometry(f"{across}x{down}")
        top.minsize(min(px(_LEAST_WIDTH), across), min(around + px(_LEAST_HEIGHT) // 2, down))

    def release(self) -> None:
        """From now on the user decides how large the window is."""
        self._page.columnconfigure(0, minsize=0)
        self._page.rowconfigure(2, minsize=0)

    def show(self, title: str, safe: str, *, empty: bool) -> None:
        """The title; whether there is a list at all."""
        self._window.top.title(f"{title} – Trayapp")
        self._title.configure(text=title)
        self._safe.configure(text=safe)
        if empty:
            # Made when it is wanted: drawing its large sign takes as long as all others do.
            self._empty = self._empty or self._make_empty()
            self._nothing.configure(text=safe)
        if empty is self._is_empty:
            return
        self._is_empty = empty
        if self._empty is not None:
            _show_either(self._empty, self.surface.frame, first=empty)
        if empty:
            self._head.grid_remove()
        else:
            self._head.grid()

    def say(self, sign: Sign, text: str, offer: Offer | None = None) -> None:
        """In the banner."""
        self.banner.say(sign, text, offer)

    def _make_empty(self) -> ttk.Frame:
        widgets, px = self._window.widgets, self._window.theme.px
        frame = widgets.frame(self._page)
        frame.columnconfigure(0, weight=1)
        frame.rowconfigure((0, 4), weight=1)
        widgets.sign(frame, Sign.GOOD, units=_BIG_SIGN).grid(row=1)
        title = widgets.label(frame, _("Nothing has failed."), role=Role.TITLE)
        title.grid(row=2, pady=(px(12), px(4)))
        self._nothing = widgets.label(frame, role=Role.MUTED, wrap=560)
        self._nothing.configure(justify="center", anchor="center")
        self._nothing.grid(row=3, sticky="we")
        frame.grid(row=2, sticky="nswe")
        return frame


def _show_either(one: ttk.Frame, other: ttk.Frame, *, first: bool) -> None:
    (other if first else one).grid_remove()
    (one if first else other).grid()
