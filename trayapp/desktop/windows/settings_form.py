"""The controls of the settings window, and what they say. Runs on Tk's thread.

Decides nothing: the app checks what was typed.
"""

from __future__ import annotations

import itertools
import tkinter as tk
from collections.abc import Mapping
from contextlib import suppress
from tkinter import ttk

from trayapp.desktop.windows.file_dialog import choose_certificates
from trayapp.desktop.windows.looks import RING
from trayapp.desktop.windows.settings_model import Preferred
from trayapp.desktop.windows.widgets import Role, Widgets
from trayapp.i18n import _, pgettext

WIDTH_UNITS = 492
"""Wider than other small windows, so that it is not higher than a small screen."""
_TIME_UNITS = 72
_NUMBER_UNITS = 56


class Form:
    """All settings in a frame `widget` of its own."""

    def __init__(self, parent: tk.Misc, widgets: Widgets, before: Preferred) -> None:
        self._widgets = widgets
        self.widget = widgets.frame(parent)
        self.widget.columnconfigure(0, weight=1)
        self._texts = {
            name: tk.StringVar(self.widget, getattr(before, name))
            for name in (
                "language",
                "icon_style",
                "quiet_from",
                "quiet_to",
                "max_attempts",
                "ca_file",
            )
        }
        self._notifications = tk.BooleanVar(self.widget, before.notifications)
        self.at_login = tk.BooleanVar(self.widget, value=False)
        self._fields: dict[str, ttk.Widget] = {}
        self._rows = itertools.count()
        # Made in reading order: so goes the Tab key.
        self._make_choice("language", _("Language"), _languages())
        self._make_choice("icon_style", _("Icon in the tray"), _icon_styles())
        self._put(widgets.check(self.widget, _("Notifications"), self._notifications), above=8)
        self._make_quiet()
        self.login = widgets.check(self.widget, _("Start at login"), self.at_login)
        self._put(self.login, above=6)
        self.login_words = widgets.label(self.widget, role=Role.MUTED, wrap=WIDTH_UNITS - _INDENT)
        self._put(self.login_words, above=2, indent=_INDENT)
        self.tell_login("")
        self._make_attempts()
        self._make_certificates()

    @property
    def preferred(self) -> Preferred:
        """What the controls say now."""
        typed = {name: value.get().strip() for name, value in self._texts.items()}
        return Preferred(notifications=self._notifications.get(), **typed)

    def tell_login(self, words: str) -> None:
        """What there is to say about start at login; nothing where it is empty."""
        self.login_words.configure(text=words)
        if words:
            self.login_words.grid()
        else:
            self.login_words.grid_remove()

    def ask_anew(self, name: str) -> bool:
        """Have this one typed once more; False where it has no field."""
        field = self._fields.get(name)
        if not isinstance(field, ttk.Entry):
            return False
        field.focus_set()
        field.selection_range(0, "end")
        return True

    # -- making ----------------------------------------------------------------------------

    def _make_choice(self, name: str, label: str, names: Mapping[str, str]) -> None:
        widgets = self._widgets
        now = self._texts[name].get()
        known = names if now in names else {**names, now: now}  # what only the file can say
        self._put(widgets.label(self.widget, label), above=8)
        self._put(widgets.choice(self.widget, known, self._texts[name]), above=2)

    def _make_quiet(self) -> None:
        row, px = self._widgets.frame(self.widget), self._widgets.theme.px
        parts: tuple[tuple[str, str], ...] = (
            (_("Quiet from"), "quiet_from"),
            (pgettext("quiet from … to", "to"), "quiet_to"),
        )
        for place, (label, name) in enumerate(parts):
            words = self._widgets.label(row, label)
            words.grid(row=0, column=2 * place, padx=(px(_INDENT if place == 0 else 6), px(6)))
            self._entry(row, name, units=_TIME_UNITS).grid(row=0, column=2 * place + 1)
        self._put(row, above=2)
        self._notifications.trace_add("write", lambda *_names: self._follow_notifications())
        self._follow_notifications()
        hint = _("Messages wait until then and come as one, for example 22:00 to 7:00.")
        below = self._widgets.label(self.widget, hint, role=Role.MUTED, wrap=WIDTH_UNITS - _INDENT)
        self._put(below, above=2, indent=_INDENT)

    def _follow_notifications(self) -> None:
        """Where nothing is said, there are no hours to be quiet in."""
        for name in ("quiet_from", "quiet_to"):
            self._fields[name].state(["!disabled" if self._notifications.get() else "disabled"])

    def _make_attempts(self) -> None:
        row, px = self._widgets.frame(self.widget), self._widgets.theme.px
        row.columnconfigure(0, weight=1)
        text = _("Attempts before a task counts as failed")
        label = self._widgets.label(row, text, wrap=WIDTH_UNITS - _NUMBER_UNITS - 2 * RING - 8)
        label.grid(row=0, column=0, sticky="we", padx=(0, px(8)))
        self._entry(row, "max_attempts", units=_NUMBER_UNITS).grid(row=0, column=1)
        self._put(row, above=6)

    def _make_certificates(self) -> None:
        text = _("Trust the certificates in this file, too (PEM)")
        self._put(self._widgets.label(self.widget, text, wrap=WIDTH_UNITS), above=6)
        row, px = self._widgets.frame(self.widget), self._widgets.theme.px
        row.columnconfigure(0, weight=1)
        entry = self._widgets.entry(row, self._texts["ca_file"])
        entry.grid(row=0, column=0, sticky="we", padx=(0, px(8)))
        self._widgets.button(row, _("Choose…"), self._choose_certificates).grid(row=0, column=1)
        self._fields["ca_file"] = entry
        self._put(row, above=2)

    def _choose_certificates(self) -> None:
        text, entry = self._texts["ca_file"], self._fields["ca_file"]
        with suppress(tk.TclError):  # the window was closed, and the dialog with it
            text.set(choose_certificates(self.widget, self._widgets.theme, text.get().strip()))
            entry.focus_set()

    def _entry(self, row: ttk.Frame, name: str, *, units: float) -> ttk.Frame:
        """A short field; its width is that of what holds it, for Tk counts in letters."""
        px = self._widgets.theme.px
        holder = self._widgets.frame(row)
        holder.columnconfigure(0, minsize=px(units))
        entry = self._widgets.entry(holder, self._texts[name])
        entry.grid(sticky="we")
        self._fields[name] = entry
        return holder

    def _put(self, widget: ttk.Widget, *, above: float = 0, indent: float = 0) -> ttk.Widget:
        """Below what is there, shown or hidden: grid counts only the rows of what is shown."""
        px = self._widgets.theme.px
        widget.grid(
            row=next(self._rows), column=0, sticky="we", pady=(px(above), 0), padx=(px(indent), 0)
        )
        return widget


_INDENT = 26


def _languages() -> Mapping[str, str]:
    # Each in its own words, so that it is found by who cannot read the others.
    return {"": pgettext("language", "System"), "en": "English", "ru": "Русский"}


def _icon_styles() -> Mapping[str, str]:
    return {"colour": _("Coloured"), "symbolic": _("Grey and white")}
