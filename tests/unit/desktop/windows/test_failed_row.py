"""A failed task as text: its row, its details, what is copied of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trayapp.desktop.windows.failed_row import (
    NEVER,
    Context,
    details_of,
    entry_name,
    kind_words,
    next_words,
    payload_words,
    row_of,
    task_text,
)
from trayapp.desktop.windows.signs import Sign
from trayapp.queue.reader import Attempt
from trayapp.queue.task import SyncTask, TaskStatus
from trayapp.sync.cause import Cause
from trayapp.tracking.entry import Event, EventKind, Stamp

NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)
CONTEXT = Context(as_of=NOON + timedelta(hours=1), most_attempts=5, zone=UTC)
PAUSE = SyncTask(
    id=42,
    account_id=1,
    kind=EventKind.PAUSE,
    entry_id="11111111-2222",
    event_id="event",
    payload='{"project": "Сайт", "token": "hunter2hunter2"}',
    status=TaskStatus.FAILED,
    retry_count=2,
    created_at=NOON,
    last_retry_at=NOON + timedelta(minutes=5),
    reason="HTTP 401: Unauthorized",
    cause=Cause.SIGNED_OUT.value,
)
START = Event(
    id="start",
    entry_id="11111111-2222",
    kind=EventKind.START,
    stamp=Stamp(
        at=NOON - timedelta(hours=2),
        offset=timedelta(),
        zone="UTC",
        boot_id="boot",
        boot=timedelta(),
    ),
    project="Website",
    note="fix the\nlogin",
)


def test_a_row_tells_all_that_matters_in_one_line_each() -> None:
    row = row_of(PAUSE, (START,), CONTEXT)
    assert (row.kind, row.number, row.attempts) == ("Pause", "#42", "2 / 5")
    assert row.entry == "10:00 · Website – fix the login"
    assert (row.created, row.last, row.next) == ("12:00:00", "12:05", "after sign-in")
    assert row.reason == "HTTP 401: Unauthorized"
    assert row.sign is Sign.NEEDS_YOU


def test_a_reason_of_many_lines_is_one_line_in_the_row_and_whole_below_it() -> None:
    long = replace(PAUSE, reason="HTTP 422: no\n" + "because " * 100 + "so")
    assert "\n" not in row_of(long, (), CONTEXT).reason
    assert details_of(long, (), (), CONTEXT).reason == long.reason


def test_what_heals_and_what_repeats_have_signs_of_their_own() -> None:
    broken = replace(PAUSE, cause=Cause.SERVER_TROUBLE.value)
    assert row_of(broken, (), CONTEXT).sign is Sign.HEALS
    assert row_of(PAUSE, (), CONTEXT, sign=Sign.DUPLICATE).sign is Sign.DUPLICATE


def test_an_entry_of_an_older_database_is_named_by_what_there_is() -> None:
    assert entry_name(PAUSE, (), CONTEXT) == "11111111"
    assert entry_name(replace(PAUSE, entry_id=""), (), CONTEXT) == NEVER
    assert entry_name(PAUSE, (replace(START, project="", note=""),), CONTEXT) == (
        "10:00 · Without a project"
    )


def test_a_task_never_tried_and_one_without_a_reason_say_so() -> None:
    row = row_of(replace(PAUSE, last_retry_at=None, reason="", cause=""), (), CONTEXT)
    assert row.last == NEVER
    assert row.reason == "Reason was not stored (older task)"


def test_the_next_attempt_is_a_time_or_what_it_waits_for() -> None:
    soon = CONTEXT.as_of + timedelta(minutes=5)
    assert next_words(PAUSE, Cause.SIGNED_OUT, CONTEXT) == "after sign-in"
    assert next_words(PAUSE, Cause.REFUSED, CONTEXT) == "when retried"
    assert next_words(PAUSE, Cause.NETWORK, CONTEXT) == "by itself"
    assert next_words(PAUSE, Cause.NETWORK, replace(CONTEXT, due_at=soon)) == "13:05"
    assert next_words(replace(PAUSE, due_at=soon), Cause.REFUSED, CONTEXT) == "13:05"


def test_what_a_narrow_row_has_no_room_for_is_told_below_it() -> None:
    assert details_of(PAUSE, (START,), (), CONTEXT).facts == (
        "Entry: 10:00 · Website – fix the login · Last attempt: 12:05 · Next attempt: after sign-in"
    )


def test_a_payload_is_laid_out_with_nothing_cut_but_secrets() -> None:
    shown = payload_words(PAUSE.payload)
    assert '"project": "Сайт"' in shown
    assert "hunter2" not in shown
    assert payload_words("no JSON") == "no JSON"


def test_the_history_is_told_newest_first_without_secrets() -> None:
    tries = [
        Attempt(
            task_id=42,
            at=NOON + timedelta(minutes=minute),
            outcome="refused",
            reason=f"HTTP 422: {minute} Bearer abcdefghij",
        )
        for minute in (1, 2)
    ]
    history = details_of(PAUSE, (), tries, CONTEXT).history
    assert [at for at, _reason in history] == ["12:02:00", "12:01:00"]
    assert "abcdefghij" not in str(history)


def test_a_copy_has_the_reason_and_the_payload() -> None:
    text = task_text(PAUSE, (START,), CONTEXT)
    assert "#42 time_entry_pause" in text
    assert "Reason: HTTP 401: Unauthorized" in text
    assert "Created: 2026-01-08T12:00:00.000Z" in text
    assert "Сайт" in text
    assert "hunter2" not in text


def test_kinds_are_named_as_users_know_them_and_unknown_ones_as_they_are() -> None:
    assert kind_words("time_entry_start") == "Start timer"
    assert kind_words("time_entry_edit") == "Correction"
    assert kind_words("screenshot") == "screenshot"
