"""What is not to be sent, and what a diagnosis and the history of a task are read from."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes import START
from tests.unit.queue.support import Queue, plan_of
from trayapp.queue.discard_table import Discarded, beginning_of
from trayapp.queue.reader import Attempt, FailedLog
from trayapp.queue.task import TaskStatus
from trayapp.tracking.entry import EventKind

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def entry(queue: Queue) -> None:
    """Start, pause, resume, stop: tasks 1 to 4."""
    queue.click_many("e", 4)


def discard(queue: Queue, *ids: int) -> None:
    tasks = [queue.task(one) for one in ids]
    queue.do(lambda writer: writer.discards.add(tasks, queue.now))


def candidates(queue: Queue, *ids: int) -> list[int]:
    with queue.writing() as writer:
        return [task.id for task in writer.discards.candidates(ids)]


def test_what_failed_and_what_it_holds_can_be_discarded(queue: Queue) -> None:
    assert candidates(queue, 1, 2, 3, 4) == []
    queue.fail(2)
    assert candidates(queue, 4, 2, 1) == [2, 4]
    queue.click("other")
    assert candidates(queue, 5) == []


def test_the_unsent_of_an_entry_are_those_that_wait_or_failed(queue: Queue) -> None:
    queue.fail(2)
    queue.fail(3)
    discard(queue, 3)
    with queue.writing() as writer:
        assert [task.id for task in writer.discards.unsent("e")] == [1, 2, 4]
        assert writer.discards.left_out("e") == {queue.task(3).event_id}
        assert writer.discards.left_out("other") == frozenset()


def test_a_discarded_task_is_found_with_the_time(queue: Queue) -> None:
    queue.fail(2)
    discard(queue, 2)
    task = queue.task(2)
    with queue.writing() as writer:
        assert writer.discards.find([1, 2, 99]) == (Discarded(task, queue.now),)
        assert writer.discards.of_entry("e") == (Discarded(task, queue.now),)
        assert writer.discards.of_entry("other") == ()
    assert (task.status, task.cause, task.reason) == (
        TaskStatus.DISCARDED,
        "refused",
        "HTTP 422: no",
    )


def test_what_an_older_app_cancelled_was_not_discarded_here(queue: Queue) -> None:
    queue.sql("UPDATE sync_queue SET status = 'discarded' WHERE id = 2")
    with queue.writing() as writer:
        assert writer.discards.find([2]) == ()


def test_only_what_is_discarded_is_restored(queue: Queue) -> None:
    queue.fail(2)
    discard(queue, 2, 3)
    queue.do(lambda writer: writer.discards.restore([1, 2, 3]))
    statuses = queue.sql("SELECT status, discarded_ms FROM sync_queue ORDER BY id")
    assert statuses == [(status, None) for status in ("pending", "failed", "pending", "pending")]


def test_the_tallies_follow(queue: Queue) -> None:
    queue.fail(2)
    discard(queue, 2)
    counts = {(one.status, one.cause): one.count for one in queue.reader.tallies()}
    assert counts == {("pending", ""): 3, ("discarded", "refused"): 1}
    queue.do(lambda writer: writer.discards.restore([2]))
    counts = {(one.status, one.cause): one.count for one in queue.reader.tallies()}
    assert counts == {("pending", ""): 3, ("failed", "refused"): 1}


@pytest.mark.parametrize(
    ("discarded", "follows"),
    [
        pytest.param((), False, id="nothing"),
        pytest.param((2,), False, id="a pause"),
        pytest.param((1, 2), True, id="the start"),
    ],
)
def test_a_click_follows_the_beginning_of_its_entry(
    queue: Queue,
    discarded: tuple[int, ...],
    follows: bool,  # noqa: FBT001  # from the table
) -> None:
    discard(queue, *discarded)
    queue.click("e", EventKind.RESUME)
    queue.click("other")
    status = TaskStatus.DISCARDED if follows else TaskStatus.PENDING
    assert (queue.task(5).status, queue.task(6).status) == (status, TaskStatus.PENDING)


def test_a_click_costs_no_more_in_a_long_queue(queue: Queue) -> None:
    discard(queue, 1)
    event = queue.event("e", EventKind.PAUSE)
    with queue.writing() as writer:
        plan = plan_of(writer._connection, lambda: writer.discards.follow(event, queue.now))
    assert not [line for line in plan if line.startswith("SCAN") and "CONSTANT" not in line]


def test_what_a_later_click_has_gone_without_is_told(queue: Queue) -> None:
    queue.fail(2)
    discard(queue, 2, 3)
    with queue.writing() as writer:
        assert writer.discards.overtaken([2, 3]) == ()
        writer.tasks.remove([queue.task(1)])
        assert writer.discards.overtaken([2, 3]) == ()
        writer.tasks.remove([queue.task(4)])
        assert writer.discards.overtaken([2, 3]) == (2, 3)
        writer.run("UPDATE sync_queue SET doubt = 'sent' WHERE id = 3")
        assert writer.discards.overtaken([2, 3]) == (2,)


def test_an_entry_without_a_beginning_has_none(queue: Queue) -> None:
    events = queue.reader.events("e")
    assert beginning_of(events) == events[0].id
    assert beginning_of([event for event in events if not event.kind.opens]) == ""
    assert beginning_of([]) == ""


# -- reading -------------------------------------------------------------------------------


def test_the_history_of_a_task_is_its_newest_attempts_in_order(queue: Queue) -> None:
    for number in range(4):
        for task_id in (1, 2, 3):
            task = queue.task(task_id)
            at, reason = START + number * SECOND, f"{task_id}: {number}"
            with queue.writing() as writer:
                writer.tasks.add_attempt(task, at, "Refused", reason)

    def attempt(task_id: int, number: int) -> Attempt:
        at, reason = START + number * SECOND, f"{task_id}: {number}"
        return Attempt(task_id=task_id, at=at, outcome="Refused", reason=reason)

    assert queue.reader.history([2]) == tuple(attempt(2, number) for number in range(4))
    assert queue.reader.history([3, 1, 99], limit=2) == (
        attempt(1, 2),
        attempt(3, 2),
        attempt(1, 3),
        attempt(3, 3),
    )
    assert queue.reader.history([]) == ()


def test_a_discarded_task_keeps_its_history(queue: Queue) -> None:
    task = queue.task(1)
    queue.do(lambda writer: writer.tasks.add_attempt(task, START, "Refused", "no"))
    discard(queue, 1)
    assert len(queue.reader.history([1])) == 1


def test_a_diagnosis_is_given_the_whole_entries_of_what_failed(queue: Queue) -> None:
    queue.click_many("other", 2)
    assert queue.reader.failed_log() == FailedLog()
    queue.fail(2)
    queue.fail(3)
    discard(queue, 3, 5)
    queue.sql("UPDATE sync_queue SET trial = 2 WHERE id IN (2, 6)")
    assert queue.reader.failed_log() == FailedLog(
        events=queue.reader.events("e"),
        discarded=frozenset([queue.task(3).event_id or ""]),
        tried=frozenset([2]),
    )
