"""Somebody who clicks and corrects, for the tests of corrections and of undo."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.fakes import START as NINE
from tests.fakes import FakeClock
from trayapp.tracking.corrections import Edit, Pen, delete, edit, last_command, undo
from trayapp.tracking.entry import Event, EventKind, TimeEntry
from trayapp.tracking.replay import replay
from trayapp.tracking.tracker import AlreadySo, Command, state_of, step

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MS = timedelta(milliseconds=1)


class Desk:
    """Somebody who clicks and corrects, and what the log then holds, entry by entry."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.log: list[Event] = []
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        return f"id-{next(self._numbers)}"

    @property
    def pen(self) -> Pen:
        return Pen(stamp=self.clock.stamp(), new_id=self.new_id)

    def of(self, entry_id: str) -> list[Event]:
        return [event for event in self.log if event.entry_id == entry_id]

    @property
    def newest(self) -> str:
        """The entry begun last that is not deleted."""
        begun = [event.entry_id for event in self.log if event.kind is EventKind.START]
        there = [one for one in begun if self.of(one)[-1].kind is not EventKind.DELETE]
        return there[-1] if there else ""

    def entry(self, entry_id: str = "") -> TimeEntry:
        entry = replay(self.of(entry_id or self.newest)).entry
        assert entry is not None
        return entry

    def entries(self) -> dict[str, object]:
        """All there is, whatever its segments are called; what is deleted is not there."""
        found = {one.entry_id: replay(self.of(one.entry_id)).entry for one in self.log}
        return {
            name: replace(entry, segments=tuple(replace(one, id="") for one in entry.segments))
            for name, entry in found.items()
            if entry is not None and not entry.deleted
        }

    def click(self, *commands: Command) -> None:
        for command in commands:
            self.clock.advance(60)
            result = step(
                state_of(self.of(self.newest)), command, self.clock.stamp(), new_id=self.new_id
            )
            if not isinstance(result, AlreadySo):
                self.log.extend(result.events)

    def edit(
        self,
        entry_id: str = "",
        *,
        project: str | None = None,
        note: str | None = None,
        started_at: datetime | None = None,
        stopped_at: datetime | None = None,
    ) -> tuple[Event, ...]:
        self.clock.advance(60)
        name = entry_id or self.newest
        command = Edit(name, project, note, started_at, stopped_at)
        events = edit(self.of(name), command, pen=self.pen)
        self.log.extend(events)
        return events

    def delete(self, entry_id: str = "") -> tuple[Event, ...]:
        self.clock.advance(60)
        events = delete(self.of(entry_id or self.newest), pen=self.pen)
        self.log.extend(events)
        return events

    def undo(self) -> tuple[Event, ...]:
        self.clock.advance(60)
        histories = [self.of(name) for name in last_command(self.log[-4:])]
        events = undo(histories, pen=self.pen)
        self.log.extend(events)
        return events


def minutes(entry: TimeEntry) -> list[tuple[float, float | None]]:
    return [
        (
            (one.began_at - NINE) / MINUTE,
            None if one.ended_at is None else (one.ended_at - NINE) / MINUTE,
        )
        for one in entry.segments
    ]


def at(minute: float) -> datetime:
    return NINE + minute * MINUTE


@pytest.fixture
def desk() -> Desk:
    return Desk()
