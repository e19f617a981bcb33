"""The fields of the sign-in window: which of them there are now, and what is in them.

Runs on Tk's thread. Decides nothing: the app checks what was typed.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Mapping
from tkinter import ttk
from typing import TypeVar

from trayapp.control.messages import JSON
from trayapp.desktop.windows.account import Account, KindChoice, is_plain_http
from trayapp.desktop.windows.widgets import Kind, Role, Widgets, set_enabled, show_secret
from trayapp.desktop.windows.window import CONTENT_UNITS
from trayapp.i18n import _
from trayapp.light import dataclass

_W = TypeVar("_W", bound=ttk.Widget)
_PASSWORD, _TOKEN = "password", "token"  # names of fields, no secrets


@dataclass(frozen=True, slots=True)
class _Field:
    """Everything of one row of the form."""

    group: ttk.Frame
    label: ttk.Label
    entry: ttk.Entry
    text: tk.StringVar


class Form:
    """Kind of server, address, name and secret, in a frame `widget` of its own."""

    def __init__(
        self,
        parent: tk.Misc,
        widgets: Widgets,
        account: Account,
        *,
        kind_changed: Callable[[], None],
    ) -> None:
        self._widgets = widgets
        self._account = account
        self._kinds = {kind.name: kind for kind in account.kinds}
        self.widget = widgets.frame(parent)
        self.widget.columnconfigure(0, weight=1)
        first = account.kind if account.kind in self._kinds else account.kinds[0].name
        self._kind = tk.StringVar(self.widget, first)
        self._way = tk.StringVar(self.widget, _PASSWORD)
        self._consent = tk.BooleanVar(self.widget, value=False)
        # Made in reading order: so goes the Tab key.
        self._make_kinds()
        self._address = self._make_field(self._address_label())
        text = _("The server's name is enough, such as time.example.org")
        self._put(widgets.label(self.widget, text, role=Role.MUTED, wrap=CONTENT_UNITS), above=2)
        consent = widgets.check(self.widget, "", self._consent)
        self._consenting = self._put(consent, above=4)
        self._ways = self._make_ways()
        self._name = self._make_field(_("Name"))
        self._secret = self._make_field("", secret=True)
        self._kind.trace_add("write", lambda *_: self._on_kind())
        self._kind.trace_add("write", lambda *_: kind_changed())
        self._way.trace_add("write", lambda *_: self._on_way())
        self._address.text.trace_add("write", lambda *_: self._show_consent())
        self._on_kind()

    @property
    def address(self) -> str:
        """What was typed as address."""
        return self._address.text.get().strip()

    @address.setter
    def address(self, url: str) -> None:
        self._address.text.set(url)

    def arguments(self) -> Mapping[str, JSON]:
        """What the app is asked with; holds the secret: hand it over and let it go."""
        token = self._way.get() == _TOKEN
        secret = self._secret.text.get()
        return {
            "kind": self._kind.get(),
            "url": self.address,
            "user": "" if token else self._name.text.get().strip(),
            "password": "" if token else secret,
            "token": secret.strip() if token else "",
            "plain_http": self._consent.get() and is_plain_http(self.address),
        }

    def forget_secret(self) -> None:
        """Leave nothing of it in a widget."""
        self._secret.text.set("")

    def set_enabled(self, *, enabled: bool) -> None:
        """Whether anything can be changed now."""
        set_enabled(self.widget, enabled=enabled)

    def first_empty(self) -> ttk.Widget:
        """Where typing goes on; the secret when everything else is there."""
        token = self._way.get() == _TOKEN
        for field in (self._address, self._name):
            if not field.text.get().strip() and not (token and field is self._name):
                return field.entry
        return self._secret.entry

    def place_of(self, problem: str) -> ttk.Widget:
        """What the user has to change."""
        if problem == "needs_consent":
            return self._consenting
        if problem in {"wrong_credentials", "incomplete", "throttled", "server_trouble"}:
            return self.first_empty()
        return self._address.entry

    # -- making ----------------------------------------------------------------------------

    def _make_kinds(self) -> None:
        names = {kind.name: kind.label for kind in self._kinds.values()}
        if len(names) > 1:
            self._put(self._widgets.label(self.widget, _("Server")), above=0)
            self._put(self._widgets.choice(self.widget, names, self._kind), above=2)

    def _address_label(self) -> str:
        if len(self._kinds) > 1:
            return _("Address")
        return _("Address of the {server} server").format(server=self._chosen.label)

    def _make_ways(self) -> ttk.Frame:
        names = {_PASSWORD: _("Name and password"), _TOKEN: _("Token")}
        group = self._widgets.frame(self.widget)
        group.columnconfigure(0, weight=1)
        self._widgets.label(group, _("Sign in with")).grid(sticky="w")
        segments = self._widgets.segments(group, names, self._way)
        segments.grid(sticky="we", pady=(self._widgets.theme.px(2), 0))
        return self._put(group)

    def _make_field(self, name: str, *, secret: bool = False) -> _Field:
        group = self._widgets.frame(self.widget)
        group.columnconfigure(0, weight=1)
        text = tk.StringVar(group)
        label = self._widgets.label(group, name)
        label.grid(row=0, column=0, sticky="w")
        entry = self._widgets.entry(group, text, secret=secret)
        entry.grid(row=1, column=0, sticky="we", pady=(self._widgets.theme.px(2), 0))
        made = _Field(self._put(group), label, entry, text)
        if secret:
            self._make_show(made)
        return made

    def _make_show(self, field: _Field) -> None:
        shown = tk.BooleanVar(field.group, value=False)

        def toggle() -> None:
            shown.set(not shown.get())
            show_secret(field.entry, shown=shown.get())
            button.configure(text=_("Hide") if shown.get() else _("Show"))

        button = self._widgets.button(field.group, _("Show"), toggle, kind=Kind.QUIET)
        # At least as wide as both words, so that the field keeps its width.
        button.configure(width=-max(len(_("Show")), len(_("Hide"))))
        gap = self._widgets.theme.px(2)
        button.grid(row=1, column=1, padx=(gap, 0), pady=(gap, 0))

    def _put(self, widget: _W, *, above: float = 8) -> _W:
        """Below what is there; grid remembers the row of what is hidden."""
        row = self.widget.grid_size()[1]
        widget.grid(row=row, column=0, sticky="we", pady=(self._widgets.theme.px(above), 0))
        return widget

    # -- following -------------------------------------------------------------------------

    @property
    def _chosen(self) -> KindChoice:
        return self._kinds[self._kind.get()]

    def _on_kind(self) -> None:
        kind, account = self._chosen, self._account
        known = account if kind.name == account.kind else None
        for field, other, own in (
            (self._address, account.url, known.url if known else ""),
            (self._name, account.user, known.user if known else ""),
        ):
            if field.text.get() in {"", other}:  # what was typed stays
                field.text.set(own)
        _shown(self._ways, shown=kind.takes_password and kind.takes_token)
        self._way.set(_PASSWORD if kind.takes_password else _TOKEN)

    def _on_way(self) -> None:
        token = self._way.get() == _TOKEN
        self.forget_secret()
        self._secret.label.configure(text=_("Token") if token else _("Password"))
        _shown(self._name.group, shown=not token)
        self._consenting.configure(
            text=_("Send the token unencrypted (http)")
            if token
            else _("Send the password unencrypted (http)")
        )
        self._show_consent()

    def _show_consent(self) -> None:
        plain = is_plain_http(self.address)
        if not plain:
            self._consent.set(value=False)
        _shown(self._consenting, shown=plain)


def _shown(widget: ttk.Widget, *, shown: bool) -> None:
    if shown:
        widget.grid()
    else:
        widget.grid_remove()
