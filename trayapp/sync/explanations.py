"""What went wrong, in three parts: what happened, what it means for the hours, what to do.

Pure; may be called from any thread. Reasons of the server are quoted word for word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from trayapp.i18n import _, ngettext
from trayapp.sync.correction_words import cannot_correct
from trayapp.sync.outcome import Cause
from trayapp.sync.status import FailedCause, Link, RetryResult, SyncStatus
from trayapp.sync.words import clock_time, one_line
from trayapp.tracking.moments import Unclear
from trayapp.tracking.tracker import Impossible


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
            "The server's certificate is not trusted, so nothing is sent. Check the date of this "
            "computer, or ask the server's administrator; everything is kept."
        ),
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


def cannot_do(
    why: Impossible, last_event_at: datetime | None, *, zone: tzinfo | None, as_of: datetime
) -> str:
    """Why a command cannot be done, and what can."""
    if why is Impossible.NOT_TRACKING:
        return _("Nothing is being tracked, so nothing was changed. Start an entry first.")
    if why is Impossible.IN_FUTURE:
        return _("That time is in the future, so nothing was recorded. Give a time up to now.")
    if why in {Impossible.UNKNOWN_ENTRY, Impossible.UNKNOWN_TASK, Impossible.NOTHING_TO_UNDO}:
        return cannot_correct(why)
    if last_event_at is None:
        return _("That time is too early, so nothing was recorded.")
    last = clock_time(last_event_at, zone, as_of=as_of, with_seconds=True)
    texts = {
        Impossible.NOT_AFTER_BEGIN: _(
            "That end is not after the begin, so nothing was changed. Give a time after {time}."
        ),
        Impossible.NOT_BEFORE_END: _(
            "That begin is not before the end, so nothing was changed. Give a time before {time}."
        ),
    }
    too_early = _(
        "That time is not after the last click, so nothing was recorded. Give a time after {time}."
    )
    return texts.get(why, too_early).format(time=last)


def bad_moment(why: Unclear, readings: Sequence[datetime], *, zone: tzinfo | None) -> str:
    """Why a typed time is not one moment, and what to type instead."""
    if why is Unclear.UNREADABLE:
        return _(
            "That is not a time, so nothing was recorded. "
            "Write 14:02, 14:02:30 or 2026-01-08T14:02:30+05:00."
        )
    if why is Unclear.SKIPPED:
        return _(
            "The clocks leave out that time on that day, so nothing was recorded. "
            "Write the time that was meant."
        )
    early, late = (reading.astimezone(zone).isoformat() for reading in readings)
    return _(
        "The clocks show that time twice on that day, so nothing was recorded. "
        "Write {early} or {late}."
    ).format(early=early, late=late)
