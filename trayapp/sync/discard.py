"""Discard: what is not to be sent after all, told first by what it does to the hours.

`effect_of` is pure. The Discarder is used on the main thread only: it waits for the queue's lock
and one fsync. The local log keeps every click, whatever is discarded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from datetime import datetime, timedelta
from enum import StrEnum

from trayapp.light import dataclass
from trayapp.mutex import Mutex
from trayapp.queue.discard_table import Discarded, beginning_of
from trayapp.queue.reader import QueueReader
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Doubt, SyncTask, TaskStatus
from trayapp.sync.cause import TROUBLE
from trayapp.sync.diagnosis import diagnose
from trayapp.sync.outcome import Doubtful, ServerTrouble
from trayapp.tracking.entry import Event, EventKind, TimeEntry, TrackerState
from trayapp.tracking.replay import replay

KEPT = timedelta(days=30)
"""For so long a discard can be undone."""
_PAGE = 1000
_TROUBLES = (ServerTrouble.__name__, Doubtful.__name__)
"""What a server in trouble leaves in a task's history; an older app leaves none of these."""
_NOTHING = timedelta()


class Refusal(StrEnum):
    """Why nothing was discarded, or brought back."""

    NOT_FAILED = "not_failed"
    DOUBTFUL = "doubtful"
    CHANGES_HOURS = "changes_hours"
    NOT_DISCARDED = "not_discarded"
    TOO_LATE = "too_late"
    SENT_SINCE = "sent_since"


class CannotDiscard(Exception):  # noqa: N818  # an answer, not an error
    """It was refused because of these tasks, and nothing has changed; see `discard_words`."""

    def __init__(self, why: Refusal, task_ids: Iterable[int]) -> None:
        super().__init__(why.value)
        self.why = why
        self.task_ids = tuple(sorted(task_ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What it does to one entry on the server that some of its events are not sent.

    `kinds`: what was chosen. `going`: ids of all events that are not sent for it. `more`: by how
    much the worked time grows (negative: shrinks), up to now where the entry runs. `before` and
    `after`: its state with and without them, None where there is no entry at all. `gives_up`: the
    entry's beginning is among them. `on_server`: part of it has arrived. `is_same`: the replay is
    the same with and without them.
    """

    name: str
    kinds: tuple[EventKind, ...]
    going: frozenset[str]
    more: timedelta
    before: TrackerState | None
    after: TrackerState | None
    gives_up: bool
    on_server: bool
    is_same: bool

    @property
    def along(self) -> int:
        """How many events go along with what was chosen."""
        return len(self.going) - len(self.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarding:
    """What is discarded: all the tasks, what that does to each entry they are of.

    `undecided`: how many were tasks of an older database that could not be sent as they are.
    `may_be_there`: how many a server in trouble may have taken all the same.
    """

    task_ids: tuple[int, ...]
    effects: tuple[Effect, ...]
    undecided: int = 0
    may_be_there: int = 0


def effect_of(
    events: Sequence[Event],
    chosen: Set[str],
    *,
    left_out: Set[str],
    unsent: Set[str],
    now: datetime,
) -> Effect:
    """What happens to an entry on the server when the `chosen` events of it are not sent.

    `events`: all of the entry, in order. `left_out`: the ids of those that are not to be sent
    anyway. `unsent`: the ids of those that wait or failed, the chosen ones among them. Without
    its beginning nothing that is unsent is sent.
    """
    kept = [event for event in events if event.id not in left_out]
    before = replay(kept).entry
    gives_up = beginning_of(kept) in chosen
    going = frozenset(chosen | unsent if gives_up else chosen)
    after = replay([event for event in kept if event.id not in going]).entry
    return Effect(
        name=_name(events[-1]),
        kinds=tuple(event.kind for event in kept if event.id in chosen),
        going=going,
        more=_worked(after, now) - _worked(before, now),
        before=before.state if before else None,
        after=after.state if after else None,
        gives_up=gives_up,
        on_server=any(event.id not in unsent for event in kept),
        is_same=before == after,
    )


def _name(event: Event) -> str:
    return " – ".join(part for part in (event.project, event.note) if part)


def _worked(entry: TimeEntry | None, now: datetime) -> timedelta:
    return entry.worked(now) if entry else _NOTHING


class Discarder:
    """Has tasks not sent, and brings them back."""

    def __init__(self, queue: Mutex[QueueWriter], reader: QueueReader) -> None:
        self._queue = queue
        self._reader = reader

    def look(self, ids: Sequence[int] | None, now: datetime) -> Discarding:
        """What `discard` would do. Raises CannotDiscard, QueueError."""
        return self._decide(ids, now, does=False)

    def discard(self, ids: Sequence[int] | None, now: datetime) -> Discarding:
        """Have these tasks not sent; None means the duplicates. Raises CannotDiscard, QueueError.

        Of tasks that failed, and of those that wait behind one; of any account. One task that
        cannot be discarded stops all of it.
        """
        return self._decide(ids, now, does=True)

    def _decide(self, ids: Sequence[int] | None, now: datetime, *, does: bool) -> Discarding:
        proven = ids is None
        wanted = self._duplicates() if ids is None else ids
        with self._queue.lock() as guard:
            writer = guard.value
            tasks, found = _decided(writer, wanted, now, proven=proven)
            if does:
                writer.discards.add(tasks, now)
                _unblock(writer, tasks)
        return found

    def _duplicates(self) -> tuple[int, ...]:
        """The failed tasks that are proven to repeat: looked for before the lock is taken."""
        tasks: list[SyncTask] = []
        with self._reader.snapshot():
            while page := self._reader.failed(limit=_PAGE, after_id=tasks[-1].id if tasks else 0):
                tasks += page
            log = self._reader.failed_log()
        found = diagnose(tasks, history=log.events, discarded=log.discarded, tried=log.tried)
        return tuple(found.duplicates.task_ids) if found.duplicates else ()

    def undo(self, ids: Sequence[int], now: datetime) -> tuple[int, ...]:
        """Bring these back as they were; which. Raises CannotDiscard, QueueError.

        Where the beginning of their entry was discarded, it comes back with all that went along.
        """
        with self._queue.lock() as guard:
            writer = guard.value
            back = _brought_back(writer, ids)
            _stop_at(Refusal.TOO_LATE, (one.task.id for one in back if now - one.at > KEPT))
            found = [one.task for one in back]
            _stop_at(Refusal.SENT_SINCE, writer.discards.overtaken(task.id for task in found))
            writer.discards.restore(task.id for task in found)
            _unblock(writer, found)
        return tuple(task.id for task in found)


def _stop_at(why: Refusal, ids: Iterable[int]) -> None:
    stopping = set(ids)
    if stopping:
        raise CannotDiscard(why, stopping)


def _unblock(writer: QueueWriter, tasks: Iterable[SyncTask]) -> None:
    """What waited for another entry to end may not have to any more."""
    for account_id in {task.account_id for task in tasks}:
        writer.tasks.unblock(account_id)


def _decided(
    writer: QueueWriter, ids: Sequence[int], now: datetime, *, proven: bool
) -> tuple[list[SyncTask], Discarding]:
    chosen = writer.discards.candidates(ids)
    _stop_at(Refusal.NOT_FAILED, set(ids) - {task.id for task in chosen})
    going = [task for task in chosen if task.event_id is None]
    undecided, effects = len(going), list[Effect]()
    for entry_id, asked in _by_entry(chosen).items():
        unsent = writer.discards.unsent(entry_id)
        effect = effect_of(
            writer.events.of_entry(entry_id),
            asked,
            left_out=writer.discards.left_out(entry_id),
            unsent={task.event_id for task in unsent if task.event_id},
            now=now,
        )
        effects.append(effect)
        going += [task for task in unsent if task.event_id in effect.going]
    may_be_there = 0
    if proven:
        _prove(chosen, effects)
    else:
        may_be_there = _may_be_there(writer, going)
    return going, Discarding(
        task_ids=tuple(sorted(task.id for task in going)),
        effects=tuple(effects),
        undecided=undecided,
        may_be_there=may_be_there,
    )


def _may_be_there(writer: QueueWriter, going: Iterable[SyncTask]) -> int:
    """How many of them only the user can look for. Raises CannotDiscard for what we can look for.

    We cannot where the server has answered with trouble until the attempts were used up. What has
    no event is never looked for.
    """
    doubtful = [task for task in going if task.doubt is not Doubt.NONE and task.event_id]
    lost = {one for one in _by_entry(doubtful) if _is_asked_in_vain(writer, one)}
    _stop_at(Refusal.DOUBTFUL, (task.id for task in doubtful if task.entry_id not in lost))
    return len(doubtful)


def _is_asked_in_vain(writer: QueueWriter, entry_id: str) -> bool:
    """The entry's oldest task is the one the server is asked about; the others wait behind it."""
    head = writer.discards.unsent(entry_id)[0]
    has_failed = head.status is TaskStatus.FAILED and head.cause in TROUBLE
    return has_failed and writer.discards.was_asked(head.id, _TROUBLES)


def _by_entry(tasks: Iterable[SyncTask]) -> dict[str, set[str]]:
    """The events of tasks, by entry, in the order of the tasks."""
    found: dict[str, set[str]] = {}
    for task in tasks:
        if task.event_id is not None:
            found.setdefault(task.entry_id, set()).add(task.event_id)
    return found


def _prove(chosen: Sequence[SyncTask], effects: Sequence[Effect]) -> None:
    """The queue may have changed since they were looked for. Whether they arrived is all one."""
    is_same = all(effect.is_same and not effect.along for effect in effects)
    if not is_same:
        raise CannotDiscard(Refusal.CHANGES_HOURS, (task.id for task in chosen))


def _brought_back(writer: QueueWriter, ids: Sequence[int]) -> tuple[Discarded, ...]:
    """These tasks, and what was discarded with the beginning of their entries or since."""
    discards = writer.discards
    back = {one.task.id: one for one in discards.find(ids)}
    _stop_at(Refusal.NOT_DISCARDED, set(ids) - set(back))
    for entry_id in _by_entry(one.task for one in back.values()):
        beginning = beginning_of(writer.events.of_entry(entry_id))
        others = {one.task.event_id: one for one in discards.of_entry(entry_id)}
        first = others.get(beginning)
        if first is not None:
            back |= {one.task.id: one for one in others.values() if one.at >= first.at}
    return tuple(back[number] for number in sorted(back))
