"""What to tell the user unasked, and when: rules only; showing it is in `notifications`.

Pure but for what it remembers. One thread at a time; never blocks. Time is that of the status.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from trayapp.i18n import _, ngettext
from trayapp.light import dataclass
from trayapp.sync import clock_words, sentences
from trayapp.sync.cause import Cause
from trayapp.sync.status import FailedCause, Link, SyncStatus

_HEALS_BY_ITSELF = {Cause.SERVER_TROUBLE, Cause.NETWORK}
_TROUBLE_PAUSES = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
_REMINDER_PAUSES = (timedelta(hours=24),)
_LOCKED_AFTER = timedelta(seconds=10)
"""At login a keyring is opened within moments of our start: nobody need be told."""


RETRY_KEY = "retry"
ALL_SENT_KEY = "all-sent"
_FAILED = "failed-"
_WAITING_KEY, _UNTRUSTED_KEY, _LOCKED_KEY = "waiting", "untrusted", "locked"


def is_trouble(key: str) -> bool:
    """Whether it is over as soon as all is sent."""
    return key.startswith(_FAILED) or key in {_WAITING_KEY, _UNTRUSTED_KEY, _LOCKED_KEY}


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification. A newer one of the same key takes the place of an older one in the queue.

    `urgent`: it needs the user, so the desktop may keep it in view.
    """

    title: str
    body: str
    key: str
    urgent: bool = False


class NoticeRules:
    """Status in, notices out: one per cause, at growing intervals, never one per task."""

    def __init__(self, *, waiting_after: timedelta, zone: tzinfo | None = None) -> None:
        self._waiting_after = waiting_after
        self._zone = zone
        self._failures = {cause: _Interval(_TROUBLE_PAUSES) for cause in Cause}
        self._waiting = _Interval(_REMINDER_PAUSES)
        self._untrusted = _Interval(_REMINDER_PAUSES)
        self._locked = _Interval(_TROUBLE_PAUSES)
        self._locked_since: datetime | None = None
        self._doubles = _Interval(_TROUBLE_PAUSES)
        self._removed = _Interval(_TROUBLE_PAUSES)
        self._owes_all_sent: datetime | None = None
        self._retry_told = 0
        self._gap_told: datetime | None = None
        self._clock = _Interval(_REMINDER_PAUSES)
        self._offer_told: tuple[str, timedelta] | None = None
        self._no_host_told = False

    def remind_after(self, waiting_after: timedelta) -> None:
        """From now on waiting is worth a notice after so long."""
        self._waiting_after = waiting_after

    def on_status(self, status: SyncStatus) -> tuple[Notice, ...]:
        """What this status gives reason to say; call with every published one, in order."""
        found = (
            *(self._failure(status, cause) for cause in Cause),
            self._untrusted_server(status),
            self._locked_keyring(status),
            self._long_waiting(status),
            self._retry_result(status),
            self._all_sent(status),
            self._removed_there(status),
            self._possible_doubles(status),
            self._gap(status),
            self._clock_set(status),
            self._wrong_clock(status),
        )
        return tuple(notice for notice in found if notice is not None)

    def on_no_host(self) -> tuple[Notice, ...]:
        """Nothing on this desktop shows tray icons; said once."""
        if self._no_host_told:
            return ()
        self._no_host_told = True
        return (
            Notice(
                _("This desktop shows no tray icons"),
                _(
                    "Tracking and sending go on, and the command “trayapp” works. "
                    "For the icon install a tray, on GNOME the package "
                    "gnome-shell-extension-appindicator; it appears as soon as there is one."
                ),
                key="no-host",
            ),
        )

    def _failure(self, status: SyncStatus, cause: Cause) -> Notice | None:
        found = next((f for f in status.failed_causes if f.cause is cause), None)
        count = found.count if found else 0
        if not self._failures[cause].is_due(count, status.as_of) or found is None:
            return None
        self._owes_all_sent = status.as_of
        return _failure_notice(found, status)

    def _untrusted_server(self, status: SyncStatus) -> Notice | None:
        is_so = status.link is Link.UNTRUSTED
        if not self._untrusted.is_due(int(is_so), status.as_of):
            return None
        words = sentences.link_sentence(Link.UNTRUSTED)
        return Notice(_("The server is not trusted"), words, key=_UNTRUSTED_KEY, urgent=True)

    def _locked_keyring(self, status: SyncStatus) -> Notice | None:
        is_so = status.link is Link.LOCKED and status.own_pending > 0
        since = min(self._locked_since or status.as_of, status.as_of) if is_so else None
        self._locked_since = since
        lasts = since is not None and status.as_of - since >= _LOCKED_AFTER
        if not self._locked.is_due(int(lasts), status.as_of):
            return None
        words = sentences.link_sentence(Link.LOCKED)
        return Notice(_("Unlock your keyring to send"), words, key=_LOCKED_KEY, urgent=True)

    def _long_waiting(self, status: SyncStatus) -> Notice | None:
        since = status.waiting_since if status.pending else None
        is_long = since is not None and status.as_of - since >= self._waiting_after
        if not self._waiting.is_due(int(is_long), status.as_of):
            return None
        # Someone else's tasks may wait beside a link that is fine.
        troubled = status.link not in {Link.UNKNOWN, Link.ONLINE}
        why = [sentences.link_sentence(status.link)] if troubled else []
        body = "\n".join([sentences.sync_line(status, self._zone), *why])
        return Notice(_("Clicks are waiting to be sent"), body, key=_WAITING_KEY)

    def _retry_result(self, status: SyncStatus) -> Notice | None:
        retry = status.retry
        if retry is None or retry.number <= self._retry_told:
            return None
        self._retry_told = retry.number
        if status.all_sent:
            self._owes_all_sent = None  # the result says it
        return Notice(_("Retry all"), sentences.retry_result(retry), key=RETRY_KEY)

    def _all_sent(self, status: SyncStatus) -> Notice | None:
        told_at, sent_at = self._owes_all_sent, status.last_delivery_at
        if told_at is None or not status.all_sent or sent_at is None or sent_at < told_at:
            return None
        if status.retrying:  # its result will say it
            return None
        self._owes_all_sent = None
        body = _("Nothing is left to send. Nothing need be done.")
        return Notice(_("All sent"), body, key=ALL_SENT_KEY)

    def _removed_there(self, status: SyncStatus) -> Notice | None:
        if not self._removed.is_due(status.removed, status.as_of):
            return None
        title = ngettext(
            "{count} entry was removed on the server",
            "{count} entries were removed on the server",
            status.removed,
        )
        body = _("What you clicked stays in the log here; it is not created there again.")
        return Notice(title.format(count=status.removed), body, key="removed")

    def _possible_doubles(self, status: SyncStatus) -> Notice | None:
        count = status.possible_doubles
        if not self._doubles.is_due(count, status.as_of):
            return None
        title = ngettext("{count} possible double", "{count} possible doubles", count)
        body = _(
            "The server shows an entry that may be there twice, because an answer was lost. "
            "Look there, and remove the one too many."
        )
        return Notice(title.format(count=count), body, key="doubles", urgent=True)

    def _gap(self, status: SyncStatus) -> Notice | None:
        if status.gap_since == self._gap_told:
            return None
        self._gap_told = status.gap_since
        if status.gap_since is None:
            return None
        time = sentences.clock_time(status.gap_since, self._zone, as_of=status.as_of)
        body = _(
            "Nobody watched it since then; all of that time counts. "
            "To change it, choose “Stop at {time}” in the menu."
        )
        line = sentences.tracker_line(status)
        title = _("Still running since {time}").format(time=time)
        return Notice(title, f"{line}\n{body.format(time=time)}", key="gap", urgent=True)

    def _clock_set(self, status: SyncStatus) -> Notice | None:
        offer = status.clock_offer
        told = (offer.entry_id, offer.step) if offer else None
        if told == self._offer_told:
            return None
        self._offer_told = told
        if offer is None:
            return None
        body = _(
            "The times stay as they were clicked. If the clock is right now, choose “{row}” in the "
            "menu, else “Keep the times”."
        )
        row = clock_words.offer_label(offer, self._zone, as_of=status.as_of)
        title = clock_words.offer_line(offer.step)
        return Notice(title, body.format(row=row), key="clock-set", urgent=True)

    def _wrong_clock(self, status: SyncStatus) -> Notice | None:
        skew = status.clock_skew
        if not self._clock.is_due(int(skew is not None), status.as_of) or skew is None:
            return None
        title = clock_words.skew_line(skew)
        return Notice(title, clock_words.skew_advice(), key="clock-skew", urgent=True)


def closed_foreign_notice(words: str) -> Notice:
    """An entry that was none of ours was ended on the server; `words` tell which, and why."""
    return Notice(_("An entry was ended on the server"), words, key="closed-there", urgent=True)


def _failure_notice(found: FailedCause, status: SyncStatus) -> Notice:
    words = sentences.explain_failed(found, status)
    return Notice(
        words.title,
        f"{sentences.reason_words(found.reason)}\n{words.text}",
        key=_FAILED + found.cause,
        urgent=found.cause not in _HEALS_BY_ITSELF,
    )


class _Interval:
    """When a count that grew is worth telling: at once, then after ever longer pauses.

    A count that falls to zero and rises again counts as grown, and keeps the pauses, so that a
    trouble that comes and goes is no storm. Forgotten after the longest pause without it.
    """

    def __init__(self, pauses: tuple[timedelta, ...]) -> None:
        self._pauses = pauses
        self._told_count = 0
        self._told_at: datetime | None = None
        self._times = 0

    def is_due(self, count: int, now: datetime) -> bool:
        """Whether to tell `count` now; if so, it counts as told."""
        if self._told_at is not None:
            self._told_at = min(self._told_at, now)  # the clock may have been set back
            if self._told_count == 0 and now - self._told_at >= self._pauses[-1]:
                self._told_at, self._times = None, 0
        self._told_count = min(self._told_count, count)
        if count <= self._told_count or not self._pause_is_over(now):
            return False
        self._told_count, self._told_at = count, now
        self._times += 1
        return True

    def _pause_is_over(self, now: datetime) -> bool:
        if self._told_at is None:
            return True
        pause = self._pauses[min(self._times, len(self._pauses)) - 1]
        return now - self._told_at >= pause
