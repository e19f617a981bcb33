"""What the status says about what was worked, and about what an undo would take back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.queue.support import Queue, a_queue
from trayapp.sync.snapshot import read_status
from trayapp.sync.status import LastCommand, SyncStatus
from trayapp.tracking.entry import EventKind
from trayapp.tracking.totals import Totals, next_midnight

MINUTE = timedelta(minutes=1)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with a_queue(tmp_path) as opened:
        yield opened


def status(queue: Queue) -> SyncStatus:
    return read_status(queue.reader, queue.now)


def test_what_runs_counts_up_to_now_and_tomorrow_only_for_the_week(queue: Queue) -> None:
    queue.click("one")
    queue.clock.advance(90 * 60)
    assert status(queue).totals == Totals(today=90 * MINUTE, week=90 * MINUTE)
    queue.click("one", EventKind.STOP)
    queue.clock.set_wall(next_midnight(queue.now))  # the clock of these tests begins on a Thursday
    worked = timedelta(minutes=90, seconds=1)
    assert status(queue).totals == Totals(today=timedelta(), week=worked)


def test_the_last_command_is_the_newest_event(queue: Queue) -> None:
    assert status(queue).last_command is None
    queue.click("one")
    event = queue.click("one", EventKind.PAUSE)
    found = status(queue).last_command
    assert found == LastCommand(event_id=event.id, kind=EventKind.PAUSE, at=event.at)
