"""What keys do in every window of ours, beyond what Tk has. Runs on Tk's thread."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from functools import partial
from tkinter import ttk

_RETURN = ("<Return>", "<KP_Enter>")
_ARROWS = {"<Left>": -1, "<Up>": -1, "<Right>": 1, "<Down>": 1}
_FIELDS = ("TEntry", "TCheckbutton", "TRadiobutton")


def bind_keys(top: tk.Toplevel, *, escape: Callable[[], None], default: Callable[[], None]) -> None:
    """Escape anywhere; Return presses the focused button, in a field it calls `default`.

    Arrows choose the next one of what stands side by side.
    """

    def on_return(event: tk.Event[tk.Misc]) -> None:
        if isinstance(event.widget, ttk.Widget):  # a field of ours, not of Tk's dialog for files
            default()

    top.bind("<Escape>", lambda _event: escape())
    for key in _RETURN:
        top.bind_class("TButton", key, _press)
        for field in _FIELDS:
            top.bind_class(field, key, on_return)
    for key, by in _ARROWS.items():
        top.bind_class("TRadiobutton", key, partial(_choose_neighbour, by=by))
    # Tk's own is "beginning of the line".
    top.bind_class("TEntry", "<Control-a>", _select_all)


def _press(event: tk.Event[tk.Misc]) -> None:
    if isinstance(event.widget, ttk.Button):
        event.widget.invoke()


def _choose_neighbour(event: tk.Event[tk.Misc], *, by: int) -> None:
    if isinstance(event.widget, ttk.Radiobutton):
        beside = event.widget.master.winfo_children()
        group = [one for one in beside if isinstance(one, ttk.Radiobutton)]
        one = group[(group.index(event.widget) + by) % len(group)]
        one.focus_set()
        one.invoke()


def _select_all(event: tk.Event[tk.Misc]) -> str:
    if isinstance(event.widget, ttk.Entry):
        event.widget.selection_range(0, "end")
        event.widget.icursor("end")
    return "break"
