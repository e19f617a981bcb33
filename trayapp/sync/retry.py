"""Retrier: failed tasks back to pending, in chunks, and what became of them in the end.

Used on the main thread only. Each chunk is a transaction of its own, and the caller does other
work between two of them, so that a click never waits for a long retry.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trayapp.mutex import Mutex
from trayapp.queue.reader import QueueReader
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import GateKind
from trayapp.sync.status import RetryResult
from trayapp.tracking.entry import to_ms

CHUNK = 500


def release(writer: QueueWriter, kind: GateKind) -> None:
    """Somebody acted on what closed the gate: open it, and let what failed of it go again.

    Runs inside the queue's lock. The kind's name is also the cause its tasks failed for.
    """
    account_id = writer.accounts.active().id
    gate = writer.accounts.gate(account_id)
    if gate is not None and gate.kind is kind:
        writer.accounts.set_gate(account_id, None)
    writer.tasks.requeue_cause(account_id, kind.value)


class Retrier:
    """One retry at a time; a new one takes over what an unfinished one had requeued."""

    def __init__(self, queue: Mutex[QueueWriter]) -> None:
        self._queue = queue
        self._number = 0
        self._ids: Sequence[int] | None = None
        self._total = 0
        self._requeuing = False
        self._watching = False

    def begin(self, now: datetime, ids: Sequence[int] | None = None) -> None:
        """Retry these tasks of the active account, None meaning all. Raises QueueError.

        Every gate gets one probe, unless the server itself named the time.
        """
        with self._queue.lock() as guard:
            account_id = guard.value.accounts.active().id
            guard.value.accounts.hurry(account_id, now, kinds=tuple(GateKind))
            guard.value.tasks.hurry(account_id)
        # Numbers grow over restarts too: the queue remembers which retry a task was part of.
        self._number = max(self._number + 1, to_ms(now))
        self._ids, self._total = ids, 0
        self._requeuing = self._watching = True

    def next_chunk(self) -> bool:
        """Requeue the next chunk; False when there was nothing more. Raises QueueError."""
        if not self._requeuing:
            return False
        with self._queue.lock() as guard:
            account_id = guard.value.accounts.active().id
            moved = guard.value.tasks.requeue(
                account_id, run=self._number, limit=CHUNK, ids=self._ids
            )
        self._total += moved
        self._requeuing = moved == CHUNK
        return self._requeuing

    @property
    def total(self) -> int:
        """How many tasks the newest retry took."""
        return self._total

    def result(self, reader: QueueReader) -> RetryResult | None:
        """What became of it, once; to be asked when the worker rests. None while it goes on."""
        if not self._watching or self._requeuing:
            return None
        self._watching = False
        waiting, failed, reason = reader.run_counts(self._number)
        return RetryResult(
            number=self._number,
            sent=self._total - waiting - failed,
            failed=failed,
            waiting=waiting,
            reason=reason,
        )
