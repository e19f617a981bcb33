from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from trayapp.servers.http_answer import Answer, answer_of, clean_words, parse_retry_after, phrase_of


@pytest.mark.parametrize(
    ("json", "words"),
    [
        pytest.param({"message": "project closed"}, "project closed", id="message"),
        pytest.param({"error": "code", "message": "words"}, "words", id="words-before-codes"),
        pytest.param({"errors": ["first", "second"]}, "first", id="list"),
        pytest.param({"errors": {"begin": ["is missing"]}}, "is missing", id="by-field"),
        pytest.param({"detail": "  spaced  "}, "spaced", id="stripped"),
        pytest.param({"message": "", "title": "a title"}, "a title", id="empty-is-none"),
        pytest.param({"errors": []}, "", id="empty-list"),
        pytest.param({"errors": {}}, "", id="empty-object"),
        pytest.param({"message": 7}, "", id="number"),
        pytest.param(["message"], "", id="not-an-object"),
        pytest.param(None, "", id="nothing"),
        pytest.param({"errors": [[[[["deep"]]]]]}, "", id="too-deep"),
    ],
)
def test_the_servers_words_are_found(json: object, words: str) -> None:
    assert Answer(status=422, json=json, is_json=True).words() == words


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("a\nb\t\x00c\x1b[31m", "a b c [31m", id="control-characters"),
        pytest.param("right\u202eleft", "right left", id="direction-marks"),
        pytest.param("token: abcd1234", "token: ***", id="named-secret"),
        pytest.param("bad Bearer abcdefgh", "bad Bearer ***", id="bearer"),
        pytest.param("no user f3Kd9sLq0PzX7vBn2MwT5yRu", "no user ***", id="looks-random"),
        pytest.param(
            "no entry 0f8fad5b-d9cb-469f-a165-70867728950e here",
            "no entry 0f8fad5b-d9cb-469f-a165-70867728950e here",
            id="a-uuid-is-no-secret",
        ),
        pytest.param(
            "Donaudampfschifffahrtsgesellschaft is closed",
            "Donaudampfschifffahrtsgesellschaft is closed",
            id="a-long-word-is-no-secret",
        ),
        pytest.param("Проект закрыт", "Проект закрыт", id="russian"),
    ],
)
def test_words_are_one_clean_line(text: str, wanted: str) -> None:
    assert clean_words(text) == wanted


def test_words_are_bounded() -> None:
    assert clean_words("word " * 5000) == ("word " * 40)[:199] + "…"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("7", timedelta(seconds=7), id="seconds"),
        pytest.param("0", timedelta(), id="at-once"),
        pytest.param("9" * 40, timedelta(days=30), id="no-overflow"),
        pytest.param(
            "Thu, 08 Jan 2026 10:00:00 GMT", datetime(2026, 1, 8, 10, tzinfo=UTC), id="date"
        ),
        pytest.param(
            "Thu, 08 Jan 2026 10:00:00 -0000", datetime(2026, 1, 8, 10, tzinfo=UTC), id="no-zone"
        ),
        pytest.param(
            "Thu, 08 Jan 2026 10:00:00 +0500", datetime(2026, 1, 8, 5, tzinfo=UTC), id="zone"
        ),
        pytest.param("soon", None, id="words"),
        pytest.param("-5", None, id="negative"),
        pytest.param("²", None, id="not-a-number-to-ascii"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="absent"),
    ],
)
def test_retry_after_is_read_in_both_forms(
    text: str | None, wanted: timedelta | datetime | None
) -> None:
    assert parse_retry_after(text) == wanted


def test_fields_are_those_of_an_object() -> None:
    assert Answer(status=200, json={"a": 1}, is_json=True).field("a") == 1
    assert Answer(status=200, json=[1], is_json=True).field("a") is None


def test_a_status_has_the_standards_phrase() -> None:
    assert phrase_of(422) == "Unprocessable Entity"
    assert phrase_of(599) == "Unknown Status"
    assert Answer(status=400).status_line == "400 Bad Request"


def said(content: bytes = b"{}", **headers: str) -> Answer:
    response = requests.Response()
    response.status_code = 200
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return answer_of(response, content)


TEN = "Thu, 08 Jan 2026 10:00:00 GMT"


def test_an_answer_tells_when_it_was_given() -> None:
    assert said(Date=TEN).date == datetime(2026, 1, 8, 10, tzinfo=UTC)
    assert said().date is None
    assert said(Date="yesterday").date is None
    assert said(Date=TEN, Age="60").date is None  # kept on the way


@pytest.mark.parametrize(
    ("date", "wanted"),
    [
        pytest.param("Thu, 08 Jan 2026 09:59:00 GMT", timedelta(minutes=1), id="later"),
        pytest.param("Thu, 08 Jan 2026 10:00:01 GMT", timedelta(seconds=-1), id="over"),
        pytest.param("soon", datetime(2026, 1, 8, 10, tzinfo=UTC), id="without a date"),
    ],
)
def test_a_date_to_retry_after_counts_from_the_answers_own(
    date: str, wanted: timedelta | datetime
) -> None:
    assert said(Date=date, Retry_After=TEN).retry_after == wanted
    assert said(Date=date, Retry_After="7").retry_after == timedelta(seconds=7)
