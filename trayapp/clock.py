"""Clock: where the program gets its times from; nothing else asks the operating system.

The wall clock is the truth of a click; the boot clock (suspend included) only tells whether the
wall clock was set meanwhile.
"""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import tzlocal

from trayapp.tracking.entry import Stamp, from_ms

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """Wall time and boot time. May be asked from any thread; never blocks."""

    def now(self) -> datetime:
        """The wall time, UTC, on whole milliseconds."""
        ...

    def boot(self) -> timedelta:
        """Time since boot, suspend included; never set back."""
        ...

    def stamp(self) -> Stamp:
        """Everything that is kept about the moment of a click."""
        ...


class SystemClock:
    """The operating system's clocks."""

    def __init__(self) -> None:
        self._boot_id = _boot_id()

    def now(self) -> datetime:
        return from_ms(time.time_ns() // 1_000_000)

    def boot(self) -> timedelta:
        source = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        return timedelta(milliseconds=time.clock_gettime_ns(source) // 1_000_000)

    def stamp(self) -> Stamp:
        at = self.now()
        return Stamp(
            at=at,
            offset=at.astimezone().utcoffset() or timedelta(),
            zone=_zone_name(),
            boot_id=self._boot_id,
            boot=self.boot(),
        )


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:  # not Linux: a name for this run; times of other runs are not compared
        return str(uuid.uuid4())


def _zone_name() -> str:
    try:
        return str(tzlocal.get_localzone_name())
    except (LookupError, ValueError, OSError):  # a zone set by hand has no name; the offset stands
        return datetime.now(UTC).astimezone().tzname() or "UTC"
