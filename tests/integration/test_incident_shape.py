"""The incident's own shape: clicks in a burst, clicks by the clock, a queue of many failures."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.core_support import Bench, bench_inside
from trayapp.mutex import Mutex
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Doubt, TaskChange, TaskStatus
from trayapp.sync.cause import Cause
from trayapp.sync.sentences import failed_label
from trayapp.tracking.entry import Event, EventKind, TrackerState
from trayapp.tracking.tracker import AlreadySo, Pause, Start

MANY = 1203


def test_six_pauses_within_a_second_make_one_task(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, plug):
        plug.is_in = False
        bench.clicks(Start("Website"))
        results = []
        for _ in range(6):
            bench.clock.advance(0.15)
            results.append(bench.click(Pause()))
        assert [isinstance(one, AlreadySo) for one in results] == [False, *[True] * 5]
        assert _tasks(bench) == [("time_entry_start",), ("time_entry_pause",)]


def test_pauses_every_thirty_seconds_while_paused_make_none(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        bench.clicks(Start("Website"), Pause())
        paused_at = bench.clock.now()
        bench.clicks(*[Pause()] * 20, every=30)
        bench.live(timedelta(minutes=1))
        assert [event.kind for event in bench.clicked] == [EventKind.START, EventKind.PAUSE]
        assert bench.clicked[-1].at == paused_at
        assert bench.status.tracker is TrackerState.PAUSED


@pytest.mark.timeout(60)
def test_retry_all_has_no_cap(tmp_path: Path) -> None:
    _many_failed(tmp_path)
    with bench_inside(tmp_path) as (bench, _plug):
        assert bench.status.failed == MANY
        assert bench.retry_all() == MANY
        assert (bench.status.failed, bench.status.pending) == (0, MANY)
        bench.live(timedelta(hours=1))
        result = bench.core.retrier.result(bench.core.reader)
        assert result is not None
        assert (result.sent, result.failed, result.waiting) == (MANY, 0, 0)
        assert bench.status.all_sent
        assert len(bench.arrived) == MANY


def test_the_failed_list_has_no_cap(tmp_path: Path) -> None:
    _many_failed(tmp_path)
    with bench_inside(tmp_path) as (bench, _plug):
        assert len(bench.failed) == MANY
        pages, last = 0, 0
        while page := bench.core.reader.failed(limit=50, after_id=last):
            pages, last = pages + 1, page[-1].id
        assert pages == -(-MANY // 50)
        assert failed_label(bench.status) == f"Failed tasks ({MANY})"


def _tasks(bench: Bench) -> list[tuple[object, ...]]:
    return bench.rows("SELECT entity_type FROM sync_queue ORDER BY id")


def _copies(event: Event, count: int) -> Iterator[Event]:
    for number in range(count):
        yield replace(
            event, id=str(uuid.uuid4()), entry_id=str(uuid.uuid4()), project=f"Project {number}"
        )


def _many_failed(root: Path) -> None:
    """As the queue would be after many refusals, each with words of its own."""
    with bench_inside(root) as (bench, _plug):
        bench.click(Start("0"))
        (first,) = bench.clicked
        queue = Mutex(QueueWriter(bench.paths.database, bench.paths.writer_lock))
        change = TaskChange(
            status=TaskStatus.FAILED,
            retry_count=1,
            due_at=None,
            reason="HTTP 422: project closed",
            cause=Cause.REFUSED,
            doubt=Doubt.NONE,
            looks=0,
        )
        with queue.lock() as guard:
            writer = guard.value
            writer.record(list(_copies(first, MANY - 1)), bench.clock.now())
            account = writer.accounts.active().id
            while (task := writer.tasks.next_task(account, bench.clock.now())) is not None:
                writer.tasks.change((task,), change, bench.clock.now())
        with queue.lock() as guard:
            writer = guard.value
        writer.close()
