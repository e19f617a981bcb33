"""What is said where a command cannot be done, or a typed time is not one moment. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from trayapp.i18n import _
from trayapp.sync.correction_words import cannot_correct
from trayapp.sync.words import clock_time
from trayapp.tracking.moments import Unclear
from trayapp.tracking.tracker import Impossible


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
