"""What status, failed and recent print: JSON shapes, which scripts rely on, and lines for people.

Pure; may be called from any thread. Fields are only ever added to a shape. Times are ISO 8601 in
UTC with milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from trayapp import __version__
from trayapp.i18n import _
from trayapp.queue.task import EntrySync, RecentEntry, SyncTask
from trayapp.sync import clock_words, sentences
from trayapp.sync.status import ClockOffer, EntryView, Link, SyncStatus
from trayapp.tracking.entry import MILLISECOND, EventKind, TimeEntry, TrackerState

if TYPE_CHECKING:
    from trayapp.control.messages import JSON
    from trayapp.queue.reader import Attempt
    from trayapp.sync.diagnosis_words import ListedFinding

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_JOIN = " · "


def iso(at: datetime | None) -> str | None:
    """A time as every shape has it; None for none."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# -- status --------------------------------------------------------------------------------


def status_shape(status: SyncStatus, *, app_runs: bool) -> Mapping[str, JSON]:
    """`status --json`."""
    account = status.account
    return {
        "changed": False,
        "version": __version__,
        "tracker": status.tracker.value,
        "entry": None if status.entry is None else _entry_shape(status.entry),
        "pending": status.pending,
        "failed": status.failed,
        "doubtful": status.doubtful,
        "link": (Link.OFFLINE if status.link is Link.LOCKED else status.link).value,
        "reason": status.reason,
        "waiting_since": iso(status.waiting_since),
        "next_attempt_at": iso(status.next_attempt_at),
        "last_delivery_at": iso(status.last_delivery_at),
        "account": {"kind": account.kind, "url": account.url, "user": account.user},
        "elsewhere": dict(status.elsewhere),
        "all_sent": status.all_sent,
        "possible_doubles": status.possible_doubles,
        "gap_since": iso(status.gap_since),
        "clock_skew_seconds": None if status.clock_skew is None else _whole(status.clock_skew),
        "clock_offer": None if status.clock_offer is None else _offer_shape(status.clock_offer),
        "today_seconds": status.totals.today // _SECOND,
        "week_seconds": status.totals.week // _SECOND,
        "app_runs": app_runs,
    }


def _whole(span: timedelta) -> int:
    return round(span.total_seconds())


def _offer_shape(offer: ClockOffer) -> Mapping[str, JSON]:
    return {
        "entry": offer.entry_id,
        "step_ms": offer.step // MILLISECOND,
        "started_at": iso(offer.started_at),
        "stopped_at": iso(offer.stopped_at),
    }


def _entry_shape(entry: EntryView) -> Mapping[str, JSON]:
    return {
        "id": entry.id,
        "project": entry.project,
        "note": entry.note,
        "started_at": iso(entry.started_at),
        "worked_seconds": entry.worked // _SECOND,
        "clock_step_ms": entry.clock_step // MILLISECOND,
    }


def status_lines(status: SyncStatus, *, app_runs: bool, zone: tzinfo | None = None) -> list[str]:
    """`status`: tracker, sync, and whatever else there is to know."""
    shown = status if app_runs else _without_app(status)
    worked = [sentences.totals_line(status)] if status.totals.week >= _MINUTE else []
    lines = [sentences.tracker_line(status), *worked, sentences.sync_line(shown, zone)]
    if status.reason:
        lines.append(sentences.one_line(status.reason))
    if status.pending and not app_runs:
        lines.append(_("Trayapp is not running: start it with “trayapp” to send what waits."))
    if status.gap_since is not None:
        lines += [sentences.gap_line(status, zone), _gap_answer(status.gap_since, zone)]
    if status.entry is not None and status.entry.clock_step:
        lines.append(sentences.clock_step(status.entry.clock_step))
    if status.clock_offer is not None:
        if status.entry is None:
            lines.append(clock_words.offer_line(status.clock_offer.step))
        lines.append(clock_words.offer_answer(status.clock_offer, zone))
    if status.clock_skew is not None:
        lines += [clock_words.skew_line(status.clock_skew), clock_words.skew_advice()]
    return lines


def _without_app(status: SyncStatus) -> SyncStatus:
    """Nobody is about to try: say neither "sending now" nor when."""
    link = Link.UNKNOWN if status.link is Link.ONLINE else status.link
    return replace(status, link=link, next_attempt_at=None)


def _gap_answer(gap_since: datetime, zone: tzinfo | None) -> str:
    # Rounded up, so that it lies behind the last click, which may be of that very moment.
    at = gap_since + _SECOND - MILLISECOND
    text = at.astimezone(zone).isoformat(timespec="seconds")
    return _("Stop it there: “trayapp stop --at {time}”. Keep it: “trayapp resume”.").format(
        time=text
    )


# -- failed --------------------------------------------------------------------------------


def failed_shape(
    tasks: Sequence[SyncTask],
    found: Sequence[ListedFinding],
    *,
    max_attempts: int,
    history: Sequence[Attempt] = (),
) -> Mapping[str, JSON]:
    """`failed --json`."""
    attempts: dict[int, list[JSON]] = {}
    for one in history:
        attempts.setdefault(one.task_id, []).append(_attempt_shape(one))
    return {
        "changed": False,
        "tasks": [
            {**_task_shape(task, max_attempts), "history": attempts.get(task.id, [])}
            for task in tasks
        ],
        "findings": [
            {
                "cause": finding.cause,
                "count": finding.count,
                "task_ids": finding.task_ids,
                "message": finding.message,
                "advice": finding.advice,
            }
            for finding in found
        ],
    }


def _task_shape(task: SyncTask, max_attempts: int) -> Mapping[str, JSON]:
    return {
        "id": task.id,
        "kind": task.kind,
        "entry": task.entry_id or None,
        "status": task.status.value,
        "retry_count": task.retry_count,
        "max_attempts": max_attempts,
        "created_at": iso(task.created_at),
        "last_retry_at": iso(task.last_retry_at),
        "error_message": task.reason or None,
        "payload": _payload(task.payload),
    }


def _attempt_shape(attempt: Attempt) -> Mapping[str, JSON]:
    return {"at": iso(attempt.at), "outcome": attempt.outcome, "reason": attempt.reason}


def _payload(text: str) -> JSON:
    """As an object where it is one; an older database may hold anything."""
    try:
        value: JSON = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def failed_lines(
    tasks: Sequence[SyncTask], found: Sequence[ListedFinding], *, now: datetime, max_attempts: int
) -> list[str]:
    """`failed`: each finding with its advice, then its tasks; repeats by their numbers alone."""
    from trayapp.sync.diagnosis_words import DUPLICATES  # noqa: PLC0415  # not for a status

    by_id = {task.id: task for task in tasks}
    lines: list[str] = []
    for finding in found:
        lines += [finding.message, finding.advice]
        if finding.cause == DUPLICATES:
            lines.append("  " + ", ".join(f"#{task_id}" for task_id in finding.task_ids))
        else:
            lines += ["  " + _task_line(by_id[i], now, max_attempts) for i in finding.task_ids]
        lines.append("")
    return lines[:-1] or [_("No failed tasks")]


def _task_line(task: SyncTask, now: datetime, max_attempts: int) -> str:
    return _JOIN.join(
        (
            f"#{task.id}",
            _kind(task.kind),
            sentences.clock_time(task.created_at, None, as_of=now, with_seconds=True),
            _("attempts: {count} / {most}").format(count=task.retry_count, most=max_attempts),
            sentences.one_line(sentences.reason_words(task.reason)),
        )
    )


def _kind(kind: str) -> str:
    try:
        return sentences.kind_label(EventKind(kind))
    except ValueError:
        return kind


# -- recent --------------------------------------------------------------------------------


def recent_shape(entries: Sequence[RecentEntry], *, now: datetime) -> Mapping[str, JSON]:
    """`recent --json`."""
    return {"changed": False, "entries": [_recent_entry_shape(one, now) for one in entries]}


def _recent_entry_shape(recent: RecentEntry, now: datetime) -> Mapping[str, JSON]:
    entry = recent.entry
    return {
        "id": entry.id,
        "project": entry.project,
        "note": entry.note,
        "started_at": iso(entry.started_at),
        "ended_at": iso(entry.ended_at),
        "worked_seconds": entry.worked(now) // _SECOND,
        "state": entry.state.value,
        "sync": recent.sync.value,
        "clock_step_ms": recent.by_clock.step // MILLISECOND if recent.by_clock else 0,
    }


def recent_lines(
    entries: Sequence[RecentEntry],
    *,
    now: datetime,
    zone: tzinfo | None = None,
    offers: Mapping[str, ClockOffer] = {},
) -> list[str]:
    """`recent`: one line an entry, the newest first; more where the clock was set meanwhile."""
    lines: list[str] = []
    for one in entries:
        lines.append(_recent_line(one, now, zone))
        offer = offers.get(one.entry.id)
        if offer is not None:
            answer = clock_words.offer_answer(offer, zone, name_it=True)
            lines.append(f"  {clock_words.offer_line(offer.step)} {answer}")
    return lines or [_("Nothing has been tracked yet.")]


def _recent_line(recent: RecentEntry, now: datetime, zone: tzinfo | None) -> str:
    entry = recent.entry
    name = " – ".join(part for part in map(sentences.one_line, (entry.project, entry.note)) if part)
    parts = (
        _span(entry, now, zone),
        sentences.duration(entry.worked(now)),
        name,
        _sync_words(recent.sync),
    )
    return _JOIN.join(part for part in parts if part)


def _span(entry: TimeEntry, now: datetime, zone: tzinfo | None) -> str:
    began = sentences.clock_time(entry.started_at, zone, as_of=now)
    if entry.ended_at is not None:
        ended = sentences.clock_time(entry.ended_at, zone, as_of=now)
        return f"{began} – {ended}"
    doing = _("running") if entry.state is TrackerState.RUNNING else _("paused")
    return f"{began} – {doing}"


def _sync_words(sync: EntrySync) -> str:
    words = {
        EntrySync.SENT: _("sent"),
        EntrySync.WAITING: _("waiting"),
        EntrySync.FAILED: _("failed"),
        EntrySync.DOUBTFUL: _("being checked"),
        EntrySync.NOT_SENT: _("not sent"),
    }
    return words[sync]
