"""The words for a diagnosis: true, short, in sentences, with the server's own words in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from trayapp.queue.task import SyncTask, TaskStatus
from trayapp.sync.cause import Cause
from trayapp.sync.diagnosis import Action, Finding, diagnose, events_of
from trayapp.sync.diagnosis_words import (
    DUPLICATES,
    FindingWords,
    ListedFinding,
    Moments,
    action_label,
    duplicates_words,
    finding_words,
    listed,
)
from trayapp.sync.explanations import explain
from trayapp.tracking.entry import EventKind

NOON = datetime(2026, 1, 8, 9, tzinfo=UTC)  # 14:00 on a Thursday there
MOMENTS = Moments(NOON + timedelta(hours=2), ZoneInfo("Asia/Yekaterinburg"))
SECOND = timedelta(seconds=1)
SAFE = "Your hours are safe on this computer; the server does not show them yet."


def failed(
    number: int, cause: str, reason: str, *, at: float | None = None, entry: str | None = None
) -> SyncTask:
    """A failed pause, without a time one a minute, without an entry in one of its own."""
    return SyncTask(
        id=number,
        account_id=1,
        kind=EventKind.PAUSE,
        entry_id=f"{number}" if entry is None else entry,
        event_id=f"{number}",
        payload="{}",
        status=TaskStatus.FAILED,
        created_at=NOON + (60 * number if at is None else at) * SECOND,
        reason=reason,
        cause=cause,
    )


def found(*tasks: SyncTask, tried: Iterable[int] = ()) -> Finding:
    [finding] = diagnose(tasks, tried=frozenset(tried)).groups
    return finding


def in_entry(start: float, *gaps: float, entry: str, first_id: int) -> list[SyncTask]:
    """Pauses of one entry, one after another."""
    times = [start + sum(gaps[:n]) for n in range(len(gaps) + 1)]
    return [failed(first_id + n, "unknown", "", at=at, entry=entry) for n, at in enumerate(times)]


def test_a_finding_is_told_in_five_parts() -> None:
    reason = "HTTP 401: Unauthorized"
    tasks = [failed(1, "signed_out", reason), failed(2, "signed_out", reason)]
    assert finding_words(found(*tasks), MOMENTS) == FindingWords(
        title=explain(Cause.SIGNED_OUT, 2).title,
        happened="All of them: HTTP 401: Unauthorized",
        when="Clicked at different times, 14:01:00 – 14:02:00: the trouble is in sending.",
        meaning=SAFE,
        advice="Sign in again; everything then goes by itself.",
    )


@pytest.mark.parametrize(
    ("reasons", "happened"),
    [
        pytest.param(["HTTP 422: closed"], "HTTP 422: closed", id="one"),
        pytest.param(["HTTP 422: closed"] * 2, "All of them: HTTP 422: closed", id="equal ones"),
        pytest.param(
            ["HTTP 422: closed", "HTTP 422: closed", "HTTP 400: no"],
            "Most often (2 of 3): HTTP 422: closed",
            id="different ones",
        ),
        pytest.param([""], "Reason was not stored (older task)", id="none was stored"),
        pytest.param([""] * 2, "Reason was not stored (older task)", id="none for several"),
    ],
)
def test_what_happened_is_told_in_the_servers_words(reasons: list[str], happened: str) -> None:
    tasks = [failed(n, "refused", reason) for n, reason in enumerate(reasons)]
    assert finding_words(found(*tasks), MOMENTS).happened == happened


@pytest.mark.parametrize(
    ("times", "when"),
    [
        pytest.param([0], "Clicked: 14:00:00.", id="one"),
        pytest.param([-86400], "Clicked: Wed 14:00:00.", id="on another day"),
        pytest.param([0, 0.4, 1], "All clicked within one second: 14:00:00.", id="at once"),
        pytest.param(
            [0, 3600],
            "Clicked at different times, 14:00:00 – 15:00:00: the trouble is in sending.",
            id="spread out",
        ),
    ],
)
def test_it_is_told_whether_all_came_at_once(times: list[float], when: str) -> None:
    tasks = [failed(n, "refused", "no", at=at) for n, at in enumerate(times)]
    assert finding_words(found(*tasks), MOMENTS).when == when


@pytest.mark.parametrize(
    ("cause", "reason", "advice"),
    [
        ("signed_out", "", "Sign in again; everything then goes by itself."),
        (
            "wrong_address",
            "",
            "Check the server address in the settings. The address tried was http://x.",
        ),
        (
            "server_trouble",
            "",
            (
                "Nothing need be done here: Trayapp tries again by itself. "
                "If it lasts, tell the server's administrator."
            ),
        ),
        (
            "network",
            "Network error: reset",
            "Check the connection. Everything then goes by itself.",
        ),
        (
            "network",
            "Network error: certificate not trusted",
            (
                "Check the date of this computer, or ask the server's administrator; for a server "
                "of your company, name its CA in the settings (ca_file). "
                "Everything then goes by itself."
            ),
        ),
        (
            "refused",
            "",
            "Read what the server said: put it right and send again, or discard it.",
        ),
        ("conflict", "", "Choose: send what was clicked, or keep the server's."),
        ("internal", "", "Please report it; the log says more."),
        ("unknown", "", "Choose “Retry all” to learn the reason."),
    ],
)
def test_each_cause_has_its_advice(cause: str, reason: str, advice: str) -> None:
    words = finding_words(found(failed(1, cause, reason)), MOMENTS, url="http://x")
    assert words.advice == advice


def test_nobody_is_told_to_wait_for_what_does_not_heal_by_itself() -> None:
    trouble = finding_words(found(failed(1, "server_trouble", ""), tried=[1]), MOMENTS)
    assert trouble.advice.startswith("Choose “Retry all” when the server works again.")
    network = finding_words(found(failed(1, "network", ""), tried=[1]), MOMENTS)
    assert network.advice == "Check the connection. Then choose “Retry all”."


def repeats_words(*tasks: SyncTask) -> FindingWords:
    duplicates = diagnose(tasks, history=events_of(tasks)).duplicates
    assert duplicates is not None
    return duplicates_words(duplicates, MOMENTS)


def test_repeats_are_told_with_their_patterns() -> None:
    burst = in_entry(0, 0, 0.5, entry="a", first_id=1)
    other_burst = in_entry(600, 1, entry="b", first_id=10)
    steady = in_entry(1200, *[30] * 20, entry="c", first_id=20)
    assert repeats_words(*burst, *other_burst, *steady) == FindingWords(
        title="23 repeated clicks",
        happened="20 every 30 s (14:20:00 – 14:30:00), "
        "3 within one second of others (14:00:00 – 14:10:01).",
        when="",
        meaning="Your hours are the same without them: they repeat what was so already.",
        advice="Choose “Remove duplicates”: the first of each stays and is sent.",
    )


def test_one_repeat_is_told_in_the_singular() -> None:
    words = repeats_words(*in_entry(0, 90, entry="a", first_id=1))
    assert words.title == "1 repeated click"
    assert words.happened == "1 at another time (14:01:30)."


def test_more_patterns_than_one_can_read_are_counted() -> None:
    tasks = [
        one
        for n, gap in enumerate((10, 20, 30, 40, 50))
        for one in in_entry(0, gap, gap, *[gap] * (5 - n), entry=f"{gap}", first_id=100 * n)
    ]
    happened = repeats_words(*tasks).happened
    assert happened.startswith("7 every 10 s (14:00:00 – 14:01:10), 6 every 20 s (")
    assert happened.endswith(", 7 more.")
    assert happened.count("every") == 3


def test_failed_lists_the_causes_and_then_the_repeats() -> None:
    tasks = in_entry(0, 0.5, entry="a", first_id=1)
    known = explain(Cause.UNKNOWN, 2)
    assert listed(diagnose(tasks, history=events_of(tasks)), MOMENTS) == (
        ListedFinding(
            cause="unknown",
            count=2,
            task_ids=(1, 2),
            message=f"{known.title}. Reason was not stored (older task). "
            f"All clicked within one second: 14:00:00. {known.meaning}",
            advice=known.advice,
        ),
        ListedFinding(
            cause=DUPLICATES,
            count=1,
            task_ids=(2,),
            message="1 repeated click. 1 within one second of another (14:00:00). "
            "Your hours are the same without them: they repeat what was so already.",
            advice="Choose “Remove duplicates”: the first of each stays and is sent.",
        ),
    )
    assert [one.cause for one in listed(diagnose(tasks[:1]), MOMENTS)] == ["unknown"]


def test_the_address_tried_is_listed() -> None:
    [one] = listed(diagnose([failed(1, "wrong_address", "HTTP 404.")]), MOMENTS, url="http://x")
    assert one.advice.endswith("The address tried was http://x.")
    assert "HTTP 404. Clicked" in one.message


def test_every_cause_and_action_has_words() -> None:
    labels = {action_label(action) for action in Action}
    assert len(labels) == len(Action)
    assert DUPLICATES not in {cause.value for cause in Cause}
