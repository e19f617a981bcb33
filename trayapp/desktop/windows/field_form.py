"""FieldForm: fields one below the other, what came of them, and the two buttons of a small window.

Runs on Tk's thread. While the app is asked, only Cancel can be pressed.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Mapping
from tkinter import ttk

from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.banner import Banner
from trayapp.desktop.windows.field import Field
from trayapp.desktop.windows.widgets import Kind, set_enabled
from trayapp.desktop.windows.window import Sign, Window
from trayapp.i18n import _

ASK_SECONDS = 10.0


class FieldForm:
    """From `row` of the page on; `done` is what the button `label` does, and Return in a field."""

    def __init__(
        self,
        window: Window,
        page: tk.Misc,
        fields: Mapping[str, Field],
        *,
        row: int,
        label: str,
        done: Callable[[], None],
    ) -> None:
        self._window = window
        self._fields = fields
        px = window.theme.px
        for below, field in enumerate(fields.values(), start=row):
            field.widget.grid(row=below, sticky="we", pady=(px(8), 0))
        self._banner = Banner(page, window.widgets, row=row + len(fields))
        footer = window.widgets.frame(page)
        footer.grid(row=row + len(fields) + 1, sticky="we", pady=(px(16), 0))
        footer.columnconfigure(0, weight=1)
        self._cancel = window.widgets.button(footer, _("Cancel"), window.close)
        self._cancel.grid(row=0, column=1, padx=(0, px(2)))
        self._done = window.widgets.button(footer, label, done, kind=Kind.ACCENT)
        self._done.grid(row=0, column=2)

    @property
    def default(self) -> ttk.Button:
        """The button for Return."""
        return self._done

    def send(self, request: Request, then: Callable[[Reply], None]) -> None:
        """Ask the app; where it cannot be asked, that is said and nothing typed is lost."""

        def answered(reply: Reply) -> None:
            self._set_busy(busy=False)
            then(reply)

        self._set_busy(busy=True)
        self._window.ask(request, answered, timeout=ASK_SECONDS, failed=self._on_unreachable)

    def refuse(self, why: str, name: str = "", *, sign: Sign = Sign.NEEDS_YOU) -> None:
        """Say why not, and have the field of this name, else the first, typed once more."""
        self._banner.say(sign, why)
        first = next(iter(self._fields.values()))
        self._fields.get(name, first).ask_anew()

    def _on_unreachable(self, error: ChannelError) -> None:
        self._set_busy(busy=False)
        self._banner.say(Sign.NEEDS_YOU, f"{error.title} {error.message}")
        self._done.focus_set()

    def _set_busy(self, *, busy: bool) -> None:
        for field in self._fields.values():
            set_enabled(field.widget, enabled=not busy)
        set_enabled(self._done, enabled=not busy)
        if busy:
            self._cancel.focus_set()
