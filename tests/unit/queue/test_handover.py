from __future__ import annotations

import pytest

from tests.unit.queue.support import Queue
from trayapp.queue.task import Account, Doubt, Known, TaskStatus
from trayapp.tracking.entry import EventKind

PAUSE = EventKind.PAUSE


@pytest.fixture
def anna(queue: Queue) -> Account:
    """An account that is signed in; what was clicked before belongs to nobody's."""
    queue.click("one")
    queue.click("one", PAUSE)
    queue.click("two")
    with queue.writing() as writer:
        return writer.accounts.use("example", "https://x.example", "anna")


def tasks_of(queue: Queue, account: Account) -> list[tuple[object, ...]]:
    return queue.sql(
        "SELECT entry, entity_type, status FROM sync_queue WHERE account = ? ORDER BY id",
        account.id,
    )


def test_entries_are_counted_not_clicks(queue: Queue, anna: Account) -> None:
    with queue.writing() as writer:
        assert writer.handover.entries_of(1) == 2
        assert writer.handover.entries_of(anna.id) == 0


def test_all_of_it_is_sent_to_the_new_account_in_its_order(queue: Queue, anna: Account) -> None:
    with queue.writing() as writer:
        writer.tasks.remove([queue.task(1)])  # had arrived at the server inside
        assert writer.handover.send_again(1, anna.id, queue.now) == 2
    assert tasks_of(queue, anna) == [
        ("one", "time_entry_start", "pending"),
        ("one", "time_entry_pause", "pending"),
        ("two", "time_entry_start", "pending"),
    ]
    assert queue.sql("SELECT DISTINCT account FROM event") == [(anna.id,)]


def test_failures_doubts_and_confirmations_of_the_old_server_mean_nothing_to_the_new_one(
    queue: Queue, anna: Account
) -> None:
    event = queue.sql("SELECT id FROM event WHERE seq = 1")[0][0]
    queue.fail(2)
    queue.change(3, doubt=Doubt.SENT)
    with queue.writing() as writer:
        writer.segments.confirm(1, "one", str(event), queue.now, Known(remote_id="9"))
        writer.handover.send_again(1, anna.id, queue.now)
        assert writer.segments.known("one") == {}
    assert queue.sql("SELECT DISTINCT status, doubt, cause FROM sync_queue") == [
        ("pending", "none", "")
    ]
    tallies = {(one.account_id, one.status): one.count for one in queue.reader.tallies()}
    assert tallies == {(anna.id, "pending"): 3}


def test_what_was_discarded_is_not_sent_there_either(queue: Queue, anna: Account) -> None:
    queue.change(2, status=TaskStatus.DISCARDED)
    with queue.writing() as writer:
        writer.handover.send_again(1, anna.id, queue.now)
    assert ("one", "time_entry_pause", "discarded") in tasks_of(queue, anna)
    assert len(tasks_of(queue, anna)) == 3


def test_the_same_user_under_another_name_keeps_doubts_and_failures(
    queue: Queue, anna: Account
) -> None:
    queue.fail(1)
    queue.change(3, doubt=Doubt.SENT)
    with queue.writing() as writer:
        writer.segments.confirm(1, "two", "s", queue.now, Known(remote_id="9"))
        writer.handover.merge(1, anna.id)
        assert writer.segments.taken(anna.id, "", queue.now) == {"9"}
    assert tasks_of(queue, anna)[0] == ("one", "time_entry_start", "failed")
    assert queue.task(3).doubt is Doubt.SENT


def test_an_event_is_never_changed_but_for_whose_it_is(queue: Queue, anna: Account) -> None:
    with pytest.raises(Exception, match="never changed"):
        queue.sql("UPDATE event SET note = 'other'")
    with pytest.raises(Exception, match="never changed"):
        queue.sql("UPDATE event SET account = ?, at_ms = 0", anna.id)
