"""Whose the imported tasks are, when they were clicked, which entry they belong to."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from tests.unit.queue.support import Queue
from tests.unit.transfer.support import (
    AT,
    ENTRY,
    OTHER_ENTRY,
    USER,
    V1,
    V5,
    Row,
    bring,
    dumped,
    old_file,
    start,
    step,
)
from trayapp.tracking.entry import TrackerState, from_ms
from trayapp.tracking.totals import totals
from trayapp.transfer.summary import Left


def week_at(queue: Queue, at: int) -> timedelta:
    now = from_ms(at * 1000)
    return totals(queue.reader.worked_in_week(now, UTC), now, UTC).week


# -- whose, when, which entry ----------------------------------------------------------------


def test_tasks_wait_for_their_user_and_are_not_what_is_tracked_now(
    queue: Queue, tmp_path: Path
) -> None:
    summary = bring(queue, old_file(tmp_path, start(), step("pause", 60)))
    active, theirs = queue.reader.accounts()
    assert (active.kind, theirs.kind, theirs.url, theirs.user) == ("embedded", "hubnity", "", USER)
    assert summary.users == (USER,)
    (recent,) = queue.reader.recent(10)
    assert (recent.entry.id, recent.entry.state) == (ENTRY, TrackerState.PAUSED)
    assert queue.reader.newest_entry() == ()
    event = queue.click("mine")
    assert queue.reader.newest_entry() == (event,)
    bring(queue, old_file(tmp_path, start(7200, note="x"), step("stop", 9000, entry=OTHER_ENTRY)))
    assert queue.reader.newest_entry() == (event,)
    assert [one.entry.id for one in queue.reader.recent(10)] == ["mine", OTHER_ENTRY, ENTRY]


@pytest.mark.parametrize("in_ms", [False, True], ids=["seconds", "milliseconds"])
def test_times_of_creation_become_event_times(queue: Queue, tmp_path: Path, in_ms: bool) -> None:  # noqa: FBT001
    bring(queue, old_file(tmp_path, start(), step("stop", 60), in_ms=in_ms))
    events = queue.reader.events(ENTRY)
    assert [event.at for event in events] == [from_ms(AT * 1000), from_ms((AT + 60) * 1000)]
    assert {(event.project, event.note) for event in events} == {("p-1", "Calls")}
    assert {event.stamp.boot_id for event in events} == {""}
    tasks = queue.reader.failed(limit=9)
    assert [task.created_at for task in tasks] == [event.at for event in events]
    assert [task.event_id for task in tasks] == [event.id for event in events]


def test_the_server_s_name_of_an_entry_is_kept_for_the_first_look(
    queue: Queue, tmp_path: Path
) -> None:
    bring(queue, old_file(tmp_path, start(), step("stop", 60)))
    first = queue.reader.events(ENTRY)[0]
    (known,) = queue.sql("SELECT id, entry, remote_id, remote_base FROM segment")
    assert known == (first.id, ENTRY, ENTRY, None)


def test_a_name_that_no_server_gave_is_none(queue: Queue, tmp_path: Path) -> None:
    bring(queue, old_file(tmp_path, start(), step("stop", 60, entry="temp-17")))
    assert queue.sql("SELECT * FROM segment") == []
    assert len(queue.reader.events("temp-17")) == 2


def test_several_users_get_what_is_theirs(queue: Queue, tmp_path: Path) -> None:
    rows = (
        start(0, user="a"),
        step("stop", 60),
        start(120, user="b"),
        step("stop", 180, entry=OTHER_ENTRY),
    )
    summary = bring(queue, old_file(tmp_path, *rows))
    assert summary.users == ("a", "b")
    users = {account.id: account.user for account in queue.reader.accounts()}
    tasks = queue.reader.failed(limit=9)
    assert [users[task.account_id] for task in tasks] == ["a", "a", "b", "b"]


def test_the_user_the_file_keeps_for_itself_counts(queue: Queue, tmp_path: Path) -> None:
    path = dumped(tmp_path, V5, "UPDATE sync_queue SET status = 'sent' WHERE id < 5")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM sync_queue WHERE entity_type = 'time_entry_start'")
        connection.commit()
    assert bring(queue, path).users == ("5bc8fbbc-bde5-4099-8164-d8399f767c45",)


def test_clicks_that_arrived_complete_the_entry_and_are_not_sent(
    queue: Queue, tmp_path: Path
) -> None:
    rows = (start(0, status="sent"), step("pause", 60, status="sent"), step("stop", 90))
    summary = bring(queue, old_file(tmp_path, *rows))
    assert (summary.imported, summary.left) == ({"time_entry_stop": 1}, {Left.SENT: 2})
    assert len(queue.reader.failed(limit=9)) == 1
    (recent,) = queue.reader.recent(9)
    assert recent.entry.worked(queue.now).total_seconds() == 60


@pytest.mark.parametrize("status", ["pending", "sending", "whatever"])
def test_what_still_waited_waits_in_doubt(queue: Queue, tmp_path: Path, status: str) -> None:
    bring(queue, old_file(tmp_path, start(status=status), step("stop", 60, status=status)))
    assert queue.sql("SELECT DISTINCT status, doubt, cause FROM sync_queue") == [
        ("pending", "unknown", "")
    ]


# -- what the user decides -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "undecided", "why"),
    [
        pytest.param([start()], 1, "became of this start", id="a start without followers"),
        pytest.param([step("stop")], 1, "when this began", id="no beginning"),
        pytest.param(
            [start(), step("pause", 60), step("resume", 90), step("resume", 95)],
            2,
            "when this ended",
            id="left running",
        ),
        pytest.param([Row("time_entry_pause", 0, {})], 1, "which entry", id="no entry"),
    ],
)
def test_what_nobody_can_tell_is_the_user_s_decision(
    queue: Queue, tmp_path: Path, rows: list[Row], undecided: int, why: str
) -> None:
    summary = bring(queue, old_file(tmp_path, *rows), user="me")
    assert summary.undecided == undecided
    tasks = [task for task in queue.reader.failed(limit=9) if task.event_id is None]
    assert len(tasks) == undecided
    assert all(why in task.reason for task in tasks)
    assert {(task.cause, task.entry_id) for task in tasks} == {("unknown", "")}
    assert all(one.entry.state is not TrackerState.RUNNING for one in queue.reader.recent(9))


def test_the_reason_of_an_undecided_one_goes_to_its_history(queue: Queue, tmp_path: Path) -> None:
    row = Row("time_entry_pause", 0, {}, reason="HTTP 401: token=CANARY-9")
    bring(queue, old_file(tmp_path, row), user="me")
    assert queue.sql("SELECT task, outcome, reason FROM attempt") == [
        (1, "Imported", "HTTP 401: token=***")
    ]


def test_a_better_copy_completes_what_a_damaged_one_left_open(queue: Queue, tmp_path: Path) -> None:
    rows = (start(0), step("pause", 60), step("resume", 90), step("stop", 120))
    whole = [
        Row(r.kind, r.at, r.payload, r.status, "HTTP 401: no", n) for n, r in enumerate(rows, 1)
    ]
    assert bring(queue, old_file(tmp_path, whole[0])).undecided == 1
    summary = bring(queue, old_file(tmp_path, whole[0], whole[1], whole[3]))
    assert (summary.mended, summary.already) == (1, 0)
    assert sum(summary.imported.values()) == 2
    last = bring(queue, old_file(tmp_path, *whole))
    assert (last.imported, last.already) == ({"time_entry_resume": 1}, 3)
    events = queue.reader.events(ENTRY)
    assert [event.at for event in events] == sorted(event.at for event in events)
    (recent,) = queue.reader.recent(9)
    assert recent.entry.worked(queue.now).total_seconds() == 90
    start_task = queue.reader.failed(limit=1)[0]
    assert (start_task.reason, start_task.cause) == ("HTTP 401: no", "signed_out")


def test_a_start_found_later_begins_the_entry_anew(queue: Queue, tmp_path: Path) -> None:
    rows = (start(0), step("pause", 60), step("resume", 90), step("stop", 120))
    whole = [Row(r.kind, r.at, r.payload, r.status, None, n) for n, r in enumerate(rows, 1)]
    bring(queue, old_file(tmp_path, *whole[1:]), user=USER)
    ((old, remote),) = queue.sql("SELECT id, remote_id FROM segment")
    bring(queue, old_file(tmp_path, *whole))
    ((new, same),) = queue.sql("SELECT id, remote_id FROM segment")
    assert old != new
    assert remote == same == ENTRY
    summary = bring(queue, old_file(tmp_path, step("pause", 50)), user="x")
    assert sum(summary.imported.values()) == 1  # another row of the same entry
    assert "x" not in [account.user for account in queue.reader.accounts()]


def test_two_clicks_of_one_moment_have_each_a_place_in_the_log(
    queue: Queue, tmp_path: Path
) -> None:
    rows = (start(0), step("stop", 60), start(0, note="b"), step("stop", 60, entry=OTHER_ENTRY))
    twice = [Row(r.kind, r.at, r.payload, r.status, None, 1 + n % 2) for n, r in enumerate(rows)]
    bring(queue, old_file(tmp_path, *twice[:2]))
    bring(queue, old_file(tmp_path, *twice[2:]))  # another file, with the same ids and times
    assert len(queue.reader.failed(limit=9)) == 4
    assert {len(queue.reader.events(entry)) for entry in (ENTRY, OTHER_ENTRY)} == {2}


def test_a_start_keeps_the_entry_it_was_given_first(queue: Queue, tmp_path: Path) -> None:
    rows = (start(0), step("stop", 60, entry=OTHER_ENTRY), step("stop", 90))
    whole = [Row(r.kind, r.at, r.payload, r.status, None, n) for n, r in enumerate(rows, 1)]
    bring(queue, old_file(tmp_path, whole[0], whole[2]))
    summary = bring(queue, old_file(tmp_path, *whole))
    assert (summary.already, summary.mended) == (2, 0)
    assert len(queue.reader.events(ENTRY)) == 2
    assert queue.sql("PRAGMA foreign_key_check") == []


def test_what_was_handed_to_another_server_gets_no_name_of_the_old_one_again(
    queue: Queue, tmp_path: Path
) -> None:
    path = dumped(tmp_path, V1)
    bring(queue, path)
    theirs = queue.reader.accounts()[1].id
    queue.do(lambda writer: writer.handover.send_again(theirs, 1, queue.now))
    bring(queue, path)
    assert queue.sql("SELECT * FROM segment") == []


def test_mended_alone_is_told(queue: Queue, tmp_path: Path) -> None:
    first, last = start(0), step("stop", 60, status="sent")
    bring(queue, old_file(tmp_path, first))
    summary = bring(queue, old_file(tmp_path, first, last))
    assert (summary.imported, summary.mended, summary.changed) == ({}, 1, True)
    assert summary.lines()[0] == "1 task that was imported before is complete now."


def test_what_was_worked_counts_whatever_was_brought_over_before(
    queue: Queue, tmp_path: Path
) -> None:
    queue.click("mine")
    own = week_at(queue, AT + 3600)
    bring(queue, old_file(tmp_path, start(60), step("stop", 120)))
    assert week_at(queue, AT + 3600) == own + timedelta(seconds=60)
    bring(queue, old_file(tmp_path, start(300), step("stop", 900, entry=OTHER_ENTRY)))
    assert week_at(queue, AT + 3600) == own + timedelta(seconds=660)
