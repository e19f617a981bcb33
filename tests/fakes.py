"""Fakes of our ports: classes that keep the same promises as the real thing, driven by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trayapp.tracking.entry import Stamp

START = datetime(2026, 1, 8, 9, 0, tzinfo=UTC)


class FakeClock:
    """A Clock that moves only when told: `advance` moves both clocks, `set_wall` only one."""

    def __init__(self, at: datetime = START) -> None:
        self._wall = at
        self._boot = timedelta(hours=1)

    def now(self) -> datetime:
        return self._wall

    def boot(self) -> timedelta:
        return self._boot

    def stamp(self) -> Stamp:
        return Stamp(
            at=self._wall,
            offset=timedelta(hours=5),
            zone="Asia/Yekaterinburg",
            boot_id="11111111-1111-1111-1111-111111111111",
            boot=self._boot,
        )

    def advance(self, by: timedelta | float) -> None:
        """Let time pass; a number means seconds."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        self._wall += step
        self._boot += step

    def set_wall(self, at: datetime) -> None:
        """Set the wall clock, as a user or NTP does; the boot clock does not notice."""
        self._wall = at
