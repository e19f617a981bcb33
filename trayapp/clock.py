"""Clock: where the program gets its times from; nothing else asks the operating system.

The wall clock is the truth of a click; the boot clock (suspend included) only tells whether the
wall clock was set meanwhile.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from trayapp.tracking.entry import Stamp, from_ms

_ZONE_LINK = Path("/etc/localtime")
_ZONES = "/zoneinfo/"


class Clock(Protocol):
    """Wall time and boot time. May be asked from any thread; never blocks."""

    def now(self) -> datetime:
        """The wall time, UTC, on whole milliseconds; local times are of the zone as it is now."""
        ...

    def boot(self) -> timedelta:
        """Time since boot, suspend included; never set back."""
        ...

    def stamp(self) -> Stamp:
        """Everything that is kept about the moment of a click."""
        ...


class SystemClock:
    """The operating system's clocks."""

    def __init__(
        self,
        *,
        boot_id_file: Path = Path("/proc/sys/kernel/random/boot_id"),
        zone_name: Callable[[], str | None] | None = None,
    ) -> None:
        self._boot_id = _boot_id(boot_id_file)
        self._zone_name = zone_name or _current_zone_name

    def now(self) -> datetime:
        _follow_zone()
        return from_ms(time.time_ns() // 1_000_000)

    def boot(self) -> timedelta:
        return timedelta(milliseconds=_boot_ns() // 1_000_000)

    def stamp(self) -> Stamp:
        at = self.now()
        return Stamp(
            at=at,
            offset=at.astimezone().utcoffset() or timedelta(),
            zone=self._zone(),
            boot_id=self._boot_id,
            boot=self.boot(),
        )

    def _zone(self) -> str:
        try:
            name = self._zone_name()
        except (LookupError, ValueError, OSError):  # set by hand, without a name: the offset stands
            name = None
        return name or self.now().astimezone().tzname() or "UTC"


class QuickStamps:
    """Stamps for comparing clocks, as often as you like. One thread.

    Finding the zone's name takes a millisecond, so that is the one of the first of them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._first: Stamp | None = None

    def stamp(self) -> Stamp:
        """What the clocks say."""
        self._first = self._first or self._clock.stamp()
        return replace(self._first, at=self._clock.now(), boot=self._clock.boot())


def _follow_zone() -> None:
    """Who travels sets the system's zone; without a word, libc goes on with that of the start."""
    if hasattr(time, "tzset"):  # not Windows
        time.tzset()


def _boot_ns() -> int:
    if not hasattr(time, "clock_gettime_ns"):  # Windows
        return time.monotonic_ns()
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _boot_id(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:  # not Linux: a name for this run; times of other runs are not compared
        import uuid  # noqa: PLC0415  # every command would load it

        return str(uuid.uuid4())


def linked_zone_name(link: Path = _ZONE_LINK) -> str:
    """The zone that the system's link names; empty where there is none, or it names no zone."""
    try:
        return str(link.readlink()).partition(_ZONES)[2] if link.exists() else ""
    except OSError:
        return ""


def _current_zone_name() -> str | None:
    if not os.environ.get("TZ") and (name := linked_zone_name()):
        return name
    import tzlocal  # noqa: PLC0415  # takes longer than all else that a command needs

    tzlocal.reload_localzone()  # the library remembers the zone of the process's start
    return tzlocal.get_localzone_name()
