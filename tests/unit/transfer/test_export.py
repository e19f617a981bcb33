"""Which entries an export has: whole ones, by the local day they began, with how far they are."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.queue.support import Queue, a_queue, database_in
from trayapp.queue.errors import DamagedError, QueueUnreadableError
from trayapp.queue.task import Doubt, TaskStatus
from trayapp.tracking.entry import EventKind, Stamp
from trayapp.transfer.export import Days, EntryLog, ExportedEntry

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ALL = Days()


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with a_queue(tmp_path) as one:
        yield one


def exported(queue: Queue, days: Days = ALL) -> list[ExportedEntry]:
    with closing(EntryLog(database_in(queue.folder))) as log:
        return list(log.entries(days, NOW))


def click_at(
    queue: Queue,
    entry: str,
    kind: EventKind,
    at: datetime,
    *,
    zone: str = "Europe/Moscow",
    hours: int = 3,
) -> None:
    offset = timedelta(hours=hours)
    stamp = Stamp(at=at, offset=offset, zone=zone, boot_id="", boot=timedelta())
    event = replace(queue.event(entry, kind), stamp=stamp)
    queue.do(lambda writer: writer.record([event], NOW))


def test_an_entry_is_told_whole_with_its_times_and_its_account(queue: Queue) -> None:
    queue.click("a", note="Front page")
    queue.clock.advance(60)
    queue.click("a", EventKind.PAUSE)
    queue.clock.advance(600)
    queue.click("a", EventKind.RESUME)
    queue.clock.advance(30)
    last = queue.click("a", EventKind.STOP)
    (one,) = exported(queue)
    assert (one.entry.project, one.entry.note) == ("Website", "Front page")
    assert (one.worked, one.ended_at) == (timedelta(seconds=92), last.at)
    assert (one.account.kind, one.zone) == ("embedded", last.stamp.zone)


@pytest.mark.parametrize(
    ("status", "doubt", "sync"),
    [
        pytest.param(TaskStatus.PENDING, Doubt.NONE, "waiting", id="waiting"),
        pytest.param(TaskStatus.PENDING, Doubt.SENT, "doubtful", id="doubtful"),
        pytest.param(TaskStatus.FAILED, Doubt.NONE, "failed", id="failed"),
        pytest.param(TaskStatus.FAILED, Doubt.UNKNOWN, "failed", id="failed and doubtful"),
        pytest.param(TaskStatus.DISCARDED, Doubt.NONE, "not_sent", id="discarded"),
    ],
)
def test_it_says_how_far_an_entry_is_delivered_as_recent_does(
    queue: Queue, status: TaskStatus, doubt: Doubt, sync: str
) -> None:
    queue.click("a")
    queue.click("a", EventKind.STOP)
    queue.click("sent")
    queue.sql("DELETE FROM sync_queue WHERE entry = 'sent'")
    queue.change(1, status=status, doubt=doubt)
    queue.sql("DELETE FROM sync_queue WHERE id = 2")
    assert [one.sync for one in exported(queue)] == [sync, "sent"]
    assert [one.sync for one in queue.reader.recent(5)] == ["sent", sync]


def test_what_was_removed_on_the_server_is_not_sent(queue: Queue) -> None:
    queue.click("a")
    queue.sql("DELETE FROM sync_queue")
    queue.sql(
        "INSERT INTO segment (id, account, entry, began_ms, removed) VALUES (1, 1, 'a', 0, 1)"
    )
    assert [one.sync for one in exported(queue)] == ["not_sent"]


def test_an_entry_belongs_to_the_local_day_it_began_also_past_midnight(queue: Queue) -> None:
    click_at(queue, "a", EventKind.START, datetime(2026, 1, 8, 20, 30, tzinfo=UTC))
    click_at(queue, "a", EventKind.STOP, datetime(2026, 1, 8, 22, 30, tzinfo=UTC))
    click_at(queue, "b", EventKind.START, datetime(2026, 1, 8, 23, 0, tzinfo=UTC))
    first, second = exported(queue)
    assert (first.day, second.day) == (date(2026, 1, 8), date(2026, 1, 9))
    assert first.ended_at is not None
    assert first.ended_at.date() == date(2026, 1, 9)
    for days, expected in (
        (Days(first=date(2026, 1, 9)), ["b"]),
        (Days(last=date(2026, 1, 8)), ["a"]),
        (Days(first=date(2026, 1, 8), last=date(2026, 1, 9)), ["a", "b"]),
        (Days(first=date(2026, 1, 10)), []),
    ):
        assert [one.entry.id for one in exported(queue, days)] == expected


def test_summer_and_winter_time_are_those_of_the_zone(queue: Queue) -> None:
    for entry, month in (("w", 1), ("s", 7)):
        at = datetime(2026, month, 8, 22, 30, tzinfo=UTC)
        click_at(queue, entry, EventKind.START, at, zone="Europe/Berlin", hours=1)
    winter, summer = exported(queue)
    assert (winter.started_at.hour, summer.started_at.hour) == (23, 0)
    assert (winter.day.day, summer.day.day) == (8, 9)


@pytest.mark.parametrize("zone", ["MSK", "", "../../etc/passwd", "Europe/Nowhere", "\0"])
def test_a_zone_that_nobody_here_knows_counts_by_its_offset(queue: Queue, zone: str) -> None:
    at = datetime(2026, 1, 8, 22, 30, tzinfo=UTC)
    click_at(queue, "a", EventKind.START, at, zone=zone, hours=3)
    (one,) = exported(queue)
    assert (one.started_at.hour, one.day.day) == (1, 9)
    assert one.zone == (zone or "UTC+03:00")


def test_deleted_entries_are_left_out_and_the_others_come_in_order(queue: Queue) -> None:
    for entry in ("a", "b", "c"):
        queue.click(entry)
        queue.click(entry, EventKind.STOP)
    queue.click("b", EventKind.DELETE)
    assert [one.entry.id for one in exported(queue)] == ["a", "c"]


def test_one_export_shows_one_moment(queue: Queue) -> None:
    queue.click("a")
    queue.click("b")
    with closing(EntryLog(database_in(queue.folder))) as log:
        entries = log.entries(ALL, NOW)
        assert next(entries).entry.id == "a"
        queue.click("c")
        queue.sql("DELETE FROM sync_queue")
        assert [(one.entry.id, one.sync) for one in entries] == [("b", "waiting")]


def test_what_it_has_told_already_it_does_not_keep(queue: Queue) -> None:
    queue.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
        " INSERT INTO event SELECT i, 'id-' || i, 1, 'entry-' || i, 'time_entry_start', i, 0,"
        " 'UTC', '', 0, 'Website', PRINTF('%500d', i), '' FROM n"
    )
    with closing(EntryLog(database_in(queue.folder))) as log:
        entries = log.entries(ALL, NOW)
        next(entries)
        tracemalloc.start()
        try:
            assert sum(1 for _entry in entries) == 2999
            _left, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 100_000  # all of them are twenty times as much


def test_a_click_that_cannot_be_read_is_damage_and_not_left_out(queue: Queue) -> None:
    queue.click("a")
    queue.sql("DROP TRIGGER event_unchanged")
    queue.sql("UPDATE event SET kind = 'time_entry_dance'")
    with pytest.raises(DamagedError):
        exported(queue)


def test_a_damaged_description_of_the_tables_is_damage_too(queue: Queue) -> None:
    queue.click("a")
    path = database_in(queue.folder)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_schema SET sql = 'CREATE (' WHERE name = 'account'")
    with pytest.raises(DamagedError):
        exported(queue)


def test_another_programs_database_is_not_taken_for_ours(queue: Queue) -> None:
    queue.click("a")
    queue.sql("PRAGMA application_id = 7")
    with pytest.raises(QueueUnreadableError):
        exported(queue)
