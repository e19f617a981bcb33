"""The sign-out window: says what is unsent, and sends it first or keeps it for the next time.

Runs on Tk's thread. Nothing is deleted, whatever is chosen.
"""

from __future__ import annotations

from collections.abc import Callable

from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.account import Account, host, number
from trayapp.desktop.windows.banner import Banner
from trayapp.desktop.windows.talk import Question
from trayapp.desktop.windows.widgets import Kind, Role, set_enabled
from trayapp.desktop.windows.window import CONTENT_UNITS, Opening, Sign, Window
from trayapp.i18n import _, ngettext, pgettext

ASK_SECONDS = 10.0
SIGN_OUT_SECONDS = 125.0


def open_window(opening: Opening) -> Window:
    """The window, asking the app already."""
    window = Window(opening, title=_("Sign out – Trayapp"), has_fields=False)
    SignOut(window)
    return window


class SignOut:
    """One page: who is signed in, what waits, and the ways out."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._question: Question | None = None
        window.ask(Request("account"), self._on_account, timeout=ASK_SECONDS)

    def _on_account(self, reply: Reply) -> None:
        account = Account.read(reply.value)
        if not reply.ok or not account.signed_in:
            self._window.say(Sign.NOTE, _("Nobody is signed in."), reply.message)
            return
        self._build(account)

    def _build(self, account: Account) -> None:
        window, widgets, px = self._window, self._window.widgets, self._window.theme.px
        page = window.page()
        widgets.label(page, pgettext("title", "Sign out"), role=Role.TITLE).grid(row=0, sticky="w")
        who = widgets.label(page, _who(account), role=Role.MUTED, wrap=CONTENT_UNITS)
        who.grid(row=1, sticky="we", pady=(px(4), 0))
        self._banner = Banner(page, widgets, row=2)
        self._ways = widgets.frame(page)
        self._ways.columnconfigure(0, weight=1)
        self._ways.grid(row=3, sticky="we", pady=(px(16), 0))
        unsent = account.pending + account.failed
        for label, choose, kind in self._ways_out(unsent):
            button = widgets.button(self._ways, label, choose, kind=kind)
            button.grid(column=0, sticky="we", pady=(0, px(2)))
        self._cancel_button = widgets.button(page, _("Cancel"), self._cancel)
        self._cancel_button.grid(row=4, sticky="we")
        self._banner.say(*_state(account.pending, account.failed))
        first = self._ways.winfo_children()[0]
        window.show(first)
        window.on_escape = self._cancel

    def _ways_out(self, unsent: int) -> list[tuple[str, Callable[[], None], Kind]]:
        if not unsent:
            return [(_("Sign out"), self._leave, Kind.ACCENT)]
        return [
            (_("Send now and sign out"), self._send_and_leave, Kind.ACCENT),
            (_("Sign out, keep them for the next sign-in"), self._leave, Kind.NORMAL),
        ]

    # -- asking ----------------------------------------------------------------------------

    def _send_and_leave(self) -> None:
        self._ask(_("Sending what waits, then signing out…"), send=True)

    def _leave(self) -> None:
        self._ask(_("Signing out…"), send=False)

    def _ask(self, doing: str, *, send: bool) -> None:
        set_enabled(self._ways, enabled=False)
        self._banner.busy(doing)
        self._cancel_button.focus_set()
        self._question = self._window.ask(
            Request("sign_out", {"send": send}),
            self._on_answer,
            timeout=SIGN_OUT_SECONDS,
            failed=self._on_unreachable,
        )

    def _cancel(self) -> None:
        if self._question is None:
            self._window.close()
            return
        self._question.cancel()
        self._again()
        self._banner.say(
            Sign.NOTE,
            _("Stopped waiting. What is on its way is still sent, and you may be signed out."),
        )

    # -- what came of it -------------------------------------------------------------------

    def _on_answer(self, reply: Reply) -> None:
        self._question = None
        if reply.ok:
            self._window.say(Sign.GOOD, _("You are signed out"), reply.message)
            return
        self._again()
        pending, failed = number(reply.value, "pending"), number(reply.value, "failed")
        left = f" {unsent_words(pending, failed)}" if pending + failed else ""
        self._banner.say(Sign.NEEDS_YOU, f"{reply.message}{left}")

    def _on_unreachable(self, error: ChannelError) -> None:
        self._again()
        self._banner.say(Sign.NEEDS_YOU, f"{error.title} {error.message}")

    def _again(self) -> None:
        self._question = None
        set_enabled(self._ways, enabled=True)
        self._ways.winfo_children()[-1].focus_set()


def unsent_words(pending: int, failed: int) -> str:
    """Such as "3 events wait and 1 failed."."""
    waiting = ngettext("{count} event waits", "{count} events wait", pending).format(count=pending)
    if not failed:
        return _("{waiting} to be sent.").format(waiting=waiting)
    if not pending:
        words = ngettext("{count} event failed.", "{count} events failed.", failed)
        return words.format(count=failed)
    words = ngettext("{waiting} and {count} failed.", "{waiting} and {count} failed.", failed)
    return words.format(waiting=waiting, count=failed)


def _state(pending: int, failed: int) -> tuple[Sign, str]:
    if pending + failed == 0:
        return Sign.GOOD, _("Everything has been sent.")
    kept = _("Nothing is deleted: what you keep is sent after the next sign-in.")
    return Sign.HEALS, f"{unsent_words(pending, failed)} {kept}"


def _who(account: Account) -> str:
    where = account.label or host(account.url)
    if not account.user:
        return where
    return _("{user} at {label}").format(user=account.user, label=where)
