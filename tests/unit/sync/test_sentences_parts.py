"""The words for one thing: a duration, a time, a kind, a cause, a refusal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.unit.sync.sentences_support import MINUTE, NOON, ZONE
from trayapp import i18n
from trayapp.sync import impossible_words, sentences
from trayapp.sync.cause import Cause
from trayapp.sync.status import Link, RetryResult
from trayapp.tracking.entry import EventKind
from trayapp.tracking.moments import Unclear
from trayapp.tracking.tracker import Impossible


@pytest.mark.parametrize(
    ("length", "words"),
    [
        pytest.param(timedelta(), "0:00", id="nothing"),
        pytest.param(timedelta(seconds=59), "0:00", id="rounded down"),
        pytest.param(84 * MINUTE, "1:24", id="hours and minutes"),
        pytest.param(timedelta(hours=100, minutes=5), "100:05", id="more than days"),
        pytest.param(-MINUTE, "0:00", id="never negative"),
    ],
)
def test_a_duration_is_hours_and_minutes(length: timedelta, words: str) -> None:
    assert sentences.duration(length) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        pytest.param(NOON, "14:04", id="today"),
        pytest.param(NOON.replace(hour=19, minute=0), "Fri 00:00", id="tomorrow over there"),
        pytest.param(NOON.replace(hour=18, minute=59), "23:59", id="the last minute of today"),
        pytest.param(NOON - timedelta(days=6), "Fri 14:04", id="six days ago"),
        pytest.param(NOON - timedelta(days=7), "1 Jan 14:04", id="a week ago"),
        pytest.param(NOON - timedelta(days=8), "31 Dec 2025 14:04", id="another year"),
    ],
)
def test_a_time_says_its_day_when_that_is_not_today(at: datetime, words: str) -> None:
    assert sentences.clock_time(at, ZONE, as_of=NOON) == words


def test_without_a_zone_times_are_those_of_the_system() -> None:
    local = NOON.astimezone()
    assert sentences.clock_time(NOON, None, as_of=NOON) == f"{local:%H:%M}"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        pytest.param(timedelta(hours=1), "the clock changed by +1:00:00", id="forward"),
        pytest.param(timedelta(seconds=-61.4), "the clock changed by -0:01:01", id="back"),
    ],
)
def test_a_step_of_the_clock_is_told_with_its_sign(step: timedelta, words: str) -> None:
    assert sentences.clock_step(step) == words


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(" a\n\tb\x00c\u2028d ", "a b c d", id="breaks and controls"),
        pytest.param("кот 🐈 <b>&", "кот 🐈 <b>&", id="any other Unicode stays"),
        pytest.param("a\udcffb", "a?b", id="half a character"),
    ],
)
def test_users_text_becomes_one_line(text: str, line: str) -> None:
    assert sentences.one_line(text) == line


def test_kinds_have_the_names_users_know() -> None:
    english = [sentences.kind_label(kind) for kind in EventKind]
    i18n.use_language("ru")
    russian = [sentences.kind_label(kind) for kind in EventKind]
    assert english == ["Start timer", "Pause", "Resume", "Stop", "Correction", "Deletion"]
    assert russian == [
        *("Старт трекера", "Пауза", "Возобновление", "Остановка"),
        *("Исправление", "Удаление"),
    ]


@pytest.mark.parametrize("cause", [pytest.param(cause, id=cause) for cause in Cause])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_cause_is_explained_in_three_parts(cause: Cause, language: str) -> None:
    i18n.use_language(language)
    one, many = sentences.explain(cause, 1), sentences.explain(cause, 100)
    assert one.title
    assert one.meaning
    assert one.advice
    assert one.text == f"{one.meaning} {one.advice}"
    assert "100" in many.title
    assert "100" not in one.title
    assert one.title.replace("1", "") != many.title.replace("100", "")
    assert max(len(one.title), len(many.title)) < 64


def test_a_wrong_address_is_shown() -> None:
    wrong = sentences.explain(Cause.WRONG_ADDRESS, 1, url="https://example.org/api")
    other = sentences.explain(Cause.REFUSED, 1, url="https://example.org/api")
    assert wrong.advice.endswith("The address tried was https://example.org/api.")
    assert "example.org" not in other.text


def test_an_entry_that_was_ended_there_is_named_with_its_times() -> None:
    words = sentences.closed_there("Website – typed there", NOON - 60 * MINUTE, NOON, zone=ZONE)
    assert words.startswith("“Website – typed there” ran on the server since 13:04.")
    assert "ended there at 14:04" in words
    assert "“An entry without a name”" in sentences.closed_there("", NOON, NOON, zone=ZONE)


def test_every_link_has_a_sentence_of_its_own() -> None:
    told = {sentences.link_sentence(link) for link in Link}
    assert len(told) == len(Link)
    assert all(sentence.endswith(".") for sentence in told)


@pytest.mark.parametrize(
    ("counts", "reason", "words"),
    [
        pytest.param(
            (97, 3, 0),
            "HTTP 422: project closed",
            "97 sent, 3 failed: HTTP 422: project closed",
            id="some failed",
        ),
        pytest.param((97, 0, 0), "", "97 sent", id="all sent"),
        pytest.param(
            (0, 0, 2), "Network error: refused", "2 waiting: Network error: refused", id="w"
        ),
        pytest.param((0, 0, 0), "", "There was nothing to send.", id="nothing"),
    ],
)
def test_the_result_of_a_retry_is_honest(
    counts: tuple[int, int, int], reason: str, words: str
) -> None:
    sent, failed, waiting = counts
    result = RetryResult(number=1, sent=sent, failed=failed, waiting=waiting, reason=reason)
    assert sentences.retry_result(result) == words


@pytest.mark.parametrize(
    ("why", "last", "part"),
    [
        pytest.param(Impossible.NOT_TRACKING, None, "Nothing is being tracked", id="stopped"),
        pytest.param(Impossible.IN_FUTURE, NOON, "in the future", id="future"),
        pytest.param(Impossible.TOO_EARLY, NOON, "Give a time after 14:04:00.", id="early"),
        pytest.param(Impossible.TOO_EARLY, None, "too early", id="early, last unknown"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_became_of_it(
    why: Impossible, last: datetime | None, part: str
) -> None:
    words = impossible_words.cannot_do(why, last, zone=ZONE, as_of=NOON)
    assert part in words
    assert "nothing was" in words


def test_a_time_that_occurs_twice_is_refused_with_both_readings() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    readings = tuple(datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    words = impossible_words.bad_moment(Unclear.TWICE, readings, zone=berlin)
    assert "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00" in words


@pytest.mark.parametrize("why", [Unclear.UNREADABLE, Unclear.SKIPPED])
def test_a_time_that_is_none_is_refused_with_what_to_write(why: Unclear) -> None:
    assert "nothing was recorded. Write" in impossible_words.bad_moment(why, (), zone=ZONE)
