"""The times window: when the entry begun last really began and ended.

Runs on Tk's thread. It closes when the app has written the correction down, or says why not.
"""

from __future__ import annotations

from trayapp.clock import SystemClock
from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.account import text
from trayapp.desktop.windows.field import Field
from trayapp.desktop.windows.field_form import ASK_SECONDS, FieldForm
from trayapp.desktop.windows.widgets import Role
from trayapp.desktop.windows.window import CONTENT_UNITS, Opening, Sign, Window
from trayapp.i18n import _, pgettext

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
        self._form = FieldForm(window, page, self._fields, row=2, label=_("Save"), done=self._save)
        first = self._stopped if self._at_stop else self._started
        window.show(first.entry, default=self._form.default)
        first.ask_anew()

    def _save(self) -> None:
        stamp = self._clock.stamp()
        changed = {
            name: field.text
            for name, field in self._fields.items()
            if field.text != self._before[name]
        }
        emptied = next((name for name, typed in changed.items() if not typed), None)
        if emptied is not None:
            words = _("A time that was there cannot be taken away; type another.")
            self._form.refuse(words, emptied)
            return
        if not changed:
            self._window.close()
            return
        request = Request("edit_typed", {"entry": self._entry, **changed}, stamp)
        self._form.send(request, self._on_answer)

    def _on_answer(self, reply: Reply) -> None:
        if reply.ok:
            self._window.close()
        else:
            self._form.refuse(reply.message, text(reply.value, "field"))
