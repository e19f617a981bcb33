"""Replay: what a history makes, and which of its steps change nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trayapp.tracking.entry import (
    Edited,
    Event,
    EventKind,
    Segment,
    Stamp,
    TimeEntry,
    TrackerState,
)
from trayapp.tracking.replay import Replay, clock_step, replay

NINE = datetime(2026, 1, 8, 9, 0, tzinfo=UTC)
BOOT = "11111111-1111-1111-1111-111111111111"
LETTERS = {
    "S": EventKind.START,
    "P": EventKind.PAUSE,
    "R": EventKind.RESUME,
    "E": EventKind.STOP,
    "X": EventKind.EDIT,
    "D": EventKind.DELETE,
}


EDITED = Edited(
    (Segment(id="new", began_at=NINE - timedelta(minutes=5), ended_at=NINE),), TrackerState.PAUSED
)


def event(kind: EventKind, *, minute: float, number: int) -> Event:
    """An event so many minutes after nine, both clocks in step."""
    return Event(
        id=f"{number}",
        entry_id="entry",
        kind=kind,
        stamp=stamp(wall=minute * 60, boot=minute * 60),
        project="Сайт",
        note="ночь 🌙",
        edited=EDITED if kind is EventKind.EDIT else None,
    )


def stamp(*, wall: float, boot: float, boot_id: str = BOOT) -> Stamp:
    return Stamp(
        at=NINE + timedelta(seconds=wall),
        offset=timedelta(hours=5),
        zone="Asia/Yekaterinburg",
        boot_id=boot_id,
        boot=timedelta(seconds=boot),
    )


def history(letters: str) -> list[Event]:
    """One event a minute: Start, Pause, Resume, End."""
    return [event(LETTERS[c], minute=n, number=n) for n, c in enumerate(letters)]


def spans(result: Replay) -> list[tuple[str, float, float | None]]:
    """Segments as id, first minute, last minute."""
    segments = result.entry.segments if result.entry else ()
    return [(s.id, minute(s.began_at), s.ended_at and minute(s.ended_at)) for s in segments]  # type: ignore[misc]


def minute(at: datetime) -> float:
    return (at - NINE) / timedelta(minutes=1)


def test_a_history_makes_its_entry() -> None:
    at = [NINE + timedelta(minutes=n) for n in range(4)]
    assert replay(history("SPRE")) == Replay(
        TimeEntry(
            id="entry",
            project="Сайт",
            note="ночь 🌙",
            segments=(
                Segment(id="0", began_at=at[0], ended_at=at[1]),
                Segment(id="2", began_at=at[2], ended_at=at[3]),
            ),
            state=TrackerState.STOPPED,
        ),
        (),
    )


@pytest.mark.parametrize(
    ("letters", "segments", "state", "redundant"),
    [
        pytest.param("S", [("0", 0, None)], "running", "", id="running"),
        pytest.param("SP", [("0", 0, 1)], "paused", "", id="paused"),
        pytest.param("SE", [("0", 0, 1)], "stopped", "", id="stopped"),
        pytest.param("SPE", [("0", 0, 1)], "stopped", "", id="a stop while paused ends there"),
        pytest.param("SPR", [("0", 0, 1), ("2", 2, None)], "running", "", id="resumed"),
        pytest.param("SPPPPPP", [("0", 0, 1)], "paused", "23456", id="six pauses"),
        pytest.param("SSS", [("0", 0, None)], "running", "12", id="three starts"),
        pytest.param("SPS", [("0", 0, 1)], "paused", "2", id="a start is no resume"),
        pytest.param("SR", [("0", 0, None)], "running", "1", id="resume while running"),
        pytest.param("SPRR", [("0", 0, 1), ("2", 2, None)], "running", "3", id="two resumes"),
        pytest.param("SEPRSE", [("0", 0, 1)], "stopped", "2345", id="after the stop"),
        pytest.param("RP", [("0", 0, 1)], "paused", "", id="a leading resume opens"),
        pytest.param("PRE", [("1", 1, 2)], "stopped", "", id="a leading pause is believed"),
        pytest.param("PPRE", [("2", 2, 3)], "stopped", "1", id="a second leading pause is not"),
        pytest.param("SX", [("new", -5, 0)], "paused", "", id="an edit replaces what was"),
        pytest.param("SXX", [("new", -5, 0)], "paused", "2", id="the same edit once more"),
        pytest.param("SXR", [("new", -5, 0), ("2", 2, None)], "running", "", id="and on"),
        pytest.param("SD", [("0", 0, 1)], "stopped", "", id="a deletion ends what runs"),
        pytest.param("SED", [("0", 0, 1)], "stopped", "", id="a deletion of what is stopped"),
        pytest.param("SDDPRSE", [("0", 0, 1)], "stopped", "23456", id="after a deletion"),
        pytest.param("SDX", [("new", -5, 0)], "paused", "", id="an edit makes it anew"),
        pytest.param("PSE", [("1", 1, 2)], "stopped", "", id="a start after a leading pause"),
    ],
)
def test_each_history_has_its_segments_and_its_redundant_steps(
    letters: str, segments: list[tuple[str, float, float | None]], state: str, redundant: str
) -> None:
    result = replay(history(letters))
    assert result.entry is not None
    assert (spans(result), result.entry.state, "".join(result.redundant)) == (
        segments,
        state,
        redundant,
    )


@pytest.mark.parametrize(
    ("letters", "redundant"),
    [
        ("", ""),
        ("P", ""),
        ("E", ""),
        ("PE", ""),
        ("PPPEE", "124"),
        ("ESPR", "123"),
        ("D", ""),
        ("DSD", "12"),
    ],
)
def test_without_an_opening_there_is_no_entry(letters: str, redundant: str) -> None:
    result = replay(history(letters))
    assert result.entry is None
    assert "".join(result.redundant) == redundant


def test_an_end_before_its_begin_becomes_the_begin() -> None:
    events = [
        event(EventKind.START, minute=5, number=0),
        event(EventKind.STOP, minute=3, number=1),
    ]
    assert spans(replay(events)) == [("0", 5, 5)]


@given(st.text(alphabet="SPREXD", max_size=30))
def test_removing_redundant_steps_leaves_the_replay_unchanged(letters: str) -> None:
    events = history(letters)
    before = replay(events)
    kept = [event for event in events if event.id not in before.redundant]
    assert replay(kept) == Replay(before.entry, ())


@given(st.text(alphabet="SPREXD", max_size=30))
def test_only_the_last_segment_of_a_running_entry_is_open(letters: str) -> None:
    result = replay(history(letters))
    if result.entry is None:
        return
    *closed, last = [segment.ended_at for segment in result.entry.segments]
    assert None not in closed
    assert (last is None) == (result.entry.state is TrackerState.RUNNING)


def test_a_deletion_is_told_and_an_edit_takes_it_back() -> None:
    told = [entry.deleted for n in (1, 2, 3) if (entry := replay(history("SDX"[:n])).entry)]
    assert told == [False, True, False]


def test_an_edit_whose_times_are_lost_changes_the_words_alone() -> None:
    lost = replace(event(EventKind.EDIT, minute=1, number=1), edited=None, note="new")
    result = replay([*history("S"), lost])
    assert result.redundant == ()
    assert result.entry is not None
    assert (result.entry.note, spans(result)) == ("new", [("0", 0, None)])


def clicks(*stamps: Stamp) -> list[Event]:
    return [
        Event(id=f"{n}", entry_id="e", kind=EventKind.PAUSE, stamp=s, project="", note="")
        for n, s in enumerate(stamps)
    ]


@pytest.mark.parametrize(
    ("stamps", "seconds"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([stamp(wall=0, boot=0)], 0, id="one click"),
        pytest.param([stamp(wall=0, boot=0), stamp(wall=90, boot=90)], 0, id="in step"),
        pytest.param([stamp(wall=0, boot=0), stamp(wall=62, boot=60)], 0, id="two seconds on"),
        pytest.param([stamp(wall=0, boot=0), stamp(wall=58, boot=60)], 0, id="two seconds back"),
        pytest.param([stamp(wall=0, boot=0), stamp(wall=62.001, boot=60)], 2.001, id="set on"),
        pytest.param([stamp(wall=0, boot=0), stamp(wall=-3540, boot=60)], -3600, id="set back"),
        pytest.param(
            [stamp(wall=0, boot=0), stamp(wall=70, boot=60), stamp(wall=100, boot=120)],
            10 - 30,
            id="twice",
        ),
        pytest.param(
            [stamp(wall=0, boot=0), stamp(wall=61.5, boot=60), stamp(wall=123, boot=120)],
            0,
            id="small ones do not add up",
        ),
        pytest.param(
            [stamp(wall=0, boot=9000), stamp(wall=60, boot=10, boot_id="other")],
            0,
            id="another boot is not compared",
        ),
        pytest.param(
            [
                stamp(wall=0, boot=0),
                stamp(wall=1, boot=500, boot_id=""),
                stamp(wall=2, boot=600, boot_id=""),
                stamp(wall=660, boot=650),
            ],
            10,
            id="times no clock was read for are passed over",
        ),
    ],
)
def test_the_clock_step_is_what_wall_and_boot_clock_disagree_by(
    stamps: list[Stamp], seconds: float
) -> None:
    assert clock_step(clicks(*stamps)) == timedelta(seconds=seconds)
