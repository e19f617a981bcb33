"""Timer: the one door for clicks and corrections; menu, command line and windows use it.

The decision "already so" falls inside the transaction that writes the event, so no second caller,
thread or process can get past it. Each call may wait for the lock and for one fsync.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from trayapp.light import dataclass
from trayapp.mutex import LockTimeout, Mutex, PoisonError
from trayapp.queue.errors import QueueBusyError, QueueError
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import GateKind, TaskStatus
from trayapp.tracking.by_clock import by_clock
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.corrections import (
    Correction,
    Delete,
    Edit,
    Pen,
    delete,
    edit,
    last_command,
    undo,
)
from trayapp.tracking.entry import MILLISECOND, Event, EventKind, Stamp, TimeEntry
from trayapp.tracking.replay import replay
from trayapp.tracking.tracker import (
    AlreadySo,
    CannotDo,
    Changed,
    Command,
    Impossible,
    Start,
    State,
    step,
)

LOCK_SECONDS = 10.0
_MOST_WRITTEN_AT_ONCE = 4
"""By one command: a start that ends what ran writes two events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A correction was made: of which entry, how that was and is, and the tracker's state now.

    `undone`: the newest event that an undo took back.
    """

    state: State
    events: tuple[Event, ...]
    before: TimeEntry | None
    after: TimeEntry | None
    undone: EventKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What was refused is mended: how many entries are other now, how many tasks go again."""

    corrected: int
    resent: int


class Timer:
    """Records clicks durably. Any thread may call it.

    `recorded` is called after a click is durable and must not block. `recover` mends a poisoned
    queue; it may raise QueueError.
    """

    def __init__(
        self,
        queue: Mutex[QueueWriter],
        *,
        recorded: Callable[[], None],
        recover: Callable[[], None],
    ) -> None:
        self._queue = queue
        self._recorded = recorded
        self._recover = recover

    def do(
        self, command: Command, stamp: Stamp, *, given_at: datetime | None = None
    ) -> Changed | AlreadySo:
        """Record a click made at `stamp`, or at `given_at` when the user named a time.

        Raises CannotDo when it makes no sense now, QueueError when it could not be written down;
        in both cases nothing has changed.
        """
        # A time that no clock showed has no boot clock to be compared with.
        said = stamp if given_at is None else replace(stamp, at=given_at, boot_id="")
        with self._writing() as writer:
            state = writer.events.state()
            # Only a start names a project.
            catalog = writer.catalog() if isinstance(command, Start) else Catalog()
            result = step(
                state,
                _as_listed(command, catalog),
                said,
                new_id=_new_id,
                given=given_at is not None,
                now=stamp.at,
            )
            if isinstance(result, Changed):
                _check_project(result, catalog, state)
                writer.record(result.events, stamp.at)
                writer.events.lead_to(result.state, result.events[-1])
        if isinstance(result, Changed):
            self._recorded()
        return result

    def correct(self, correction: Correction, stamp: Stamp) -> Corrected | AlreadySo:
        """Record a correction made at `stamp`; an edit or a deletion of "" is of the newest entry.

        Raises as `do` does.
        """
        with self._writing() as writer:
            histories = _histories(writer, correction)
            events = _events_of(correction, histories, writer, Pen(stamp=stamp, new_id=_new_id))
            writer.record(events, stamp.at)
            for event in events:
                # What failed of an entry that is not to be need not be sent, or goes with it.
                if event.kind is EventKind.DELETE:
                    _resend(writer, event.entry_id, stamp.at)
            state = writer.events.state()
        if not events:
            return AlreadySo(state)
        self._recorded()
        corrected = histories[-1]
        return Corrected(
            state=state,
            events=events,
            before=replay(corrected).entry,
            after=replay([*corrected, events[0]]).entry,
            undone=None if isinstance(correction, Edit | Delete) else corrected[-1].kind,
        )

    def fix(self, command: Edit, stamp: Stamp, *, task_ids: Sequence[int] = ()) -> Fixed:
        """Correct what the server refused, and send it again: all in one transaction.

        The entries are those of failed `task_ids`, else the one that is named. Raises as `do` does.
        """
        corrected = resent = 0
        with self._writing() as writer:
            for entry_id in _entries_to_fix(writer, command, task_ids):
                named = replace(command, entry_id=entry_id)
                histories = _histories(writer, named)
                events = _events_of(named, histories, writer, Pen(stamp=stamp, new_id=_new_id))
                writer.record(events, stamp.at)
                corrected += len(events)
                resent += _resend(writer, histories[0][0].entry_id, stamp.at)
        self._recorded()
        return Fixed(corrected=corrected, resent=resent)

    def keep_times(self, stamp: Stamp) -> None:
        """The newest entry is as it should be, though the clock was set: ask no more.

        Raises QueueError.
        """
        with self._writing() as writer:
            found = by_clock(writer.events.newest_entry(), stamp)
            if found is not None:
                writer.clock.keep(found.entry_id, found.step // MILLISECOND)
        self._recorded()

    @contextmanager
    def _writing(self) -> Iterator[QueueWriter]:
        """One transaction. Raises QueueError."""
        if self._queue.is_poisoned:
            self._recover()
        try:
            with self._queue.lock(LOCK_SECONDS) as guard:
                yield guard.value
        except LockTimeout as error:
            msg = "the queue was busy for too long"
            raise QueueBusyError(msg) from error
        except PoisonError as error:
            msg = "the database could not undo a failed write"
            raise QueueError(msg) from error


def _histories(writer: QueueWriter, correction: Correction) -> tuple[tuple[Event, ...], ...]:
    """All events of each entry that is corrected. Raises CannotDo when there is none."""
    if isinstance(correction, Edit | Delete):
        named = correction.entry_id
        found = writer.events.of_entry(named) if named else writer.events.newest_entry()
        if not found:
            raise CannotDo(Impossible.UNKNOWN_ENTRY, None)
        return (found,)
    entries = last_command(writer.events.newest(_MOST_WRITTEN_AT_ONCE))
    if not entries:
        raise CannotDo(Impossible.NOTHING_TO_UNDO, None)
    return tuple(writer.events.of_entry(entry_id) for entry_id in entries)


def _events_of(
    correction: Correction,
    histories: Sequence[Sequence[Event]],
    writer: QueueWriter,
    pen: Pen,
) -> tuple[Event, ...]:
    """The events that the correction is. Raises CannotDo."""
    if isinstance(correction, Delete):
        return delete(histories[0], pen=pen)
    if not isinstance(correction, Edit):
        return undo(histories, pen=pen)
    if correction.project is None:
        return edit(histories[0], correction, pen=pen)
    catalog = writer.catalog_of(histories[0][0].entry_id)
    named = replace(correction, project=catalog.name_of(correction.project))
    made = edit(histories[0], named, pen=pen)
    if made and not catalog.takes(made[0].project):
        raise CannotDo(_no_project(made[0].project), None)
    return made


def _entries_to_fix(writer: QueueWriter, command: Edit, task_ids: Sequence[int]) -> tuple[str, ...]:
    if not task_ids:
        return (command.entry_id,)
    found = [task for task in writer.discards.candidates(task_ids) if task.event_id is not None]
    if {task.id for task in found} != set(task_ids):
        raise CannotDo(Impossible.UNKNOWN_TASK, None)
    return tuple(dict.fromkeys(task.entry_id for task in found))


def _resend(writer: QueueWriter, entry_id: str, now: datetime) -> int:
    """What failed of the entry goes again, in its old place; how many."""
    unsent = writer.discards.unsent(entry_id)
    failed = [task for task in unsent if task.status is TaskStatus.FAILED]
    if not failed:
        return 0
    account_id, ids = failed[0].account_id, [task.id for task in failed]
    # Where many were refused alike, this one may tell whether it was the account.
    writer.accounts.hurry(account_id, now, kinds=(GateKind.REFUSED,))
    return len(writer.tasks.requeue(account_id, after_id=0, limit=len(ids), ids=ids))


def _as_listed(command: Command, catalog: Catalog) -> Command:
    """The command with the project's own name, so that "website" is the "Website" that runs."""
    if isinstance(command, Start) and command.project:
        return replace(command, project=catalog.name_of(command.project))
    return command


def _check_project(result: Changed, catalog: Catalog, state: State) -> None:
    """Say now what the server would refuse later. Raises CannotDo."""
    begun = [event for event in result.events if event.kind is EventKind.START]
    if begun and not catalog.takes(begun[-1].project):
        raise CannotDo(_no_project(begun[-1].project), state.last_event_at)


def _no_project(project: str) -> Impossible:
    return Impossible.UNKNOWN_PROJECT if project else Impossible.NEEDS_PROJECT


def _new_id() -> str:
    import uuid  # noqa: PLC0415  # with the first click

    return str(uuid.uuid4())
