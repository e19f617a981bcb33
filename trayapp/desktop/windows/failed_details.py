"""What unfolds below a row: the whole reason, the payload, earlier attempts, and three buttons.

Runs on Tk's thread. Nothing here is cut: long words wrap, and the list scrolls.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from trayapp.desktop.windows.failed_row import Details
from trayapp.desktop.windows.failed_surface import Surface
from trayapp.desktop.windows.looks import RING
from trayapp.desktop.windows.widgets import Kind, Role, Widgets
from trayapp.i18n import _
from trayapp.light import dataclass


@dataclass(frozen=True, slots=True)
class Deed:
    """A button below a task."""

    label: str
    do: Callable[[], None]
    apart: bool = False
    """Dangerous: it stands on the other side, and asks first."""


def build_details(
    surface: Surface, widgets: Widgets, found: Details, deeds: tuple[Deed, ...], *, indent: int
) -> ttk.Frame:
    """The frame for below the row; `indent`: where the row's words begin."""
    px = widgets.theme.px
    frame = ttk.Frame(surface.canvas, style="Card.TFrame")
    frame.columnconfigure(0, weight=1)
    inside = widgets.frame(frame)
    inside.columnconfigure(0, weight=1)
    left = max(0, indent - px(2 * RING + 1))
    inside.grid(sticky="we", padx=(left, px(14)), pady=(px(8), px(12)))
    facts = widgets.label(inside, found.facts, role=Role.MUTED, wrap=560)
    facts.grid(row=0, sticky="we")
    _part(inside, widgets, _("Reason"), found.reason, row=1)
    _caption(inside, widgets, _("Payload"), row=3)
    payload = fixed_text(inside, widgets, found.payload)
    payload.grid(row=4, sticky="we", padx=px(RING))
    if found.history:
        _caption(inside, widgets, _("Attempts, the newest first"), row=5)
        _history(inside, widgets, found).grid(row=6, sticky="we")
    buttons = widgets.frame(inside)
    buttons.grid(row=7, sticky="we", pady=(px(10), 0))
    buttons.columnconfigure(len(deeds), weight=1)
    for column, deed in enumerate(deeds):
        kind = Kind.DANGER if deed.apart else Kind.NORMAL
        button = widgets.button(buttons, deed.label, deed.do, kind=kind)
        place = len(deeds) + 1 if deed.apart else column
        button.grid(row=0, column=place, padx=(0, px(6 if not deed.apart else 0)))
        button.bind("<FocusIn>", lambda event: surface.show_widget(event.widget))
    return frame


def _caption(parent: tk.Misc, widgets: Widgets, text: str, *, row: int) -> None:
    px = widgets.theme.px
    label = widgets.label(parent, text, role=Role.MUTED)
    label.grid(row=row, sticky="w", pady=(px(8) if row else 0, px(2)))


def _part(parent: tk.Misc, widgets: Widgets, caption: str, text: str, *, row: int) -> None:
    _caption(parent, widgets, caption, row=row)
    label = widgets.label(parent, text, wrap=560)
    label.grid(row=row + 1, sticky="we")


def _history(parent: tk.Misc, widgets: Widgets, found: Details) -> ttk.Frame:
    px = widgets.theme.px
    table = widgets.frame(parent)
    table.columnconfigure(1, weight=1)
    for row, (at, reason) in enumerate(found.history):
        widgets.label(table, at).grid(row=row, column=0, sticky="nw", pady=px(1))
        words = widgets.label(table, reason, role=Role.MUTED, wrap=420)
        words.grid(row=row, column=1, sticky="we", padx=(px(8), 0), pady=px(1))
    return table


def fixed_text(parent: tk.Misc, widgets: Widgets, text: str, *, lines: int = 0) -> tk.Text:
    """Text to read and select, not to change; as high as it is long unless `lines` says."""
    made = tk.Text(
        parent,
        width=1,
        height=lines or max(1, text.count("\n") + 1),
        wrap="char",
        takefocus=1,
        undo=False,
        relief="flat",
    )
    widgets.theme.dress(made)
    palette = widgets.theme.palette
    made.configure(background=palette.background, insertwidth=0)
    made.insert("1.0", text)
    made.configure(state="disabled")
    # Text's own Tab would type one.
    made.bind("<Tab>", lambda event: _leave(event.widget.tk_focusNext()))
    for key in ("<Shift-Tab>", "<<PrevWindow>>"):
        made.bind(key, lambda event: _leave(event.widget.tk_focusPrev()))
    if not lines:
        made.bind("<Configure>", _fit_height)
        for wheel in ("<Button-4>", "<Button-5>", "<MouseWheel>"):
            made.bind_class(str(made), wheel, lambda _event: None)
        made.bindtags(tuple(tag for tag in made.bindtags() if tag != "Text" or lines))
        _bind_reading(made)
    return made


def _bind_reading(made: tk.Text) -> None:
    """Without Text's own keys and wheel, which would scroll it inside the list."""
    made.bind("<Button-1>", lambda _event: made.focus_set())
    made.bind("<Control-a>", lambda _event: made.tag_add("sel", "1.0", "end"))
    made.bind("<Control-c>", lambda _event: _copy(made))
    anchor = ["1.0"]

    def begin(event: tk.Event[tk.Text]) -> None:
        anchor[0] = made.index(f"@{event.x},{event.y}")
        made.tag_remove("sel", "1.0", "end")
        made.focus_set()

    def drag(event: tk.Event[tk.Text]) -> None:
        here = made.index(f"@{event.x},{event.y}")
        first, last = sorted((anchor[0], here), key=lambda at: made.count("1.0", at) or (0,))
        made.tag_remove("sel", "1.0", "end")
        made.tag_add("sel", first, last)

    made.bind("<Button-1>", begin)
    made.bind("<B1-Motion>", drag)


def _copy(made: tk.Text) -> None:
    if made.tag_ranges("sel"):
        made.clipboard_clear()
        made.clipboard_append(made.get("sel.first", "sel.last"))


def _fit_height(event: tk.Event[tk.Text]) -> None:
    shown = event.widget.count("1.0", "end", "displaylines")
    lines = shown[0] if isinstance(shown, tuple) else shown
    if lines and int(str(event.widget.cget("height"))) != lines:
        event.widget.configure(height=lines)


def _leave(to: tk.Misc | None) -> str:
    if to is not None:
        to.focus_set()
    return "break"
