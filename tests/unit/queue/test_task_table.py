"""Tasks: which is next, and what may become of one."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from tests.unit.queue.support import Queue
from tests.unit.queue.test_next_task import heal, next_id, remove, requeue
from trayapp.queue.task import Doubt, SyncTask, TaskChange, TaskStatus
from trayapp.tracking.entry import EventKind

EMBEDDED = 1


# -- what a click becomes ------------------------------------------------------------------------


def test_a_click_becomes_a_task(queue: Queue) -> None:
    event = queue.click("e1", note="«Вёрстка»\x00")
    task = queue.task(1)
    assert task == SyncTask(
        id=1,
        account_id=EMBEDDED,
        kind="time_entry_start",
        entry_id="e1",
        event_id=event.id,
        payload=task.payload,
        created_at=event.at,
    )
    assert json.loads(task.payload) == {
        "event": event.id,
        "entry": "e1",
        "at": "2026-01-08T09:00:01.000Z",
        "project": "Website",
        "note": "«Вёрстка»\x00",
    }


def test_ids_are_never_used_again(queue: Queue) -> None:
    queue.click("e1")
    remove(queue, 1)
    queue.click("e1", EventKind.STOP)
    assert next_id(queue) == 2


def test_events_of_a_known_entry_stay_with_its_account(queue: Queue) -> None:
    queue.click("e1")
    queue.do(lambda writer: writer.accounts.use("hubnity", "https://example.org", "ann"))
    queue.click("e1", EventKind.STOP)
    queue.click("e2")
    assert [queue.task(number).account_id for number in (1, 2, 3)] == [1, 1, 2]


def test_a_click_tries_the_network_at_once_and_no_server_in_trouble(queue: Queue) -> None:
    queue.click("e1")
    queue.change(1, cause="blocked", due_in=300)
    queue.click("e2")
    queue.change(2, cause="server_trouble", due_in=300)
    queue.click("e3")
    assert queue.task(1).due_at is None
    assert queue.task(2).due_at is not None


# -- what becomes of one -------------------------------------------------------------------------


def test_what_is_sent_is_in_doubt_with_the_body_on_the_first(queue: Queue) -> None:
    queue.click_many("e1", 2)
    tasks = [queue.task(1), queue.task(2)]
    for _ in range(2):
        queue.do(lambda writer: writer.tasks.mark_sent(tasks, "body", queue.now))
    first, second = queue.task(1), queue.task(2)
    assert (first.doubt, first.wire_body, first.sends) == (Doubt.SENT, "body", 2)
    assert (second.doubt, second.wire_body, second.sends) == (Doubt.SENT, None, 2)
    queue.do(lambda writer: writer.tasks.forget_sends(tasks))
    assert (queue.task(1).sends, queue.task(2).sends) == (0, 0)


def change(doubt: Doubt, status: TaskStatus, due_at: datetime | None) -> TaskChange:
    return TaskChange(
        status=status,
        retry_count=3,
        due_at=due_at,
        reason="HTTP 500: Internal Server Error",
        cause="server_trouble",
        doubt=doubt,
        looks=2,
    )


def test_an_outcome_changes_the_head_and_only_the_doubt_of_the_others(queue: Queue) -> None:
    queue.click_many("e1", 2)
    tasks = [queue.task(1), queue.task(2)]
    due = queue.now + timedelta(minutes=1)
    queue.do(lambda writer: writer.tasks.mark_sent(tasks, "body", queue.now))
    waits = change(Doubt.SENT, TaskStatus.PENDING, due)
    queue.do(lambda writer: writer.tasks.change(tasks, waits, queue.now))
    head, other = queue.task(1), queue.task(2)
    assert (head.retry_count, head.due_at, head.reason) == (3, due, waits.reason)
    assert (head.cause, head.looks, head.last_retry_at) == ("server_trouble", 2, queue.now)
    assert (head.doubt, head.wire_body) == (Doubt.SENT, "body")
    assert (other.retry_count, other.due_at, other.doubt) == (0, None, Doubt.SENT)
    settled = change(Doubt.NONE, TaskStatus.FAILED, None)
    queue.do(lambda writer: writer.tasks.change(tasks, settled, queue.now))
    head, other = queue.task(1), queue.task(2)
    assert (head.status, head.doubt, head.wire_body) == (TaskStatus.FAILED, Doubt.NONE, None)
    assert (other.status, other.doubt) == (TaskStatus.PENDING, Doubt.NONE)


def test_attempts_are_kept_while_the_task_is_here(queue: Queue) -> None:
    queue.click("e1")
    task = queue.task(1)
    queue.do(lambda writer: writer.tasks.add_attempt(task, queue.now, "Refused", "HTTP 422"))
    assert queue.sql("SELECT task, outcome, reason FROM attempt") == [(1, "Refused", "HTTP 422")]
    queue.do(lambda writer: writer.tasks.remove([task]))
    assert queue.sql("SELECT * FROM attempt") == []


def test_what_healed_gets_one_trial_and_no_second(queue: Queue) -> None:
    for number in range(3):
        queue.click(f"e{number}")
    queue.fail(1, "server_trouble")
    queue.fail(2, "refused")
    heal(queue)
    assert queue.task(1).status is TaskStatus.FAILED
    heal(queue, "server_trouble", "network")
    assert (queue.task(1).on_trial, queue.task(1).retry_count) == (True, 1)
    assert queue.task(2).status is TaskStatus.FAILED
    queue.change(1, cause="network", due_in=5)
    assert queue.task(1).on_trial
    queue.fail(1, "server_trouble")
    heal(queue, "server_trouble")
    assert (queue.task(1).status, queue.task(1).on_trial) == (TaskStatus.FAILED, False)
    assert requeue(queue) == 2
    queue.fail(1, "server_trouble")
    heal(queue, "server_trouble")
    assert queue.task(1).on_trial


def test_another_accounts_failures_do_not_heal(queue: Queue) -> None:
    queue.click("e1")
    queue.fail(1, "network")
    queue.do(lambda writer: writer.tasks.heal(2, ["network"]))
    assert queue.task(1).status is TaskStatus.FAILED


def test_requeue_starts_anew_and_keeps_the_doubt(queue: Queue) -> None:
    queue.click("e1")
    queue.change(1, status=TaskStatus.FAILED, cause="refused", doubt=Doubt.SENT, reason="HTTP 422")
    assert requeue(queue) == 1
    task = queue.task(1)
    assert (task.status, task.retry_count, task.cause) == (TaskStatus.PENDING, 0, "")
    assert (task.doubt, task.due_at, task.reason) == (Doubt.SENT, None, "HTTP 422")


def test_requeue_takes_the_oldest_and_no_more_than_it_may(queue: Queue) -> None:
    for number in range(1, 6):
        queue.click(f"e{number}")
        queue.fail(number)
    assert requeue(queue, limit=2) == 2
    assert [task.id for task in queue.reader.failed(limit=9)] == [3, 4, 5]
    assert requeue(queue, ids=[4, 99]) == 1
    assert requeue(queue, ids=[]) == 0
    with queue.writing() as writer:
        assert writer.tasks.failed_ids(EMBEDDED, [1, 3, 4, 5, 99]) == {3, 5}
        assert writer.tasks.failed_ids(2, [3]) == set()
        assert writer.tasks.failed_count(EMBEDDED, "refused") == 2
        assert writer.tasks.failed_count(EMBEDDED, "network") == 0
        assert writer.tasks.requeue(2, after_id=3, limit=9) == {}


def test_requeue_in_chunks_takes_nothing_twice(queue: Queue) -> None:
    for number in range(1, 6):
        queue.click(f"e{number}")
        queue.fail(number)
    with queue.writing() as writer:
        assert writer.tasks.open_tasks(EMBEDDED) == (5, 5)
        assert writer.tasks.requeue(EMBEDDED, after_id=0, limit=2) == {1: 1, 2: 1}
    queue.fail(1)
    with queue.writing() as writer:
        assert writer.tasks.requeue(EMBEDDED, after_id=2, limit=9) == {3: 1, 4: 1, 5: 1}
        assert writer.tasks.requeue(EMBEDDED, after_id=5, limit=9) == {}
    assert [task.id for task in queue.reader.failed(limit=9)] == [1]


def test_requeue_leaves_alone_what_lies_between_the_chosen(queue: Queue) -> None:
    for number in range(1, 6):
        queue.click(f"e{number}")
        queue.fail(number)
    with queue.writing() as writer:
        assert writer.tasks.requeue(EMBEDDED, after_id=0, limit=9, ids=[1, 3]) == {1: 1, 3: 1}
        assert writer.tasks.requeue(EMBEDDED, after_id=0, limit=9, ids=[]) == {}
    assert [task.id for task in queue.reader.failed(limit=9)] == [2, 4, 5]


def test_hurry_shortens_a_doubt_to_the_least_time_between_two_looks(queue: Queue) -> None:
    for number in range(1, 4):
        queue.click(f"e{number}")
    queue.change(1, due_in=60)
    queue.change(2, due_in=60, doubt=Doubt.SENT)
    queue.change(3, due_in=4, doubt=Doubt.SENT)
    looked_at = queue.now
    queue.clock.advance(3)
    queue.do(lambda writer: writer.tasks.hurry(EMBEDDED, between_looks=timedelta(seconds=10)))
    assert [queue.task(number).due_at for number in (1, 2, 3)] == [
        None,
        looked_at + timedelta(seconds=10),
        looked_at + timedelta(seconds=4),
    ]


def test_hurry_leaves_a_doubt_nobody_has_looked_at_to_its_time(queue: Queue) -> None:
    queue.click("e1")
    queue.change(1, due_in=60, doubt=Doubt.UNKNOWN)
    queue.sql("UPDATE sync_queue SET last_retry_at = NULL")
    due_at = queue.task(1).due_at
    queue.do(lambda writer: writer.tasks.hurry(EMBEDDED, between_looks=timedelta()))
    assert queue.task(1).due_at == due_at


def test_a_cause_is_requeued_in_its_old_place(queue: Queue) -> None:
    queue.click_many("e1", 2)
    queue.click("e2")
    queue.fail(1, "signed_out")
    queue.fail(3, "refused")
    queue.do(lambda writer: writer.tasks.requeue_cause(2, "signed_out"))
    assert queue.task(1).status is TaskStatus.FAILED
    queue.do(lambda writer: writer.tasks.requeue_cause(EMBEDDED, "signed_out"))
    task = queue.task(1)
    assert (task.status, task.retry_count, task.cause) == (TaskStatus.PENDING, 0, "")
    assert queue.task(3).status is TaskStatus.FAILED
    assert next_id(queue) == 1


def test_what_failed_is_untried_until_its_one_trial(queue: Queue) -> None:
    def untried(account: int, *causes: str) -> bool:
        with queue.writing() as writer:
            return writer.tasks.has_untried(account, causes)

    queue.click("e1")
    assert not untried(EMBEDDED, "network")
    queue.fail(1, "network")
    assert untried(EMBEDDED, "refused", "network")
    assert not untried(EMBEDDED, "refused")
    assert not untried(2, "network")
    heal(queue, "network")
    queue.fail(1, "network")
    assert not untried(EMBEDDED, "network")


def test_the_first_look_is_the_first_to_come_of_what_is_in_doubt(queue: Queue) -> None:
    def first_look() -> SyncTask | None:
        with queue.writing() as writer:
            return writer.tasks.first_look(EMBEDDED)

    assert first_look() is None
    queue.click("e1")
    queue.click("e2")
    queue.change(1, due_in=20)
    queue.change(2, due_in=10)
    queue.sql("UPDATE sync_queue SET retry_count = 0")
    assert first_look() is None
    queue.sql("UPDATE sync_queue SET doubt = 'sent'")
    assert first_look() == queue.task(2)
    queue.sql("UPDATE sync_queue SET retry_count = 1 WHERE id = 2")
    assert first_look() == queue.task(1)
    with queue.writing() as writer:
        assert writer.tasks.first_look(EMBEDDED + 1) is None


def test_a_doubt_is_known_of_while_it_lasts(queue: Queue) -> None:
    def doubtful() -> bool:
        with queue.writing() as writer:
            return writer.tasks.has_doubtful(EMBEDDED)

    assert not doubtful()
    queue.click("e1")
    queue.change(1, due_in=60, doubt=Doubt.SENT)
    assert doubtful()
    queue.change(1)
    assert not doubtful()
