"""The sign-in window: asks for a server and a secret, tests or signs in, says what came of it.

Runs on Tk's thread. The secret lives in its field and in the question to the app, nowhere else;
it is forgotten as soon as somebody is signed in or the window closes.
"""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.account import Account, encrypted, host, number, text
from trayapp.desktop.windows.banner import Banner, Offer
from trayapp.desktop.windows.choices import Choice, ask_one
from trayapp.desktop.windows.sign_in_form import Form
from trayapp.desktop.windows.talk import Question
from trayapp.desktop.windows.widgets import Kind, Role, set_enabled
from trayapp.desktop.windows.window import CONTENT_UNITS, Opening, Sign, Window
from trayapp.i18n import _, ngettext, pgettext

ASK_SECONDS = 10.0
TEST_SECONDS = 65.0
SIGN_IN_SECONDS = 95.0
_HEALS = frozenset({"throttled", "server_trouble", "unreachable"})


def open_window(opening: Opening) -> Window:
    """The window, asking the app already."""
    window = Window(opening, title=_("Sign in – Trayapp"))
    SignIn(window)
    return window


class SignIn:
    """The page with the form, then perhaps the question about earlier entries."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._question: Question | None = None
        window.ask(Request("account"), self._on_account, timeout=ASK_SECONDS)

    def _on_account(self, reply: Reply) -> None:
        account = Account.read(reply.value)
        if not reply.ok or not account.kinds:
            title = _("There is no server to sign in to.")
            self._window.say(Sign.NEEDS_YOU, title, reply.message)
            return
        self._build(account)

    def _build(self, account: Account) -> None:
        window, widgets, px = self._window, self._window.widgets, self._window.theme.px
        page = window.page()
        widgets.label(page, pgettext("title", "Sign in"), role=Role.TITLE).grid(row=0, sticky="w")
        lead = widgets.label(page, _lead(account), role=Role.MUTED, wrap=CONTENT_UNITS)
        lead.grid(row=1, sticky="we", pady=(px(4), px(12)))
        self._banner = Banner(page, widgets, row=3)
        self._form = Form(page, widgets, account, kind_changed=self._banner.clear)
        self._form.widget.grid(row=2, sticky="we")
        self._banner.lift()
        self._build_footer(page)
        window.show(self._form.first_empty(), default=self._sign_in_button)
        window.on_escape = self._cancel

    def _build_footer(self, page: tk.Misc) -> None:
        widgets, px = self._window.widgets, self._window.theme.px
        footer = widgets.frame(page)
        footer.grid(row=4, sticky="we", pady=(px(16), 0))
        footer.columnconfigure(1, weight=1, minsize=px(16))
        self._test_button = widgets.button(footer, _("Test connection"), self._test)
        self._test_button.grid(row=0, column=0)
        self._cancel_button = widgets.button(footer, _("Cancel"), self._cancel)
        self._cancel_button.grid(row=0, column=2, padx=(0, px(2)))
        self._sign_in_button = widgets.button(footer, _("Sign in"), self._sign_in, kind=Kind.ACCENT)
        self._sign_in_button.grid(row=0, column=3)

    # -- asking ----------------------------------------------------------------------------

    def _test(self) -> None:
        doing = _("Looking at {host}…").format(host=host(self._form.address))
        self._send("try_connection", doing, timeout=TEST_SECONDS)

    def _sign_in(self) -> None:
        doing = _("Signing in at {host}…").format(host=host(self._form.address))
        self._send("sign_in", doing, timeout=SIGN_IN_SECONDS)

    def _send(self, name: str, doing: str, *, timeout: float) -> None:
        request = Request(name, self._form.arguments())
        self._set_busy(busy=True)
        self._banner.busy(doing)
        then = self._on_signed_in if name == "sign_in" else self._on_tested
        self._question = self._window.ask(
            request, then, timeout=timeout, failed=self._on_unreachable
        )

    def _cancel(self) -> None:
        if self._question is None:
            self._form.forget_secret()
            self._window.close()
            return
        self._question.cancel()
        self._set_busy(busy=False)
        self._banner.say(
            Sign.NOTE, _("Stopped waiting. If you were signing in, it may still have worked.")
        )
        self._form.first_empty().focus_set()

    def _set_busy(self, *, busy: bool) -> None:
        self._form.set_enabled(enabled=not busy)
        for button in (self._test_button, self._sign_in_button):
            set_enabled(button, enabled=not busy)
        if busy:
            self._cancel_button.focus_set()
        else:
            self._question = None

    # -- what came of it -------------------------------------------------------------------

    def _on_tested(self, reply: Reply) -> None:
        self._set_busy(busy=False)
        if not reply.ok:
            self._say_problem(reply)
            return
        self._banner.say(Sign.GOOD, reply.message, self._offer(reply))
        self._sign_in_button.focus_set()

    def _on_signed_in(self, reply: Reply) -> None:
        if not reply.ok:
            self._set_busy(busy=False)
            self._say_problem(reply)
            return
        self._question = None
        self._form.forget_secret()
        earlier = number(reply.value, "earlier")
        if earlier > 0:
            self._ask_about_earlier(earlier, reply.message)
        else:
            self._window.say(Sign.GOOD, _("You are signed in"), reply.message)

    def _on_unreachable(self, error: ChannelError) -> None:
        self._set_busy(busy=False)
        self._banner.say(Sign.NEEDS_YOU, f"{error.title} {error.message}")
        self._sign_in_button.focus_set()

    def _say_problem(self, reply: Reply) -> None:
        problem = text(reply.value, "problem")
        sign = Sign.HEALS if problem in _HEALS else Sign.NEEDS_YOU
        self._banner.say(sign, reply.message, self._offer(reply))
        place = self._form.place_of(problem)
        place.focus_set()
        if isinstance(place, ttk.Entry):
            place.selection_range(0, "end")

    def _offer(self, reply: Reply) -> Offer | None:
        url = text(reply.value, "url")
        if text(reply.value, "problem") == "needs_consent":
            url = encrypted(self._form.address)
        if not url or url == self._form.address:
            return None

        def accept() -> None:
            self._form.address = url
            self._banner.clear()
            self._form.first_empty().focus_set()

        return Offer(_("Use {url}").format(url=url), accept)

    # -- the second page -------------------------------------------------------------------

    def _ask_about_earlier(self, earlier: int, message: str) -> None:
        question = ngettext(
            "{count} entry was tracked before you signed in. Send it to this account?",
            "{count} entries were tracked before you signed in. Send them to this account?",
            earlier,
        ).format(count=earlier)
        ask_one(
            self._window,
            title=_("You are signed in"),
            text=f"{message}\n\n{question}".strip(),
            choices=(
                Choice(
                    ngettext("Send it", "Send them", earlier),
                    self._send_earlier,
                    kind=Kind.ACCENT,
                ),
                Choice(ngettext("Leave it here", "Leave them here", earlier), self._window.close),
            ),
        )

    def _send_earlier(self) -> None:
        self._window.say(Sign.NOTE, _("You are signed in"), _("Handing them over…"))
        self._window.ask(Request("send_earlier"), self._on_earlier, timeout=ASK_SECONDS)

    def _on_earlier(self, reply: Reply) -> None:
        if reply.ok:
            self._window.say(Sign.GOOD, _("You are signed in"), reply.message)
        else:
            self._window.say(Sign.NEEDS_YOU, _("They were not sent."), reply.message)


def _lead(account: Account) -> str:
    if account.signed_in:
        return _(
            "Again as {user} at {label}, or as somebody else: what waits stays with its account."
        ).format(user=account.user or _("you"), label=account.label)
    return _("Your hours stay on this computer and also go to your server.")
