"""Tasks: which is next, and what may become of one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from tests.unit.queue.support import Queue, effort_of, plan_of
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Doubt, SyncTask, TaskChange, TaskStatus
from trayapp.tracking.entry import EventKind

EMBEDDED = 1


def next_id(  # everything it may be asked for
    queue: Queue,
    *,
    account: int = EMBEDDED,
    not_entry: str = "",
    after_id: int = 0,
    last_entry: str = "",
    later: float = 0,
) -> int | None:
    with queue.writing() as writer:
        task = writer.tasks.next_task(
            account,
            queue.now + timedelta(seconds=later),
            not_entry=not_entry,
            after_id=after_id,
            last_entry=last_entry,
        )
    return None if task is None else task.id


def next_due(queue: Queue) -> datetime | None:
    with queue.writing() as writer:
        found = writer.tasks.next_due(EMBEDDED)
    assert found == queue.reader.next_due(EMBEDDED)
    return found


def heal(queue: Queue, *causes: str) -> None:
    queue.do(lambda writer: writer.tasks.heal(EMBEDDED, causes))


def requeue(queue: Queue, *, limit: int = 100, ids: Sequence[int] | None = None) -> int:
    with queue.writing() as writer:
        return writer.tasks.requeue(EMBEDDED, run=7, limit=limit, ids=ids)


def remove(queue: Queue, *ids: int) -> None:
    tasks = [queue.task(task_id) for task_id in ids]
    queue.do(lambda writer: writer.tasks.remove(tasks))


def discard(queue: Queue, task_id: int) -> None:
    queue.do(
        lambda writer: writer.run(
            "UPDATE sync_queue SET status = 'discarded' WHERE id = ?", (task_id,)
        )
    )


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


# -- the next one --------------------------------------------------------------------------------


def test_nothing_is_next_in_an_empty_queue(queue: Queue) -> None:
    assert next_id(queue) is None


def test_the_oldest_is_next(queue: Queue) -> None:
    queue.click("e2")
    queue.click("e1")
    queue.click("e2", EventKind.PAUSE)
    assert next_id(queue) == 1
    remove(queue, 1)
    assert next_id(queue) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(lambda queue: queue.change(1, due_in=60), id="that waits"),
        pytest.param(lambda queue: queue.fail(1), id="that failed"),
    ],
)
def test_nothing_overtakes_an_older_sibling(
    queue: Queue, trouble: Callable[[Queue], object]
) -> None:
    queue.click_many("e1", 3)
    trouble(queue)
    assert next_id(queue) is None
    queue.click("e2")
    assert next_id(queue) == 4


def test_a_discarded_sibling_holds_nothing(queue: Queue) -> None:
    queue.click_many("e1", 2)
    discard(queue, 1)
    assert next_id(queue) == 2


def test_what_is_not_yet_due_waits(queue: Queue) -> None:
    queue.click("e1")
    queue.change(1, due_in=60)
    assert next_id(queue, later=59.999) is None
    assert next_id(queue, later=60) == 1


def test_what_is_on_trial_comes_behind_the_others(queue: Queue) -> None:
    for number in range(3):
        queue.click(f"e{number}")
    queue.fail(1, "server_trouble")
    heal(queue, "server_trouble")
    assert next_id(queue) == 2
    remove(queue, 2, 3)
    assert next_id(queue) == 1


def test_the_running_entry_comes_last_even_behind_those_on_trial(queue: Queue) -> None:
    queue.click("running")
    queue.click("e2")
    queue.click("e3")
    queue.fail(2, "server_trouble")
    heal(queue, "server_trouble")
    order: list[int | None] = []
    while (found := next_id(queue, last_entry="running")) is not None:
        order.append(found)
        remove(queue, found)
    assert order == [3, 2, 1]


def test_the_running_entry_on_its_trial_is_last_of_all(queue: Queue) -> None:
    queue.click("running")
    queue.fail(1, "server_trouble")
    heal(queue, "server_trouble")
    assert next_id(queue, last_entry="running") == 1


def test_an_entry_can_be_left_out(queue: Queue) -> None:
    queue.click("e1")
    queue.click("e2")
    assert next_id(queue, not_entry="e1") == 2


def test_a_probe_goes_on_behind_the_last_one(queue: Queue) -> None:
    queue.click("e1")
    queue.click("e2")
    assert next_id(queue, after_id=1) == 2
    assert next_id(queue, after_id=2) is None


def test_what_belongs_to_another_account_is_not_next(queue: Queue) -> None:
    queue.click("e1")
    assert next_id(queue, account=2) is None


def test_a_task_of_an_older_database_is_never_next(queue: Queue) -> None:
    queue.click("e1")
    queue.sql("UPDATE sync_queue SET event = NULL, due_ms = 1")
    assert next_id(queue) is None
    assert next_due(queue) is None


def test_get_pending_gives_only_what_may_go(queue: Queue) -> None:
    queue.click_many("e1", 2)
    with queue.writing() as writer:
        assert writer.tasks.get_pending(1) == queue.task(1)
        assert writer.tasks.get_pending(2) is None
        assert writer.tasks.get_pending(3) is None
    queue.fail(1)
    with queue.writing() as writer:
        assert writer.tasks.get_pending(1) is None
        assert writer.tasks.get_pending(2) is None


def test_the_tasks_behind_the_head_end_at_one_that_failed(queue: Queue) -> None:
    queue.click_many("e1", 4)
    queue.click("e2")
    queue.fail(3)
    discard(queue, 2)
    head = queue.task(1)
    with queue.writing() as writer:
        assert [task.id for task in writer.tasks.pending_of_entry(head)] == [1]
    requeue(queue)
    with queue.writing() as writer:
        assert [task.id for task in writer.tasks.pending_of_entry(head)] == [1, 3, 4]


def test_the_next_time_is_the_first_of_those_that_may_go_then(queue: Queue) -> None:
    assert next_due(queue) is None
    queue.click_many("held", 2)
    queue.fail(1)
    queue.change(2, due_in=1)
    queue.click("e1")
    assert next_due(queue) is None
    queue.change(3, due_in=60)
    queue.click("e2")
    queue.change(4, due_in=30)
    assert next_due(queue) == queue.task(4).due_at


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
        assert writer.tasks.requeue(2, run=8, limit=9) == 0


def test_hurry_leaves_what_is_in_doubt_to_its_next_look(queue: Queue) -> None:
    queue.click("e1")
    queue.click("e2")
    queue.change(1, due_in=60)
    queue.change(2, due_in=60, doubt=Doubt.SENT)
    queue.do(lambda writer: writer.tasks.hurry(EMBEDDED))
    assert queue.task(1).due_at is None
    assert queue.task(2).due_at is not None


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


def test_the_next_look_is_the_first_to_come_of_what_is_in_doubt(queue: Queue) -> None:
    def next_look() -> datetime | None:
        with queue.writing() as writer:
            return writer.tasks.next_look(EMBEDDED, queue.now)

    assert next_look() is None
    queue.click("e1")
    queue.change(1, due_in=10)
    queue.sql("UPDATE sync_queue SET retry_count = 0")
    assert next_look() is None
    queue.sql("UPDATE sync_queue SET doubt = 'sent'")
    assert next_look() == queue.task(1).due_at
    queue.clock.advance(10)
    assert next_look() is None


# -- how much it costs ---------------------------------------------------------------------------


def fill(queue: Queue, entries: int) -> None:
    """Entries of two clicks; of every ten, one failed, one waits and one is discarded."""
    events = [
        queue.event(f"{entries}-{number}", kind)
        for number in range(entries)
        for kind in (EventKind.START, EventKind.STOP)
    ]

    def work(writer: QueueWriter) -> None:
        writer.events.add(events, EMBEDDED)
        writer.tasks.add(events, EMBEDDED)
        writer.run("UPDATE sync_queue SET status = 'failed', cause = 'refused' WHERE id % 20 = 5")
        writer.run("UPDATE sync_queue SET due_ms = ? WHERE id % 20 = 7", (10**13,))
        writer.run("UPDATE sync_queue SET status = 'discarded' WHERE id % 20 IN (9, 10)")

    queue.do(work)


QUESTIONS: dict[str, Callable[[QueueWriter, Queue], object]] = {
    "next": lambda writer, queue: writer.tasks.next_task(EMBEDDED, queue.now),
    "next, one entry last": lambda writer, queue: writer.tasks.next_task(
        EMBEDDED, queue.now, last_entry="50-0"
    ),
    "probe": lambda writer, queue: writer.tasks.next_task(EMBEDDED, queue.now, after_id=20),
    "next due": lambda writer, _: writer.tasks.next_due(EMBEDDED),
    "head": lambda writer, _: writer.tasks.get_pending(1),
    "failed": lambda writer, _: writer.tasks.failed_count(EMBEDDED, "refused"),
    "heal": lambda writer, _: writer.tasks.heal(EMBEDDED, ["server_trouble", "network"]),
    "unblock": lambda writer, _: writer.tasks.unblock(2),
    "newest entry": lambda writer, _: writer.events.newest_entry(),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_what_is_asked_for_every_task_costs_the_same_at_any_length(
    queue: Queue, question: Callable[[QueueWriter, Queue], object]
) -> None:
    def costs(connection: sqlite3.Connection) -> int:
        return effort_of(connection, lambda: question(writer, queue))

    fill(queue, 50)
    with queue.writing() as writer:
        short = costs(writer._connection)
        plan = plan_of(writer._connection, lambda: question(writer, queue))
    fill(queue, 1000)
    with queue.writing() as writer:
        long = costs(writer._connection)
    assert long <= short + 50
    assert not [line for line in plan if line.startswith(("SCAN task", "SCAN sync_queue"))]
    assert not [line for line in plan if "TEMP B-TREE" in line]


def test_the_next_task_is_found_by_an_index(queue: Queue) -> None:
    queue.click("e1")
    with queue.writing() as writer:
        plan = plan_of(
            writer._connection,
            lambda: writer.tasks.next_task(EMBEDDED, queue.now, last_entry="e1"),
        )
    assert any(line.startswith("SEARCH task USING INDEX task_pending") for line in plan)
    assert any("INDEX task_entry" in line for line in plan)
