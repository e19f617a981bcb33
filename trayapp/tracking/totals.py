"""Totals: how long was worked on a day and in a week.

Pure. A day is that of a zone's calendar, from one midnight to the next, so it has 23 to 25 hours
where the clocks are changed; what runs over midnight counts on both days. A week begins on Monday.
What was worked is the time that really went by, whatever the clocks showed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo

from trayapp.light import dataclass
from trayapp.tracking.entry import Segment

_DAY = timedelta(days=1)
_DAYS_OF_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What was worked today and in this week, up to one moment."""

    today: timedelta = timedelta()
    week: timedelta = timedelta()


def totals(segments: Iterable[Segment], now: datetime, zone: tzinfo | None = None) -> Totals:
    """Today's and this week's, in `zone` (None: the system's); an open segment ends `now`."""
    monday = _monday(now, zone)
    days = per_day(segments, monday, _DAYS_OF_WEEK, now=now, zone=zone)
    return Totals(today=days[_day_of(now, zone)], week=sum(days.values(), timedelta()))


def per_day(
    segments: Iterable[Segment],
    first: date,
    count: int,
    *,
    now: datetime,
    zone: tzinfo | None = None,
) -> dict[date, timedelta]:
    """What was worked on each of `count` days from `first` on."""
    dates = [first + number * _DAY for number in range(count)]
    bounds = [midnight(day, zone) for day in [*dates, first + count * _DAY]]
    found = dict.fromkeys(dates, timedelta())
    for segment in segments:
        end = segment.ended_at or max(now, segment.began_at)
        if end <= bounds[0] or segment.began_at >= bounds[-1]:
            continue
        for day, begins, ends in zip(dates, bounds, bounds[1:], strict=False):
            found[day] += max(timedelta(), min(end, ends) - max(segment.began_at, begins))
    return found


def week_begin(now: datetime, zone: tzinfo | None = None) -> datetime:
    """When the week of `now` began, UTC."""
    return midnight(_monday(now, zone), zone)


def next_midnight(now: datetime, zone: tzinfo | None = None) -> datetime:
    """When the day of `now` ends, UTC."""
    return midnight(_day_of(now, zone) + _DAY, zone)


def midnight(day: date, zone: tzinfo | None = None) -> datetime:
    """When `day` begins, UTC: the first of two midnights; where there is none, the change."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _day_of(now: datetime, zone: tzinfo | None) -> date:
    return now.astimezone(zone).date()


def _monday(now: datetime, zone: tzinfo | None) -> date:
    today = _day_of(now, zone)
    return today - today.weekday() * _DAY
