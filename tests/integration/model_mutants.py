"""Parts of the program that are wrong on purpose: the machine must catch each of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tests.integration.lives import Relay
from tests.integration.model_world import Parts
from tests.integration.mutants import BlindWorker
from trayapp.clock import Clock
from trayapp.config import Paths
from trayapp.queue.rows import task_of
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import SyncTask
from trayapp.queue.task_table import TaskTable
from trayapp.sync.retry import Retrier
from trayapp.sync.server import Nothing, TimeServer, Unit, Write
from trayapp.timer import Timer
from trayapp.tracking.entry import Event, EventKind, Stamp, to_ms
from trayapp.tracking.tracker import AlreadySo, Changed, Command, Pause


class _StartAndStopFirst(TaskTable):
    """Sends by importance, not in order."""

    def next_task(
        self,
        account_id: int,
        now: datetime,
        *,
        not_entry: str = "",
        after_id: int = 0,
        last_entry: str = "",  # noqa: ARG002  # the real one's
    ) -> SyncTask | None:
        rows = self._database.rows(
            "SELECT * FROM sync_queue WHERE account = ? AND status = 'pending' AND due_ms <= ?"
            " AND entry <> ? AND id > ? ORDER BY"
            " entity_type NOT IN ('time_entry_start', 'time_entry_stop'), id LIMIT 1",
            (account_id, to_ms(now), not_entry, after_id),
        )
        return task_of(rows[0]) if rows else None


def _by_importance(paths: Paths) -> QueueWriter:
    writer = QueueWriter(paths.database, paths.writer_lock)
    writer.tasks = _StartAndStopFirst(writer)
    return writer


class _EndingNow(Relay):
    """Ends by the clock of the delivery, as a server's "stop now" does."""

    def __init__(self, inner: TimeServer, clock: Clock) -> None:
        super().__init__(inner)
        self._clock = clock

    def plan(self, unit: Unit) -> Write | Nothing:
        return self.inner.plan(replace(unit, pending=tuple(map(self._ended, unit.pending))))

    def _ended(self, event: Event) -> Event:
        if event.kind not in {EventKind.PAUSE, EventKind.STOP}:
            return event
        stamp = replace(event.stamp, at=max(self._clock.now(), event.at))
        return replace(event, stamp=stamp)


class _Forgetful(Retrier):
    """Tries again as if nothing had been sent."""

    def begin(self, now: datetime, ids: Sequence[int] | None = None) -> int:
        count = super().begin(now, ids)
        with self._queue.lock() as guard:
            guard.value.run(
                "UPDATE sync_queue SET doubt = 'none', wire_body = NULL, due_ms = 0, sends = 0"
            )
        return count


class _Believing(Timer):
    """Leaves it to the menu that a pause is not clicked twice."""

    def do(
        self, command: Command, stamp: Stamp, *, given_at: datetime | None = None
    ) -> Changed | AlreadySo:
        result = super().do(command, stamp, given_at=given_at)
        if isinstance(result, Changed) or not isinstance(command, Pause):
            return result
        with self._writing() as writer:
            last = writer.events.newest_entry()[-1]
            event = replace(last, id=str(uuid.uuid4()), kind=EventKind.PAUSE, stamp=stamp)
            writer.record((event,), stamp.at)
        return Changed(result.state, (event,))


MUTANTS: dict[str, tuple[Parts, str]] = {
    "no look before repeating": (Parts(worker=BlindWorker), "without a look"),
    "start and stop before pause and resume": (Parts(writer=_by_importance), "overtakes"),
    "end by the server's clock": (Parts(wrap=_EndingNow), "strange"),
    "a retry forgets the doubt": (Parts(retrier=_Forgetful), "forgot a doubt"),
    "a busy-flag in the menu alone": (Parts(timer=_Believing), "not what was clicked"),
}
"""Each with what the machine says of it."""
BESIDE_IT: dict[str, tuple[str, ...]] = {
    # What it sent and forgot, it also takes the deletion of for needless.
    "no look before repeating": ("correct",),
}
"""The rules that would bring another of its faults to light first."""
