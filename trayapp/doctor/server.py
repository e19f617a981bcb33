"""The server of the account in use, and the keyring that has its tokens.

Nobody else is asked, no token is shown to the server, and nothing is changed there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from trayapp.accounts.keyring_port import Keyring, KeyringFailed
from trayapp.accounts.tokens import TokensLocked
from trayapp.doctor.check import Finding, Findings, State
from trayapp.doctor.machine import clock_finding
from trayapp.doctor.storage import Known
from trayapp.i18n import _
from trayapp.sync.explanations import certificate_advice
from trayapp.sync.kind import ServerKind
from trayapp.sync.outcome import (
    Delivered,
    Offline,
    Outcome,
    Throttled,
    Untrusted,
    WrongAddress,
)
from trayapp.sync.sign_in import host_of
from trayapp.sync.skew import listening
from trayapp.sync.status import AccountView


def look_at_server(known: Known, kinds: Mapping[str, ServerKind]) -> Findings:
    """The server, and the clock by it."""
    account = known.account
    if account is None:
        text = _("Which server is used cannot be told while the database cannot be read.")
        finding, skew = Finding(State.UNKNOWN, text), None
    elif (kind := kinds.get(account.kind)) is None:
        text = _("Nobody is signed in: Trayapp keeps what you track on this computer.")
        finding, skew = Finding(State.OK, text), known.skew
    else:
        finding, skew = _asked(kind, account)
        skew = known.skew if skew is None else skew
    return {"server": finding, "clock": clock_finding(skew)}


def _asked(kind: ServerKind, account: AccountView) -> tuple[Finding, timedelta | None]:
    with listening() as heard:
        outcome = kind.recognise(account.url)
    return _finding(outcome, kind.label, account.url), heard.trusted(outcome)


def _finding(outcome: Outcome, label: str, url: str) -> Finding:
    server = _("{server} at {host}").format(server=label, host=host_of(url).rpartition("@")[2])
    if isinstance(outcome, Delivered):
        return Finding(State.OK, _("{server} answers.").format(server=server))
    text, advice = _words(outcome)
    text += " " + _("Your hours are safe on this computer.")
    return Finding(
        State.WARNING, text.format(server=server, reason=outcome.reason, url=url), advice
    )


def _words(outcome: Outcome) -> tuple[str, str]:
    match outcome:
        case Offline():
            return (
                _("{server} cannot be reached ({reason})."),
                _("Check the network, and the address by “trayapp login”."),
            )
        case Untrusted():
            return (
                _("{server} cannot prove that it is who it says ({reason})."),
                certificate_advice(),
            )
        case WrongAddress():
            return (
                _("What answers at {url} is no such server ({reason})."),
                _("Check the network, and the address by “trayapp login”."),
            )
        case Throttled():
            return (
                _("{server} wants to be asked less often ({reason})."),
                _("Nothing need be done: Trayapp waits as long as it is told."),
            )
    return (
        _("{server} cannot answer now ({reason})."),
        _("Nothing need be done here. If it lasts, tell the server's administrator."),
    )


# -- keyring -------------------------------------------------------------------------------


def look_at_keyring(known: Known, make: Callable[[], Keyring]) -> Findings:
    """Whether it is there and open; it is not opened, and nothing in it is read."""
    try:
        is_locked = make().is_locked()
    except TokensLocked:
        is_locked = True
    except KeyringFailed:
        return {"keyring": _absent(known)}
    if not is_locked:
        return {"keyring": Finding(State.OK, _("There is a keyring, and it is open."))}
    text = _("The keyring is locked.")
    if known.status is not None and not known.is_signed_in:
        return {
            "keyring": Finding(
                State.OK, text + " " + _("Nobody is signed in, so that is all right.")
            )
        }
    text += " " + _("What you track is recorded, and sent when it is open.")
    return {"keyring": Finding(State.WARNING, text, _("Unlock it, or log in to the desktop anew."))}


def _absent(known: Known) -> Finding:
    text = _(
        "There is no keyring, so a sign-in lasts only until Trayapp quits. Your hours are safe."
    )
    advice = _("Install or start one, such as gnome-keyring.")
    if known.status is None:
        return Finding(State.UNKNOWN, text, advice)
    return Finding(State.WARNING if known.is_signed_in else State.OK, text, advice)
