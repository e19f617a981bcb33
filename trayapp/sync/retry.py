"""Retrier: failed tasks back to pending, in chunks, and what became of them in the end.

Used on the main thread only. Each chunk is a transaction of its own, and the caller does other
work between two of them, so that a click never waits for a long retry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from trayapp.light import dataclass
from trayapp.mutex import Mutex
from trayapp.queue.reader import QueueReader
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import GateKind, SyncTask
from trayapp.sync.status import RetryResult
from trayapp.sync.waiting import Waits

CHUNK = 2000
_BETWEEN_LOOKS = Waits().between_looks


def release(writer: QueueWriter, kind: GateKind) -> None:
    """Somebody acted on what closed the gate: open it, and let what failed of it go again.

    Runs inside the queue's lock. The kind's name is also the cause its tasks failed for.
    """
    account_id = writer.accounts.active().id
    gate = writer.accounts.gate(account_id)
    if gate is not None and gate.kind is kind:
        writer.accounts.set_gate(account_id, None)
    writer.tasks.requeue_cause(account_id, kind.value)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One retry: `ids` None means all that was open when it began, up to the task `newest`.

    `attempts`: how many each task had before it was put back, by this retry or one before it.
    """

    number: int
    ids: Sequence[int] | None
    total: int
    newest: int
    attempts: dict[int, int]
    done_until: int = 0
    requeuing: bool = True


class Retrier:
    """One retry at a time; a new one takes over what an unfinished one had requeued."""

    def __init__(
        self, queue: Mutex[QueueWriter], *, between_looks: timedelta = _BETWEEN_LOOKS
    ) -> None:
        """`between_looks`: what is in doubt is not looked for sooner than so after the last."""
        self._queue = queue
        self._between_looks = between_looks
        self._number = 0
        self._run: _Run | None = None

    @property
    def is_running(self) -> bool:
        """Whether a retry has begun and its result was not told yet."""
        return self._run is not None

    def begin(self, now: datetime, ids: Sequence[int] | None = None) -> int:
        """Retry these failed tasks of the active account; how many. Raises QueueError.

        None means all of them, and what they hold. Every gate gets one probe, unless the server
        itself named the time.
        """
        with self._queue.lock() as guard:
            tasks = guard.value.tasks
            account_id = guard.value.accounts.active().id
            guard.value.accounts.hurry(account_id, now, kinds=tuple(GateKind))
            tasks.hurry(account_id, between_looks=self._between_looks)
            total, newest = tasks.open_tasks(account_id)
            if ids is not None:
                ids = sorted(tasks.failed_ids(account_id, ids))
                total = len(ids)
        self._number += 1
        attempts = self._run.attempts if self._run else {}
        self._run = _Run(
            number=self._number, ids=ids, total=total, newest=newest, attempts=attempts
        )
        return total

    def next_chunk(self) -> bool:
        """Requeue the next chunk; False when there was nothing more. Raises QueueError."""
        run = self._run
        if run is None or not run.requeuing:
            return False
        run.requeuing = False  # also when this raises: it ends with what is put back by then
        with self._queue.lock() as guard:
            account_id = guard.value.accounts.active().id
            # Only behind the chunk before: what has failed again meanwhile had its chance.
            moved = guard.value.tasks.requeue(
                account_id, after_id=run.done_until, limit=CHUNK, ids=run.ids
            )
        run.attempts.update(moved)
        run.done_until = max(moved, default=run.done_until)
        run.requeuing = len(moved) == CHUNK
        return run.requeuing

    def cancel(self) -> int:
        """Try no more of it: what was put back and not tried yet is failed again; how many.

        What is on its way to the server goes on. Raises QueueError.
        """
        run = self._run
        if run is None:
            return 0
        from trayapp.sync.diagnosis import cause_of_reason  # noqa: PLC0415  # seldom needed

        run.requeuing = False
        with self._queue.lock() as guard:
            tasks = guard.value.tasks
            left = tasks.untried(guard.value.accounts.active().id, run.newest)
            tasks.give_back(
                [(_as_it_was(task, run), cause_of_reason(task.reason)) for task in left]
            )
        return len(left)

    def result(self, reader: QueueReader) -> RetryResult | None:
        """What became of it, once; to be asked when the worker rests. None while it goes on.

        Raises QueueError; it is to be asked again then.
        """
        run = self._run
        if run is None or run.requeuing:
            return None
        waiting, failed, reason = reader.open_until(run.newest, run.ids)
        if waiting or failed:
            reason = reason or _gate_reason(reader)
        self._run = None
        return RetryResult(
            number=run.number,
            sent=run.total - waiting - failed,
            failed=failed,
            waiting=waiting,
            reason=reason,
        )


def _as_it_was(task: SyncTask, run: _Run) -> SyncTask:
    return replace(task, retry_count=run.attempts.get(task.id, task.retry_count))


def _gate_reason(reader: QueueReader) -> str:
    gate = reader.gate(reader.accounts()[0].id)
    return gate.reason if gate else ""
