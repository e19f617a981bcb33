"""The words for a status: title, tracker line, sync line, labels.

Pure; may be called from any thread. `zone` is the zone times are shown in, None the system's.
`explanations` and `words` hold the rest; all of it is reached through this module.
"""

from __future__ import annotations

from datetime import tzinfo

from trayapp.i18n import _, ngettext
from trayapp.sync.explanations import (
    closed_there,
    explain,
    explain_failed,
    link_sentence,
    reason_words,
    retry_result,
    sign_in_again,
)
from trayapp.sync.status import Link, SyncStatus
from trayapp.sync.words import clock_step, clock_time, duration, one_line, shorten, units
from trayapp.tracking.entry import EventKind, TrackerState

__all__ = [
    "clock_step",
    "clock_time",
    "closed_there",
    "duration",
    "explain",
    "explain_failed",
    "failed_label",
    "gap_line",
    "kind_label",
    "link_sentence",
    "one_line",
    "reason_words",
    "retry_label",
    "retry_result",
    "shorten",
    "sync_line",
    "title",
    "totals_line",
    "tracker_line",
]

MAX_TITLE = 127
"""UTF-16 units: Windows keeps 128 with the closing NUL."""
MAX_LINE = 80
_JOIN, _BETWEEN = " · ", " – "
_REASON_LENGTH = 60
_READABLE = 12
"""Half of less than this says nothing: there the project goes first."""


def tracker_line(status: SyncStatus) -> str:
    """Such as "Running 1:24 · Website – note"; short enough for a menu row."""
    return _join(_doing(status), _subject(status, MAX_LINE))


def totals_line(status: SyncStatus) -> str:
    """Such as "Today 3:05 · this week 21:40"."""
    found = status.totals
    today = _("Today {duration}").format(duration=duration(found.today))
    return _join(today, _("this week {duration}").format(duration=duration(found.week)))


def title(status: SyncStatus) -> str:
    """Tooltip and title: the tracker and the state of sync; the counts are never cut."""
    before, after = _doing(status), _counts(status)
    room = MAX_TITLE - units(before) - units(after) - 2 * len(_JOIN)
    return _join(before, _subject(status, room), after)


def _subject(status: SyncStatus, room: int) -> str:
    """What is tracked, such as "Website – note": where both are long, neither hides the other."""
    if status.entry is None:
        return ""
    project, note = one_line(status.entry.project), one_line(status.entry.note)
    left = room - units(_BETWEEN)
    if note and left // 2 > _READABLE:
        project = shorten(project, max(left - units(note), left // 2))
    return shorten(_BETWEEN.join(part for part in (project, note) if part), room)


def _join(*parts: str) -> str:
    return _JOIN.join(part for part in parts if part)


def _doing(status: SyncStatus) -> str:
    if status.entry is None or status.tracker is TrackerState.STOPPED:
        return _("Not tracking")
    if status.tracker is TrackerState.RUNNING:
        return _("Running {duration}").format(duration=duration(status.entry.worked))
    return _("Paused {duration}").format(duration=duration(status.entry.worked))


def _counts(status: SyncStatus) -> str:
    parts = []
    if status.pending:
        parts.append(_waiting(status.pending))
    if status.failed:
        parts.append(_failed(status.failed))
    if status.possible_doubles:
        parts.append(_doubles(status.possible_doubles))
    if parts and status.link in {Link.OFFLINE, Link.UNTRUSTED}:
        parts.append(_("offline"))
    if parts and status.link is Link.LOCKED:
        parts.append(_("keyring locked"))
    return ", ".join(parts) or _settled(status).lower()


def _settled(status: SyncStatus) -> str:
    """What to say when no count says anything."""
    if status.doubtful:
        return _checking(status.doubtful)
    return _("All sent") if status.all_sent else _("Nothing to send yet")


def _waiting(count: int) -> str:
    return ngettext("{count} waiting", "{count} waiting", count).format(count=count)


def _failed(count: int) -> str:
    return ngettext("{count} failed", "{count} failed", count).format(count=count)


def _doubles(count: int) -> str:
    words = ngettext("{count} possible double", "{count} possible doubles", count)
    return words.format(count=count)


def _checking(count: int) -> str:
    words = ngettext(
        "{count} sent, not confirmed yet",
        "{count} sent, not confirmed yet",
        count,
    )
    return words.format(count=count)


def sync_line(status: SyncStatus, zone: tzinfo | None = None) -> str:
    """What of the clicks has not arrived, since when, why, and when the next attempt is."""
    parts = _sign_in_part(status)
    if status.own_pending:
        parts.append(_pending_part(status, zone))
    if status.own_failed:
        parts.append(_failed_part(status))
    if status.doubtful and parts:
        parts.append(_checking(status.doubtful))
    if status.possible_doubles:
        parts.append(_doubles(status.possible_doubles))
    parts += [_elsewhere(account, count) for account, count in status.elsewhere if count]
    return _JOIN.join(parts) or _counts_or_settled(status)


def _sign_in_part(status: SyncStatus) -> list[str]:
    unsent = status.own_unsent
    return [sign_in_again(unsent)] if status.link is Link.SIGNED_OUT and unsent else []


def _counts_or_settled(status: SyncStatus) -> str:
    """Words for a status whose counts belong to nobody we can name: they are still told."""
    return _counts(status) if status.pending or status.failed else _settled(status)


def _elsewhere(account: str, count: int) -> str:
    words = ngettext(
        "{count} waits until {account} signs in", "{count} wait until {account} signs in", count
    )
    return words.format(count=count, account=one_line(account) or _("another account"))


def _pending_part(status: SyncStatus, zone: tzinfo | None) -> str:
    waiting = _waiting(status.own_pending)
    if status.waiting_since is not None:
        since = clock_time(status.waiting_since, zone, as_of=status.as_of)
        waiting = _("{waiting} since {time}").format(waiting=waiting, time=since)
    waiting = ", ".join(part for part in (waiting, _next_step(status, zone)) if part)
    why = _trouble(status.link)
    return _("{why}: {waiting}").format(why=why, waiting=waiting) if why else waiting


def _failed_part(status: SyncStatus) -> str:
    """How many failed, and why when there is one cause and nothing else says it."""
    words = _failed(status.own_failed)
    is_said = status.link is Link.SIGNED_OUT or (_trouble(status.link) and status.own_pending)
    if len(status.failed_causes) != 1 or is_said:
        return words
    why = shorten(one_line(status.failed_causes[0].reason), _REASON_LENGTH)
    return _("{failed}: {reason}").format(failed=words, reason=why) if why else words


def _next_step(status: SyncStatus, zone: tzinfo | None) -> str:
    """When it goes on, or what has to happen first; empty where neither is known."""
    to_do = {Link.SIGNED_OUT: "", Link.LOCKED: _("unlock it to send")}
    if status.link in to_do:
        return to_do[status.link]
    at = status.next_attempt_at
    if at is not None and at > status.as_of:
        return _("next try at {time}").format(time=clock_time(at, zone, as_of=status.as_of))
    if at is None and status.link is Link.WRONG_ADDRESS:
        return _("check the server address")
    if at is None and status.own_failed:
        return _("held by what failed")
    return _("sending now") if at is not None or status.link is Link.ONLINE else ""


def _trouble(link: Link) -> str:
    words = {
        Link.OFFLINE: _("Offline"),
        Link.UNTRUSTED: _("Certificate not trusted"),
        Link.LOCKED: _("Keyring locked"),
        Link.WRONG_ADDRESS: _("Wrong address"),
        Link.SERVER_TROUBLE: _("Server trouble"),
        Link.THROTTLED: _("The server asks us to wait"),
        Link.REFUSED: _("The server refuses"),
    }
    return words.get(link, "")


def gap_line(status: SyncStatus, zone: tzinfo | None = None) -> str:
    """The question about an entry nobody watched for a while; empty when there is none."""
    if status.gap_since is None:
        return ""
    seen = clock_time(status.gap_since, zone, as_of=status.as_of)
    return _("Still running; not watched since {time}").format(time=seen)


def retry_label(status: SyncStatus) -> str:
    """Such as "Retry all (1, 99 waiting)": what a click would send, of the account it acts on."""
    if status.own_failed and status.own_pending:
        words = ngettext(
            "Retry all ({failed}, {waiting} waiting)",
            "Retry all ({failed}, {waiting} waiting)",
            status.own_pending,
        )
        return words.format(failed=status.own_failed, waiting=status.own_pending)
    if status.own_failed:
        return _("Retry all ({failed})").format(failed=status.own_failed)
    return _("Try now") if status.own_pending else _("Retry all")


def failed_label(status: SyncStatus) -> str:
    """Such as "Failed tasks (3)", of all accounts."""
    if not status.failed:
        return _("No failed tasks")
    return _("Failed tasks ({count})").format(count=status.failed)


def kind_label(kind: EventKind) -> str:
    """The name users know a kind of event by."""
    words = {
        EventKind.START: _("Start timer"),
        EventKind.PAUSE: _("Pause"),
        EventKind.RESUME: _("Resume"),
        EventKind.STOP: _("Stop"),
        EventKind.EDIT: _("Correction"),
        EventKind.DELETE: _("Deletion"),
    }
    return words[kind]
