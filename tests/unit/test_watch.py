"""The gap watch: more than ten minutes unseen is a gap, kept until somebody answers it."""

from __future__ import annotations

import logging
import resource
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes import START, FakeClock
from trayapp.tracking.entry import Stamp
from trayapp.watch import LONGEST_GAP, GapWatch, gap_since

MS = timedelta(milliseconds=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "last-seen"


def watched(file: Path, clock: FakeClock, *, running_since: datetime = START) -> GapWatch:
    """What a program that starts now makes of it."""
    watch = GapWatch(file, clock)
    watch.seen(running_since=running_since)
    return watch


def test_ten_minutes_unseen_are_no_gap_and_a_moment_more_is_one(file: Path) -> None:
    clock = FakeClock()
    watched(file, clock)
    clock.advance(LONGEST_GAP)
    assert watched(file, clock).gap_since is None
    clock.advance(LONGEST_GAP + MS)
    assert watched(file, clock).gap_since == START + LONGEST_GAP


def test_what_was_never_seen_was_last_seen_at_its_last_click(file: Path) -> None:
    clock = FakeClock(START + timedelta(minutes=11))
    assert watched(file, clock).gap_since == START


def test_a_click_counts_as_seen(file: Path) -> None:
    clock = FakeClock()
    watched(file, clock)
    clock.advance(timedelta(hours=1))
    assert watched(file, clock, running_since=clock.now() - LONGEST_GAP).gap_since is None


def test_a_gap_while_the_program_itself_stood_still_is_one_too(file: Path) -> None:
    """A machine that slept."""
    clock = FakeClock()
    watch = watched(file, clock)
    clock.advance(timedelta(hours=8))
    watch.seen(running_since=START)
    assert watch.gap_since == START


def test_a_gap_is_asked_about_until_it_is_answered_also_after_a_restart(file: Path) -> None:
    clock = FakeClock(START + timedelta(hours=1))
    watched(file, clock)
    clock.advance(60)
    again = watched(file, clock)
    assert again.gap_since == START
    again.answered()
    assert GapWatch(file, clock).gap_since is None
    clock.advance(60)
    assert watched(file, clock).gap_since is None


def test_a_click_after_the_gap_answers_it(file: Path) -> None:
    clock = FakeClock(START + timedelta(hours=1))
    watch = watched(file, clock)
    watch.seen(running_since=START + timedelta(minutes=59))
    assert watch.gap_since is None


def test_a_start_while_it_watches_leaves_no_gap_whatever_time_it_was_given(file: Path) -> None:
    clock = FakeClock()
    watch = GapWatch(file, clock)
    watch.seen(running_since=None)
    earlier = START - timedelta(hours=2)
    watch.seen(running_since=earlier)
    assert watch.gap_since is None
    assert watched(file, clock, running_since=earlier).gap_since is None


def test_the_first_gap_is_kept_when_a_second_one_follows(file: Path) -> None:
    clock = FakeClock(START + timedelta(hours=1))
    watched(file, clock)
    clock.advance(timedelta(hours=1))
    assert watched(file, clock).gap_since == START


def test_when_nothing_runs_there_is_no_gap_and_no_file(file: Path) -> None:
    clock = FakeClock(START + timedelta(hours=1))
    watch = watched(file, clock)
    watch.seen(running_since=None)
    assert watch.gap_since is None
    assert not file.exists()
    watch.seen(running_since=None)
    watch.answered()
    assert not file.exists()


def test_an_answer_to_nothing_writes_nothing(file: Path) -> None:
    GapWatch(file, FakeClock()).answered()
    assert not file.exists()


def test_a_clock_set_back_makes_no_gap(file: Path) -> None:
    clock = FakeClock()
    watched(file, clock)
    clock.set_wall(START - timedelta(hours=5))
    assert watched(file, clock).gap_since is None


def test_a_clock_set_forward_makes_no_gap(file: Path) -> None:
    clock = FakeClock()
    watch = watched(file, clock)
    clock.advance(LONGEST_GAP)
    clock.set_wall(START + timedelta(hours=5))
    watch.seen(running_since=START)
    assert watch.gap_since is None
    clock.advance(LONGEST_GAP + MS)
    watch.seen(running_since=START)
    assert watch.gap_since == START + timedelta(hours=5)


def test_time_asleep_is_a_gap_though_the_clock_was_set_back_meanwhile(file: Path) -> None:
    clock = FakeClock()
    watch = watched(file, clock)
    clock.advance(timedelta(hours=8))
    clock.set_wall(START + timedelta(hours=1))
    watch.seen(running_since=START)
    assert watch.gap_since == START  # no earlier than it began
    watch.seen(running_since=START)
    assert watch.gap_since == START


class Rebooted(FakeClock):
    """The clock of another boot."""

    def stamp(self) -> Stamp:
        return replace(super().stamp(), boot_id="another")


def test_between_two_boots_the_wall_clock_tells_of_the_gap(file: Path) -> None:
    watched(file, FakeClock())
    assert watched(file, Rebooted(START + timedelta(hours=9))).gap_since == START


def test_a_clock_that_is_not_set_yet_after_a_boot_hides_no_gap(file: Path) -> None:
    watched(file, FakeClock())
    clock = Rebooted(datetime(1970, 1, 1, tzinfo=UTC))
    watch = watched(file, clock)
    assert watch.gap_since is None
    clock.advance(60)
    clock.set_wall(START + timedelta(hours=9))  # the network has told it
    watch.seen(running_since=START)
    assert watch.gap_since == START


def test_a_click_by_a_clock_that_is_not_set_yet_counts_as_seen(file: Path) -> None:
    watched(file, FakeClock())
    clock = Rebooted(START - timedelta(days=9))
    watch = watched(file, clock, running_since=START + MS)
    clock.advance(60)
    watch.seen(running_since=START + MS)
    assert watch.gap_since is None


@pytest.mark.parametrize(
    "content",
    ["", "soon", "1 2 x", "99999999999999999999999", "\N{SNOWMAN}"],
    ids=["empty", "words", "half of it", "out of time", "no ASCII"],
)
def test_a_file_that_says_nothing_is_none(file: Path, content: str) -> None:
    file.write_text(content, encoding="utf-8")
    clock = FakeClock(START + timedelta(minutes=5))
    assert watched(file, clock).gap_since is None


def test_the_command_line_finds_the_same_gap_and_writes_nothing(file: Path) -> None:
    later = START + timedelta(hours=1)
    assert gap_since(file, running_since=START, now=FakeClock(later).stamp()) == START
    assert not file.exists()
    watched(file, FakeClock(later))
    soon = later + timedelta(minutes=1)
    assert gap_since(file, running_since=START, now=FakeClock(soon).stamp()) == START
    assert gap_since(file, running_since=soon, now=FakeClock(soon).stamp()) is None


def test_the_file_is_for_its_owner_only(file: Path) -> None:
    watched(file, FakeClock())
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_disk_that_takes_nothing_is_logged_and_the_gap_still_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock(START + timedelta(hours=1))
    with caplog.at_level(logging.WARNING):
        watch = watched(tmp_path / "missing" / "last-seen", clock)
    assert watch.gap_since == START
    assert "Cannot remember when the entry was last seen" in caplog.text


def test_a_disk_that_is_full_takes_nothing_away(file: Path) -> None:
    clock = FakeClock()
    watch = watched(file, clock)
    clock.advance(LONGEST_GAP)
    watch.seen(running_since=START)
    clock.advance(60)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        watch.seen(running_since=START)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    clock.advance(60)
    assert watched(file, clock).gap_since is None


def test_what_was_longer_is_no_part_of_it(file: Path) -> None:
    clock = FakeClock(START + timedelta(hours=1))
    watch = watched(file, clock)
    assert watch.gap_since == START
    watch.answered()  # a "-" in place of the gap
    clock.advance(60)
    assert watched(file, clock).gap_since is None
