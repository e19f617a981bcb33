"""Surface: what scrolls in the failed-tasks window; cards, and below them the list, on one canvas.

Runs on Tk's thread. Frames are stacked by `put`; what is drawn comes from whoever `draws`.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from trayapp.desktop.windows.looks import RING
from trayapp.desktop.windows.window import Window

_LEAST_WIDTH = 480
_WHEEL_UNITS = 44
_WHEEL_STEP = 120
_SCROLLBAR_GAP = 4
_FORWARD, _BACK = "<Button-5>", "<Button-4>"


class Surface:
    """A canvas as wide as the window, with a scrollbar."""

    def __init__(self, parent: tk.Misc, window: Window, *, width: float) -> None:
        """`width`: units it will have at first, so that words can be broken before that."""
        theme = window.theme
        self.theme = theme
        self.frame = window.widgets.frame(parent)
        self.frame.columnconfigure(0, weight=1)
        self.frame.rowconfigure(0, weight=1)
        self.canvas = tk.Canvas(
            self.frame,
            background=theme.palette.background,
            highlightthickness=0,
            borderwidth=0,
            takefocus=0,
            yscrollincrement=1,
            width=1,
            height=1,
        )
        self.canvas.grid(row=0, column=0, sticky="nswe")
        # In the margin of the page, so that the content keeps the page's width.
        self._bar = window.widgets.scrollbar(parent)
        style = window.theme.style
        style.configure("Page.Vertical.TScrollbar", **_on_page(theme.palette.background))
        self._bar.configure(style="Page.Vertical.TScrollbar", command=self._on_bar)
        self.canvas.configure(yscrollcommand=self._on_view)
        self.on_draw: Callable[[], None] = lambda: None
        self.on_width: Callable[[int], None] = lambda _width: None
        self._width = theme.px(width)
        self._pending = False
        self._drawn_top = 0
        self._reach = 0
        self._is_seen = False
        self.canvas.bind("<Configure>", self._on_size)
        self._bind_wheel(window.top)

    @property
    def width(self) -> int:
        """Pixels across."""
        return self._width

    @property
    def height(self) -> int:
        """Pixels that are seen."""
        return self.canvas.winfo_height()

    @property
    def top(self) -> int:
        """The first line of pixels that is seen."""
        return int(self.canvas.canvasy(0))

    def reaches(self, height: int) -> None:
        """How far down there is something."""
        if height != self._reach:
            self._reach = height
            self.canvas.configure(scrollregion=(0, 0, max(1, self._width), height))

    def scroll_to(self, above: int, below: int) -> None:
        """Have these lines seen, the upper ones first."""
        top, height = self.top, self.height
        if above < top:
            wanted = above
        elif below > top + height:
            wanted = min(above, below - height)
        else:
            return
        if self._reach:
            self.canvas.yview_moveto(max(0, wanted) / self._reach)

    def redraw(self) -> None:
        """Draw soon; many wishes make one drawing."""
        if not self._pending and self._is_seen:
            self._pending = True
            self.canvas.after_idle(self._draw)

    def show_widget(self, widget: tk.Misc) -> None:
        """Scroll until this widget, which stands on the surface, is seen."""
        above = widget.winfo_rooty() - self.canvas.winfo_rooty() + self.top
        gap = self.theme.px(RING + 8)
        self.scroll_to(above - gap, above + widget.winfo_height() + gap)

    def _draw(self) -> None:
        self._pending = False
        self._drawn_top = self.top
        self.on_draw()

    def _on_size(self, event: tk.Event[tk.Misc]) -> None:
        # Words broken at every letter are higher than X can draw.
        width = max(event.width, self.theme.px(_LEAST_WIDTH))
        if width != self._width or not self._is_seen:
            self._width = width
            self._is_seen = True
            self.on_width(width)
        self.redraw()

    def _on_view(self, first: float | str, last: float | str) -> None:
        self._bar.set(float(first), float(last))
        if float(first) <= 0 and float(last) >= 1:
            self._bar.place_forget()
        else:
            gap = self.theme.px(_SCROLLBAR_GAP)
            self._bar.place(in_=self.frame, relx=1, x=gap, relheight=1)
        if self.top != self._drawn_top:
            self.redraw()

    def _on_bar(self, *words: str) -> None:
        self.canvas.tk.call(str(self.canvas), "yview", *words)

    def _bind_wheel(self, top: tk.Misc) -> None:
        step = self.theme.px(_WHEEL_UNITS)
        for key, way in ((_BACK, -1), (_FORWARD, 1)):
            top.bind(key, lambda _event, way=way: self._wheel(way * step))  # type: ignore[misc]
        top.bind("<MouseWheel>", lambda e: self._wheel(-e.delta * step // _WHEEL_STEP))

    def _wheel(self, pixels: int) -> None:
        if self._bar.winfo_ismapped():
            self.canvas.yview_scroll(pixels, "units")


def _on_page(colour: str) -> dict[str, str]:
    names = ("troughcolor", "background", "bordercolor", "darkcolor", "lightcolor")
    return dict.fromkeys(names, colour)
