"""What went wrong, in three parts: what happened, what it means for the hours, what to do.

Pure; may be called from any thread. Reasons of the server are quoted word for word.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo

from trayapp.i18n import _, ngettext
from trayapp.light import dataclass
from trayapp.sync.cause import Cause
from trayapp.sync.status import FailedCause, Link, RetryResult, SyncStatus
from trayapp.sync.words import clock_time, one_line


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happened, what it means for the user's hours, what to do or that nothing need be."""

    title: str
    meaning: str
    advice: str

    @property
    def text(self) -> str:
        """Meaning and advice as one paragraph."""
        return f"{self.meaning} {self.advice}"


def explain(cause: Cause, count: int, *, url: str = "", unsent: int = 0) -> Explanation:
    """Why `count` tasks failed; `url` is the address that was tried, where it matters.

    `unsent`: how many the cause holds up, where that is more than failed.
    """
    found = _EXPLANATIONS[cause](max(count, unsent if cause is Cause.SIGNED_OUT else 0))
    if cause is Cause.WRONG_ADDRESS and url:
        tried = _("The address tried was {url}.").format(url=url)
        return Explanation(found.title, found.meaning, f"{found.advice} {tried}")
    return found


def _signed_out(count: int) -> Explanation:
    return Explanation(
        sign_in_again(count),
        _("Your hours are safe on this computer; the server does not show them yet."),
        _("Sign in again; everything then goes by itself."),
    )


def sign_in_again(count: int) -> str:
    """What there is to do about `count` events that wait for a sign-in."""
    words = ngettext(
        "Sign in again to send {count} event", "Sign in again to send {count} events", count
    )
    return words.format(count=count)


def _wrong_address(count: int) -> Explanation:
    return Explanation(
        ngettext(
            "Wrong address: {count} task not sent", "Wrong address: {count} tasks not sent", count
        ).format(count=count),
        _("What answers there is not a time server. Your hours are safe on this computer."),
        _("Check the server address in the settings."),
    )


def _server_trouble(count: int) -> Explanation:
    return Explanation(
        ngettext(
            "Server trouble: {count} task not sent",
            "Server trouble: {count} tasks not sent",
            count,
        ).format(count=count),
        _("The server takes nothing now. Your hours are safe on this computer."),
        _(
            "Nothing need be done here: Trayapp tries again by itself. "
            "If it lasts, tell the server's administrator."
        ),
    )


def _network(count: int) -> Explanation:
    return Explanation(
        ngettext(
            "No connection: {count} task not sent", "No connection: {count} tasks not sent", count
        ).format(count=count),
        _("Your hours are safe on this computer; the server does not show them yet."),
        _("Check the connection, or the server's certificate; everything then goes by itself."),
    )


def _refused(count: int) -> Explanation:
    return Explanation(
        ngettext(
            "The server refused {count} task", "The server refused {count} tasks", count
        ).format(count=count),
        _("The entries concerned are missing or incomplete there; the others are sent."),
        _("Put right what the server names, then choose “Retry all”."),
    )


def _conflict(count: int) -> Explanation:
    return Explanation(
        ngettext(
            "The server shows something else for {count} task",
            "The server shows something else for {count} tasks",
            count,
        ).format(count=count),
        _("Nothing was overwritten: both versions are kept, and the other entries are sent."),
        _("Choose: send what was clicked, or keep the server's."),
    )


def _internal(count: int) -> Explanation:
    return Explanation(
        ngettext(
            "A defect of Trayapp: {count} task not sent",
            "A defect of Trayapp: {count} tasks not sent",
            count,
        ).format(count=count),
        _("Your hours are safe on this computer; the server does not show them yet."),
        _("Please report it; the log says more."),
    )


def _unknown(count: int) -> Explanation:
    return Explanation(
        ngettext(
            "{count} older task failed, nobody knows why",
            "{count} older tasks failed, nobody knows why",
            count,
        ).format(count=count),
        _("Their reasons were not stored. What they say is kept; nothing of it is lost."),
        _("Choose “Retry all” to learn the reason."),
    )


_EXPLANATIONS: dict[Cause, Callable[[int], Explanation]] = {
    Cause.SIGNED_OUT: _signed_out,
    Cause.WRONG_ADDRESS: _wrong_address,
    Cause.SERVER_TROUBLE: _server_trouble,
    Cause.NETWORK: _network,
    Cause.REFUSED: _refused,
    Cause.CONFLICT: _conflict,
    Cause.INTERNAL: _internal,
    Cause.UNKNOWN: _unknown,
}


def reason_words(reason: str | None) -> str:
    """The stored reason word for word, or that an older version did not store one."""
    return reason or _("Reason was not stored (older task)")


def explain_failed(found: FailedCause, status: SyncStatus) -> Explanation:
    """Why these tasks failed, and for how many more events that matters."""
    # Without a failure of its own the active account has nothing to do with it.
    return explain(found.cause, found.count, url=status.account.url, unsent=status.held_up)


def closed_there(
    name: str, began_at: datetime, ended_at: datetime, *, zone: tzinfo | None = None
) -> str:
    """That an entry the user had started elsewhere was ended, because another began here."""
    words = _(
        "“{name}” ran on the server since {began}. You started something else here, so it was "
        "ended there at {ended}. If that is not right, correct it on the server."
    )
    return words.format(
        name=one_line(name) or _("An entry without a name"),
        began=clock_time(began_at, zone, as_of=ended_at),
        ended=clock_time(ended_at, zone, as_of=ended_at),
    )


def certificate_advice() -> str:
    """What to do about a server whose certificate does not verify."""
    return _(
        "Check the date of this computer, or ask the server's administrator; for a server of your "
        "company, name its CA in the settings (ca_file)."
    )


def link_sentence(link: Link) -> str:
    """How it stands with the server, in one sentence."""
    words = {
        Link.UNKNOWN: _("Nothing has been tried yet."),
        Link.ONLINE: _("The server answers."),
        Link.OFFLINE: _(
            "The server cannot be reached; everything is kept and goes by itself when it can."
        ),
        Link.LOCKED: _(
            "Your keyring is locked or does not answer, and your sign-in is in it, so nothing is "
            "sent. Your hours are recorded here; once it is unlocked they go by themselves."
        ),
        Link.UNTRUSTED: _(
            "The server's certificate is not trusted, so nothing is sent; everything is kept."
        )
        + f" {certificate_advice()}",
        Link.SIGNED_OUT: _("The server asks you to sign in; everything is kept until you do."),
        Link.WRONG_ADDRESS: _(
            "What answers is not a time server; check the server address. Everything is kept."
        ),
        Link.SERVER_TROUBLE: _("The server has trouble; everything is kept and tried again."),
        Link.THROTTLED: _("The server asks us to wait; everything is kept and then sent."),
        Link.REFUSED: _("The server refuses what we send; the rest is kept and tried again."),
    }
    return words[link]


def retry_result(result: RetryResult) -> str:
    """What "Retry all" came to: "97 sent, 3 failed: HTTP 422: project closed"."""
    counts = (
        (result.sent, ngettext("{count} sent", "{count} sent", result.sent)),
        (result.failed, ngettext("{count} failed", "{count} failed", result.failed)),
        (result.waiting, ngettext("{count} waiting", "{count} waiting", result.waiting)),
    )
    told = ", ".join(words.format(count=count) for count, words in counts if count)
    if not told:
        return _("There was nothing to send.")
    return f"{told}: {result.reason}" if result.reason else told
