"""Typed times: today's clock, ISO 8601, and the two nights a year that are different."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trayapp.tracking.moments import BadMoment, Unclear, parse_moment

BERLIN = ZoneInfo("Europe/Berlin")
WINTER = datetime(2026, 1, 8, 12, tzinfo=UTC)
AUTUMN_NIGHT = datetime(2026, 10, 25, 12, tzinfo=UTC)
SPRING_NIGHT = datetime(2026, 3, 29, 12, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        pytest.param("19:02", utc(2026, 1, 8, 18, 2), id="today"),
        pytest.param("9:02", utc(2026, 1, 8, 8, 2), id="short hour"),
        pytest.param(" 19:02:03\n", utc(2026, 1, 8, 18, 2, 3), id="with seconds and blanks"),
        pytest.param("00:00", utc(2026, 1, 7, 23), id="midnight"),
        pytest.param("2026-01-07T19:02", utc(2026, 1, 7, 18, 2), id="iso, local"),
        pytest.param("2026-07-07 19:02", utc(2026, 7, 7, 17, 2), id="iso with a blank, summer"),
        pytest.param("2026-01-07T19:02Z", utc(2026, 1, 7, 19, 2), id="iso, utc"),
        pytest.param("2026-01-07T19:02+05:00", utc(2026, 1, 7, 14, 2), id="iso, offset"),
        pytest.param("20260107T190203", utc(2026, 1, 7, 18, 2, 3), id="iso, basic"),
        pytest.param(
            "2026-01-07T19:02:03.1239Z",
            utc(2026, 1, 7, 19, 2, 3, 123000),
            id="cut to the millisecond",
        ),
        pytest.param("2026-10-25T02:30+02:00", utc(2026, 10, 25, 0, 30), id="night, summer time"),
        pytest.param("2026-10-25T02:30+01:00", utc(2026, 10, 25, 1, 30), id="night, winter time"),
    ],
)
def test_a_time_is_read_as_it_is_meant(text: str, at: datetime) -> None:
    moment = parse_moment(text, now=WINTER, zone=BERLIN)
    assert moment == at
    assert moment.tzinfo is UTC


def test_today_is_the_day_in_the_users_zone() -> None:
    late = utc(2026, 1, 8, 23, 30)
    assert parse_moment("00:15", now=late, zone=BERLIN) == utc(2026, 1, 8, 23, 15)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "19",
        "19:2",
        "24:00",
        "12:60",
        "12:00:60",
        "19:02 h",
        "١٩:٠٢",
        "-1:00",
        "2026-01-08",
        "2026-13-08T10:00",
        "2026-02-30T10:00",
        "T19:02",
        "2026-01-08x19:02",
        "0001-01-01T00:00+14:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59-14:00",
        "вчера 10:00",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(BadMoment) as caught:
        parse_moment(text, now=WINTER, zone=BERLIN)
    assert (caught.value.why, caught.value.readings) == (Unclear.UNREADABLE, ())
    assert str(caught.value) == "unreadable"


@pytest.mark.parametrize("text", ["02:30", "2026-10-25T02:30"])
def test_a_time_that_occurs_twice_is_refused_with_both_readings(text: str) -> None:
    with pytest.raises(BadMoment) as caught:
        parse_moment(text, now=AUTUMN_NIGHT, zone=BERLIN)
    assert caught.value.why is Unclear.TWICE
    assert caught.value.readings == (utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30))


@pytest.mark.parametrize("text", ["02:30", "2026-03-29T02:30"])
def test_a_time_that_never_was_is_refused(text: str) -> None:
    with pytest.raises(BadMoment) as caught:
        parse_moment(text, now=SPRING_NIGHT, zone=BERLIN)
    assert (caught.value.why, caught.value.readings) == (Unclear.SKIPPED, ())


@pytest.mark.parametrize(
    ("text", "now", "at"),
    [
        pytest.param("01:59:59", AUTUMN_NIGHT, utc(2026, 10, 24, 23, 59, 59), id="before twice"),
        pytest.param("03:00", AUTUMN_NIGHT, utc(2026, 10, 25, 2), id="after twice"),
        pytest.param("01:59:59", SPRING_NIGHT, utc(2026, 3, 29, 0, 59, 59), id="before the gap"),
        pytest.param("03:00", SPRING_NIGHT, utc(2026, 3, 29, 1), id="after the gap"),
    ],
)
def test_the_edges_of_a_clock_change_are_clear(text: str, now: datetime, at: datetime) -> None:
    assert parse_moment(text, now=now, zone=BERLIN) == at


def test_a_zone_without_clock_changes_has_no_unclear_times() -> None:
    tashkent = ZoneInfo("Asia/Tashkent")
    assert parse_moment("02:30", now=AUTUMN_NIGHT, zone=tashkent) == utc(2026, 10, 24, 21, 30)


ZONES = st.sampled_from(
    ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
).map(ZoneInfo)
MOMENTS = st.datetimes(min_value=datetime(2005, 1, 1), max_value=datetime(2037, 1, 1)).map(  # noqa: DTZ001  # made aware below
    lambda naive: naive.replace(tzinfo=UTC, microsecond=naive.microsecond // 1000 * 1000)
)


def read(text: str, zone: ZoneInfo) -> tuple[Unclear | None, tuple[datetime, ...]]:
    try:
        return None, (parse_moment(text, now=WINTER, zone=zone),)
    except BadMoment as bad:
        return bad.why, bad.readings


@given(at=MOMENTS, zone=ZONES)
def test_a_local_time_reads_back_as_its_moment_or_as_two_that_hold_it(
    at: datetime, zone: ZoneInfo
) -> None:
    text = at.astimezone(zone).replace(tzinfo=None).isoformat()
    why, readings = read(text, zone)
    assert why in {None, Unclear.TWICE}
    assert at in readings
    assert list(readings) == sorted(set(readings))


@given(at=MOMENTS, zone=ZONES, hours=st.integers(-14, 14))
def test_an_offset_leaves_no_question_open(at: datetime, zone: ZoneInfo, hours: int) -> None:
    text = (at + timedelta(hours=hours)).replace(tzinfo=None).isoformat()
    text += f"{hours:+03d}:00"
    assert parse_moment(text, now=WINTER, zone=zone) == at


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_a_bad_moment(text: str) -> None:
    try:
        moment = parse_moment(text, now=WINTER, zone=BERLIN)
    except BadMoment:
        return
    assert moment.microsecond % 1000 == 0
