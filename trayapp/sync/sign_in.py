"""What is typed to sign in, what can be wrong with it, and the words for that. Pure."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit, urlunsplit

from trayapp.i18n import _, ngettext
from trayapp.light import dataclass
from trayapp.sync.explanations import certificate_advice
from trayapp.sync.kind import Credentials
from trayapp.sync.outcome import (
    Offline,
    Outcome,
    Refused,
    SignedOut,
    Throttled,
    Untrusted,
    WrongAddress,
)

HOST_NOT_FOUND = "host name not found"
"""How the reason of an Offline ends when there is no such host."""


class Problem(StrEnum):
    """What keeps somebody from signing in; the value is the one programs read."""

    NONE = ""
    INCOMPLETE = "incomplete"
    BAD_ADDRESS = "bad_address"
    NEEDS_CONSENT = "needs_consent"
    HOST_UNKNOWN = "host_unknown"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    NOT_THIS_API = "not_this_api"
    WRONG_PREFIX = "wrong_prefix"
    WRONG_CREDENTIALS = "wrong_credentials"
    THROTTLED = "throttled"
    SERVER_TROUBLE = "server_trouble"
    KEYRING = "keyring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What somebody typed to sign in. `plain_http`: the consent to send it unencrypted."""

    kind: str
    url: str
    credentials: Credentials
    plain_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of a test or a sign-in; `url` is the address that works, where it is known."""

    problem: Problem
    message: str
    url: str = ""


_PROBLEMS: dict[type[Outcome], Problem] = {
    Offline: Problem.UNREACHABLE,
    Untrusted: Problem.CERTIFICATE,
    WrongAddress: Problem.NOT_THIS_API,
    Refused: Problem.WRONG_CREDENTIALS,
    SignedOut: Problem.WRONG_CREDENTIALS,
    Throttled: Problem.THROTTLED,
}


class BadAddress(ValueError):  # noqa: N818  # reads as what it says
    """What was typed is no address of a server; the message says why and what to type."""


def address_of(typed: str) -> str:
    """The base address that was meant: with scheme, without a slash at the end. Raises BadAddress.

    Without a scheme https is meant, and http on this machine.
    """
    text = typed.strip()
    if "://" not in text:
        host = urlsplit("//" + text).hostname or ""
        text = ("http://" if _is_loopback(host) else "https://") + text
    parts = _split(text)
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        raise BadAddress(_("That is no address of a server. Type one like https://time.example."))
    if parts.username is not None or parts.password is not None:
        raise BadAddress(
            _("Leave name and password out of the address; they have their own place.")
        )
    netloc = parts.netloc.lower()
    return urlunsplit((parts.scheme.lower(), netloc, parts.path.rstrip("/"), "", ""))


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port  # ValueError where it is none
    except ValueError as error:
        raise _bad_address() from error
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        raise _bad_address()
    return parts


def _bad_address() -> BadAddress:
    return BadAddress(_("That is no address of a server. Type one like https://time.example."))


def needs_consent(url: str) -> bool:
    """Whether what is sent to this address can be read on its way."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def candidates(url: str, prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """Where the API may lie instead, most likely first."""
    parts = urlsplit(url)
    origin = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    found = [base + prefix for prefix in prefixes for base in (url, origin)]
    return tuple(dict.fromkeys(one for one in found if one != url))


def has_path(url: str) -> bool:
    """Whether somebody typed more than the host."""
    return bool(urlsplit(url).path)


def host_of(url: str) -> str:
    """Host and port, as people read an address."""
    return urlsplit(url).netloc


def problem_of(outcome: Outcome) -> Problem:
    """What an outcome other than Delivered means for somebody who signs in."""
    if isinstance(outcome, Offline) and outcome.reason.endswith(HOST_NOT_FOUND):
        return Problem.HOST_UNKNOWN
    return _PROBLEMS.get(type(outcome), Problem.SERVER_TROUBLE)


def words_of(outcome: Outcome, *, label: str, url: str, by_token: bool, now: datetime) -> str:
    """What happened and what to do, in a sentence or two."""
    problem = problem_of(outcome)
    if problem is Problem.WRONG_CREDENTIALS:
        text = (
            _("{server} does not take this token ({reason}). Make a new one on its page.")
            if by_token
            else _("{server} does not take this name and password ({reason}). Type them anew.")
        )
    elif problem is Problem.THROTTLED:
        return _throttled(outcome, label, now)
    else:
        text = _texts()[problem]
    return text.format(server=label, host=host_of(url), url=url, reason=outcome.reason)


def _texts() -> dict[Problem, str]:
    return {
        Problem.HOST_UNKNOWN: _(
            "No host named {host} was found. "
            "Check the address, and whether this computer is online."
        ),
        Problem.UNREACHABLE: _(
            "{host} cannot be reached ({reason}). Check the address and the network."
        ),
        Problem.CERTIFICATE: _(
            "{host} cannot prove that it is who it says ({reason}), so nothing was sent. "
            "Check the address."
        )
        + f" {certificate_advice()}",
        Problem.NOT_THIS_API: _("What answers at {url} is not {server}. Check the address."),
        Problem.SERVER_TROUBLE: _(
            "{server} cannot answer now ({reason}). Nothing was changed; try again later."
        ),
    }


def _throttled(outcome: Outcome, label: str, now: datetime) -> str:
    told = outcome.retry_after if isinstance(outcome, Throttled) else None
    wait = told - now if isinstance(told, datetime) else told
    if wait is None:
        text = _("{server} wants no more sign-ins for now. Try again in a minute.")
        return text.format(server=label)
    seconds = max(1, round(wait / timedelta(seconds=1)))
    text = ngettext(
        "{server} wants no more sign-ins for now. Try again in {count} second.",
        "{server} wants no more sign-ins for now. Try again in {count} seconds.",
        seconds,
    )
    return text.format(server=label, count=seconds)
