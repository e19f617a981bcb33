"""What a discard does to the hours, and the words that tell it first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sync.letters import KINDS
from trayapp import i18n
from trayapp.sync.discard import CannotDiscard, Discarding, Effect, Refusal, effect_of
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
