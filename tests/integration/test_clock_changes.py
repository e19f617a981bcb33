"""The wall clock is set, slewed, wrong by years, or moves between zones; through the real program.

Timer, queue, worker and the server inside: what was clicked stays as it was clicked, is marked,
never negative, and shows on the server as it does here. What it should have been is offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.fakes import START, FakeClock
from tests.integration.core_support import Bench, bench_inside
from trayapp.servers.embedded_json import entry_json
from trayapp.tracking.corrections import Edit
from trayapp.tracking.entry import Stamp
from trayapp.tracking.moments import BadMoment, Unclear, parse_moment
from trayapp.tracking.replay import replay
from trayapp.tracking.tracker import AlreadySo, Command, Pause, Resume, Start, Stop

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
NOTHING, MS = timedelta(), timedelta(milliseconds=1)
BERLIN = ZoneInfo("Europe/Berlin")
YEARS = datetime(2026, 1, 8, 9, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = datetime(2099, 1, 1, tzinfo=UTC) - START


@dataclass(frozen=True)
class Set:
    """Somebody, or NTP, sets the wall clock."""

    by: timedelta


Happening = Command | timedelta | Set
"""A click, time that passes, or a clock that is set."""
Spans = Sequence[tuple[timedelta, timedelta | None]]
"""Begin and end of each segment, counted from the start of the story."""


def play(bench: Bench, story: Iterable[Happening]) -> None:
    for what in story:
        if isinstance(what, timedelta):
            bench.clock.advance(what)
        elif isinstance(what, Set):
            bench.clock.set_wall(bench.clock.now() + what.by)
        else:
            bench.click(what)
        bench.work()


def here(bench: Bench) -> Spans:
    """The newest entry, as the local log has it; nothing in it is negative."""
    entry = replay(bench.core.reader.newest_entry()).entry
    assert entry is not None
    now = bench.clock.now()
    spans = [(one.ended_at or max(now, one.began_at)) - one.began_at for one in entry.segments]
    assert min(spans) >= NOTHING
    assert entry.worked(now) == sum(spans, NOTHING)
    return [
        (one.began_at - START, None if one.ended_at is None else one.ended_at - START)
        for one in entry.segments
    ]


def there(bench: Bench) -> Spans:
    """The same, as the server shows it."""
    events = bench.store.events(bench.core.reader.newest_entry()[0].entry_id)
    shown = entry_json(sorted(events, key=lambda event: event.at_ms))["segments"]
    assert isinstance(shown, list)
    return [(_told(one["begin"]), one["end"] and _told(one["end"])) for one in shown]


def _told(text: str) -> timedelta:
    return datetime.fromisoformat(text) - START


FORWARD, BACK = Set(2 * HOUR), Set(-2 * HOUR)

STORIES = {
    "forward while it runs": (
        [Start("A"), HOUR, FORWARD, HOUR, Stop()],
        [(NOTHING, 4 * HOUR)],
        [(2 * HOUR, 4 * HOUR)],
    ),
    "back while it runs, to before its start": (
        [Start("A"), HOUR, BACK, HOUR / 2, Stop()],
        [(NOTHING, MS)],
        [(-2 * HOUR, -HOUR / 2)],
    ),
    "back while it runs, to after its start": (
        [Start("A"), 5 * HOUR, BACK, HOUR, Stop()],
        [(NOTHING, 4 * HOUR)],
        [(-2 * HOUR, 4 * HOUR)],
    ),
    "forward in a pause": (
        [Start("A"), HOUR, Pause(), FORWARD, HOUR, Resume(), HOUR, Stop()],
        [(NOTHING, HOUR), (4 * HOUR, 5 * HOUR)],
        [(2 * HOUR, 3 * HOUR), (4 * HOUR, 5 * HOUR)],
    ),
    "back in a pause": (
        [Start("A"), HOUR, Pause(), BACK, HOUR, Resume(), HOUR, Stop()],
        [(NOTHING, HOUR), (HOUR + MS, HOUR + 2 * MS)],
        [(-2 * HOUR, -HOUR), (NOTHING, HOUR + 2 * MS)],
    ),
    "two steps of NTP": (
        [Start("A"), HOUR, Set(3 * SECOND), HOUR, Pause(), Set(-5 * SECOND), HOUR, Stop()],
        [(NOTHING, 2 * HOUR + 3 * SECOND)],
        [(NOTHING, 2 * HOUR - 2 * SECOND)],
    ),
    "1970 until the network sets it": (
        [Set(-YEARS), Start("A"), MINUTE, Set(YEARS), HOUR, Stop()],
        [(-YEARS, HOUR + MINUTE)],
        [(NOTHING, HOUR + MINUTE)],
    ),
    "2099 until the network sets it": (
        [Set(AHEAD), Start("A"), MINUTE, Set(-AHEAD), HOUR, Stop()],
        [(AHEAD, AHEAD + MS)],
        [(NOTHING, HOUR + MINUTE)],
    ),
    "there and back again within an entry": (
        [Start("A"), HOUR, FORWARD, Pause(), 9 * HOUR, BACK, Resume(), HOUR, Stop()],
        [(NOTHING, 3 * HOUR), (10 * HOUR, 11 * HOUR)],
        [(NOTHING, HOUR), (10 * HOUR, 11 * HOUR)],
    ),
}


@pytest.mark.parametrize(("story", "clicked", "mended"), STORIES.values(), ids=list(STORIES))
def test_a_clock_that_was_set_changes_nothing_in_silence_and_is_put_right_on_demand(
    tmp_path: Path, story: list[Happening], clicked: Spans, mended: Spans
) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        play(bench, story)
        assert here(bench) == there(bench) == clicked
        assert bench.status.all_sent
        offer = bench.status.clock_offer
        assert offer is not None
        bench.clock.advance(HOUR)
        bench.core.timer.correct(Edit("", by_clock=True), bench.clock.stamp())
        bench.work()
        assert here(bench) == there(bench) == mended
        assert bench.status.all_sent
        assert bench.status.clock_offer is None


QUIET = {
    "a slew of two seconds": ([Start("A"), HOUR, Set(2 * SECOND), HOUR, Stop()], 2 * HOUR),
    "a slew back": ([Start("A"), HOUR, Set(-2 * SECOND), HOUR, Stop()], 2 * HOUR),
    "suspended for a night": ([Start("A"), HOUR, 11 * HOUR, HOUR, Stop()], 13 * HOUR),
    "set before it began": ([FORWARD, Start("A"), HOUR, Stop()], HOUR),
    "set when it was over": ([Start("A"), HOUR, Stop(), BACK, HOUR], HOUR),
}


@pytest.mark.parametrize(("story", "worked"), QUIET.values(), ids=list(QUIET))
def test_what_is_no_step_during_an_entry_is_not_marked(
    tmp_path: Path, story: list[Happening], worked: timedelta
) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        play(bench, story)
        assert here(bench) == there(bench)
        ((begin, end),) = here(bench)
        assert end is not None
        assert abs(end - begin - worked) <= 2 * SECOND
        assert bench.status.clock_offer is None
        found = bench.core.timer.correct(Edit("", by_clock=True), bench.clock.stamp())
        assert isinstance(found, AlreadySo)


@pytest.mark.parametrize("by", [2 * HOUR, -HOUR], ids=["forward", "back"])
def test_it_is_marked_before_the_next_click(tmp_path: Path, by: timedelta) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        play(bench, [Start("A"), 3 * HOUR, Set(by)])
        status = bench.status
        assert status.entry is not None
        assert status.clock_offer is not None
        assert status.entry.clock_step == status.clock_offer.step == by
        assert status.clock_offer.started_at == START + by


def test_who_keeps_the_times_is_not_asked_again_until_it_is_set_again(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, _plug):

        def asked() -> list[timedelta]:
            offer = bench.status.clock_offer
            return [offer.step] if offer else []

        play(bench, [Start("A"), HOUR, FORWARD, HOUR])
        assert asked() == [2 * HOUR]
        bench.core.timer.keep_times(bench.clock.stamp())
        assert asked() == []
        play(bench, [Stop(), HOUR])
        assert asked() == []
        assert here(bench) == there(bench) == [(NOTHING, 4 * HOUR)]
        play(bench, [Start("B"), HOUR])
        bench.core.timer.keep_times(bench.clock.stamp())  # there is nothing to be kept
        play(bench, [FORWARD])
        assert asked() == [2 * HOUR]
        bench.core.timer.keep_times(bench.clock.stamp())
        assert asked() == []
        play(bench, [FORWARD, HOUR])
        assert asked() == [4 * HOUR]


# -- zones and nights ------------------------------------------------------------------------


class LocalClock(FakeClock):
    """A clock on the wall of some place."""

    place = BERLIN

    def stamp(self) -> Stamp:
        offset = self.now().astimezone(self.place).utcoffset()
        assert offset is not None
        return replace(super().stamp(), offset=offset, zone=self.place.key)


def _at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("evening", "morning", "hours", "offsets"),
    [
        pytest.param("2025-10-25T23:00", "2025-10-26T04:00", 6, (2, 1), id="autumn"),
        pytest.param("2025-03-29T23:00", "2025-03-30T04:00", 4, (1, 2), id="spring"),
    ],
)
def test_a_night_in_which_the_clocks_change_has_as_many_hours_as_it_has(
    tmp_path: Path, evening: str, morning: str, hours: int, offsets: tuple[int, int]
) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        clock = bench.core.clock = bench.clock = LocalClock(_at(evening))
        bench.click(Start("A"))
        clock.advance(_at(morning) - _at(evening))
        bench.click(Stop())
        bench.work()
        first, last = bench.clicked
        assert last.at - first.at == hours * HOUR
        assert here(bench) == there(bench)
        told = [(one.offset_s // 3600, one.zone) for one in bench.arrived]
        assert told == [(offset, "Europe/Berlin") for offset in offsets]
        assert bench.status.clock_offer is None


def test_the_doubled_hour_is_refused_with_both_readings_and_either_is_worth_its_hours(
    tmp_path: Path,
) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        clock = bench.core.clock = bench.clock = LocalClock(_at("2025-10-26T00:00"))
        bench.click(Start("A"))
        clock.advance(9 * HOUR)
        with pytest.raises(BadMoment) as refused:
            parse_moment("02:30", now=clock.now(), zone=BERLIN)
        assert refused.value.why is Unclear.TWICE
        early, late = refused.value.readings
        assert late - early == HOUR
        for reading, worked in ((early, 2.5 * HOUR), (late, 3.5 * HOUR)):
            assert reading - bench.clicked[0].at == worked
        bench.click(Stop(), at=late)
        bench.work()
        assert here(bench) == there(bench)


def test_the_missing_hour_is_refused() -> None:
    with pytest.raises(BadMoment) as refused:
        parse_moment("02:30", now=_at("2025-03-30T09:00"), zone=BERLIN)
    assert refused.value.why is Unclear.SKIPPED


def test_who_flies_elsewhere_works_as_long_as_it_took(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        clock = bench.core.clock = bench.clock = LocalClock(START)
        bench.click(Start("A"))
        clock.advance(9 * HOUR)
        clock.place = ZoneInfo("America/New_York")
        bench.click(Stop())
        bench.work()
        assert here(bench) == there(bench) == [(NOTHING, 9 * HOUR)]
        told = [(one.offset_s // 3600, one.zone) for one in bench.arrived]
        assert told == [(1, "Europe/Berlin"), (-5, "America/New_York")]
        assert bench.status.clock_offer is None
