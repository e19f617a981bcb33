"""Totals: how long was worked on a day and in a week.

Pure. A day is that of a zone's calendar, from one midnight to the next, so it has 23 to 25 hours
where the clocks are changed; what runs over midnight counts on both days. A week begins on Monday.
What was worked is the time that really went by, whatever the clocks showed meanwhile.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
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


@dataclass(frozen=True, slots=True)
class Worked:
    """What was worked in a week: day by day what no click changes any more, and the rest of it."""

    over: Mapping[date, timedelta]
    segments: tuple[Segment, ...]


def totals(worked: Worked, now: datetime, zone: tzinfo | None = None) -> Totals:
    """Today's and this week's, in `zone` (None: the system's); an open segment ends `now`."""
    days = week_days(worked.segments, now, zone)
    for day, length in worked.over.items():
        days[day] += length
    return Totals(today=days[_day_of(now, zone)], week=sum(days.values(), timedelta()))


def week_days(
    segments: Iterable[Segment], now: datetime, zone: tzinfo | None = None
) -> dict[date, timedelta]:
    """What was worked on each day of the week of `now`."""
    return per_day(segments, _monday(now, zone), _DAYS_OF_WEEK, now=now, zone=zone)


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
        at, end = segment.began_at, segment.ended_at or now
        for place in range(max(bisect_right(bounds, at), 1), len(bounds)):
            if end <= max(at, bounds[place - 1]):
                break
            found[dates[place - 1]] += min(end, bounds[place]) - max(at, bounds[place - 1])
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
