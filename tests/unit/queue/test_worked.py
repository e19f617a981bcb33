"""What was worked since a moment, read from the local log alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.unit.queue.support import Queue
from trayapp.tracking.entry import EventKind

MINUTE = timedelta(minutes=1)


def worked(queue: Queue, since: datetime) -> timedelta:
    found = queue.reader.segments_since(since)
    spans = ((one.ended_at or queue.now) - max(one.began_at, since) for one in found)
    return sum(spans, timedelta())


def work(queue: Queue, entry: str, minutes: float) -> None:
    queue.click(entry)
    queue.clock.advance(minutes * 60 - 1)
    queue.click(entry, EventKind.STOP)


def test_nothing_was_worked(queue: Queue) -> None:
    assert queue.reader.segments_since(queue.now) == ()


def test_only_what_ended_since_then_counts(queue: Queue) -> None:
    work(queue, "before", 30)
    queue.clock.advance(60)
    since = queue.now
    work(queue, "after", 10)
    assert worked(queue, since) == 10 * MINUTE


def test_what_runs_since_before_counts_though_nothing_was_clicked_since(queue: Queue) -> None:
    queue.click("one")
    queue.clock.advance(3600)
    since = queue.now
    queue.clock.advance(600)
    assert worked(queue, since) == 10 * MINUTE


def test_what_runs_since_before_counts_beside_a_correction_of_another(queue: Queue) -> None:
    work(queue, "old", 10)
    queue.click("runs")
    queue.clock.advance(3600)
    since = queue.now
    queue.click("old", EventKind.DELETE)
    queue.clock.advance(599)
    assert worked(queue, since) == 10 * MINUTE


def test_a_deleted_entry_counts_for_nothing(queue: Queue) -> None:
    since = queue.now
    work(queue, "one", 10)
    queue.click("one", EventKind.DELETE)
    assert worked(queue, since) == timedelta()


def test_a_long_history_is_read_as_far_as_needed_only(queue: Queue) -> None:
    for number in range(300):
        work(queue, f"old {number}", 1)
    since = queue.now
    for number in range(300):
        work(queue, f"new {number}", 1)
    assert worked(queue, since) == 300 * MINUTE


def test_it_is_read_again_only_when_the_log_grew(queue: Queue) -> None:
    since = queue.now
    work(queue, "one", 10)
    first = queue.reader.segments_since(since)
    assert queue.reader.segments_since(since) is first
    work(queue, "two", 10)
    assert len(queue.reader.segments_since(since)) == 2
    assert queue.reader.segments_since(queue.now) == ()
