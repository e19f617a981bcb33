"""The times window: when the entry begun last really began and ended.

Runs on Tk's thread. It closes when the app has written the correction down, or says why not.
"""

from __future__ import annotations

import tkinter as tk

from trayapp.clock import SystemClock
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.account import text
from trayapp.desktop.windows.banner import Banner
from trayapp.desktop.windows.field import Field
from trayapp.desktop.windows.widgets import Kind, Role, set_enabled
from trayapp.desktop.windows.window import CONTENT_UNITS, Opening, Sign, Window
from trayapp.i18n import _, pgettext

ASK_SECONDS = 10.0
_OF_STOP = "stopped-at"


def open_window(opening: Opening) -> Window:
    """The window, asking the app already."""
    window = Window(opening, title=_("Correct times – Trayapp"))
    Times(window, at_stop=opening.name == _OF_STOP)
    return window


class Times:
    """One page: begin and end of the entry, and what came of it."""

    def __init__(self, window: Window, *, at_stop: bool) -> None:
        self._window = window
        self._clock = SystemClock()
        self._at_stop = at_stop
        window.ask(Request("entry"), self._on_entry, timeout=ASK_SECONDS)

    def _on_entry(self, reply: Reply) -> None:
        if not reply.ok:
            title = _("There is nothing to correct.")
            self._window.say(Sign.NOTE, title, reply.message)
            return
        self._entry = text(reply.value, "entry")
        self._before = {name: text(reply.value, name) for name in ("started", "stopped")}
        self._build(text(reply.value, "name"))

    def _build(self, name: str) -> None:
        window, widgets, px = self._window, self._window.widgets, self._window.theme.px
        page = window.page()
        title = pgettext("title", "Correct times")
        widgets.label(page, title, role=Role.TITLE).grid(row=0, sticky="w")
        lead = widgets.label(page, name, role=Role.MUTED, wrap=CONTENT_UNITS)
        lead.grid(row=1, sticky="we", pady=(px(4), px(4)))
        hint = _("HH:MM of today, or a date and a time.")
        self._started = Field(
            page, widgets, _("Started at"), hint=hint, text=self._before["started"]
        )
        hint = "" if self._before["stopped"] else _("Empty: it goes on. A time ends it there.")
        self._stopped = Field(
            page, widgets, _("Stopped at"), hint=hint, text=self._before["stopped"]
        )
        self._fields = {"started": self._started, "stopped": self._stopped}
        for row, field in enumerate(self._fields.values(), start=2):
            field.widget.grid(row=row, sticky="we", pady=(px(8), 0))
        self._banner = Banner(page, widgets, row=4)
        self._build_footer(page)
        first = self._stopped if self._at_stop else self._started
        window.show(first.entry, default=self._save_button)
        first.ask_anew()

    def _build_footer(self, page: tk.Misc) -> None:
        widgets, px = self._window.widgets, self._window.theme.px
        footer = widgets.frame(page)
        footer.grid(row=5, sticky="we", pady=(px(16), 0))
        footer.columnconfigure(0, weight=1)
        self._cancel_button = widgets.button(footer, _("Cancel"), self._window.close)
        self._cancel_button.grid(row=0, column=1, padx=(0, px(2)))
        self._save_button = widgets.button(footer, _("Save"), self._save, kind=Kind.ACCENT)
        self._save_button.grid(row=0, column=2)

    def _save(self) -> None:
        stamp = self._clock.stamp()
        changed = {
            name: field.text
            for name, field in self._fields.items()
            if field.text != self._before[name]
        }
        emptied = next((name for name, typed in changed.items() if not typed), None)
        if emptied is not None:
            self._refuse(_("A time that was there cannot be taken away; type another."), emptied)
            return
        if not changed:
            self._window.close()
            return
        self._set_busy(busy=True)
        self._window.ask(
            Request("edit_typed", {"entry": self._entry, **changed}, stamp),
            self._on_answer,
            timeout=ASK_SECONDS,
            failed=self._on_unreachable,
        )

    def _on_answer(self, reply: Reply) -> None:
        if reply.ok:
            self._window.close()
            return
        self._set_busy(busy=False)
        self._refuse(reply.message, text(reply.value, "field"))

    def _on_unreachable(self, error: ChannelError) -> None:
        self._set_busy(busy=False)
        self._banner.say(Sign.NEEDS_YOU, f"{error.title} {error.message}")
        self._save_button.focus_set()

    def _refuse(self, why: str, name: str) -> None:
        self._banner.say(Sign.NEEDS_YOU, why)
        self._fields.get(name, self._started).ask_anew()

    def _set_busy(self, *, busy: bool) -> None:
        for field in self._fields.values():
            set_enabled(field.widget, enabled=not busy)
        set_enabled(self._save_button, enabled=not busy)
        if busy:
            self._cancel_button.focus_set()
