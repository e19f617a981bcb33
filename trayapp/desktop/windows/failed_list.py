"""The list of the failed-tasks window: only the rows that are seen are drawn.

Runs on Tk's thread. One row at a time unfolds. An invisible widget takes the keyboard for it, so
that Tab reaches the list between the cards above and what is unfolded in it.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from trayapp.desktop.windows.failed_paint import ROWS, Look, Painter
from trayapp.desktop.windows.failed_places import Places
from trayapp.desktop.windows.failed_row import Row
from trayapp.desktop.windows.failed_surface import Surface
from trayapp.light import dataclass

_GAP = 16
_CLICK_SLACK = 3
_CARD_UNITS, _HEAD_UNITS = 110, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What the list asks of the window.

    `row`: the row at a place; `unfold`: build what is below it, None where it has gone;
    `discard`, `copy`: do that with the selected one.
    """

    row: Callable[[int], Row | None]
    unfold: Callable[[int], ttk.Frame | None]
    discard: Callable[[int], None]
    copy: Callable[[int], None]


class TaskList:
    """Rows below the frames that stand on the surface."""

    def __init__(self, surface: Surface, hands: Hands) -> None:
        self._surface = surface
        self._canvas = surface.canvas
        self._hands = hands
        self._painter = Painter(surface.canvas, surface.theme)
        self._places = Places(self._painter.row_height)
        self._selected = 0
        self._hovered = -1
        self._above: tuple[ttk.Frame, ...] = ()
        self._above_items: list[int] = []
        self.on_width: Callable[[int], None] = lambda _width: None
        self._details: ttk.Frame | None = None
        self._details_item = 0
        self.keys = tk.Frame(
            surface.canvas, width=1, height=1, takefocus=1, background=surface.theme.palette.card
        )
        self._keys_item = self._canvas.create_window(0, 0, window=self.keys, anchor="nw")
        surface.on_draw = self.draw
        surface.on_width = self._on_width
        self._bind()

    # -- content ---------------------------------------------------------------------------

    def stack(self, *frames: ttk.Frame) -> None:
        """These stand above the list, in this order; made before the list for Tab's sake.

        They are put there when it is known how wide it is, and so are drawn only once.
        """
        self._above = frames
        for frame in frames:
            frame.bind("<Configure>", lambda _event: self._surface.redraw())

    def fill(self, count: int, *, selected: int) -> None:
        """So many rows from now on, and the selected one."""
        self._places.count = count
        self._selected = self._places.nearest(selected)
        self._surface.redraw()

    def moved(self, *, unfolded: int) -> None:
        """The unfolded task stands at another place now; -1: it has gone."""
        if self._places.unfolded >= 0 and unfolded < 0:
            self.fold()
        self._places.unfolded = unfolded if self._details is not None else -1

    def again(self) -> None:
        """Build anew what is unfolded."""
        if self._places.unfolded >= 0:
            self.unfold(self._places.unfolded)

    def guess(self, cards: int) -> int:
        """About how high all of it is, before any of it is laid out."""
        px = self._surface.theme.px
        rows = self._places.count * self._painter.row_height
        return cards * px(_CARD_UNITS) + rows + px(_HEAD_UNITS)

    @property
    def indent(self) -> int:
        """Where the words of a row begin."""
        return self._painter.left

    @property
    def selected(self) -> int:
        """The place of the selected row; -1 in an empty list."""
        return self._selected if self._places.count else -1

    @property
    def unfolded(self) -> int:
        """The place of the unfolded row; -1: none."""
        return self._places.unfolded

    def to_top(self) -> None:
        """Show the list from its first row."""
        self._surface.canvas.update_idletasks()
        self.draw()
        bottom = self._places.top + self._painter.row_height * min(self._places.count, 8)
        self._surface.scroll_to(self._places.top - 3 * self._painter.heading_height, bottom)

    # -- unfolding -------------------------------------------------------------------------

    def unfold(self, index: int) -> None:
        """Show everything about this one."""
        self.fold()
        details = self._hands.unfold(index)
        if details is None:
            return
        self._places.unfolded, self._details = index, details
        px = self._surface.theme.px
        self._details_item = self._canvas.create_window(
            px(_CLICK_SLACK + 1),
            self._places.y(index) + self._painter.row_height,
            window=details,
            anchor="nw",
            width=max(1, self._surface.width - 2 * px(_CLICK_SLACK + 1)),
        )
        details.update_idletasks()
        self._places.below = details.winfo_reqheight() + self._surface.theme.hairline
        details.bind("<Configure>", self._on_details)
        self.draw()
        below = self._places.y(index) + self._painter.row_height + self._places.below
        self._surface.scroll_to(self._places.y(index) - self._painter.row_height // 2, below)

    def fold(self) -> None:
        """Show its row only."""
        if self._details is not None:
            had_focus = str(self._details.focus_get() or "").startswith(str(self._details))
            self._canvas.delete(self._details_item)
            self._details.destroy()
            if had_focus:
                self.keys.focus_set()
        self._details, self._places.unfolded, self._places.below = None, -1, 0
        self._surface.redraw()

    def toggle(self, index: int) -> None:
        """Unfold it, or fold it again."""
        if index == self._places.unfolded:
            self.fold()
        elif index >= 0:
            self.unfold(index)

    # -- drawing ---------------------------------------------------------------------------

    def draw(self) -> None:
        """Place the frames and draw the rows that are seen."""
        surface, painter = self._surface, self._painter
        self._canvas.delete(ROWS)
        if surface.width < painter.row_height:
            return
        top = self._place_frames()
        self._places.top = top + painter.heading_height
        bottom = self._places.y(self._places.count) if self._places.count else self._places.top
        surface.reaches(bottom + surface.theme.px(_CLICK_SLACK))
        if self._places.count:
            self._draw_rows(top, bottom)
        if self._details is not None:
            self._canvas.coords(
                self._details_item,
                self._canvas.coords(self._details_item)[0],
                self._places.y(self._places.unfolded) + painter.row_height,
            )
        # Always within what is seen: Tab passes over what is not.
        self._canvas.coords(self._keys_item, surface.width // 2, surface.top + 1)

    def _draw_rows(self, top: int, bottom: int) -> None:
        surface, painter = self._surface, self._painter
        margin = 4 * painter.row_height
        seen, end = surface.top, surface.top + surface.height
        painter.card(max(top, seen - margin), min(bottom, end + margin))
        if top + painter.heading_height > seen:
            painter.headings(top)
        has_focus = self.keys.focus_get() is self.keys
        index = max(0, self._places.index(seen))
        while index < self._places.count and self._places.y(index) < end:
            look = Look(
                selected=index == self._selected,
                hovered=index == self._hovered,
                focused=has_focus and index == self._selected,
                unfolded=index == self._places.unfolded,
            )
            painter.row(self._hands.row(index), self._places.y(index), look)
            if index + 1 < self._places.count:
                painter.rule(self._places.y(index + 1))
            index += 1

    def _place_frames(self) -> int:
        gap = self._surface.theme.px(_GAP)
        y = 0
        for item, frame in zip(self._above_items, self._above, strict=True):
            self._canvas.coords(item, 0, y)
            y += frame.winfo_reqheight() + gap // 2
        return y

    # -- events ----------------------------------------------------------------------------

    def _bind(self) -> None:
        keys, canvas = self.keys, self._canvas
        for key, by in (("<Up>", -1), ("<Down>", 1)):
            keys.bind(key, lambda _event, by=by: self._go(self._selected + by))  # type: ignore[misc]
        for key, way in (("<Prior>", -1), ("<Next>", 1)):
            keys.bind(key, lambda _event, way=way: self._go(self._selected + way * self._page()))  # type: ignore[misc]
        keys.bind("<Home>", lambda _event: self._go(0))
        keys.bind("<End>", lambda _event: self._go(self._places.count - 1))
        for key in ("<Return>", "<KP_Enter>", "<space>"):
            keys.bind(key, lambda _event: self.toggle(self.selected))
        keys.bind("<Right>", lambda _event: self._with_selected(self.unfold))
        keys.bind("<Left>", lambda _event: self.fold())
        keys.bind("<Delete>", lambda _event: self._with_selected(self._hands.discard))
        keys.bind("<Control-c>", lambda _event: self._with_selected(self._hands.copy))
        keys.bind("<FocusIn>", lambda _event: self._on_focus())
        keys.bind("<FocusOut>", lambda _event: self._surface.redraw())
        # What stands above is reached again only when it is seen.
        keys.bind("<<PrevWindow>>", lambda _event: self._on_back())
        canvas.bind("<Button-1>", self._on_click)
        canvas.bind("<Motion>", lambda event: self._hover(self._hit(event)))
        canvas.bind("<Leave>", lambda _event: self._hover(-1))

    def _page(self) -> int:
        return max(1, self._surface.height // self._painter.row_height - 1)

    def _go(self, index: int) -> None:
        if not self._places.count:
            return
        self._selected = self._places.nearest(index)
        self._show_selected()

    def _show_selected(self) -> None:
        top = self._places.y(self._selected)
        above = top - self._painter.heading_height if self._selected == 0 else top
        self._surface.scroll_to(above, top + self._painter.row_height)
        self._surface.redraw()

    def _with_selected(self, work: Callable[[int], None]) -> None:
        if self._places.count:
            work(self._selected)

    def _on_focus(self) -> None:
        if self._places.count:
            self._show_selected()

    def _on_back(self) -> None:
        self._canvas.yview_moveto(0)
        self._canvas.update_idletasks()

    def _hit(self, event: tk.Event[tk.Canvas]) -> int:
        return self._places.hit(self._surface.top + event.y)

    def _on_click(self, event: tk.Event[tk.Canvas]) -> None:
        index = self._hit(event)
        if index >= 0:
            self._selected = index
            self.keys.focus_set()
            self.toggle(index)

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self._surface.redraw()

    def _on_width(self, width: int) -> None:
        self._painter.layout(width)
        self.on_width(width)
        if not self._above_items:
            self._above_items = [
                self._canvas.create_window(0, 0, window=frame, anchor="nw", width=width)
                for frame in self._above
            ]
            self._canvas.update_idletasks()
        for item in self._above_items:
            self._canvas.itemconfigure(item, width=width)
        if self._details is not None:
            inset = 2 * self._surface.theme.px(_CLICK_SLACK + 1)
            self._canvas.itemconfigure(self._details_item, width=max(1, width - inset))

    def _on_details(self, _event: tk.Event[tk.Misc]) -> None:
        if self._details is None:
            return
        height = self._details.winfo_reqheight() + self._surface.theme.hairline
        if height != self._places.below:
            self._places.below = height
            self._surface.redraw()
