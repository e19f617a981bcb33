"""Diagnosis: each failed task has one cause, and each cause its action."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.queue.support import a_queue, database_in
from trayapp.queue.task import SyncTask, TaskStatus
from trayapp.sync.cause import Cause
from trayapp.sync.diagnosis import (
    Action,
    Diagnosis,
    Duplicates,
    Finding,
    Pattern,
    Reason,
    Span,
    cause_of,
    cause_of_reason,
    diagnose,
    events_of,
)
from trayapp.tracking.entry import EventKind

DUMPS = Path(__file__).parents[2] / "data" / "legacy"
NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
REASONS = (
    "",
    "HTTP 401: Unauthorized",
    "Token refresh failed: 400 Bad Request",
    "HTTP 404: Not Found",
    "HTTP 500: Internal Server Error",
    "Network error: connection refused",
    "HTTP 422: project closed",
    "nobody knows",
)

UNAUTHORIZED = "HTTP 401: Unauthorized"
BROKEN = "HTTP 500: Internal Server Error"


def failed(number: int, cause: str = "unknown", reason: str = "", entry: str = "e") -> SyncTask:
    """A failed pause of our own, one a second."""
    return SyncTask(
        id=number,
        account_id=1,
        kind=EventKind.PAUSE,
        entry_id=entry,
        event_id=f"event {number}",
        payload="{}",
        status=TaskStatus.FAILED,
        created_at=NOON + number * SECOND,
        reason=reason,
        cause=cause,
    )


def imported(number: int, reason: str = "", cause: str = "unknown") -> SyncTask:
    return replace(failed(number, cause, reason, f"entry {number}"), event_id=None)


def findings(diagnosis: Diagnosis) -> list[tuple[Cause, tuple[int, ...]]]:
    return [(group.cause, tuple(group.task_ids)) for group in diagnosis.groups]


# -- rows of the table ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "reason", "action", "needs_user"),
    [
        pytest.param("signed_out", UNAUTHORIZED, "sign_in", True, id="signed out"),
        pytest.param(
            "wrong_address", "HTTP 404: Not Found", "server_settings", True, id="wrong address"
        ),
        pytest.param("server_trouble", BROKEN, "retry", False, id="server trouble"),
        pytest.param("network", "Network error: no answer", "retry", False, id="network"),
        pytest.param("refused", "HTTP 422: project closed", "fix", True, id="refused"),
        pytest.param("conflict", "Conflict: the server shows …", "choose", True, id="conflict"),
        pytest.param("internal", "Internal error: KeyError", "report", True, id="internal"),
        pytest.param("unknown", "", "retry", True, id="unknown"),
        pytest.param("of a later version", "", "retry", True, id="a cause we do not know"),
        pytest.param("of a later version", BROKEN, "retry", True, id="whatever its reason"),
    ],
)
def test_each_cause_has_its_action(
    cause: str, reason: str, action: str, *, needs_user: bool
) -> None:
    known = Cause(cause) if cause in set(Cause) else Cause.UNKNOWN
    assert diagnose([failed(1, cause, reason)]) == Diagnosis(
        groups=(
            Finding(
                cause=known,
                task_ids=(1,),
                reasons=(Reason(reason, (1,)),),
                action=Action(action),
                needs_user=needs_user,
                span=Span(NOON + SECOND, NOON + SECOND),
            ),
        ),
        duplicates=None,
    )


def test_without_failed_tasks_there_is_nothing_to_tell() -> None:
    assert diagnose([]) == Diagnosis((), None)
    assert diagnose([]).count == 0


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("", "unknown"),
        ("   ", "unknown"),
        ("something else", "unknown"),
        ("It said HTTP 401: Unauthorized", "unknown"),
        ("HTTP 401: Unauthorized", "signed_out"),
        ("HTTP 401", "signed_out"),
        ("http 401: unauthorized", "signed_out"),
        ("Token refresh failed: 400 Bad Request", "signed_out"),
        ("Token refresh failed: 401 Unauthorized", "signed_out"),
        ("Token expired (401)", "signed_out"),
        ("Token refresh failed: 503 Service Unavailable", "server_trouble"),
        ("Token refresh failed: HTTP 500: Internal Server Error", "server_trouble"),
        ("Token refresh failed: Network error: host name not found", "network"),
        ("HTTP 404: Not Found", "wrong_address"),
        ("HTTP 404", "wrong_address"),
        ("HTTP 404: <!DOCTYPE html>\n<title>Nothing here</title>", "wrong_address"),
        ("HTTP 404: Time entry not found", "refused"),
        ("HTTP 301: Moved Permanently", "wrong_address"),
        ("HTTP 200: a web page where the server's answer belongs", "wrong_address"),
        ("HTTP 200: unreadable answer", "server_trouble"),
        ("HTTP 500: Internal Server Error", "server_trouble"),
        ("HTTP 502: <html>", "server_trouble"),
        ("HTTP 408: Request Timeout", "server_trouble"),
        ("HTTP 429: Too Many Requests", "server_trouble"),
        ("HTTP 511: Network Authentication Required", "network"),
        ("HTTP 407: Proxy Authentication Required", "network"),
        ("Network error: connection refused", "network"),
        ("Network error: certificate not trusted", "network"),
        ("Network error: the server's address is not valid", "wrong_address"),
        ("HTTP 400: Bad Request", "refused"),
        ("HTTP 403: Forbidden", "refused"),
        ("HTTP 422: HTTP 500 is not a project", "refused"),
        ("Conflict: the server shows 14:02", "conflict"),
        ("Internal error: KeyError", "internal"),
    ],
)
def test_a_reason_of_the_older_app_tells_the_cause(reason: str, cause: str) -> None:
    assert cause_of_reason(reason) == cause
    assert cause_of(imported(1, reason)) == cause
    assert cause_of(failed(1, "", reason)) == cause


def test_what_our_own_server_answered_counts_more_than_the_older_reason() -> None:
    assert cause_of(imported(1, UNAUTHORIZED, cause="refused")) is Cause.REFUSED


# -- groups --------------------------------------------------------------------------------


def test_what_needs_the_user_comes_first() -> None:
    tasks = [failed(n, cause, entry=f"{n}") for n, cause in enumerate(reversed(Cause))]
    assert [(found.cause.value, found.needs_user) for found in diagnose(tasks).groups] == [
        ("signed_out", True),
        ("wrong_address", True),
        ("refused", True),
        ("conflict", True),
        ("internal", True),
        ("unknown", True),
        ("server_trouble", False),
        ("network", False),
    ]


def test_server_trouble_whose_trial_was_in_vain_needs_the_user() -> None:
    tasks = [failed(1, "server_trouble", entry="a"), failed(2, "server_trouble", entry="b")]
    assert not diagnose(tasks).groups[0].needs_user
    assert diagnose(tasks, tried={2}).groups[0].needs_user


def test_an_imported_task_is_not_said_to_heal_by_itself() -> None:
    [found] = diagnose([failed(1, "network"), imported(2, "Network error: reset")]).groups
    assert (found.cause, found.count, found.needs_user) == (Cause.NETWORK, 2, True)


def test_the_message_is_the_most_common_reason_and_of_equals_the_newest() -> None:
    words = ["old", "new", "often", "often", "new", "newest"]
    tasks = [failed(n, "refused", text, entry=f"{n}") for n, text in enumerate(words)]
    [found] = diagnose(tasks).groups
    assert found.message == "new"
    assert found.reasons == (
        Reason("new", (1, 4)),
        Reason("often", (2, 3)),
        Reason("newest", (5,)),
        Reason("old", (0,)),
    )


def test_a_group_tells_whether_all_came_within_one_second() -> None:
    at_once = [replace(failed(n, "refused"), created_at=NOON + n * SECOND) for n in (0, 1)]
    assert diagnose(at_once).groups[0].span == Span(NOON, NOON + SECOND)
    assert diagnose(at_once).groups[0].span.together
    spread = [*at_once, replace(failed(2, "refused"), created_at=NOON - SECOND / 10)]
    assert not diagnose(spread).groups[0].span.together


# -- the older app's databases -------------------------------------------------------------


def diagnosis_of(dump: str, folder: Path) -> Diagnosis:
    """What is told after the program opened the older app's file."""
    with contextlib.closing(sqlite3.connect(database_in(folder))) as connection:
        connection.executescript((DUMPS / dump).read_text(encoding="utf-8"))
    with a_queue(folder) as queue:
        tasks = queue.reader.failed(limit=1000)
        entries = sorted({task.entry_id for task in tasks} - {""})
        history = [event for entry in entries for event in queue.reader.events(entry)]
        return diagnose(tasks, history=history)


def runs_of(duplicates: Duplicates | None) -> list[tuple[str, int, str]]:
    assert duplicates is not None
    return [
        (run.pattern.value, len(run.task_ids), f"{run.span.first_at:%H:%M:%S}")
        for run in duplicates.runs
    ]


def test_the_hundred_without_reasons_are_unknown_and_29_of_them_repeat(tmp_path: Path) -> None:
    found = diagnosis_of("incident_v1.sql", tmp_path)
    assert findings(found) == [(Cause.UNKNOWN, tuple(range(1, 101)))]
    assert found.groups[0].message == ""
    assert not found.groups[0].span.together
    assert found.duplicates is not None
    assert found.duplicates.task_ids == (*range(19, 24), *range(26, 30), *range(32, 52))
    assert found.duplicates.count == 29
    assert runs_of(found.duplicates) == [
        (Pattern.BURST, 5, "11:37:39"),
        (Pattern.BURST, 4, "11:52:10"),
        (Pattern.STEADY, 20, "12:08:00"),
    ]
    assert [run.interval for run in found.duplicates.runs] == [None, None, 30 * SECOND]


def test_the_sixty_with_reasons_show_their_causes_and_15_of_them_repeat(tmp_path: Path) -> None:
    found = diagnosis_of("incident_v2_reasons.sql", tmp_path)
    assert {group.cause.value: group.count for group in found.groups} == {
        "signed_out": 51,
        "server_trouble": 5,
        "network": 4,
    }
    assert [group.message for group in found.groups] == [
        UNAUTHORIZED,
        BROKEN,
        "Network error: connection refused",
    ]
    assert found.count == 60
    assert found.duplicates is not None
    assert found.duplicates.count == 15
    assert runs_of(found.duplicates) == [
        (Pattern.BURST, 4, "11:20:01"),
        (Pattern.STEADY, 11, "13:00:00"),
    ]


# -- what goes for all ---------------------------------------------------------------------


@st.composite
def many_failed(draw: st.DrawFn) -> list[SyncTask]:
    shapes = st.tuples(
        st.sampled_from([*(cause.value for cause in Cause), "", "blocked"]),
        st.sampled_from(REASONS),
        st.sampled_from(["", "a", "b"]),
        st.sampled_from([*EventKind, "screenshot"]),
        st.booleans(),
    )
    return [
        replace(failed(n, cause, reason, entry), kind=kind, event_id="" if own else None)
        for n, (cause, reason, entry, kind, own) in enumerate(draw(st.lists(shapes, max_size=25)))
    ]


@given(many_failed())
def test_every_failed_task_is_in_exactly_one_group(tasks: list[SyncTask]) -> None:
    found = diagnose(tasks)
    causes = [group.cause for group in found.groups]
    assert len(causes) == len(set(causes))
    told = Counter(i for group in found.groups for i in group.task_ids)
    assert told == Counter(task.id for task in tasks)
    assert found.count == len(tasks)
    for group in found.groups:
        assert sorted(i for reason in group.reasons for i in reason.task_ids) == [*group.task_ids]
        assert {cause_of(task) for task in tasks if task.id in group.task_ids} == {group.cause}


@given(many_failed(), st.randoms(use_true_random=False))
def test_the_order_of_the_tasks_does_not_matter(
    tasks: list[SyncTask], chance: random.Random
) -> None:
    mixed = tasks[:]
    chance.shuffle(mixed)
    history = events_of(tasks)
    assert diagnose(mixed, history=history) == diagnose(tasks, history=history)


@pytest.mark.parametrize(
    "tasks",
    [
        pytest.param([imported(n, REASONS[n % 8]) for n in range(10_000)], id="an entry each"),
        pytest.param(
            [replace(imported(n, REASONS[n % 8]), entry_id="e") for n in range(10_000)],
            id="one entry",
        ),
        pytest.param([failed(n, "refused", f"HTTP 422: {n}") for n in range(10_000)], id="words"),
    ],
)
def test_ten_thousand_are_told_at_once(tasks: list[SyncTask]) -> None:
    history = events_of(tasks)
    began = time.process_time()
    assert diagnose(tasks, history=history).count == 10_000
    assert time.process_time() - began < 0.6  # four times what was asked for: others run too
