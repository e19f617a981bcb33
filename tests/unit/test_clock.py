"""The system's clock: what it promises about wall time, boot time and the zone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import tzlocal

from tests.fakes import START, FakeClock
from trayapp.clock import QuickStamps, SystemClock, linked_zone_name
from trayapp.tracking.entry import Stamp, from_ms, to_ms

MINUTE = timedelta(minutes=1)


@pytest.fixture
def live_in() -> Iterator[Callable[[str], None]]:
    """Move this process to a zone, and back home afterwards."""

    def move(zone: str) -> None:
        patch.setenv("TZ", zone)
        time.tzset()
        tzlocal.reload_localzone()

    with pytest.MonkeyPatch.context() as patch:
        yield move
    time.tzset()
    tzlocal.reload_localzone()


def test_now_is_utc_on_whole_milliseconds_and_between_two_looks_at_the_system() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before - timedelta(milliseconds=1) < now <= datetime.now(UTC)
    assert now.tzinfo is UTC
    assert from_ms(to_ms(now)) == now


def test_the_boot_clock_counts_since_boot_and_is_never_set_back() -> None:
    clock = SystemClock()
    readings = [clock.boot() for _ in range(100)]
    assert readings == sorted(readings)
    uptime = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    assert abs(clock.boot() - timedelta(seconds=uptime)) < MINUTE


@pytest.mark.parametrize(
    "lacking",
    [["CLOCK_BOOTTIME"], ["CLOCK_BOOTTIME", "CLOCK_MONOTONIC", "clock_gettime_ns", "tzset"]],
    ids=["macOS", "Windows"],
)
def test_a_system_without_that_clock_has_one_that_is_never_set_back_too(
    monkeypatch: pytest.MonkeyPatch, lacking: list[str]
) -> None:
    for name in lacking:
        monkeypatch.delattr(time, name)
    clock = SystemClock()
    before = clock.boot()
    assert timedelta() < before <= clock.stamp().boot <= before + MINUTE


def test_two_clocks_of_one_boot_name_the_same_boot() -> None:
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    assert SystemClock().stamp().boot_id == SystemClock().stamp().boot_id == boot_id


@pytest.mark.parametrize(
    ("zone", "hours"), [("Asia/Tashkent", 5), ("Asia/Kathmandu", 5.75), ("America/Phoenix", -7)]
)
def test_a_stamp_tells_the_zone_and_the_offset_of_the_users_clock(
    zone: str, hours: float, live_in: Callable[[str], None]
) -> None:
    live_in(zone)
    stamp = SystemClock().stamp()
    assert (stamp.zone, stamp.offset) == (zone, timedelta(hours=hours))


def test_a_zone_that_is_set_while_the_program_runs_is_followed(
    live_in: Callable[[str], None],
) -> None:
    live_in("Asia/Tashkent")
    clock = SystemClock()
    at = clock.now()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "America/Phoenix")
        stamp = clock.stamp()
        assert (stamp.zone, stamp.offset) == ("America/Phoenix", timedelta(hours=-7))
        assert at.astimezone().utcoffset() == stamp.offset


def test_the_zone_is_what_the_systems_link_names(tmp_path: Path) -> None:
    zone = tmp_path / "zoneinfo" / "America" / "Phoenix"
    zone.parent.mkdir(parents=True)
    zone.write_bytes(b"")
    link = tmp_path / "localtime"
    link.symlink_to(zone)
    assert linked_zone_name(link) == "America/Phoenix"


def test_a_link_that_names_no_zone_or_leads_nowhere_names_none(tmp_path: Path) -> None:
    other, file, dead = tmp_path / "other", tmp_path / "file", tmp_path / "dead"
    file.write_bytes(b"")
    other.symlink_to(file)
    dead.symlink_to(tmp_path / "zoneinfo" / "Europe" / "Berlin")
    assert [linked_zone_name(one) for one in (other, file, dead)] == ["", "", ""]


def test_without_a_link_the_zone_is_found_all_the_same(live_in: Callable[[str], None]) -> None:
    live_in(":/etc/localtime")
    assert SystemClock().stamp().zone


def test_a_stamp_holds_both_clocks_of_one_moment() -> None:
    clock = SystemClock()
    wall, boot = clock.now(), clock.boot()
    stamp = clock.stamp()
    assert wall <= stamp.at <= clock.now()
    assert boot <= stamp.boot <= clock.boot()


class CountingClock(FakeClock):
    """Counts how often its zone is looked for."""

    asked = 0

    def stamp(self) -> Stamp:
        self.asked += 1
        return super().stamp()


def test_quick_stamps_follow_both_clocks_and_ask_for_the_zone_once() -> None:
    clock = CountingClock()
    stamps = QuickStamps(clock)
    first = stamps.stamp()
    clock.advance(60)
    clock.set_wall(START)
    assert stamps.stamp() == replace(first, at=START, boot=first.boot + timedelta(minutes=1))
    assert clock.asked == 1
