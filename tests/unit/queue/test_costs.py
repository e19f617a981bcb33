"""What is asked for every task and click costs the same at any length of the queue."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from tests.unit.queue.support import Queue, database_in, effort_of, plan_of, statements
from trayapp.queue.store import QueueWriter
from trayapp.tracking.entry import EventKind

EMBEDDED = 1
FRAME_BYTES = 4096 + 24
MOST_PAGES = 9.5
"""Each index that a click writes to is one of them."""


def fill(queue: Queue, entries: int) -> None:
    """Entries of two clicks; of every ten, one failed, one waits and one is discarded."""
    events = [
        queue.event(f"{entries}-{number}", kind)
        for number in range(entries)
        for kind in (EventKind.START, EventKind.STOP)
    ]

    def work(writer: QueueWriter) -> None:
        writer.events.add(events, EMBEDDED)
        writer.tasks.add(events, EMBEDDED, queue.now)
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


HOLDABLE = ("next", "next, one entry last", "probe")


@pytest.mark.parametrize("question", HOLDABLE)
def test_tasks_that_others_hold_cost_nothing(queue: Queue, question: str) -> None:
    """Behind starts that failed."""

    def costs() -> int:
        with queue.writing() as writer:
            ask = QUESTIONS[question]
            return effort_of(writer._connection, lambda: ask(writer, queue))

    def hold(entries: int) -> None:
        events = [
            queue.event(f"{entries}-{number}", kind)
            for number in range(entries)
            for kind in (EventKind.START, EventKind.STOP)
        ]

        def work(writer: QueueWriter) -> None:
            writer.events.add(events, EMBEDDED)
            writer.tasks.add(events, EMBEDDED, queue.now)
            writer.run(
                "UPDATE sync_queue SET status = 'failed', cause = 'refused'"
                " WHERE entity_type = 'time_entry_start'"
            )

        queue.do(work)

    hold(20)
    queue.click("last")
    short = costs()
    hold(1000)
    queue.click("very last")
    assert costs() <= short + 50


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


def test_recent_activities_cost_the_same_in_any_history(queue: Queue) -> None:
    connection = queue.reader._connection

    def ask() -> object:
        return queue.reader.recent_activities(50)

    fill(queue, 50)
    ask()  # the first question also reads the schema
    short = effort_of(connection, ask)
    fill(queue, 1000)
    assert effort_of(connection, ask) == short
    # Backwards along the primary key, which is the order of the clicks; nothing is sorted.
    assert plan_of(connection, ask) == ["SEARCH event USING INTEGER PRIMARY KEY (rowid>?)"]


def test_the_newest_entry_is_found_at_once_behind_any_number_of_corrections(queue: Queue) -> None:
    fill(queue, 50)
    connection = queue.reader._connection
    queue.reader.newest_entry()  # the first question also reads the schema
    short = effort_of(connection, queue.reader.newest_entry)
    queue.do(
        lambda writer: writer.events.add(
            [queue.event("50-3", EventKind.EDIT) for _ in range(1000)], EMBEDDED
        )
    )
    assert effort_of(connection, queue.reader.newest_entry) == short
    plan = plan_of(connection, queue.reader.newest_entry)
    assert any("USING INDEX event_begun" in line for line in plan)


def test_the_next_task_is_found_by_an_index(queue: Queue) -> None:
    queue.click("e1")
    with queue.writing() as writer:
        plan = plan_of(
            writer._connection,
            lambda: writer.tasks.next_task(EMBEDDED, queue.now, last_entry="e1"),
        )
    assert {line.partition(" USING ")[2] for line in plan} == {
        "INDEX task_ready (account=? AND rowid>?)",
        "INDEX task_tried (account=? AND rowid>?)",
        "INDEX task_entry (entry=? AND id>?)",  # what the last entry has left
    }


def test_the_oldest_open_task_is_found_by_the_indexes_on_either_kind(queue: Queue) -> None:
    plan = plan_of(queue.reader._connection, lambda: queue.reader.oldest_open(EMBEDDED))
    assert [line.rpartition(" INDEX ")[2] for line in plan if " INDEX " in line] == [
        "task_ready (account=?)",
        "task_failed (account=?)",
    ]
    assert not [line for line in plan if "TEMP B-TREE" in line]


@pytest.mark.parametrize("kind", [EventKind.START, EventKind.STOP])
def test_a_click_costs_the_same_at_any_length(queue: Queue, kind: EventKind) -> None:
    def click(entry: str) -> Callable[[], object]:
        return lambda: writer.record([queue.event(entry, kind)], queue.now)

    fill(queue, 50)
    queue.click("short")
    with queue.writing() as writer:
        short = effort_of(writer._connection, click("short"))
        asked, *_inserts = statements(writer._connection, click("short"))
        plan = plan_of(writer._connection, lambda: writer.run(asked))
    fill(queue, 1000)
    queue.click("long")
    with queue.writing() as writer:
        assert effort_of(writer._connection, click("long")) <= short + 50
    assert [line.partition(" USING ")[2] for line in plan if " INDEX " in line] == [
        "INDEX event_entry (entry=?)",
        "INDEX task_entry (entry=?)",
    ]


def test_a_click_touches_few_pages(queue: Queue) -> None:
    fill(queue, 50)
    wal = database_in(queue.folder).with_name(database_in(queue.folder).name + "-wal")
    queue.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    queue.click_many("one", 20)
    assert wal.stat().st_size / FRAME_BYTES / 20 < MOST_PAGES
