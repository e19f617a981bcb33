"""What failed and recent print: every field of the specification, and the lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.fakes import START
from trayapp import i18n, shapes
from trayapp.control.messages import JSON
from trayapp.queue.reader import Attempt
from trayapp.queue.task import EntrySync, RecentEntry, SyncTask, TaskStatus
from trayapp.sync import sentences
from trayapp.sync.cause import Cause
from trayapp.sync.diagnosis import diagnose
from trayapp.sync.diagnosis_words import DUPLICATES, ListedFinding, Moments, listed
from trayapp.tracking.entry import Segment, TimeEntry, TrackerState

MINUTE = timedelta(minutes=1)
EKATERINBURG = timezone(timedelta(hours=5))


def plain(value: Mapping[str, JSON]) -> object:
    """As a script reads it."""
    found: object = json.loads(json.dumps(value, default=dict))
    return found


# -- failed --------------------------------------------------------------------------------


def task(number: int, cause: str, reason: str = "HTTP 418", **other: object) -> SyncTask:
    made = SyncTask(
        id=number,
        account_id=1,
        kind="time_entry_pause",
        entry_id="e1",
        event_id=f"event-{number}",
        payload='{"event": "event-1", "note": "ё"}',
        status=TaskStatus.FAILED,
        retry_count=1,
        created_at=START,
        last_retry_at=START + MINUTE,
        reason=reason,
        cause=cause,
    )
    return replace(made, **other)  # type: ignore[arg-type]  # a test names what differs


def test_a_failed_task_has_every_field() -> None:
    shape = shapes.failed_shape([task(7, "refused", "HTTP 422: closed")], (), max_attempts=5)
    assert plain(shape) == {
        "changed": False,
        "tasks": [
            {
                "id": 7,
                "kind": "time_entry_pause",
                "entry": "e1",
                "status": "failed",
                "retry_count": 1,
                "max_attempts": 5,
                "created_at": "2026-01-08T09:00:00.000Z",
                "last_retry_at": "2026-01-08T09:01:00.000Z",
                "error_message": "HTTP 422: closed",
                "payload": {"event": "event-1", "note": "ё"},
                "history": [],
            }
        ],
        "findings": [],
    }


def test_a_failed_task_has_its_attempts() -> None:
    attempts = [
        Attempt(task_id=number, at=START, outcome="Refused", reason=f"HTTP 422: {number}")
        for number in (7, 8, 7)
    ]
    shape = shapes.failed_shape([task(7, "refused")], (), max_attempts=5, history=attempts)
    (found,) = json.loads(json.dumps(shape, default=dict))["tasks"]
    one = {"at": "2026-01-08T09:00:00.000Z", "outcome": "Refused", "reason": "HTTP 422: 7"}
    assert found["history"] == [one, one]


def test_a_task_of_an_older_database_has_null_where_it_says_nothing() -> None:
    old = task(7, "", "", entry_id="", event_id=None, last_retry_at=None, payload="{broken")
    shape = shapes.failed_shape([old], (), max_attempts=5)
    (found,) = json.loads(json.dumps(shape, default=dict))["tasks"]
    assert (found["entry"], found["last_retry_at"], found["error_message"]) == (None, None, None)
    assert found["payload"] == "{broken"


def test_a_payload_nested_beyond_reason_is_shown_as_text() -> None:
    deep = "[" * 100_000
    shape = shapes.failed_shape([task(7, "", payload=deep)], (), max_attempts=5)
    assert json.loads(json.dumps(shape, default=dict))["tasks"][0]["payload"] == deep


def test_every_failed_task_has_exactly_one_finding_in_the_words_of_the_specification() -> None:
    # What needs the user comes first; a cause without a reason stays what it is.
    causes = "signed_out|wrong_address|refused|conflict|internal|unknown|server_trouble|network"
    tasks = [task(n, cause, "") for n, cause in enumerate([*causes.split("|"), "blocked"])]
    found = listed(diagnose(tasks), Moments(START), url="https://time.example/api")
    shape = json.loads(json.dumps(shapes.failed_shape(tasks, found, max_attempts=5), default=dict))
    assert [finding["cause"] for finding in shape["findings"]] == causes.split("|")
    assert [finding["task_ids"] for finding in shape["findings"]] == [
        *([number] for number in range(5)),
        [5, 8],
        [6],
        [7],
    ]
    assert [finding["count"] for finding in shape["findings"]] == [*[1] * 5, 2, 1, 1]
    assert all(finding["message"] and finding["advice"] for finding in shape["findings"])
    assert "https://time.example/api" in shape["findings"][1]["advice"]


def test_failed_tasks_are_told_by_cause_with_advice() -> None:
    tasks = [
        task(7, "refused", "HTTP 422: a\nb"),
        task(8, "", "", kind="screenshot_upload"),
        task(9, "refused", "HTTP 422: c"),
    ]
    found = listed(diagnose(tasks), Moments(START))
    lines = shapes.failed_lines(tasks, found, now=START, max_attempts=5)
    time = START.astimezone().strftime("%H:%M:%S")
    refused, unknown = (
        sentences.explain(cause, count) for cause, count in ((Cause.REFUSED, 2), (Cause.UNKNOWN, 1))
    )
    said = f"Most often (1 of 2): HTTP 422: c. All clicked within one second: {time}."
    unsaid = f"Reason was not stored (older task). Clicked: {time}."
    assert [one.cause for one in found] == ["refused", "unknown"]
    assert lines == [
        f"{refused.title}. {said} {refused.meaning}",
        "Read what the server said: put it right and send again, or discard it.",
        f"  #7 · Pause · {time} · attempts: 1 / 5 · HTTP 422: a b",
        f"  #9 · Pause · {time} · attempts: 1 / 5 · HTTP 422: c",
        "",
        f"{unknown.title}. {unsaid} {unknown.meaning}",
        unknown.advice,
        f"  #8 · screenshot_upload · {time} · attempts: 1 / 5 · {sentences.reason_words('')}",
    ]


def test_repeats_are_told_by_their_numbers_and_their_tasks_not_twice() -> None:
    tasks = [task(7, "refused"), task(8, "refused")]
    repeats = ListedFinding(
        cause=DUPLICATES, count=1, task_ids=(8,), message="1 repeated click.", advice="Remove it."
    )
    found = (*listed(diagnose(tasks), Moments(START)), repeats)
    lines = shapes.failed_lines(tasks, found, now=START, max_attempts=5)
    assert lines[-3:] == ["1 repeated click.", "Remove it.", "  #8"]
    assert sum("#8 · " in line for line in lines) == 1


def test_no_failed_task_is_said() -> None:
    assert listed(diagnose([]), Moments(START)) == ()
    assert shapes.failed_lines([], (), now=START, max_attempts=5) == ["No failed tasks"]
    assert plain(shapes.failed_shape([], (), max_attempts=5)) == {
        "changed": False,
        "tasks": [],
        "findings": [],
    }


def test_ten_thousand_failed_tasks_are_all_there() -> None:
    tasks = [task(number, list(Cause)[number % 8].value, "") for number in range(10_000)]
    found = listed(diagnose(tasks), Moments(START))
    assert sum(len(finding.task_ids) for finding in found) == 10_000
    assert len(shapes.failed_lines(tasks, found, now=START, max_attempts=5)) == 10_000 + 8 * 3 - 1


# -- recent --------------------------------------------------------------------------------


def entry(state: TrackerState, *ends: datetime | None, project: str = "Website") -> TimeEntry:
    segments = tuple(
        Segment(id=f"s{number}", began_at=START + number * 10 * MINUTE, ended_at=end)
        for number, end in enumerate(ends)
    )
    return TimeEntry(id="e1", project=project, note="", segments=segments, state=state)


def test_a_recent_entry_has_every_field() -> None:
    ended = entry(TrackerState.STOPPED, START + 5 * MINUTE, START + 12 * MINUTE)
    running = entry(TrackerState.RUNNING, None)
    recent = [
        RecentEntry(entry=running, sync=EntrySync.WAITING),
        RecentEntry(entry=ended, sync=EntrySync.SENT),
    ]
    common = {"id": "e1", "project": "Website", "note": "", "started_at": shapes.iso(START)}
    assert plain(shapes.recent_shape(recent, now=START + 20 * MINUTE)) == {
        "changed": False,
        "entries": [
            {
                **common,
                "ended_at": None,
                "worked_seconds": 1200,
                "state": "running",
                "sync": "waiting",
                "clock_step_ms": 0,
            },
            {
                **common,
                "ended_at": "2026-01-08T09:12:00.000Z",
                "worked_seconds": 420,
                "state": "stopped",
                "sync": "sent",
                "clock_step_ms": 0,
            },
        ],
    }


def test_recent_entries_are_told_a_line_each() -> None:
    stopped = entry(TrackerState.STOPPED, START + 5 * MINUTE)
    paused = entry(TrackerState.PAUSED, START + 5 * MINUTE, project="")
    running = entry(TrackerState.RUNNING, None, project="a\nb")
    lines = shapes.recent_lines(
        [
            RecentEntry(entry=running, sync=EntrySync.DOUBTFUL),
            RecentEntry(entry=paused, sync=EntrySync.FAILED),
            RecentEntry(entry=stopped, sync=EntrySync.NOT_SENT),
        ],
        now=START + timedelta(days=1),
        zone=UTC,
    )
    assert lines == [
        "Thu 09:00 – running · 24:00 · a b · being checked",
        "Thu 09:00 – paused · 0:05 · failed",
        "Thu 09:00 – Thu 09:05 · 0:05 · Website · not sent",
    ]
    assert shapes.recent_lines([], now=START) == ["Nothing has been tracked yet."]


@pytest.mark.parametrize("sync", EntrySync)
def test_each_way_an_entry_may_stand_has_its_words_in_both_languages(sync: EntrySync) -> None:
    recent = [RecentEntry(entry=entry(TrackerState.RUNNING, None, project=""), sync=sync)]
    english = shapes.recent_lines(recent, now=START, zone=UTC)
    i18n.use_language("ru")
    assert shapes.recent_lines(recent, now=START, zone=UTC)[0] != english[0]
    assert shapes.recent_shape(recent, now=START)["entries"][0]["sync"] == sync.value  # type: ignore[index,call-overload]


def test_a_time_is_utc_whatever_zone_it_is_in() -> None:
    assert shapes.iso(START.astimezone(EKATERINBURG)) == "2026-01-08T09:00:00.000Z"
    assert shapes.iso(None) is None
