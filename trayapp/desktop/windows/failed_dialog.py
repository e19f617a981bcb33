"""Dialog: a small window over another one, which waits until it is answered.

Runs on Tk's thread. Escape is "no"; Return presses the focused button, elsewhere the main one.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from trayapp.desktop.windows.looks import RING
from trayapp.desktop.windows.signs import Sign
from trayapp.desktop.windows.widgets import Kind, Role, Widgets
from trayapp.desktop.windows.window import APP_NAME, PAD, Window
from trayapp.i18n import _
from trayapp.light import dataclass

_UNITS = 440


@dataclass(frozen=True, slots=True)
class Way:
    """A button of a dialog: closes it, then does this."""

    label: str
    do: Callable[[], None]
    kind: Kind = Kind.NORMAL


class Dialog:
    """Title, words, whatever `body` is filled with, and buttons."""

    def __init__(
        self, window: Window, *, title: str, text: str, sign: Sign, width: float = _UNITS
    ) -> None:
        self._window = window
        self._before = window.top.focus_get()
        px, widgets = window.theme.px, window.widgets
        self.top = tk.Toplevel(window.top, class_=APP_NAME)
        self.top.withdraw()
        window.theme.dress(self.top)
        self.top.title(title)
        self.top.transient(window.top)
        self.page = ttk.Frame(self.top, padding=px(PAD - RING))
        self.page.pack(fill="both", expand=True)
        self.page.columnconfigure(0, weight=1, minsize=px(width))
        self.page.rowconfigure(1, weight=1)
        head = widgets.frame(self.page)
        head.columnconfigure(1, weight=1)
        head.grid(row=0, sticky="we")
        widgets.sign(head, sign).grid(row=0, column=0, rowspan=2, sticky="n", padx=(0, px(8)))
        widgets.label(head, title, role=Role.HEADING).grid(row=0, column=1, sticky="we")
        words = widgets.label(head, text, wrap=width - 40)
        words.grid(row=1, column=1, sticky="we", pady=(px(4), 0))
        self.body = widgets.frame(self.page)
        self.body.columnconfigure(0, weight=1)
        self.body.grid(row=1, sticky="nswe")
        self.top.protocol("WM_DELETE_WINDOW", self.close)
        self.top.bind("<Escape>", lambda _event: self.close())

    @property
    def widgets(self) -> Widgets:
        """To fill `body` with."""
        return self._window.widgets

    def offer(self, *ways: Way, no: str = "", focus: tk.Misc | None = None) -> None:
        """Show it with these buttons; the way out is the last, and has the keyboard at first.

        `focus`: what has it instead.
        """
        px = self._window.theme.px
        row = self.widgets.frame(self.page)
        row.columnconfigure(0, weight=1)
        row.grid(row=2, sticky="we", pady=(px(18), 0))
        for column, way in enumerate(ways, start=1):
            button = self.widgets.button(row, way.label, self._then(way.do), kind=way.kind)
            button.grid(row=0, column=column, padx=(0, px(6)))
            if column == 1:
                self._bind_main(button)
        out = self.widgets.button(row, no or _("Cancel"), self.close)
        out.grid(row=0, column=len(ways) + 1)
        self._appear(focus or out)

    def close(self) -> None:
        """The user wants nothing of it."""
        self.top.grab_release()
        self.top.destroy()
        before = self._before
        if before is not None and before.winfo_exists():
            before.focus_set()

    def _then(self, do: Callable[[], None]) -> Callable[[], None]:
        def chosen() -> None:
            self.close()
            do()

        return chosen

    def _bind_main(self, button: ttk.Button) -> None:
        def on_return(event: tk.Event[tk.Misc]) -> None:
            if not isinstance(event.widget, ttk.Button | tk.Text):
                button.invoke()

        self.top.bind("<Return>", on_return)

    def _appear(self, focus: tk.Misc) -> None:
        top, over = self.top, self._window.top
        top.update_idletasks()
        left = over.winfo_rootx() + (over.winfo_width() - top.winfo_reqwidth()) // 2
        above = over.winfo_rooty() + (over.winfo_height() - top.winfo_reqheight()) // 3
        top.geometry(f"+{max(0, left)}+{max(0, above)}")
        top.deiconify()
        top.lift()
        focus.focus_force()
        # A window that cannot be seen yet cannot be grabbed for.
        top.bind("<Visibility>", lambda _event: self._grab())

    def _grab(self) -> None:
        self.top.unbind("<Visibility>")
        self.top.grab_set()
