"""Quiet: notices wait until the quiet hours end, then come as one; switched off, none comes.

Pure but for what it remembers. One thread at a time. Nothing is lost by it: icon and menu show what
there is, at any hour. What answers a click of the user's is let through always.
"""

from __future__ import annotations

from dataclasses import field
from datetime import UTC, datetime, time, timedelta, tzinfo

from trayapp.desktop.notices import ALL_SENT_KEY, RETRY_KEY, Notice, is_trouble
from trayapp.i18n import ngettext
from trayapp.light import dataclass

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of day to another, over midnight where the second is the earlier one.

    The same time twice is a whole day.
    """

    begins: time
    ends: time

    def end(self, now: datetime, zone: tzinfo | None = None) -> datetime | None:
        """When those around `now` end, UTC; None outside of them."""
        local = now.astimezone(zone).replace(tzinfo=None)
        for day in (local.date() - _DAY, local.date()):
            begin = datetime.combine(day, self.begins)
            end = datetime.combine(day, self.ends)
            if self.ends <= self.begins:
                end += _DAY
            if begin <= local < end:
                return end.replace(tzinfo=zone).astimezone(UTC)
        return None


@dataclass(slots=True)
class Manners:
    """What is said of all there is to say. `wanted`: any at all; `hours`: not in these."""

    wanted: bool = True
    hours: QuietHours | None = None
    zone: tzinfo | None = None
    _held: dict[str, Notice] = field(default_factory=dict)

    def follow(self, *, wanted: bool, hours: QuietHours | None) -> None:
        """From now on it is so; what waits goes with what is said next."""
        self.wanted, self.hours = wanted, hours

    def let_through(self, notices: tuple[Notice, ...], now: datetime) -> tuple[Notice, ...]:
        """What of these to say now, with what has waited until now."""
        answers = tuple(notice for notice in notices if notice.key == RETRY_KEY)
        if not self.wanted:
            self._held.clear()
            return answers
        if self._end(now) is not None:
            for notice in notices:
                if notice not in answers:
                    self._hold(notice)
            return answers
        held = tuple(self._held.values())
        self._held.clear()
        return (*_as_one(held), *notices)

    def held_until(self, now: datetime) -> datetime | None:
        """When what waits is said; None when nothing does."""
        return (self._end(now) or now) if self._held else None

    def _end(self, now: datetime) -> datetime | None:
        return None if self.hours is None else self.hours.end(now, self.zone)

    def _hold(self, notice: Notice) -> None:
        if notice.key == ALL_SENT_KEY:
            troubles = [key for key in self._held if is_trouble(key)]
            for key in troubles:
                del self._held[key]
            if troubles:  # nobody heard of them: nobody need hear that they are over
                return
        self._held[notice.key] = notice


def _as_one(held: tuple[Notice, ...]) -> tuple[Notice, ...]:
    if len(held) <= 1:
        return held
    count = len(held)
    title = ngettext(
        "{count} message from the quiet hours", "{count} messages from the quiet hours", count
    )
    body = "\n".join(notice.title for notice in held)
    urgent = any(notice.urgent for notice in held)
    return (Notice(title.format(count=count), body, key="quiet-hours", urgent=urgent),)
