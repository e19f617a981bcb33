"""What is said of a clock that is wrong, or was set. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from trayapp.i18n import _, ngettext, pgettext
from trayapp.sync.status import ClockOffer
from trayapp.sync.words import clock_time, duration, length

_DAY = timedelta(days=1)
_HALF_A_MINUTE = timedelta(seconds=30)
_NONE = timedelta()


def skew_line(skew: timedelta) -> str:
    """Such as "This computer's clock is 3:00 ahead of the server's"."""
    if skew > _NONE:
        text = _("This computer's clock is {time} ahead of the server's")
    else:
        text = _("This computer's clock is {time} behind the server's")
    return text.format(time=_days(skew) or duration(abs(skew) + _HALF_A_MINUTE))


def skew_advice() -> str:
    """What it means for the hours, and what to do."""
    return _(
        "The times of your clicks are those of this computer's clock, and none is changed by "
        "itself. Set the clock right; “trayapp edit” corrects what was tracked meanwhile."
    )


def offer_line(step: timedelta) -> str:
    """Such as "The clock was set forward by 2:00:00 during this entry."."""
    if step > _NONE:
        text = _("The clock was set forward by {time} during this entry.")
    else:
        text = _("The clock was set back by {time} during this entry.")
    return text.format(time=_days(step) or length(step))


def offer_answer(offer: ClockOffer, zone: tzinfo | None, *, name_it: bool = False) -> str:
    """How to have the times by the clock as it is now; `name_it`: it may not be the newest."""
    parts = ["trayapp edit", *([offer.entry_id] if name_it else [])]
    if offer.is_whole:
        parts += _named("--started", offer.started_at, zone)
        parts += _named("--stopped", offer.stopped_at, zone)
    else:
        parts.append("--by-clock")
    text = _("If the clock is right now, correct the entry: “{command}”.")
    return text.format(command=" ".join(parts))


def offer_label(offer: ClockOffer, zone: tzinfo | None, *, as_of: datetime) -> str:
    """The row that takes it, such as "Correct the begin to 09:12"."""
    started = offer.started_at and clock_time(offer.started_at, zone, as_of=as_of)
    stopped = offer.stopped_at and clock_time(offer.stopped_at, zone, as_of=as_of)
    if started and stopped:
        text = pgettext("menu", "Correct to {begin} – {end}")
        return text.format(begin=started, end=stopped)
    if started:
        return pgettext("menu", "Correct the begin to {time}").format(time=started)
    if stopped:
        return pgettext("menu", "Correct the end to {time}").format(time=stopped)
    return pgettext("menu", "Correct the times in between")


def _named(option: str, at: datetime | None, zone: tzinfo | None) -> list[str]:
    if at is None:
        return []
    return [option, at.astimezone(zone).isoformat(timespec="seconds")]


def _days(span: timedelta) -> str:
    """In days, when it is several; else empty."""
    days = abs(span) // _DAY
    if days < 2:  # noqa: PLR2004  # a day and some hours are told in hours
        return ""
    return ngettext("{count} day", "{count} days", days).format(count=days)
