"""Repeats: failed steps of an entry that its replay proves to change nothing, and their pattern.

Pure; reached through `trayapp.sync.diagnosis`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from operator import attrgetter
from typing import ClassVar

from trayapp.light import dataclass
from trayapp.queue.failed_reading import EntryLog
from trayapp.queue.task import SyncTask
from trayapp.sync.ids import Ids
from trayapp.tracking.entry import Event, EventKind, Stamp
from trayapp.tracking.replay import replay

TOGETHER = timedelta(seconds=1, milliseconds=99)
"""What was created within this was created at once.

A second, and a little: older databases know whole seconds, and what shares one is told apart here
by milliseconds."""
STEADY_TOLERANCE = timedelta(seconds=2)
_LEAST_GAPS = 2
_STEPS = {kind.value: kind for kind in EventKind if not kind.corrects}
_NOTHING = timedelta()


class Action(StrEnum):
    """What helps against a finding; a window has one button for it."""

    SIGN_IN = "sign_in"
    SERVER_SETTINGS = "server_settings"
    RETRY = "retry"
    FIX = "fix"
    CHOOSE = "choose"
    REPORT = "report"
    REMOVE_DUPLICATES = "remove_duplicates"


class Pattern(StrEnum):
    """How repeated steps follow one another."""

    BURST = "within_one_second"
    STEADY = "steady"
    IRREGULAR = "irregular"


@dataclass(frozen=True, slots=True)
class Span:
    """From the first to the last of some tasks, by their times of creation, UTC."""

    first_at: datetime
    last_at: datetime

    @property
    def together(self) -> bool:
        """Whether all lies within one second."""
        return self.last_at - self.first_at <= TOGETHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Failed steps of one entry that repeat the step before them and change nothing.

    `kept_id` is the task of that step, None where it has not failed. `interval` is that of a
    steady run, in whole seconds.
    """

    kept_id: int | None
    task_ids: tuple[int, ...]
    pattern: Pattern
    interval: timedelta | None
    span: Span


@dataclass(frozen=True, slots=True)
class Duplicates:
    """All failed tasks that the replay of their entry proves to change nothing."""

    task_ids: Sequence[int]
    runs: tuple[Run, ...]
    action: ClassVar[Action] = Action.REMOVE_DUPLICATES
    needs_user: ClassVar[bool] = True

    @property
    def count(self) -> int:
        """How many tasks can be removed."""
        return len(self.task_ids)

    @property
    def span(self) -> Span:
        """When the first and the last of them happened."""
        return joined(run.span for run in self.runs)


def joined(spans: Iterable[Span]) -> Span:
    """The span that holds all of these, one at least."""
    firsts, lasts = zip(*((span.first_at, span.last_at) for span in spans), strict=True)
    return Span(min(firsts), max(lasts))


def events_of(tasks: Iterable[SyncTask]) -> tuple[Event, ...]:
    """The clicks of tasks that the log does not know: those of a database without one.

    Give all tasks of an entry, also those that wait, in order. Left out are starts that name no
    entry (a pause or stop that comes first is believed, so the proof is the same without them)
    and entries with a step of a kind nobody knows, which may change anything.
    """
    tasks = [task for task in tasks if task.entry_id]
    unclear = {_key(task) for task in tasks if task.kind not in _STEPS}
    return tuple(_event(task) for task in tasks if _key(task) not in unclear)


def entry_logs(
    failed: Iterable[SyncTask], history: Iterable[Event], discarded: Set[str]
) -> Iterator[EntryLog]:
    """The `history` by entries; the rest as `diagnose` has it."""
    ids = {_event_id(task): task.id for task in failed}
    entries: dict[str, list[Event]] = {}
    for event in history:
        entries.setdefault(event.entry_id, []).append(event)
    for events in entries.values():
        own = frozenset(event.id for event in events)
        yield EntryLog(
            events=tuple(events),
            failed={one: ids[one] for one in own if one in ids},
            discarded=own & discarded,
        )


def duplicates_of(runs: Iterable[Run]) -> Duplicates | None:
    """All the runs there are; None where nothing repeats."""
    found = tuple(sorted(runs, key=attrgetter("task_ids")))
    ids = sorted(one for run in found for one in run.task_ids)
    return Duplicates(Ids(ids), found) if found else None


def runs_in(entry: EntryLog) -> Iterator[Run]:
    """Each step that counts, with the failed ones behind it that repeat it."""
    events, ids = entry.events, entry.failed
    redundant = frozenset(replay(events).redundant)
    if not redundant or _is_unclear(events, redundant, entry.discarded):
        return
    kept, repeats = events[0], list[Event]()
    for event in events:
        if event.id not in redundant:
            yield from _run(kept, repeats, ids)
            kept, repeats = event, []
        elif event.id in ids:
            repeats.append(event)
    yield from _run(kept, repeats, ids)


def _is_unclear(events: Sequence[Event], redundant: Set[str], discarded: Set[str]) -> bool:
    """Whether a step that counts is not to be sent: what comes behind it may then count."""
    return any(event.id in discarded and event.id not in redundant for event in events)


def _run(kept: Event, repeats: Sequence[Event], ids: Mapping[str, int]) -> Iterator[Run]:
    if repeats:
        pattern, interval, times = _pattern([kept.at, *(event.at for event in repeats)])
        yield Run(
            kept_id=ids.get(kept.id),
            task_ids=tuple(ids[event.id] for event in repeats),
            pattern=pattern,
            interval=interval,
            span=Span(min(times), max(times)),
        )


def _pattern(
    times: Sequence[datetime],
) -> tuple[Pattern, timedelta | None, Sequence[datetime]]:
    """The pattern of a run and its times, the step that counts included where it belongs to it."""
    for some in (times, times[1:]):
        if len(some) > 1 and max(some) - min(some) <= TOGETHER:
            return Pattern.BURST, None, some
        interval = _interval(some)
        if interval is not None:
            return Pattern.STEADY, interval, some
    return Pattern.IRREGULAR, None, times[1:]


def _interval(times: Sequence[datetime]) -> timedelta | None:
    """The steady interval between `times`; None when there is none."""
    gaps = sorted(after - before for before, after in pairwise(times))
    if len(gaps) < _LEAST_GAPS or gaps[0] <= TOGETHER:
        return None
    middle = gaps[len(gaps) // 2]
    if max(middle - gaps[0], gaps[-1] - middle) > STEADY_TOLERANCE:
        return None
    return timedelta(seconds=round(middle.total_seconds()))


def _key(task: SyncTask) -> tuple[int, str]:
    return task.account_id, task.entry_id


def _event_id(task: SyncTask) -> str:
    return task.event_id or f"task {task.id}"


def _event(task: SyncTask) -> Event:
    stamp = Stamp(at=task.created_at, offset=_NOTHING, zone="", boot_id="", boot=_NOTHING)
    return Event(
        id=_event_id(task),
        entry_id=task.entry_id,
        kind=_STEPS[task.kind],
        stamp=stamp,
        project="",
        note="",
    )
