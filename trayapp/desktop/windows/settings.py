"""The settings window: what a person may change, without knowing the settings file.

Runs on Tk's thread. The running app writes the file and goes by it at once; start at login is the
desktop's, and is changed from here.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.desktop.autostart import Autostart, AutostartError, LoginState, of_this_system
from trayapp.desktop.windows.account import Account, text
from trayapp.desktop.windows.banner import Banner
from trayapp.desktop.windows.settings_form import WIDTH_UNITS, Form
from trayapp.desktop.windows.settings_model import Preferred
from trayapp.desktop.windows.widgets import Kind, Role, set_enabled
from trayapp.desktop.windows.window import Opening, Sign, Window
from trayapp.i18n import _, pgettext

ASK_SECONDS = 10.0


def open_window(opening: Opening) -> Window:
    """The window, asking the app already."""
    window = Window(opening, title=_("Settings – Trayapp"))
    Settings(window, of_this_system())
    return window


class Settings:
    """One page: the account, the settings, and what came of changing them."""

    def __init__(self, window: Window, autostart: Autostart) -> None:
        self._window = window
        self._autostart = autostart
        self._login: LoginState | None = None
        window.ask(Request("settings"), self._on_settings, timeout=ASK_SECONDS)

    def _on_settings(self, reply: Reply) -> None:
        if not reply.ok:
            title = _("There is a mistake in the settings file.")
            self._window.say(Sign.NEEDS_YOU, title, reply.message)
            return
        self._before = Preferred.read(reply.value)
        self._window.ask(Request("account"), self._on_account, timeout=ASK_SECONDS)

    def _on_account(self, reply: Reply) -> None:
        self._build(Account.read(reply.value))
        self._window.in_background(self._read_login, self._on_login)

    # -- the page --------------------------------------------------------------------------

    def _build(self, account: Account) -> None:
        window, widgets, px = self._window, self._window.widgets, self._window.theme.px
        page = window.page(width=WIDTH_UNITS)
        title = pgettext("title", "Settings")
        widgets.label(page, title, role=Role.TITLE).grid(row=0, sticky="w", pady=(0, px(4)))
        first = self._build_account(page, account)
        self._form = Form(page, widgets, self._before)
        self._form.widget.grid(row=2, sticky="we")
        set_enabled(self._form.login, enabled=False)
        self._banner = Banner(page, widgets, row=3)
        self._build_footer(page)
        window.show(first, default=self._save_button)

    def _build_account(self, page: tk.Misc, account: Account) -> tk.Misc:
        widgets, px = self._window.widgets, self._window.theme.px
        card = widgets.card(page)
        card.columnconfigure(0, weight=1)
        card.grid(row=1, sticky="we")
        words = widgets.label(card, _who(account), wrap=_WHO_UNITS)
        words.grid(row=0, column=0, sticky="we", padx=(0, px(8)))
        what, label = (
            ("sign_out", _("Sign out…")) if account.signed_in else ("sign_in", _("Sign in…"))
        )
        button = widgets.button(card, label, self._opening(what))
        button.grid(row=0, column=1)
        return button

    def _build_footer(self, page: tk.Misc) -> None:
        widgets, px = self._window.widgets, self._window.theme.px
        footer = widgets.frame(page)
        footer.grid(row=4, sticky="we", pady=(px(16), 0))
        footer.columnconfigure(1, weight=1, minsize=px(8))
        folder = widgets.button(footer, _("Open data folder"), self._opening("folder"))
        folder.grid(row=0, column=0)
        self._cancel_button = widgets.button(footer, _("Cancel"), self._window.close)
        self._cancel_button.grid(row=0, column=2, padx=(0, px(2)))
        self._save_button = widgets.button(footer, _("Save"), self._save, kind=Kind.ACCENT)
        self._save_button.grid(row=0, column=3)

    def _opening(self, what: str) -> Callable[[], None]:
        """Ask the app to open this."""

        def ask() -> None:
            request = Request("open", {"what": what})
            self._window.ask(
                request, lambda _reply: None, timeout=ASK_SECONDS, failed=self._on_unreachable
            )

        return ask

    # -- start at login --------------------------------------------------------------------

    def _read_login(self) -> LoginState | AutostartError:
        try:
            return self._autostart.state()
        except AutostartError as error:
            return error

    def _on_login(self, state: LoginState | AutostartError) -> None:
        if isinstance(state, AutostartError):
            self._form.tell_login(str(state))
            return
        self._login = state
        self._form.at_login.set(state is LoginState.ON)
        set_enabled(self._form.login, enabled=True)
        if state is LoginState.OFF_BY_DESKTOP:
            self._form.tell_login(
                _("Switched off in the desktop's settings; a tick switches it on.")
            )

    def _change_login(self) -> AutostartError | None:
        try:
            if self._wants_login:
                self._autostart.turn_on()
            else:
                self._autostart.turn_off()
        except AutostartError as error:
            return error
        return None

    def _on_login_changed(self, error: AutostartError | None) -> None:
        if error is None:
            self._window.close()
            return
        self._set_busy(busy=False)
        self._banner.say(Sign.NEEDS_YOU, str(error))
        self._form.login.focus_set()

    # -- saving ----------------------------------------------------------------------------

    def _save(self) -> None:
        self._wanted = self._form.preferred
        changes = self._wanted.changes_from(self._before)
        self._set_busy(busy=True)
        if not changes:
            self._save_login()
            return
        self._window.ask(
            Request("change_settings", {"changes": changes}),
            self._on_changed,
            timeout=ASK_SECONDS,
            failed=self._on_unreachable,
        )

    def _on_changed(self, reply: Reply) -> None:
        if reply.ok:
            self._before = self._wanted
            self._save_login()
            return
        self._set_busy(busy=False)
        self._banner.say(Sign.NEEDS_YOU, reply.message)
        if not self._form.ask_anew(text(reply.value, "field")):
            self._save_button.focus_set()

    def _save_login(self) -> None:
        self._wants_login = self._form.at_login.get()
        if self._login is None or self._wants_login is (self._login is LoginState.ON):
            self._window.close()
            return
        self._window.in_background(self._change_login, self._on_login_changed)

    def _on_unreachable(self, error: ChannelError) -> None:
        self._set_busy(busy=False)
        self._banner.say(Sign.NEEDS_YOU, f"{error.title} {error.message}")
        self._save_button.focus_set()

    def _set_busy(self, *, busy: bool) -> None:
        set_enabled(self._form.widget, enabled=not busy)
        set_enabled(self._save_button, enabled=not busy)
        if self._login is None:
            set_enabled(self._form.login, enabled=False)
        if busy:
            self._cancel_button.focus_set()


_WHO_UNITS = WIDTH_UNITS - 172


def _who(account: Account) -> str:
    if not account.signed_in:
        return _("Not signed in: your hours stay on this computer.")
    return f"{account.user or account.label}\n{account.url}"
