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
from trayapp.tracking.entry import Stamp
from trayapp.tracking.tracker import AlreadySo, Changed, Command, state_of, step

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
                result = step(
                    state_of(guard.value.events.newest_entry()),
                    command,
                    said,
                    new_id=_new_id,
                    given=given_at is not None,
                    now=stamp.at,
                )
                if isinstance(result, Changed):
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


def _new_id() -> str:
    return str(uuid.uuid4())
