"""The values: times are exact, entries add up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

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
    from_ms,
    to_ms,
)

NINE = datetime(2026, 1, 8, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def entry(*spans: tuple[datetime, datetime | None], state: TrackerState) -> TimeEntry:
    segments = tuple(
        Segment(id=f"s{n}", began_at=began, ended_at=ended)
        for n, (began, ended) in enumerate(spans)
    )
    return TimeEntry(id="e", project="Website", note="", segments=segments, state=state)


@given(st.integers(min_value=-62_135_596_800_000, max_value=253_402_300_799_999))
def test_milliseconds_survive_the_way_there_and_back(ms: int) -> None:
    assert to_ms(from_ms(ms)) == ms


@pytest.mark.parametrize(
    ("at", "ms"),
    [
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), 0, id="epoch"),
        pytest.param(datetime(1970, 1, 1, 0, 0, 0, 1999, tzinfo=UTC), 1, id="rest is cut"),
        pytest.param(datetime(1970, 1, 1, 1, tzinfo=timezone(HOUR)), 0, id="other zone"),
        pytest.param(
            datetime(2026, 1, 8, 16, 37, 39, 123000, tzinfo=UTC), 1767890259123, id="today"
        ),
    ],
)
def test_a_time_is_so_many_milliseconds_after_the_epoch(at: datetime, ms: int) -> None:
    assert to_ms(at) == ms


def test_a_start_and_a_resume_open_a_segment_and_the_others_do_not() -> None:
    assert [kind for kind in EventKind if kind.opens] == [EventKind.START, EventKind.RESUME]


def test_an_event_happened_at_the_time_of_its_stamp() -> None:
    stamp = Stamp(at=NINE, offset=HOUR, zone="Europe/Berlin", boot_id="b", boot=HOUR)
    event = Event(
        id="1", entry_id="e", kind=EventKind.START, stamp=stamp, project="Сайт", note="ночь"
    )
    assert event.at == NINE


def test_a_stopped_entry_ends_with_its_last_segment() -> None:
    spans = ((NINE, NINE + HOUR), (NINE + 2 * HOUR, NINE + 3 * HOUR))
    stopped = entry(*spans, state=TrackerState.STOPPED)
    assert (stopped.started_at, stopped.ended_at) == (NINE, NINE + 3 * HOUR)
    assert entry(*spans, state=TrackerState.PAUSED).ended_at is None


def test_worked_is_the_closed_segments_plus_the_open_one() -> None:
    running = entry((NINE, NINE + HOUR), (NINE + 2 * HOUR, None), state=TrackerState.RUNNING)
    assert running.worked(NINE + 4 * HOUR) == 3 * HOUR


def test_worked_is_never_negative_when_the_clock_was_set_back() -> None:
    running = entry((NINE, None), state=TrackerState.RUNNING)
    assert running.worked(NINE - HOUR) == timedelta()


def span(began: int, ended: int | None) -> Segment:
    ended_at = None if ended is None else NINE + ended * HOUR
    return Segment(id="s", began_at=NINE + began * HOUR, ended_at=ended_at)


@pytest.mark.parametrize(
    ("segments", "state", "wanted"),
    [
        pytest.param([], "stopped", False, id="nothing"),
        pytest.param([(0, 1)], "stopped", True, id="closed"),
        pytest.param([(0, 1)], "paused", True, id="paused"),
        pytest.param([(0, 1)], "running", False, id="nothing runs"),
        pytest.param([(0, None)], "running", True, id="running"),
        pytest.param([(0, None)], "stopped", False, id="open although stopped"),
        pytest.param([(0, None), (1, 2)], "stopped", False, id="open in the middle"),
        pytest.param([(0, 1), (1, None)], "running", True, id="one behind the other"),
        pytest.param([(0, 2), (1, 3)], "stopped", False, id="one over the other"),
        pytest.param([(1, 0)], "stopped", False, id="turned around"),
    ],
)
def test_an_entry_can_be_so_or_not(
    segments: list[tuple[int, int | None]], state: str, *, wanted: bool
) -> None:
    edited = Edited(tuple(span(*one) for one in segments), TrackerState(state))
    assert edited.is_sound is wanted


def test_an_edit_and_a_deletion_correct_and_the_clicks_do_not() -> None:
    assert [kind for kind in EventKind if kind.corrects] == [EventKind.EDIT, EventKind.DELETE]
