"""Discard: told first what it does to the hours, all or nothing, and brought back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.queue.support import Queue, a_queue
from trayapp import i18n
from trayapp.queue.task import Doubt, TaskStatus
from trayapp.sync.discard import (
    KEPT,
    CannotDiscard,
    Discarder,
    Discarding,
    Effect,
    Refusal,
    _decided,
    effect_of,
)
from trayapp.sync.discard_words import (
    discarding_words,
    done_words,
    effect_words,
    refusal_words,
    undone_words,
)
from trayapp.tracking.entry import Edited, Event, EventKind, Segment, Stamp, TrackerState
from trayapp.tracking.replay import replay

NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KINDS = dict(zip("SPREXD", EventKind, strict=True))
LETTERS = dict(zip(KINDS.values(), KINDS, strict=True))


def events(steps: str, entry: str = "e", project: str = "Website") -> list[Event]:
    """Such as "S0 P60 R72": what was clicked, and the minute of it."""
    return [
        Event(
            id=f"{entry}{number}",
            entry_id=entry,
            kind=KINDS[step[0]],
            stamp=Stamp(
                at=NOON + float(step[1:]) * MINUTE,
                offset=timedelta(),
                zone="UTC",
                boot_id="",
                boot=timedelta(),
            ),
            project=project,
            note="",
        )
        for number, step in enumerate(steps.split())
    ]


def effect(steps: str, *chosen: int, sent: int = 0, out: tuple[int, ...] = ()) -> Effect:
    """What it does not to send these; the first `sent` have arrived. It is four hours past noon."""
    every = events(steps)
    return effect_of(
        every,
        {every[number].id for number in chosen},
        left_out={every[number].id for number in out},
        unsent={event.id for event in every[sent:]} - {every[number].id for number in out},
        now=NOON + 240 * MINUTE,
    )


@pytest.mark.parametrize(
    ("steps", "chosen", "words"),
    [
        pytest.param(
            "S0 P60 R72 E120",
            (1,),
            "Without this pause, the break counts as work: 0:12 more.",
            id="pause",
        ),
        pytest.param(
            "S0 P60 R60.5 E120",
            (1,),
            "Without this pause, the break counts as work: 30 s more.",
            id="a short break",
        ),
        pytest.param(
            "S0 P60 R60.005 E120",
            (1,),
            "Without this pause, the break counts as work: 1 s more.",
            id="hardly a break",
        ),
        pytest.param(
            "S0 P60",
            (1,),
            "Without this pause, the break counts as work: 3:00 more. It goes on counting there.",
            id="the last pause",
        ),
        pytest.param(
            "S0 P60 R72 E120",
            (2,),
            "Without this resume, the work after it does not count: 0:48 less.",
            id="resume",
        ),
        pytest.param(
            "S0 P60 R72",
            (2,),
            "Without this resume, the work after it does not count: 2:48 less. "
            "There it stays paused.",
            id="the last resume",
        ),
        pytest.param(
            "S0 E120",
            (1,),
            "Without this stop, the entry stays open on the server: 2:00 more. "
            "It goes on counting there.",
            id="stop",
        ),
        pytest.param(
            "S0 P60 E120",
            (2,),
            "Without this stop, the entry stays open on the server: the hours stay the same.",
            id="stop in a pause",
        ),
        pytest.param(
            "S0 P60 R72 P80 R90 E120",
            (1, 2),
            "Without these 2 clicks, the server shows other times: 0:12 more.",
            id="several",
        ),
        pytest.param(
            "S0 P60 R60 E120",
            (1,),
            "Without this click, the server shows other times: the hours stay the same.",
            id="a break of nothing",
        ),
        pytest.param(
            "S0 P60 R72 E72",
            (2,),
            "Without this click, the server shows other times: the hours stay the same.",
            id="work of nothing",
        ),
        pytest.param(
            "S0 P60 P61 P62 R72 E120",
            (2, 3),
            "Your hours on the server are the same without these 2 clicks.",
            id="repeats",
        ),
        pytest.param(
            "S0 P60 R72 E120",
            (0,),
            "Without its beginning, nothing more of this entry is sent: 1:48 less. "
            "3 other clicks of it go along.",
            id="start",
        ),
        pytest.param(
            "S0 E60 X70 D90",
            (3,),
            "Without this deletion, the entry stays on the server: 1:00 more.",
            id="deletion",
        ),
        pytest.param(
            "S0 P60",
            (0, 1),
            "Without its beginning, nothing more of this entry is sent: 1:00 less. "
            "What you still click for it is not sent either.",
            id="all of an open entry",
        ),
        pytest.param(
            "R0 E60",
            (0,),
            "Without its beginning, nothing more of this entry is sent: 1:00 less. "
            "1 other click of it goes along.",
            id="an entry that begins with a resume",
        ),
    ],
)
def test_the_effect_on_the_hours_is_told(steps: str, chosen: tuple[int, ...], words: str) -> None:
    found = effect(steps, *chosen)
    assert effect_words(found) == words
    assert discarding_words(Discarding(task_ids=(1,), effects=(found,))) == words
    i18n.use_language("ru")
    assert "{" not in effect_words(found)


def test_the_effect_of_a_correction_is_what_it_corrects() -> None:
    start, stop, edit = events("S0 E60 X70")
    kept = Segment(id=start.id, began_at=start.at, ended_at=start.at + 90 * MINUTE)
    edited = replace(edit, edited=Edited((kept,), TrackerState.STOPPED))
    every = [start, stop, edited]
    ids = {event.id for event in every}
    now = NOON + 240 * MINUTE
    found = effect_of(every, {edit.id}, left_out=set(), unsent=ids, now=now)
    assert found.more == -30 * MINUTE
    assert effect_words(found) == (
        "Without this correction, the server shows what was before: 0:30 less."
    )
    # Its beginning is that of the clicks, whatever was corrected.
    assert effect_of(every, {start.id}, left_out=set(), unsent=ids, now=now).gives_up


def test_a_start_takes_along_what_is_unsent_and_says_what_stays() -> None:
    """Imported histories may have a start that is behind what has arrived."""
    found = effect("P0 S10 P60 E120", 1, sent=1)
    assert found.going == {"e1", "e2", "e3"}
    assert found.on_server
    assert "What the server has of it already stays there." in effect_words(found)


def test_a_second_start_is_no_beginning() -> None:
    assert effect("S0 S1 E60", 1).going == {"e1"}


def test_what_is_not_sent_anyway_does_not_count() -> None:
    found = effect("S0 P60 R72 E120", 2, out=(1,))
    assert (found.is_same, found.more) == (True, timedelta())


def test_an_entry_without_a_beginning_has_no_hours_to_lose() -> None:
    found = effect("P0 E60", 0)
    assert (found.before, found.after, found.more) == (None, None, timedelta())


@given(
    st.lists(st.sampled_from("SPRE"), min_size=1, max_size=12),
    st.sets(st.integers(0, 11)),
)
def test_the_difference_is_that_of_the_two_replays(letters: list[str], chosen: set[int]) -> None:
    steps = " ".join(f"{letter}{number}" for number, letter in enumerate(letters))
    every, now = events(steps), NOON + 240 * MINUTE
    numbers = {number for number in chosen if number < len(letters)} or {0}
    found = effect(steps, *numbers)
    assert {f"e{number}" for number in numbers} <= found.going
    rest = replay([event for event in every if event.id not in found.going]).entry
    whole = replay(every).entry
    lost = timedelta() if whole is None else whole.worked(now)
    assert found.more == (timedelta() if rest is None else rest.worked(now)) - lost
    assert found.gives_up or len(found.going) == len(numbers)
    assert not found.gives_up or rest is None


@given(st.lists(st.sampled_from("SPRE"), min_size=1, max_size=12))
def test_without_the_redundant_steps_the_entry_is_the_same(letters: list[str]) -> None:
    steps = " ".join(f"{letter}{number}" for number, letter in enumerate(letters))
    redundant = [int(name[1:]) for name in replay(events(steps)).redundant]
    found = effect(steps, *redundant)
    assert found.is_same
    assert found.going == {f"e{number}" for number in redundant}


# -- words ---------------------------------------------------------------------------------


def made(*, more: int, name: str = "Website", is_same: bool = False) -> Effect:
    return Effect(
        name=name,
        kinds=(EventKind.PAUSE,),
        going=frozenset({"e1"}),
        more=more * MINUTE,
        before=TrackerState.STOPPED,
        after=TrackerState.STOPPED,
        gives_up=False,
        on_server=False,
        is_same=is_same,
    )


def test_several_entries_are_named_and_too_many_are_summed_up() -> None:
    effects = [made(more=1, name=""), made(more=0, is_same=True), *[made(more=2)] * 5]
    found = Discarding(task_ids=tuple(range(7)), effects=tuple(effects), undecided=2)
    assert discarding_words(found) == (
        "Without a project: Without this pause, the break counts as work: 0:01 more. "
        "Website: Your hours on the server are the same without this click. "
        + 3
        * "Website: Without this pause, the break counts as work: 0:02 more. "
        + "2 more entries: 0:04 more. "
        "2 clicks of the older app cannot be sent as they are: "
        "the hours on the server stay as they are."
    )
    two = Discarding(task_ids=(1, 2), effects=(made(more=1), made(more=2)))
    assert discarding_words(two).count("Website: ") == 2


def test_where_nothing_changes_it_is_said_once() -> None:
    same = tuple(made(more=0, is_same=True) for _ in range(3))
    text = discarding_words(Discarding(task_ids=(1, 2, 3), effects=same))
    assert text == "Your hours on the server are the same without these 3 clicks."
    assert discarding_words(Discarding(task_ids=(), effects=())) == ""


@pytest.mark.parametrize("why", Refusal)
def test_each_refusal_has_its_sentence_with_the_ids(why: Refusal) -> None:
    few = refusal_words(CannotDiscard(why, [3, 1]))
    assert "#1, #3" in few
    assert "Nothing was" in few
    many = refusal_words(CannotDiscard(why, range(1, 100)))
    assert "#20, …" in many
    i18n.use_language("ru")
    assert "{" not in refusal_words(CannotDiscard(why, [3]))


def test_what_was_done_is_counted() -> None:
    assert (done_words(1), done_words(2)) == ("1 task is not sent.", "2 tasks are not sent.")
    assert (undone_words(1), undone_words(2)) == ("1 task is back.", "2 tasks are back.")


# -- in the queue --------------------------------------------------------------------------


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
