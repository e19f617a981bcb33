"""Field: a line to type in, with its label above and perhaps a hint below. Runs on Tk's thread."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from trayapp.desktop.windows.widgets import Role, Widgets
from trayapp.desktop.windows.window import CONTENT_UNITS


class Field:
    """Label, line and hint in a frame `widget`; placing that is the caller's."""

    def __init__(
        self, parent: tk.Misc, widgets: Widgets, label: str, *, hint: str = "", text: str = ""
    ) -> None:
        px = widgets.theme.px
        self.widget = widgets.frame(parent)
        self.widget.columnconfigure(0, weight=1)
        self._text = tk.StringVar(self.widget, text)
        widgets.label(self.widget, label).grid(row=0, sticky="w")
        self.entry = widgets.entry(self.widget, self._text)
        self.entry.grid(row=1, sticky="we", pady=(px(2), 0))
        if hint:
            below = widgets.label(self.widget, hint, role=Role.MUTED, wrap=CONTENT_UNITS)
            below.grid(row=2, sticky="we", pady=(px(2), 0))
        self.entry.icursor("end")
        self._is_filled_in = False

    def on_typed(self, typed: Callable[[], None]) -> None:
        """Have this called when somebody types; not when `text` is set."""

        def changed(*_names: str) -> None:
            if not self._is_filled_in:
                typed()

        self._text.trace_add("write", changed)

    @property
    def text(self) -> str:
        """What is typed there, without blanks around it."""
        return self._text.get().strip()

    @text.setter
    def text(self, text: str) -> None:
        self._is_filled_in = True
        self._text.set(text)
        self._is_filled_in = False
        self.entry.icursor("end")

    def ask_anew(self) -> None:
        """Have it typed once more: the keyboard is here, and all of it is selected."""
        self.entry.focus_set()
        self.entry.selection_range(0, "end")
