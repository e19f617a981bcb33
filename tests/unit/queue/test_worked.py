"""What was worked in a week, read from the local log alone."""

from __future__ import annotations

import contextlib
import random
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.queue.support import KINDS, Queue, database_in
from trayapp.queue.reader import QueueReader
from trayapp.tracking.entry import EventKind
from trayapp.tracking.totals import Totals, totals, week_begin

MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)


def week_of(reader: QueueReader, now: datetime) -> Totals:
    return totals(reader.worked_in_week(now, UTC), now, UTC)


def worked(queue: Queue) -> timedelta:
    return week_of(queue.reader, queue.now).week


def to_next_week(queue: Queue) -> None:
    queue.clock.advance((week_begin(queue.now, UTC) + WEEK - queue.now).total_seconds())


def work(queue: Queue, entry: str, minutes: float) -> None:
    queue.click(entry)
    queue.clock.advance(minutes * 60 - 1)
    queue.click(entry, EventKind.STOP)


def read_of(queue: Queue) -> list[str]:
    """What is read for the histories of entries, from now on."""
    read: list[str] = []
    queue.reader._connection.set_trace_callback(
        lambda sql: read.append(sql) if "json_each" in sql else None
    )
    return read


def test_nothing_was_worked(queue: Queue) -> None:
    assert worked(queue) == timedelta()


def test_only_what_was_worked_in_this_week_counts(queue: Queue) -> None:
    work(queue, "before", 30)
    assert worked(queue) == 30 * MINUTE
    to_next_week(queue)
    work(queue, "after", 10)
    assert worked(queue) == 10 * MINUTE


def test_a_day_is_told_from_the_week(queue: Queue) -> None:
    to_next_week(queue)
    work(queue, "on Monday", 30)
    queue.clock.advance(24 * 3600)
    work(queue, "on Tuesday", 10)
    assert week_of(queue.reader, queue.now) == Totals(today=10 * MINUTE, week=40 * MINUTE)


def test_what_runs_since_before_counts_though_nothing_was_clicked_since(queue: Queue) -> None:
    queue.click("one")
    to_next_week(queue)
    queue.clock.advance(600)
    assert worked(queue) == 10 * MINUTE


def test_what_runs_since_before_counts_beside_a_correction_of_another(queue: Queue) -> None:
    work(queue, "old", 10)
    queue.click("runs")
    to_next_week(queue)
    queue.click("old", EventKind.DELETE)
    queue.clock.advance(599)
    assert worked(queue) == 10 * MINUTE


def test_a_deleted_entry_counts_for_nothing(queue: Queue) -> None:
    work(queue, "one", 10)
    assert worked(queue) == 10 * MINUTE
    queue.click("one", EventKind.DELETE)
    assert worked(queue) == timedelta()


def test_what_was_begun_before_the_deleted_one_is_the_newest_again(queue: Queue) -> None:
    queue.click("never closed")
    work(queue, "one", 10)
    assert worked(queue) == 10 * MINUTE
    queue.click("one", EventKind.DELETE)
    assert worked(queue) == queue.now - queue.reader.newest_entry()[0].stamp.at


def test_a_long_history_is_read_as_far_as_needed_only(queue: Queue) -> None:
    for number in range(300):
        work(queue, f"old {number}", 1)
    to_next_week(queue)
    for number in range(300):
        work(queue, f"new {number}", 1)
    read = read_of(queue)
    assert worked(queue) == 300 * MINUTE
    assert not any("old 0" in sql for sql in read)


def test_it_is_read_again_only_when_the_log_grew(queue: Queue) -> None:
    work(queue, "one", 10)
    assert worked(queue) == 10 * MINUTE
    read = read_of(queue)
    assert worked(queue) == 10 * MINUTE
    assert read == []
    work(queue, "two", 10)
    assert worked(queue) == 20 * MINUTE
    assert len(read) == 1


def test_a_click_reads_its_own_entry_and_the_one_before(queue: Queue) -> None:
    for number in range(50):
        work(queue, f"no. {number} of fifty", 1)
    worked(queue)
    work(queue, "another", 1)
    read = read_of(queue)
    assert worked(queue) == 51 * MINUTE
    (histories,) = read
    assert "another" in histories
    assert "no. 49 of" in histories
    assert "no. 48 of" not in histories


def test_a_correction_of_an_older_entry_counts(queue: Queue) -> None:
    for name in ("one", "two", "three"):
        work(queue, name, 10)
    assert worked(queue) == 30 * MINUTE
    queue.click("one", EventKind.DELETE)
    assert worked(queue) == 20 * MINUTE


@pytest.mark.parametrize("seed", range(4))
def test_what_is_read_click_by_click_is_what_is_read_at_once(queue: Queue, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  # a repeatable story
    kinds = (*KINDS, EventKind.DELETE)
    old = [f"old {number}" for number in range(3)]
    for name in old:
        work(queue, name, 10)
    to_next_week(queue)
    for number in range(60):
        queue.clock.advance(dice.choice((1, 60, 3600, 12 * 3600)))
        name = dice.choice((*old, f"new {number // 4}", f"new {number // 8}"))
        queue.click(name, dice.choice(kinds))
        with contextlib.closing(QueueReader(database_in(queue.folder))) as fresh:
            assert week_of(queue.reader, queue.now) == week_of(fresh, queue.now)
