"""Ledger: what was clicked, what the log holds, what the server shows; and how these differ.

Every proof compares whole books. A list of complaints that is empty is the proof; the words in it
("twice", "missing", "strange") tell a test of the tests what was caught.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from tests.plain_server import PlainServer, shown_times
from trayapp.queue.reader import QueueReader
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.timer import Timer
from trayapp.tracking.entry import Event, Stamp, from_ms, to_ms
from trayapp.tracking.replay import replay
from trayapp.tracking.tracker import (
    CannotDo,
    Changed,
    Command,
    Pause,
    Resume,
    Start,
    Stop,
    state_of,
    step,
)

PROJECT = "Website <b>&amp;</b>"
BEGIN = datetime(2026, 1, 8, 9, 0, tzinfo=UTC)
EVERYTHING = 1_000_000
_FAR_MS = 10**14
_SIMPLE: dict[str, Command] = {"pause": Pause(), "resume": Resume(), "stop": Stop()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One click as the script has it; times strictly grow, so a time names a click."""

    name: str
    at: datetime
    note: str = ""

    @property
    def command(self) -> Command:
        if self.name == "start":
            return Start(project=PROJECT, note=self.note)
        return _SIMPLE[self.name]

    @property
    def stamp(self) -> Stamp:
        """The moment of the click, for a process whose own clock does not matter."""
        return Stamp(at=self.at, offset=timedelta(), zone="UTC", boot_id="", boot=timedelta())

    def to_line(self) -> str:
        return json.dumps([self.name, to_ms(self.at), self.note])

    @classmethod
    def from_line(cls, line: str) -> Click:
        name, at_ms, note = json.loads(line)
        return cls(name=name, at=from_ms(at_ms), note=note)


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as a click was told it is recorded."""

    event_id: str
    kind: str
    at_ms: int


Facts = tuple[Fact, ...]

_SENSIBLE = {
    "start": ("pause", "pause", "start", "stop"),
    "pause": ("resume", "resume", "start", "stop"),
    "resume": ("pause", "pause", "start", "stop"),
    "stop": ("start",),
}


class Script:
    """Clicks for ever, by a seed: most of them sensible, a second to a minute and a half apart."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311  # a repeatable script
        self._at = BEGIN
        self._name = "stop"
        self._started = 0

    def next(self) -> Click:
        """Times have nothing to do with the present: late delivery must not change them."""
        sensible = self._dice.random() < 0.8
        name = self._dice.choice(_SENSIBLE[self._name] if sensible else tuple(_SENSIBLE))
        again = name == "start" and self._started > 0 and self._dice.random() < 0.3
        # The same again begins in another second: else even a user could not tell the two apart.
        self._at += timedelta(milliseconds=self._dice.randint(2_000 if again else 1, 90_000))
        if name == "start" and not again:
            self._started += 1
        self._name = name
        return Click(name=name, at=self._at, note=f"№ {self._started} 🌙")


def facts_of(events: Iterable[Event]) -> Facts:
    return tuple(Fact(event.id, event.kind.value, to_ms(event.at)) for event in events)


def facts_to_line(facts: Facts) -> str:
    return json.dumps([[fact.event_id, fact.kind, fact.at_ms] for fact in facts])


def facts_from_line(line: str) -> Facts:
    return tuple(Fact(*parts) for parts in json.loads(line))


def do_click(timer: Timer, click: Click, stamp: Stamp) -> Facts:
    """Click; what was recorded (nothing when it was already so, or could not be done)."""
    try:
        result = timer.do(click.command, stamp)
    except CannotDo:
        return ()
    return facts_of(result.events) if isinstance(result, Changed) else ()


@dataclass(slots=True)
class Diary:
    """What the user did and was told, in order; a click that was never answered keeps None."""

    pages: list[tuple[Click, Facts | None]] = field(default_factory=list)

    def begin(self, click: Click) -> None:
        self.pages.append((click, None))

    def answer(self, facts: Facts) -> None:
        self.pages[-1] = (self.pages[-1][0], facts)

    @property
    def recorded(self) -> int:
        """How many clicks were acknowledged as recorded."""
        return sum(1 for _click, facts in self.pages if facts)

    def complaints(self, log: Sequence[Event]) -> list[str]:
        """Where the local log is not what was acknowledged, in order and at its own times.

        What was never answered may be there or not; but whole, in its place and with its time.
        """
        found: list[str] = []
        position = 0
        for click, facts in self.pages:
            if facts is None:
                position += _events_of_unanswered(click, log, position)
                continue
            here = facts_of(log[position : position + len(facts)])
            if here != facts:
                found.append(f"{click} was told {facts}, the log has {here}")
            if facts and facts[-1].at_ms != to_ms(click.at):
                found.append(f"{click} was recorded for {from_ms(facts[-1].at_ms)}")
            position += len(facts)
        found += [f"nobody clicked {event}" for event in log[position:]]
        return found


def _events_of_unanswered(click: Click, log: Sequence[Event], position: int) -> int:
    """How many events at `position` are those this click makes: all that it makes, or none."""
    before = log[:position]
    newest = [event for event in before if event.entry_id == before[-1].entry_id]
    try:
        result = step(state_of(newest), click.command, click.stamp, new_id=lambda: "")
    except CannotDo:
        return 0
    if not isinstance(result, Changed):
        return 0
    wanted = [(event.kind, event.at) for event in result.events]
    here = [(event.kind, event.at) for event in log[position : position + len(wanted)]]
    return len(wanted) if here == wanted else 0


def log_of(database: Path) -> list[Event]:
    """Every click in the local log, in order."""
    reader = QueueReader(database)
    try:
        recent = reversed(reader.recent(EVERYTHING))
        return [event for one in recent for event in reader.events(one.entry.id)]
    finally:
        reader.close()


def embedded_complaints(store: EmbeddedStore, log: Sequence[Event]) -> list[str]:
    """Where the server inside does not show exactly the events of the log."""
    shown = [
        (event.entry_id, event.id, event.kind, event.at_ms, event.project, event.note)
        for entry_id in store.entries_begun(0, _FAR_MS)
        for event in store.events(entry_id)
    ]
    wanted = [
        (event.entry_id, event.id, event.kind.value, to_ms(event.at), event.project, event.note)
        for event in log
    ]
    found = compared(wanted, shown)
    return found if found or wanted == shown else ["out of order"]


def plain_complaints(app: PlainServer, log: Sequence[Event]) -> list[str]:
    """Where a PlainServer does not show exactly one record a segment, in order."""
    records = app.entries
    shown = [(record.begin, record.end, record.project, record.note) for record in records]
    wanted = []
    order = []
    for entry_id in dict.fromkeys(event.entry_id for event in log):
        entry = replay([event for event in log if event.entry_id == entry_id]).entry
        assert entry is not None
        segments = [
            (*shown_times(segment.began_at, segment.ended_at), entry.project, entry.note)
            for segment in entry.segments
        ]
        wanted += segments
        order += [
            f"out of order: {entry.note}"
            for earlier, later in pairwise(segments)
            if earlier in shown and later in shown and shown.index(earlier) > shown.index(later)
        ]
    return compared(wanted, shown) + order


def compared(wanted: Sequence[object], shown: Sequence[object]) -> list[str]:
    """What should be shown and is not, and what is shown and should not be."""
    should, does = Counter(wanted), Counter(shown)
    missing = [f"missing: {one}" for one in should - does]
    extra = [f"{'twice' if one in should else 'strange'}: {one}" for one in does - should]
    return missing + extra
