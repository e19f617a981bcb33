"""The model: what the acknowledged clicks make of an entry, and what one more click must do.

Written down anew, in as few lines as it takes: it shares no rule with the program it judges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trayapp.tracking.entry import MILLISECOND, Event, EventKind, TrackerState
from trayapp.tracking.tracker import Command, Start

Span = tuple[datetime, datetime | None]
START, PAUSE, RESUME, STOP = (
    EventKind.START,
    EventKind.PAUSE,
    EventKind.RESUME,
    EventKind.STOP,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """An entry as it must look, on whatever server."""

    project: str
    note: str
    spans: tuple[Span, ...]
    is_over: bool
    is_gone: bool

    @property
    def is_running(self) -> bool:
        return not self.is_over and self.spans[-1][1] is None


def shape(events: Sequence[Event]) -> Shape | None:
    """The ten lines: what the events of one entry, in order, make of it."""
    spans: list[Span] = []
    is_over, is_gone, text = False, False, events[:1]
    for event in events:
        if event.edited is not None:
            spans = [(one.began_at, one.ended_at) for one in event.edited.segments]
            is_over, is_gone = event.edited.state is TrackerState.STOPPED, False
            text = (event,)
        elif event.kind is EventKind.DELETE or not is_over:
            is_open = bool(spans) and spans[-1][1] is None
            if event.kind in {START, RESUME} and not is_open:
                spans.append((event.at, None))
            elif event.kind not in {START, RESUME} and is_open:
                spans[-1] = (spans[-1][0], max(event.at, spans[-1][0]))
            is_over = event.kind in {STOP, EventKind.DELETE}
            is_gone = event.kind is EventKind.DELETE
    return Shape(text[0].project, text[0].note, tuple(spans), is_over, is_gone) if spans else None


_MUST = {
    ("stopped", "Start"): (START,),
    ("stopped", "Stop"): (),
    ("running", "Start"): (STOP, START),
    ("running", "Start the same"): (),
    ("running", "Pause"): (PAUSE,),
    ("running", "Resume"): (),
    ("running", "Stop"): (STOP,),
    ("paused", "Start"): (STOP, START),
    ("paused", "Start the same"): (RESUME,),
    ("paused", "Pause"): (),
    ("paused", "Resume"): (RESUME,),
    ("paused", "Stop"): (STOP,),
}
"""What a click does; what is not here cannot be done."""

Must = tuple[tuple[EventKind, datetime], ...]
"""Kinds and times of the events that a click makes; none: it is so already."""


@dataclass(slots=True)
class Model:
    """All that was acknowledged, in order; `owner`: for which user each entry was begun."""

    told: list[Event] = field(default_factory=list)
    owner: dict[str, str] = field(default_factory=dict)
    former: set[str] = field(default_factory=set)
    """Entries tracked without an account that have gone to one."""
    _past: list[Mapping[str, Shape]] = field(default_factory=lambda: [{}])

    def entries(self) -> dict[str, list[Event]]:
        found: dict[str, list[Event]] = {}
        for event in self.told:
            found.setdefault(event.entry_id, []).append(event)
        return found

    def seen(self) -> dict[str, Shape]:
        """The entries as the user sees them: those that were not deleted."""
        made = {name: shape(events) for name, events in self.entries().items()}
        return {name: one for name, one in made.items() if one and not one.is_gone}

    def current(self) -> tuple[Sequence[Event], Shape | None]:
        """The entry begun last."""
        seen = self.seen()
        newest = list(seen)[-1:]
        return (self.entries()[newest[0]], seen[newest[0]]) if newest else ((), None)

    def must(self, command: Command, at: datetime, *, given_now: datetime | None) -> Must | None:
        """What this click has to do; None: it is to be turned away."""
        events, entry = self.current()
        state = "stopped"
        if entry is not None and not entry.is_over:
            state = "running" if entry.is_running else "paused"
        name = type(command).__name__
        if isinstance(command, Start) and state != "stopped" and entry is not None:
            same = (command.project, command.note or "") == (entry.project, entry.note)
            name = "Start the same" if same else name
        kinds = _MUST.get((state, name))
        last = max((event.at for event in events), default=None)
        if kinds and given_now is not None and (at > given_now or (last and at <= last)):
            return None
        return (
            None if kinds is None else tuple((k, _time(k, state, at, last, kinds)) for k in kinds)
        )

    def told_of(self, events: Sequence[Event], user: str) -> None:
        """A command was acknowledged, with these events."""
        for event in events:
            self.owner.setdefault(event.entry_id, user)
        self.told += events
        self._past.append(self.seen())

    def before_the_last(self) -> Mapping[str, Shape]:
        """What the user saw before the last command: what an undo must bring back."""
        return self._past[-2]

    @property
    def can_undo(self) -> bool:
        return len(self._past) > 1

    def handed_over(self, to: str) -> None:
        """What was tracked without an account belongs to this user from now on."""
        self.former |= {name for name, user in self.owner.items() if not user}
        self.owner = {name: user or to for name, user in self.owner.items()}

    def of_user(self, user: str) -> dict[str, list[Event]]:
        """The entries that are to be on the server of a user."""
        return {name: events for name, events in self.entries().items() if self.owner[name] == user}

    def may_be_at(self, user: str) -> dict[str, list[Event]]:
        """The entries that a server may show: what was without an account stays where it was."""
        stayed = set() if user else self.former
        return self.of_user(user) | {
            name: events for name, events in self.entries().items() if name in stayed
        }


def _time(
    kind: EventKind, state: str, at: datetime, last: datetime | None, kinds: Sequence[EventKind]
) -> datetime:
    if kind is START or last is None:
        return at
    earliest = last + MILLISECOND
    is_swept_up = state == "paused" and len(kinds) > 1  # it ended at its pause
    return earliest if is_swept_up else max(at, earliest)
