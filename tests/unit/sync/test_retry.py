"""Retry: what it takes, in which bits, and what is said of it in the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.queue.support import Queue, a_queue
from trayapp.queue.errors import QueueError
from trayapp.queue.task import Doubt, Gate, GateKind, TaskStatus
from trayapp.sync.retry import CHUNK, Retrier, release
from trayapp.sync.status import RetryResult

REFUSED = "HTTP 422: project closed"


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with a_queue(tmp_path) as opened:
        yield opened


def gate(queue: Queue, kind: GateKind, *, by_server: bool = False) -> Gate:
    closed = Gate(
        kind=kind,
        reason="HTTP 503: Service Unavailable",
        since=queue.now,
        due_at=queue.now + timedelta(hours=1),
        by_server=by_server,
    )
    queue.do(lambda writer: writer.accounts.set_gate(1, closed))
    return closed


def arrive(queue: Queue, *ids: int) -> None:
    tasks = [queue.task(task_id) for task_id in ids]
    queue.do(lambda writer: writer.tasks.remove(tasks))


def test_a_retry_takes_every_failed_task_and_counts_what_it_holds(queue: Queue) -> None:
    queue.click_many("one", 3)
    queue.click("two")
    queue.fail(1)
    queue.fail(4)
    retrier = Retrier(queue.mutex)
    assert retrier.begin(queue.now) == 4
    assert not retrier.next_chunk()
    assert queue.reader.failed(limit=9) == ()
    arrive(queue, 1, 2, 3)
    queue.fail(4, reason=REFUSED)
    assert retrier.result(queue.reader) == RetryResult(
        number=1, sent=3, failed=1, waiting=0, reason=REFUSED
    )


def test_a_result_is_told_once_and_numbered(queue: Queue) -> None:
    retrier = Retrier(queue.mutex)
    assert retrier.result(queue.reader) is None
    for number in (1, 2):
        assert retrier.begin(queue.now) == 0
        running = [retrier.is_running]
        assert retrier.result(queue.reader) is None, "it goes on"
        retrier.next_chunk()
        result = retrier.result(queue.reader)
        assert result == RetryResult(number=number, sent=0, failed=0, waiting=0, reason="")
        running.append(retrier.is_running)
        assert running == [True, False]
        assert retrier.result(queue.reader) is None


def test_a_click_made_meanwhile_is_not_part_of_it(queue: Queue) -> None:
    queue.click("one")
    queue.fail(1)
    retrier = Retrier(queue.mutex)
    retrier.begin(queue.now)
    retrier.next_chunk()
    queue.click("two")
    arrive(queue, 1)
    result = retrier.result(queue.reader)
    assert result == RetryResult(number=1, sent=1, failed=0, waiting=0, reason="")


def test_what_still_waits_says_why_the_gate_is_closed(queue: Queue) -> None:
    queue.click("one")
    queue.fail(1, reason="")
    closed = gate(queue, GateKind.OFFLINE)
    retrier = Retrier(queue.mutex)
    retrier.begin(queue.now)
    retrier.next_chunk()
    result = retrier.result(queue.reader)
    assert result == RetryResult(number=1, sent=0, failed=0, waiting=1, reason=closed.reason)


def test_without_a_reason_none_is_invented(queue: Queue) -> None:
    queue.click("one")
    retrier = Retrier(queue.mutex)
    retrier.begin(queue.now)
    retrier.next_chunk()
    result = retrier.result(queue.reader)
    assert result == RetryResult(number=1, sent=0, failed=0, waiting=1, reason="")


def test_chosen_tasks_are_retried_and_no_others(queue: Queue) -> None:
    for name in ("one", "two", "three"):
        queue.click(name)
    queue.fail(1)
    queue.fail(2)
    retrier = Retrier(queue.mutex)
    assert retrier.begin(queue.now, [2, 3, 99]) == 1
    retrier.next_chunk()
    assert [task.id for task in queue.reader.failed(limit=9)] == [1]
    arrive(queue, 2)
    result = retrier.result(queue.reader)
    assert result == RetryResult(number=1, sent=1, failed=0, waiting=0, reason="")


def test_a_long_retry_comes_in_chunks_with_room_for_clicks_between(queue: Queue) -> None:
    with queue.writing() as writer:
        for number in range(CHUNK + 2):
            writer.record([queue.event(f"entry {number}")], queue.now)
    queue.sql("UPDATE sync_queue SET status = 'failed', cause = 'refused'")
    retrier = Retrier(queue.mutex)
    assert retrier.begin(queue.now) == CHUNK + 2
    assert retrier.next_chunk()
    assert len(queue.reader.failed(limit=9)) == 2
    queue.fail(1)
    assert not retrier.next_chunk()
    assert not retrier.next_chunk(), "there is no more"
    assert [task.id for task in queue.reader.failed(limit=9)] == [1], "it had its chance"


@pytest.mark.parametrize("kind", list(GateKind))
def test_every_gate_gets_one_probe_now(queue: Queue, kind: GateKind) -> None:
    gate(queue, kind)
    Retrier(queue.mutex).begin(queue.now)
    found = queue.reader.gate(1)
    assert found is not None
    assert found.due_at == queue.now


def test_the_servers_own_time_is_never_overridden(queue: Queue) -> None:
    closed = gate(queue, GateKind.THROTTLED, by_server=True)
    Retrier(queue.mutex).begin(queue.now)
    assert queue.reader.gate(1) == closed


def test_a_doubt_on_its_own_backoff_is_looked_for_ten_seconds_after_the_last_look(
    queue: Queue,
) -> None:
    queue.click("one")
    queue.change(1, due_in=480, doubt=Doubt.SENT, cause="server_trouble")
    looked_at = queue.now
    queue.clock.advance(2)
    Retrier(queue.mutex).begin(queue.now)
    assert queue.task(1).due_at == looked_at + timedelta(seconds=10)
    Retrier(queue.mutex, between_looks=timedelta(seconds=3)).begin(queue.now)
    assert queue.task(1).due_at == looked_at + timedelta(seconds=3)


def test_releasing_opens_the_gate_and_takes_back_what_failed_behind_it(queue: Queue) -> None:
    queue.click("one")
    queue.click("two")
    queue.fail(1, "signed_out", "HTTP 401: Unauthorized")
    queue.fail(2)
    gate(queue, GateKind.SIGNED_OUT)
    queue.do(lambda writer: release(writer, GateKind.SIGNED_OUT))
    assert queue.reader.gate(1) is None
    assert [queue.task(number).status for number in (1, 2)] == [
        TaskStatus.PENDING,
        TaskStatus.FAILED,
    ]


def test_releasing_leaves_another_gate_closed(queue: Queue) -> None:
    closed = gate(queue, GateKind.OFFLINE)
    queue.do(lambda writer: release(writer, GateKind.SIGNED_OUT))
    assert queue.reader.gate(1) == closed


def test_a_cancelled_retry_leaves_what_was_not_tried_as_it_was(queue: Queue) -> None:
    queue.click_many("one", 2)
    queue.click("two")
    queue.click("three")
    for task_id, reason in ((1, "HTTP 401: Unauthorized"), (3, REFUSED), (4, REFUSED)):
        queue.fail(task_id, cause="refused", reason=reason)
    retrier = Retrier(queue.mutex)
    assert retrier.cancel() == 0
    retrier.begin(queue.now)
    assert not retrier.next_chunk()
    queue.change(3, doubt=Doubt.SENT, reason=REFUSED)  # is on its way
    assert retrier.cancel() == 2
    failed = queue.reader.failed(limit=9)
    assert [(task.id, task.cause, task.reason, task.retry_count) for task in failed] == [
        (1, "signed_out", "HTTP 401: Unauthorized", 1),
        (4, "refused", REFUSED, 1),
    ]
    assert not retrier.next_chunk()
    assert retrier.result(queue.reader) is not None


def test_a_cancel_gives_back_what_an_earlier_retry_had_put_back_with_its_attempts(
    queue: Queue,
) -> None:
    queue.click("one")
    queue.fail(1, reason=REFUSED)
    retrier = Retrier(queue.mutex)
    for _ in range(2):
        retrier.begin(queue.now)
        retrier.next_chunk()
    assert queue.task(1).retry_count == 0
    assert retrier.cancel() == 1
    assert queue.task(1).retry_count == 1


def test_a_retry_ends_with_what_was_put_back_when_a_later_chunk_cannot_be(queue: Queue) -> None:
    with queue.writing() as writer:
        for number in range(CHUNK + 2):
            writer.record([queue.event(f"entry {number}")], queue.now)
    queue.sql("UPDATE sync_queue SET status = 'failed', error_message = 'no'")
    retrier = Retrier(queue.mutex)
    retrier.begin(queue.now)
    assert retrier.next_chunk()
    queue.sql("ALTER TABLE sync_queue RENAME TO away")
    with pytest.raises(QueueError):
        retrier.next_chunk()
    with pytest.raises(QueueError):
        retrier.result(queue.reader)
    assert retrier.is_running, "nobody was told its result"
    queue.sql("ALTER TABLE away RENAME TO sync_queue")
    result = retrier.result(queue.reader)
    assert result == RetryResult(number=1, sent=0, failed=2, waiting=CHUNK, reason="no")
    assert not retrier.is_running
