"""Quiet hours: what is said when, and that nothing is lost by silence."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from trayapp.desktop.notices import Notice
from trayapp.desktop.quiet import Manners, QuietHours

NIGHT = QuietHours(time(22), time(7))
NOON = QuietHours(time(12), time(13, 30))
FAILED = Notice("Sign in again", "HTTP 401", key="failed-signed_out", urgent=True)
WAITING = Notice("Clicks are waiting", "3 waiting", key="waiting")
GAP = Notice("Still running", "since 13:02", key="gap", urgent=True)
SENT = Notice("All sent", "Nothing need be done.", key="all-sent")
RETRY = Notice("Retry all", "97 sent, 3 refused", key="retry")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-01-{text}").replace(tzinfo=UTC)


def manners(hours: QuietHours | None = NIGHT) -> Manners:
    return Manners(hours=hours, zone=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "end"),
    [
        pytest.param(NIGHT, "08T21:59", None, id="before"),
        pytest.param(NIGHT, "08T22:00", "09T07:00", id="begun"),
        pytest.param(NIGHT, "09T03:00", "09T07:00", id="after midnight"),
        pytest.param(NIGHT, "09T07:00", None, id="over"),
        pytest.param(NOON, "08T12:30", "08T13:30", id="within one day"),
        pytest.param(NOON, "08T13:30", None, id="after it"),
        pytest.param(QuietHours(time(9), time(9)), "08T08:00", "08T09:00", id="all day"),
    ],
)
def test_quiet_hours_go_over_midnight(hours: QuietHours, now: str, end: str | None) -> None:
    assert hours.end(at(now), UTC) == (end and at(end))


def test_quiet_hours_are_those_of_the_users_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    summer = datetime(2026, 7, 8, 20, 30, tzinfo=UTC)
    assert NIGHT.end(summer, berlin) == datetime(2026, 7, 9, 5, 0, tzinfo=UTC)
    assert NIGHT.end(summer, UTC) is None


def test_without_quiet_hours_all_is_said_at_once() -> None:
    found = manners(None)
    assert found.let_through((FAILED, SENT), at("08T23:00")) == (FAILED, SENT)
    assert found.held_until(at("08T23:00")) is None


def test_what_there_was_to_say_comes_as_one_when_they_end() -> None:
    found = manners()
    assert found.let_through((FAILED,), at("08T23:00")) == ()
    assert found.let_through((GAP,), at("09T01:00")) == ()
    assert found.held_until(at("09T01:00")) == at("09T07:00")
    (told,) = found.let_through((), at("09T07:00"))
    assert told.title == "2 messages from the quiet hours"
    assert told.body == "Sign in again\nStill running"
    assert told.urgent
    assert found.held_until(at("09T07:00")) is None
    assert found.let_through((), at("09T07:01")) == ()


def test_a_single_one_comes_as_it_is() -> None:
    found = manners()
    assert found.let_through((WAITING,), at("08T23:00")) == ()
    assert found.let_through((GAP,), at("09T07:00")) == (WAITING, GAP)


def test_the_newest_of_a_kind_is_kept() -> None:
    found = manners()
    newer = Notice("Sign in again", "12 events", key=FAILED.key, urgent=True)
    found.let_through((FAILED,), at("08T23:00"))
    found.let_through((newer,), at("09T00:00"))
    assert found.let_through((), at("09T07:00")) == (newer,)


def test_trouble_that_is_over_before_anybody_heard_of_it_is_not_told() -> None:
    found = manners()
    found.let_through((FAILED, WAITING, GAP), at("08T23:00"))
    found.let_through((SENT,), at("09T00:00"))
    assert found.let_through((), at("09T07:00")) == (GAP,)


def test_that_trouble_heard_of_before_is_over_is_told() -> None:
    found = manners()
    assert found.let_through((FAILED,), at("08T21:00")) == (FAILED,)
    found.let_through((SENT,), at("09T00:00"))
    assert found.let_through((), at("09T07:00")) == (SENT,)


def test_what_answers_a_click_is_said_at_any_hour() -> None:
    found = manners()
    assert found.let_through((RETRY, FAILED), at("08T23:00")) == (RETRY,)
    found.follow(wanted=False, hours=None)
    assert found.let_through((RETRY, GAP), at("09T12:00")) == (RETRY,)


def test_switched_off_nothing_is_said_and_nothing_waits() -> None:
    found = manners()
    found.let_through((FAILED,), at("08T23:00"))
    found.follow(wanted=False, hours=NIGHT)
    assert found.let_through((GAP,), at("08T23:30")) == ()
    assert found.held_until(at("08T23:30")) is None
    found.follow(wanted=True, hours=None)
    assert found.let_through((), at("09T08:00")) == ()


def test_quiet_hours_taken_away_say_at_once_what_waits() -> None:
    found = manners()
    found.let_through((FAILED,), at("08T23:00"))
    found.follow(wanted=True, hours=None)
    assert found.held_until(at("08T23:01")) == at("08T23:01")
    assert found.let_through((), at("08T23:01")) == (FAILED,)


def test_a_night_with_a_change_of_the_clocks_ends_at_its_time() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
    end = NIGHT.end(now, berlin)
    assert end == datetime(2026, 3, 29, 5, 0, tzinfo=UTC)
    assert end - now == timedelta(hours=6, minutes=30)
