"""Discard: all or nothing, and brought back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.queue.support import Queue, a_queue
from tests.unit.sync.letters import KINDS, LETTERS
from trayapp.queue.task import Doubt, TaskStatus
from trayapp.sync.discard import KEPT, CannotDiscard, Discarder, Refusal, _decided
from trayapp.sync.discard_words import discarding_words
from trayapp.tracking.entry import EventKind


@dataclass
class Desk:
    """A queue, and who discards of it."""

    queue: Queue
    discarder: Discarder

    def clicks(self, letters: str, entry: str = "e") -> None:
        for letter in letters:
            self.queue.click(entry, KINDS[letter])

    def discard(self, *ids: int) -> tuple[int, ...]:
        return self.discarder.discard(ids, self.queue.now).task_ids

    def undo(self, *ids: int) -> tuple[int, ...]:
        return self.discarder.undo(ids, self.queue.now)

    def refused(self, why: Refusal, *ids: int) -> tuple[int, ...]:
        """For this reason, and nothing changed."""
        before = self.tasks
        with pytest.raises(CannotDiscard) as caught:
            self.discard(*ids)
        assert (caught.value.why, self.tasks) == (why, before)
        return caught.value.task_ids

    def undo_refused(self, why: Refusal, *ids: int) -> tuple[int, ...]:
        before = self.tasks
        with pytest.raises(CannotDiscard) as caught:
            self.undo(*ids)
        assert (caught.value.why, self.tasks) == (why, before)
        return caught.value.task_ids

    @property
    def tasks(self) -> list[tuple[object, ...]]:
        """All there is about every task."""
        return self.queue.sql("SELECT * FROM sync_queue ORDER BY id")

    @property
    def statuses(self) -> str:
        """The first letter of each status."""
        return "".join(str(row[0]) for row in self.queue.sql(SUBSTR))

    def goes(self) -> str:
        """What of the entry would be sent up to its newest click."""
        (newest,) = self.queue.sql("SELECT id FROM event WHERE entry = 'e' ORDER BY seq DESC")[0]
        with self.queue.writing() as writer:
            return "".join(LETTERS[one.kind] for one in writer.events.until("e", [str(newest)]))


SUBSTR = "SELECT substr(status, 1, 1) FROM sync_queue ORDER BY id"


@contextmanager
def a_desk(folder: Path) -> Iterator[Desk]:
    folder.mkdir(mode=0o700, exist_ok=True)
    with a_queue(folder) as queue:
        yield Desk(queue, Discarder(queue.mutex, queue.reader))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path / "queue") as opened:
        yield opened


def test_a_discarded_pause_is_left_out_and_holds_nothing_any_more(desk: Desk) -> None:
    desk.clicks("SPRE")
    desk.queue.do(lambda writer: writer.tasks.remove([desk.queue.task(1)]))
    desk.queue.fail(2)
    assert desk.discard(2) == (2,)
    assert (desk.statuses, desk.goes()) == ("dpp", "SRE")
    with desk.queue.writing() as writer:
        assert writer.tasks.get_pending(3) is not None
    assert [event.kind for event in desk.queue.reader.events("e")] == list(KINDS.values())[:4]


def test_to_look_at_the_effect_changes_nothing(desk: Desk) -> None:
    desk.clicks("SPRE")
    desk.queue.fail(2)
    before = desk.tasks
    found = desk.discarder.look([2], desk.queue.now)
    assert (found.task_ids, found.effects[0].more) == ((2,), timedelta(seconds=1))
    assert desk.tasks == before


def test_what_waits_behind_a_failed_one_can_be_discarded_and_nothing_else(desk: Desk) -> None:
    desk.clicks("SPRE")
    desk.clicks("S", "other")
    assert desk.refused(Refusal.NOT_FAILED, 1) == (1,)
    desk.queue.fail(2)
    assert desk.refused(Refusal.NOT_FAILED, 3, 1, 5, 99, 2**70) == (1, 5, 99, 2**70)
    assert desk.discard(3) == (3,)
    assert desk.refused(Refusal.NOT_FAILED, 3) == (3,)


def test_a_doubtful_one_is_discarded_only_after_a_look(desk: Desk) -> None:
    desk.clicks("SP")
    desk.queue.change(2, status=TaskStatus.FAILED, cause="network", doubt=Doubt.SENT)
    desk.queue.fail(1)
    assert desk.refused(Refusal.DOUBTFUL, 2) == (2,)
    assert desk.refused(Refusal.DOUBTFUL, 1) == (2,), "it would go along"
    desk.queue.fail(2)
    assert desk.discard(1) == (1, 2)


@pytest.mark.parametrize("doubt", [Doubt.SENT, Doubt.UNKNOWN])
@pytest.mark.parametrize(("outcome", "is_asked"), [("ServerTrouble", True), ("Imported", False)])
def test_what_the_server_answers_with_trouble_only_is_looked_for_by_the_user(
    desk: Desk, doubt: Doubt, outcome: str, *, is_asked: bool
) -> None:
    """It may have acted each time; what an older app was answered says nothing of our looks."""
    desk.clicks("SPR")
    cause, reason = "server_trouble", "HTTP 500: Internal Server Error"
    desk.queue.change(
        1, status=TaskStatus.FAILED, cause=cause, doubt=doubt, reason=reason, due_in=None
    )
    desk.queue.change(2, doubt=doubt)  # went along
    head = desk.queue.task(1)
    desk.queue.do(lambda writer: writer.tasks.add_attempt(head, desk.queue.now, outcome, reason))
    if not is_asked:
        assert desk.refused(Refusal.DOUBTFUL, 1) == (1, 2)
        return
    before = desk.tasks
    found = desk.discarder.discard([1], desk.queue.now)
    assert (found.task_ids, found.may_be_there) == ((1, 2, 3), 2)
    assert discarding_words(found).endswith(
        "2 clicks may have arrived all the same: look on the server."
    )
    assert desk.undo(1) == (1, 2, 3)
    assert desk.tasks == before, "in doubt as it was, so it is looked for"


def test_what_can_never_be_looked_for_can_be_discarded(desk: Desk) -> None:
    """A task of the older app whose entry nobody knows: the user looks, not the program."""
    desk.queue.sql(
        "INSERT INTO sync_queue (account, entity_type, payload, status, created_at, cause, doubt)"
        " VALUES (1, 'time_entry_stop', '{}', 'failed', 1, 'unknown', 'unknown')"
    )
    found = desk.discarder.discard([1], desk.queue.now)
    assert (found.task_ids, found.effects, found.undecided) == ((1,), (), 1)
    assert discarding_words(found).startswith("1 click of the older app cannot be sent as it is")
    assert desk.undo(1) == (1,)
    assert desk.statuses == "f"


def test_tasks_of_any_account_can_be_discarded_and_what_was_blocked_tries_again(
    desk: Desk,
) -> None:
    desk.clicks("S")
    desk.clicks("S", "other")
    desk.queue.sql("INSERT INTO account (id, kind, url, user) VALUES (2, 'hubnity', '', 'anna')")
    desk.queue.sql("UPDATE sync_queue SET account = 2")
    desk.queue.fail(1)
    desk.queue.change(2, cause="blocked", due_in=60)
    desk.discard(1)
    assert desk.queue.task(2).due_at is None


def test_a_start_takes_along_all_of_its_entry_and_what_is_still_clicked(desk: Desk) -> None:
    desk.clicks("SPR")
    desk.clicks("S", "other")
    desk.queue.fail(1)
    assert desk.discard(1) == (1, 2, 3)
    desk.clicks("PRE")
    assert (desk.statuses, desk.goes()) == ("dddpddd", "")
    desk.clicks("P", "other")
    assert desk.statuses == "dddpdddp"


def test_undo_of_a_start_brings_back_all_that_went_along_as_it_was(desk: Desk) -> None:
    desk.clicks("SPR")
    desk.queue.fail(2, "refused", "HTTP 409: no")
    desk.queue.fail(1)
    before = desk.tasks
    assert desk.discard(2) == (2,)
    desk.queue.clock.advance(60)
    assert desk.discard(1) == (1, 3)
    desk.clicks("E")
    assert desk.undo(3) == (1, 3, 4)
    assert desk.statuses == "fdpp"
    assert desk.undo(2) == (2,)
    assert desk.tasks[:3] == before


def test_a_click_after_the_clock_was_set_back_comes_back_too(desk: Desk) -> None:
    desk.clicks("S")
    desk.queue.fail(1)
    desk.discard(1)
    desk.queue.clock.set_wall(desk.queue.now - timedelta(days=1))
    desk.clicks("E")
    assert desk.undo(1) == (1, 2)


def test_what_came_back_has_its_attempts_its_reason_and_its_cause(desk: Desk) -> None:
    desk.clicks("SP")
    desk.queue.fail(1, "server_trouble", "HTTP 500: Internal Server Error")
    desk.queue.sql("UPDATE sync_queue SET retry_count = 5, trial = 2 WHERE id = 1")
    desk.queue.sql("UPDATE sync_queue SET cause = 'network', trial = 1, due_ms = 5 WHERE id = 2")
    before = desk.queue.sql("SELECT * FROM sync_queue WHERE id = 1")
    desk.discard(1)
    assert desk.undo(1) == (1, 2)
    assert desk.queue.sql("SELECT * FROM sync_queue WHERE id = 1") == before
    assert desk.queue.sql("SELECT status, trial, due_ms FROM sync_queue WHERE id = 2") == [
        ("pending", 0, 0)
    ]


def test_a_failed_task_without_a_cause_comes_back_failed(desk: Desk) -> None:
    desk.clicks("S")
    desk.queue.fail(1, "")
    desk.discard(1)
    desk.undo(1)
    assert (desk.statuses, desk.queue.task(1).cause) == ("f", "unknown")


def test_thirty_days_later_it_can_still_be_undone_and_then_no_more(desk: Desk) -> None:
    desk.clicks("SPRE")
    desk.queue.fail(2)
    desk.discard(2)
    desk.queue.clock.advance(KEPT)
    assert desk.undo(2) == (2,)
    desk.discard(2)
    desk.queue.clock.advance(KEPT + timedelta(milliseconds=1))
    assert desk.undo_refused(Refusal.TOO_LATE, 2) == (2,)
    assert desk.goes() == "SRE"


def test_undo_wants_what_the_user_discarded(desk: Desk) -> None:
    desk.clicks("SP")
    desk.clicks("S", "other")
    desk.queue.fail(1)
    desk.discard(1)
    desk.queue.sql("UPDATE sync_queue SET status = 'discarded' WHERE id = 3")  # by an older app
    assert desk.undo_refused(Refusal.NOT_DISCARDED, 1, 3, 99) == (3, 99)


def test_what_would_overtake_cannot_come_back(desk: Desk) -> None:
    """Sent behind the stop, the pause would end the entry where it was paused."""
    desk.clicks("SPRE")
    desk.queue.fail(2)
    desk.discard(2)
    desk.queue.do(lambda writer: writer.tasks.remove([desk.queue.task(3)]))
    assert desk.undo_refused(Refusal.SENT_SINCE, 2) == (2,)
    desk.queue.sql("UPDATE sync_queue SET doubt = 'unknown' WHERE id = 2")
    assert desk.undo(2) == (2,), "it is looked for first"


# -- duplicates ----------------------------------------------------------------------------


def test_the_duplicates_are_discarded_and_nothing_else_also_when_in_doubt(desk: Desk) -> None:
    desk.clicks("SPPPRE")
    desk.clicks("S", "other")
    for number in (2, 3, 4, 7):
        desk.queue.fail(number)
    desk.queue.change(4, status=TaskStatus.FAILED, cause="unknown", doubt=Doubt.UNKNOWN)
    found = desk.discarder.discard(None, desk.queue.now)
    assert found.task_ids == (3, 4)
    assert (desk.statuses, desk.goes()) == ("pfddppf", "SPRE")
    assert desk.discarder.discard(None, desk.queue.now).task_ids == ()
    assert desk.undo(3, 4) == (3, 4)


@pytest.mark.parametrize("ids", [(2,), (1,)], ids=["a pause that counts", "a start"])
def test_no_duplicate_is_removed_that_changes_the_hours(desk: Desk, ids: tuple[int, ...]) -> None:
    desk.clicks("SPPRE")
    for number in (1, 2, 3):
        desk.queue.fail(number)
    with desk.queue.writing() as writer, pytest.raises(CannotDiscard) as caught:
        _decided(writer, (*ids, 3), desk.queue.now, proven=True)
    assert (caught.value.why, caught.value.task_ids) == (Refusal.CHANGES_HOURS, (*ids, 3))


def test_more_duplicates_than_a_page_are_all_found(desk: Desk) -> None:
    desk.clicks("S")
    desk.queue.clock.advance(1)
    pauses = [desk.queue.event("e", EventKind.PAUSE) for _ in range(1100)]
    desk.queue.do(lambda writer: writer.record(pauses, desk.queue.now))
    desk.queue.sql("UPDATE sync_queue SET status = 'failed', cause = 'refused'")
    assert len(desk.discarder.look(None, desk.queue.now).task_ids) == 1099
