"""What the menu, the window and the command line are told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.queue.support import Queue, effort_of, plan_of
from tests.unit.queue.test_costs import fill
from tests.unit.queue.test_next_task import remove
from trayapp.queue.reader import QueueReader, Tally
from trayapp.queue.task import Doubt, EntrySync, Known, TaskStatus
from trayapp.tracking.activity import Activity
from trayapp.tracking.entry import EventKind, TrackerState

EMBEDDED = 1


def test_an_empty_queue_has_nothing_to_say(queue: Queue) -> None:
    reader = queue.reader
    assert reader.tallies() == ()
    assert reader.oldest_open(EMBEDDED) is None
    assert reader.next_due(EMBEDDED) is None
    assert reader.newest_failure("refused") == ""
    assert reader.failed(limit=10) == ()
    assert reader.recent(5) == ()
    assert reader.open_until(1) == (0, 0, "")
    assert reader.twins() == 0


def test_tallies_count_by_account_status_and_cause(queue: Queue) -> None:
    for number in range(1, 5):
        queue.click(f"e{number}")
    queue.fail(1, "refused")
    queue.change(2, status=TaskStatus.FAILED, cause="refused", doubt=Doubt.SENT)
    queue.change(3, cause="network")
    queue.change(3)

    def tally(status: str, cause: str, count: int) -> Tally:
        return Tally(account_id=EMBEDDED, status=status, cause=cause, count=count)

    assert set(queue.reader.tallies()) == {
        tally("failed", "refused", 2),
        tally("doubtful", "", 1),
        tally("pending", "", 2),
    }


def test_a_doubtful_task_counts_until_it_is_discarded_and_again_when_that_is_undone(
    queue: Queue,
) -> None:
    def doubtful() -> int:
        return sum(tally.count for tally in queue.reader.tallies() if tally.status == "doubtful")

    for number in (1, 2):
        queue.click(f"e{number}")
        queue.change(number, doubt=Doubt.SENT)
    assert doubtful() == 2
    queue.sql("UPDATE sync_queue SET status = 'discarded' WHERE id = 1")
    assert doubtful() == 1
    queue.sql("UPDATE sync_queue SET status = 'failed' WHERE id = 1")
    assert doubtful() == 2
    queue.sql("UPDATE sync_queue SET status = 'discarded' WHERE id = 1")
    queue.sql("DELETE FROM sync_queue WHERE id = 1")
    assert doubtful() == 1


def test_the_oldest_open_task_is_pending_or_failed(queue: Queue) -> None:
    queue.click_many("e1", 3)
    queue.sql("UPDATE sync_queue SET status = 'discarded' WHERE id = 1")
    queue.fail(2)
    assert queue.reader.oldest_open(EMBEDDED) == queue.task(2)
    remove(queue, 2)
    assert queue.reader.oldest_open(EMBEDDED) == queue.task(3)
    assert queue.reader.oldest_open(2) is None


def test_the_newest_reason_of_a_cause_is_told(queue: Queue) -> None:
    for number in (1, 2, 3):
        queue.click(f"e{number}")
    queue.fail(1, reason="HTTP 422: first")
    queue.fail(2, reason="HTTP 422: second")
    queue.fail(3, "server_trouble", "HTTP 500: Internal Server Error")
    assert queue.reader.newest_failure("refused") == "HTTP 422: second"


def test_failed_tasks_come_in_pages(queue: Queue) -> None:
    for number in range(1, 6):
        queue.click(f"e{number}")
        queue.fail(number)
    first = queue.reader.failed(limit=3)
    assert [task.id for task in first] == [1, 2, 3]
    assert [task.id for task in queue.reader.failed(limit=3, after_id=3)] == [4, 5]
    assert first[0] == queue.task(1)


def test_what_was_open_is_counted_to_its_honest_end(queue: Queue) -> None:
    for number in range(1, 5):
        queue.click(f"e{number}")
    assert queue.reader.open_until(3) == (3, 0, "")
    queue.change(1, reason="Network error: no route")
    assert queue.reader.open_until(1) == (1, 0, "Network error: no route")
    queue.fail(2, reason="HTTP 422: project closed")
    remove(queue, 3)
    assert queue.reader.open_until(3) == (1, 1, "HTTP 422: project closed")
    assert queue.reader.open_until(3, [1]) == (1, 0, "Network error: no route")
    assert queue.reader.open_until(3, []) == (0, 0, "")
    assert queue.reader.open_until(0) == (0, 0, "")


def test_a_snapshot_shows_one_moment(queue: Queue) -> None:
    queue.click("e1")
    with queue.reader.snapshot():
        before = queue.reader.tallies()
        queue.click("e2")
        assert queue.reader.tallies() == before
        assert queue.reader.oldest_open(EMBEDDED) == queue.task(1)
    assert queue.reader.tallies() != before


def test_all_events_of_an_entry_can_be_read(queue: Queue) -> None:
    events = (queue.click("e1"), queue.click("e1", EventKind.PAUSE))
    queue.click("e2")
    assert queue.reader.events("e1") == events


# -- recent entries ------------------------------------------------------------------------------


def entry_states(queue: Queue) -> dict[str, EntrySync]:
    return {recent.entry.id: recent.sync for recent in queue.reader.recent(10)}


def test_the_entries_clicked_last_come_first(queue: Queue) -> None:
    for entry in ("e1", "e2", "e3"):
        queue.click(entry)
        queue.click(entry, EventKind.STOP)
    queue.click("e1", EventKind.RESUME)
    found = [recent.entry for recent in queue.reader.recent(2)]
    assert [entry.id for entry in found] == ["e1", "e3"]
    assert found[1].state is TrackerState.STOPPED


def test_a_correction_is_no_click_and_a_deleted_entry_is_none(queue: Queue) -> None:
    for entry in ("e1", "e2", "e3"):
        queue.click(entry)
    queue.click("e1", EventKind.EDIT, note="corrected")
    queue.click("e3", EventKind.DELETE)
    found = [recent.entry for recent in queue.reader.recent(5)]
    assert [(entry.id, entry.note) for entry in found] == [("e2", ""), ("e1", "corrected")]


def test_activities_are_told_as_they_were_corrected(queue: Queue) -> None:
    queue.click("e1", note="mistake")
    queue.click("e2", note="deleted")
    queue.click("e1", EventKind.EDIT, note="right")
    queue.click("e2", EventKind.DELETE, note="deleted")
    assert [one.note for one in queue.reader.recent_activities(9)] == ["right"]


def test_an_entry_without_a_beginning_is_left_out(queue: Queue) -> None:
    queue.click("e1", EventKind.STOP)
    assert queue.reader.recent(5) == ()


@pytest.mark.parametrize(
    ("work", "sync"),
    [
        pytest.param(lambda _: None, EntrySync.WAITING, id="waiting"),
        pytest.param(lambda queue: remove(queue, 1), EntrySync.WAITING, id="half of it waits"),
        pytest.param(lambda queue: remove(queue, 1, 2), EntrySync.SENT, id="sent"),
        pytest.param(
            lambda queue: queue.change(1, doubt=Doubt.SENT), EntrySync.DOUBTFUL, id="doubtful"
        ),
        pytest.param(lambda queue: queue.fail(1), EntrySync.FAILED, id="failed"),
        pytest.param(
            lambda queue: queue.change(1, status=TaskStatus.FAILED, doubt=Doubt.SENT),
            EntrySync.FAILED,
            id="failed and doubtful",
        ),
        pytest.param(
            lambda queue: queue.sql("UPDATE sync_queue SET status = 'discarded'"),
            EntrySync.NOT_SENT,
            id="discarded",
        ),
    ],
)
def test_recent_entries_tell_how_far_they_are_delivered(
    queue: Queue, work: Callable[[Queue], object], sync: EntrySync
) -> None:
    queue.click("e1")
    queue.click("e1", EventKind.STOP)
    work(queue)
    assert entry_states(queue) == {"e1": sync}


def test_an_entry_removed_on_the_server_is_not_called_sent(queue: Queue) -> None:
    queue.click("e1")
    remove(queue, 1)
    known = Known(removed=True)
    queue.do(lambda writer: writer.segments.confirm(EMBEDDED, "e1", "s1", queue.now, known))
    assert entry_states(queue) == {"e1": EntrySync.NOT_SENT}


# -- how much it costs ---------------------------------------------------------------------------

QUESTIONS: dict[str, Callable[[QueueReader], object]] = {
    "tallies": lambda reader: reader.tallies(),
    "oldest open": lambda reader: reader.oldest_open(EMBEDDED),
    "next due": lambda reader: reader.next_due(EMBEDDED),
    "newest failure": lambda reader: reader.newest_failure("refused"),
    "no such failure": lambda reader: reader.newest_failure("network"),
    "newest entry": lambda reader: reader.newest_entry(),
    "open until": lambda reader: reader.open_until(7),
    "failed": lambda reader: reader.failed(limit=2),
    "recent": lambda reader: reader.recent(3),
    "twins": lambda reader: reader.twins(),
    "accounts": lambda reader: reader.accounts(),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_what_the_menu_asks_costs_the_same_at_any_length(
    queue: Queue, question: Callable[[QueueReader], object]
) -> None:
    connection = queue.reader._connection
    fill(queue, 50)
    short = effort_of(connection, lambda: question(queue.reader))
    fill(queue, 1000)
    assert effort_of(connection, lambda: question(queue.reader)) <= short + 50
    plan = plan_of(connection, lambda: question(queue.reader))
    assert plan
    assert not [line for line in plan if line.startswith(("SCAN sync_queue", "SCAN task"))]


def test_recent_activities_are_told_once_in_their_newest_spelling(queue: Queue) -> None:
    for entry, note in (("one", "a"), ("two", "b"), ("three", "a")):
        queue.click(entry, note=note)
        queue.click(entry, EventKind.STOP, note=note)
    queue.do(
        lambda writer: writer.run(
            "INSERT INTO event SELECT NULL, 'x', account, 'four', kind, at_ms, offset_minutes,"
            " zone, boot_id, boot_ms, 'WEBSITE', 'b', '' FROM event LIMIT 1"
        )
    )
    assert queue.reader.recent_activities(100) == (
        Activity("WEBSITE", "b"),
        Activity("Website", "a"),
    )
    assert queue.reader.recent_activities(1) == (Activity("WEBSITE", "b"),)


def test_nothing_was_clicked_recently(queue: Queue) -> None:
    assert queue.reader.recent_activities(10) == ()
