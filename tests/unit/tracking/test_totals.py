"""Totals: midnight, zones, weeks, and the nights on which the clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trayapp.tracking.entry import Segment
from trayapp.tracking.totals import (
    Totals,
    Worked,
    midnight,
    next_midnight,
    per_day,
    totals,
    week_begin,
)

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def at(text: str, zone: tzinfo = UTC) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def span(begin: str, end: str | None, zone: tzinfo = UTC) -> Segment:
    ended_at = None if end is None else at(end, zone)
    return Segment(id=begin, began_at=at(begin, zone), ended_at=ended_at)


def test_nothing_worked_is_nothing() -> None:
    assert totals(Worked({}, ()), at("2026-01-08T12:00"), UTC) == Totals()


def test_today_and_this_week_are_summed_and_what_runs_counts_up_to_now() -> None:
    segments = (
        span("2026-01-04T23:00", "2026-01-05T01:00"),  # Sunday to Monday
        span("2026-01-06T09:00", "2026-01-06T10:30"),
        span("2026-01-08T09:00", "2026-01-08T09:15"),
        span("2026-01-08T11:00", None),
    )
    found = totals(Worked({}, tuple(segments)), at("2026-01-08T12:00"), UTC)
    assert found == Totals(today=1.25 * HOUR, week=3.75 * HOUR)


def test_what_runs_over_midnight_counts_on_both_days() -> None:
    days = per_day(
        [span("2026-01-07T22:00", "2026-01-09T01:00")],
        date(2026, 1, 7),
        4,
        now=at("2026-01-10T00:00"),
        zone=UTC,
    )
    assert days == {
        date(2026, 1, 7): 2 * HOUR,
        date(2026, 1, 8): 24 * HOUR,
        date(2026, 1, 9): HOUR,
        date(2026, 1, 10): timedelta(),
    }


def test_a_day_is_that_of_the_zone() -> None:
    segment = span("2026-01-07T20:00", "2026-01-07T21:00")
    now = at("2026-01-07T21:00")
    assert totals(Worked({}, (segment,)), now, ZoneInfo("Asia/Yekaterinburg")).today == HOUR
    assert totals(Worked({}, (segment,)), now, ZoneInfo("Asia/Tokyo")).today == HOUR
    later = at("2026-01-08T00:30")
    assert totals(Worked({}, (segment,)), later, UTC) == Totals(week=HOUR)
    assert totals(Worked({}, (segment,)), later, ZoneInfo("America/New_York")).today == HOUR


@pytest.mark.parametrize(
    ("day", "length"),
    [
        pytest.param(date(2026, 3, 29), 23 * HOUR, id="spring"),
        pytest.param(date(2026, 10, 25), 25 * HOUR, id="autumn"),
        pytest.param(date(2026, 1, 8), 24 * HOUR, id="any other"),
    ],
)
def test_a_whole_day_has_the_hours_that_went_by(day: date, length: timedelta) -> None:
    begin, end = midnight(day, BERLIN), midnight(day + DAY, BERLIN)
    segment = Segment(id="s", began_at=begin - HOUR, ended_at=end + HOUR)
    found = per_day([segment], day, 1, now=end, zone=BERLIN)
    assert found == {day: length}


def test_an_hour_that_is_told_twice_is_two_hours_of_work() -> None:
    segment = span("2026-10-25T00:30", "2026-10-25T02:30")  # 02:30 to 03:30 on the clock of Berlin
    assert totals(Worked({}, (segment,)), at("2026-10-25T12:00"), BERLIN).today == 2 * HOUR


@pytest.mark.parametrize(
    ("zone", "day", "begin"),
    [
        pytest.param("Asia/Beirut", "2026-03-29", "2026-03-28T22:00", id="no midnight"),
        pytest.param("America/Havana", "2026-11-01", "2026-11-01T04:00", id="two midnights"),
    ],
)
def test_a_day_begins_at_its_first_moment(zone: str, day: str, begin: str) -> None:
    begins = midnight(date.fromisoformat(day), ZoneInfo(zone))
    assert begins == at(begin)
    assert begins.astimezone(ZoneInfo(zone)).date() == date.fromisoformat(day)
    assert (begins - timedelta(milliseconds=1)).astimezone(
        ZoneInfo(zone)
    ).date() < date.fromisoformat(day)


@pytest.mark.parametrize(
    ("now", "begin"),
    [
        pytest.param("2026-01-05T00:00", "2026-01-05T00:00", id="Monday's first moment"),
        pytest.param("2026-01-11T23:59", "2026-01-05T00:00", id="Sunday's last minute"),
        pytest.param("2026-10-25T23:00", "2026-10-19T00:00", id="a week with a change"),
    ],
)
def test_a_week_begins_on_monday(now: str, begin: str) -> None:
    assert week_begin(at(now, BERLIN), BERLIN) == at(begin, BERLIN)


def test_the_next_midnight_is_that_of_the_zone() -> None:
    assert next_midnight(at("2026-10-25T12:00"), BERLIN) == at("2026-10-25T23:00")


def test_without_a_zone_it_is_the_systems() -> None:
    now = at("2026-01-08T12:00")
    assert midnight(now.astimezone().date()) <= now < next_midnight(now)


def test_a_segment_from_a_clock_that_was_ahead_counts_no_less_than_nothing() -> None:
    ahead = span("2026-01-08T13:00", None)
    assert totals(Worked({}, (ahead,)), at("2026-01-08T12:00"), UTC) == Totals()


_MOMENTS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 30)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=UTC, microsecond=0)
)


@given(
    begins=_MOMENTS,
    length=st.timedeltas(timedelta(), timedelta(days=20)),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Beirut", "America/Havana", "Asia/Kolkata"]),
)
def test_days_add_up_to_what_was_worked(begins: datetime, length: timedelta, zone: str) -> None:
    info = ZoneInfo(zone)
    segment = Segment(id="s", began_at=begins, ended_at=begins + length)
    days = per_day([segment], begins.astimezone(info).date(), 23, now=begins, zone=info)
    assert sum(days.values(), timedelta()) == length
