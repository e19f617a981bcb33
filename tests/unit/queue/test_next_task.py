"""Which task is next, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from tests.unit.queue.support import Queue
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
        return len(writer.tasks.requeue(EMBEDDED, after_id=0, limit=limit, ids=ids))


def remove(queue: Queue, *ids: int) -> None:
    tasks = [queue.task(task_id) for task_id in ids]
    queue.do(lambda writer: writer.tasks.remove(tasks))


def discard(queue: Queue, task_id: int) -> None:
    queue.do(
        lambda writer: writer.run(
            "UPDATE sync_queue SET status = 'discarded' WHERE id = ?", (task_id,)
        )
    )


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
