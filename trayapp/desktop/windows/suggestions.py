"""Suggestions: a list under a field, of what could be typed there.

It opens while somebody types, or with Down. Up and Down choose, Return takes what is chosen,
Escape and leaving the field close it; without the list these keys do what they do everywhere.
Runs on Tk's thread.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence

from trayapp.desktop.windows.field import Field
from trayapp.desktop.windows.looks import RING
from trayapp.desktop.windows.widgets import Widgets
from trayapp.sync.words import one_line

_MOST_ROWS = 6
_MOST_KEPT = 100
_PADDING = RING + 2
_CELL_PADDING = 8
_GAP = 4


class Suggestions:
    """`found` says what goes with a text; `taken` is called with the number of the one chosen.

    The list lies over `page`, below the field, as long as the page lets it be.
    """

    def __init__(
        self,
        page: tk.Misc,
        widgets: Widgets,
        field: Field,
        *,
        found: Callable[[str], Sequence[str]],
        taken: Callable[[str, int], None],
    ) -> None:
        self._page = page
        self._theme = widgets.theme
        self._field = field
        self._found = found
        self._taken = taken
        px = self._theme.px
        self._box = widgets.field_box(page, padding=_PADDING)
        self._list = widgets.table(self._box, "gap", "text")
        # The words begin where those in the field do, whose padding no cell has.
        self._list.column("gap", width=px(_GAP), minwidth=0, stretch=False)
        self._list.column("text", width=px(40), minwidth=0)
        self._list.pack(fill="both", expand=True)
        self._list.bind("<Button-1>", self._on_click)
        entry = field.entry
        for keys, work in (
            (("<Down>",), lambda: self._move(1)),
            (("<Up>",), lambda: self._move(-1)),
            (("<Return>", "<KP_Enter>"), self._take),
            (("<Escape>",), self._escape),
        ):
            for key in keys:
                entry.bind(key, self._stopping(work))
        field.on_typed(self._on_typed)
        entry.bind("<FocusOut>", lambda _event: self.close())

    @property
    def is_open(self) -> bool:
        """Whether the list is shown."""
        return bool(self._box.winfo_manager())

    def close(self) -> None:
        """Show no list."""
        self._box.place_forget()

    def _open(self) -> None:
        labels = self._found(self._field.text)[:_MOST_KEPT]
        rows = min(len(labels), _MOST_ROWS, self._room())
        if rows <= 0:
            self.close()
            return
        self._list.delete(*self._list.get_children())
        for number, label in enumerate(labels):
            self._list.insert("", "end", iid=str(number), values=("", self._fitting(label)))
        self._list.configure(height=rows)
        self._list.yview_moveto(0)
        height = rows * self._row_height() + 2 * self._theme.px(_PADDING)
        entry = self._field.entry
        self._box.place(
            in_=entry, relx=0, rely=1, y=-self._theme.px(RING - 1), relwidth=1, height=height
        )
        self._box.lift()

    def _room(self) -> int:
        """How many rows there are below the field."""
        entry = self._field.entry
        below = self._page.winfo_rooty() + self._page.winfo_height() - entry.winfo_rooty()
        free = below - entry.winfo_height() - 2 * self._theme.px(_PADDING)
        return free // self._row_height()

    def _row_height(self) -> int:
        return int(str(self._theme.style.lookup("Treeview", "rowheight")))

    def _fitting(self, label: str) -> str:
        """The label as wide as the field, with … where something is missing."""
        font, shown = self._theme.fonts.text, one_line(label)
        room = self._field.entry.winfo_width() - 2 * self._theme.px(_PADDING + _GAP + _CELL_PADDING)
        if font.measure(shown) <= room:
            return shown
        fits, too_long = 0, len(shown)
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            is_short = font.measure(f"{shown[:middle]}…") <= room
            fits, too_long = (middle, too_long) if is_short else (fits, middle)
        return f"{shown[:fits].rstrip()}…"

    def _stopping(self, work: Callable[[], bool]) -> Callable[[object], str | None]:
        """`work` as a binding: where it did something, the key does nothing more."""
        return lambda _event: "break" if work() else None

    def _on_typed(self) -> None:
        if self._field.text:
            self._open()
        else:
            self.close()

    def _on_click(self, event: tk.Event[tk.Misc]) -> str:
        row = self._list.identify_row(event.y)
        if row:
            self._list.selection_set(row)
            self._take()
        return "break"  # the keyboard stays in the field

    def _move(self, by: int) -> bool:
        if not self.is_open:
            self._open()
            if not self.is_open:
                return True
        rows = self._list.get_children()
        chosen = self._list.selection()
        at = rows.index(chosen[0]) + by if chosen else (0 if by > 0 else len(rows) - 1)
        row = rows[max(0, min(at, len(rows) - 1))]
        self._list.selection_set(row)
        self._list.see(row)
        return True

    def _take(self) -> bool:
        chosen = self._list.selection() if self.is_open else ()
        self.close()
        if not chosen:
            return False
        self._taken(self._field.text, int(chosen[0]))
        return True

    def _escape(self) -> bool:
        was_open = self.is_open
        self.close()
        return was_open
