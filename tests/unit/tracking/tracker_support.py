"""What the tests of the tracker share: one step, names in order, and a log in memory."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

from tests.fakes import START, FakeClock
from trayapp.tracking.activity import Activity
from trayapp.tracking.entry import Event, Stamp
from trayapp.tracking.tracker import (
    AlreadySo,
    CannotDo,
    Changed,
    Command,
    State,
    Stopped,
    step,
)

MS = timedelta(milliseconds=1)
WORK = Activity("Сайт", "ночь 🌙")
NEW = Stopped()
LAST = START - timedelta(minutes=5)


class Ids:
    """Names in order: id-1, id-2, …"""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        return f"id-{next(self._numbers)}"


def at(when: datetime) -> Stamp:
    return replace(FakeClock().stamp(), at=when)


def do(state: State, command: Command, when: datetime = START) -> Changed | AlreadySo:
    return step(state, command, at(when), new_id=Ids())


def changed(state: State, command: Command, when: datetime = START) -> Changed:
    result = do(state, command, when)
    assert isinstance(result, Changed)
    return result


NO_TIME = timedelta()


class Log:
    """What the queue's store does with a step's answer, in memory."""

    def __init__(self) -> None:
        self.state: State = NEW
        self.entries: dict[str, list[Event]] = defaultdict(list)
        self.newest: list[Event] = []
        self._ids = Ids()

    def click(
        self, command: Command, stamp: Stamp, *, now: datetime | None = None
    ) -> tuple[Event, ...]:
        """Take the step; `now` makes the stamp a named time. The events it made."""
        given = now is not None
        try:
            result = step(self.state, command, stamp, new_id=self._ids, given=given, now=now)
        except CannotDo:
            return ()
        if isinstance(result, AlreadySo):
            assert result.state == self.state
            return ()
        self.state = result.state
        for event in result.events:
            self.entries[event.entry_id].append(event)
        self.newest = self.entries[result.events[-1].entry_id]
        return result.events
