"""What the dates of answers tell about our clock, and whose word is taken for it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from tests.fakes import START
from trayapp.sync.outcome import (
    Absent,
    Delivered,
    Doubtful,
    Offline,
    Ours,
    Outcome,
    Refused,
    ServerTrouble,
    SignedOut,
    Throttled,
    WrongAddress,
)
from trayapp.sync.skew import is_wrong, listening, skew_of, tell

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("date", "waited", "skew"),
    [
        pytest.param(0, 0, 0, id="the same second"),
        pytest.param(-1, 0, 0, id="a whole second may stand for nearly the next"),
        pytest.param(30, 60, 0, id="any time while we waited"),
        pytest.param(-60, 0, 59, id="ahead at the least"),
        pytest.param(90, 60, -30, id="behind at the least"),
        pytest.param(-3600, 60, 3599, id="however long it took"),
    ],
)
def test_the_skew_is_what_no_waiting_explains(date: int, waited: int, skew: int) -> None:
    found = skew_of(START + date * SECOND, asked_at=START, answered_at=START + waited * SECOND)
    assert found == skew * SECOND


def test_a_clock_set_back_during_the_request_proves_nothing_between_its_readings() -> None:
    asked_at, answered_at = START + HOUR, START
    assert skew_of(START + HOUR / 2, asked_at=asked_at, answered_at=answered_at) == 0 * SECOND


@pytest.mark.parametrize(
    ("seconds", "wrong"), [(120, False), (121, True), (-120, False), (-121, True)]
)
def test_two_minutes_are_tolerated_either_way(seconds: int, wrong: bool) -> None:  # noqa: FBT001  # a column
    assert is_wrong(seconds * SECOND) is wrong


def test_whoever_asked_hears_the_last_word_and_nobody_else_does() -> None:
    tell(9 * HOUR)
    with listening() as heard:
        tell(HOUR)
        with listening() as inner:
            tell(2 * HOUR)
        tell(3 * HOUR)
        thread = threading.Thread(target=tell, args=(4 * HOUR,))
        thread.start()
        thread.join()
    tell(5 * HOUR)
    assert (heard.skew, inner.skew) == (3 * HOUR, 2 * HOUR)


def test_without_an_answer_nothing_is_heard() -> None:
    with listening() as heard:
        pass
    assert heard.trusted(Delivered()) is None


@pytest.mark.parametrize(
    "outcome", [Delivered(), Absent(), Refused("HTTP 422: no"), SignedOut("HTTP 401: Unauthorized")]
)
def test_the_word_of_the_server_itself_is_taken(outcome: Outcome) -> None:
    with listening() as heard:
        tell(HOUR)
    assert heard.trusted(outcome) == HOUR


@pytest.mark.parametrize(
    "outcome",
    [
        Offline("Network error: the network wants a sign-in (511)"),
        WrongAddress("HTTP 302: Found"),
        ServerTrouble("HTTP 502: Bad Gateway"),
        Doubtful("HTTP 502: Bad Gateway", answered=True),
        Throttled("HTTP 429: Too Many Requests"),
        Ours("Internal error: ValueError"),
    ],
)
def test_the_word_of_a_portal_or_a_proxy_is_not(outcome: Outcome) -> None:
    with listening() as heard:
        tell(HOUR)
    assert heard.trusted(outcome) is None
