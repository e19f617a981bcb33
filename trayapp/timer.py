"""Timer: the one door for start, pause, resume and stop; menu, command line and windows use it.

The decision "already so" falls inside the transaction that writes the event, so no second caller,
thread or process can get past it. `do` may wait for the lock and for one fsync.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from trayapp.mutex import LockTimeout, Mutex, PoisonError
from trayapp.queue.errors import QueueBusyError, QueueError
from trayapp.queue.store import QueueWriter
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import EventKind, Stamp
from trayapp.tracking.tracker import (
    AlreadySo,
    CannotDo,
    Changed,
    Command,
    Impossible,
    Start,
    State,
    state_of,
    step,
)

LOCK_SECONDS = 10.0


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
        if self._queue.is_poisoned:
            self._recover()
        # A time that no clock showed has no boot clock to be compared with.
        said = stamp if given_at is None else replace(stamp, at=given_at, boot_id="")
        try:
            with self._queue.lock(LOCK_SECONDS) as guard:
                state = state_of(guard.value.events.newest_entry())
                catalog = guard.value.catalog()
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
                    guard.value.record(result.events, stamp.at)
        except LockTimeout as error:
            msg = "the queue was busy for too long"
            raise QueueBusyError(msg) from error
        except PoisonError as error:
            msg = "the database could not undo a failed write"
            raise QueueError(msg) from error
        if isinstance(result, Changed):
            self._recorded()
        return result


def _as_listed(command: Command, catalog: Catalog) -> Command:
    """The command with the project's own name, so that "website" is the "Website" that runs."""
    if isinstance(command, Start) and command.project:
        return replace(command, project=catalog.name_of(command.project))
    return command


def _check_project(result: Changed, catalog: Catalog, state: State) -> None:
    """Say now what the server would refuse later. Raises CannotDo."""
    begun = [event for event in result.events if event.kind is EventKind.START]
    if begun and not catalog.takes(begun[-1].project):
        why = Impossible.UNKNOWN_PROJECT if begun[-1].project else Impossible.NEEDS_PROJECT
        raise CannotDo(why, state.last_event_at)


def _new_id() -> str:
    return str(uuid.uuid4())
