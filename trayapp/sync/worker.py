"""SyncWorker: claim, send or look, settle; on the one thread it owns, named "sync".

No lock is held while the server is asked. An outcome is settled in the transaction that claims
the next request, so a kill at any point leaves a request in doubt, never forgotten.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trayapp.clock import Clock
from trayapp.mutex import Mutex, PoisonError
from trayapp.queue.errors import QueueError
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account, Gate, Known
from trayapp.sync import policy
from trayapp.sync.claim import Broken, Pause, Request, choose, watched_unit
from trayapp.sync.outcome import Delivered, Doubtful, Outcome
from trayapp.sync.server import TimeServer, Unit

logger = logging.getLogger(__name__)

_AFTER_QUEUE_ERROR = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPorts:
    """What the worker is given. All of it is called on the sync thread.

    `server_for` may be slow (it may import and connect). `published` says that the queue changed,
    and whether the worker found nothing more to do; `removed` that an entry was gone on the
    server. `recover` mends a poisoned queue and may raise QueueError. `jitter` spreads waits.
    """

    server_for: Callable[[Account], TimeServer]
    clock: Clock
    published: Callable[[bool], None]
    removed: Callable[[str], None]
    recover: Callable[[], None]
    jitter: Callable[[timedelta], timedelta]


@dataclass(slots=True)
class _Unsettled:
    """What was asked and answered, and not yet written down."""

    claim: Request | Broken
    outcome: Outcome


@dataclass(slots=True)
class _Duties:
    """What is to be asked besides the tasks: twins to look for, an account to check."""

    twins: list[tuple[str, str]] = field(default_factory=list)
    check: bool = False


class SyncWorker:
    """Delivers the queue of the active account."""

    def __init__(
        self,
        queue: Mutex[QueueWriter],
        ports: WorkerPorts,
        *,
        max_attempts: int = 5,
        waits: policy.Waits | None = None,
    ) -> None:
        self._queue = queue
        self._ports = ports
        self._max_attempts = max_attempts
        self._waits = waits or policy.Waits()
        self._woken = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._unsettled: _Unsettled | None = None
        self._duties = _Duties()
        self._server: TimeServer | None = None
        self._served: Account | None = None

    # -- the thread ------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to deliver."""
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There may be something to do. Any thread; never blocks."""
        self._woken.set()

    def stop(self, timeout: float) -> bool:
        """Take no more work and wait for the request under way; False when it did not end."""
        self._stopping = True
        self._woken.set()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping:
            # Cleared before the queue is looked at, so that no wake-up is lost.
            self._woken.clear()
            pause = self._step()
            if pause is not None and not self._stopping:
                self._wait(pause.until)
        self.settle()
        if self._server is not None:
            self._server.close()

    def _step(self) -> Pause | None:
        try:
            return self.run_once()
        except QueueError as error:
            logger.warning("The queue cannot be used now: %s", error)
        except PoisonError:
            logger.exception("The queue's last rollback failed; opening it again")
            self._mend()
        except Exception:
            logger.exception("Unexpected; trying again")
        return Pause(self._ports.clock.now() + _AFTER_QUEUE_ERROR)

    def _mend(self) -> None:
        try:
            self._ports.recover()
        except QueueError as error:
            logger.warning("The queue cannot be opened again yet: %s", error)

    def _wait(self, until: datetime | None) -> None:
        if until is None:
            self._woken.wait()
            return
        self._woken.wait(max(0.0, (until - self._ports.clock.now()).total_seconds()))

    # -- one step --------------------------------------------------------------------------

    def run_once(self) -> Pause | None:
        """Settle the last answer, claim the next request and make it; None: go on at once.

        Raises QueueError and PoisonError; an answer not yet settled is kept for the next call.
        """
        changed = self._unsettled is not None
        claim = self._settle_and_claim()
        if isinstance(claim, Account):
            self._connect(claim)
            return None
        if isinstance(claim, Pause):
            if self._duties.check or self._duties.twins:
                self._do_duties()
                return None
            if changed:
                self._ports.published(True)
            return claim
        if changed:
            self._ports.published(False)
        if self._stopping:
            return None
        self._unsettled = _Unsettled(claim, self._ask(claim))
        return None

    def settle(self) -> None:
        """Write down the last answer, if any; errors are logged: a doubt is settled next time."""
        try:
            with self._queue.lock() as guard:
                self._settle(guard.value, self._ports.clock.now())
            self._unsettled = None
        except (QueueError, PoisonError) as error:
            logger.warning("The last answer could not be written down: %s", error)

    def _ask(self, claim: Request | Broken) -> Outcome:
        if isinstance(claim, Broken):
            return claim.outcome
        server = self._connected()
        if claim.looks:
            return server.look(claim.unit, claim.write)
        return server.send(claim.write)

    def _connect(self, account: Account) -> None:
        if self._server is not None:
            self._server.close()
        self._server = self._ports.server_for(account)
        self._served = account

    def _connected(self) -> TimeServer:
        if self._server is None:
            msg = "no server chosen"
            raise RuntimeError(msg)
        return self._server

    def _settle_and_claim(self) -> Request | Broken | Pause | Account:
        with self._queue.lock() as guard:
            writer = guard.value
            now = self._ports.clock.now()
            self._settle(writer, now)
            claim = self._claim(writer, now)
        self._unsettled = None
        return claim

    def _claim(self, writer: QueueWriter, now: datetime) -> Request | Broken | Pause | Account:
        account = writer.accounts.active()
        if self._duties.check:
            return Pause(None)
        served = self._served
        if served is None or served.id != account.id or self._server is None:
            # Connecting is slow: only when there is something to send, and not under the lock.
            waiting = writer.tasks.next_task(account.id, now)
            return account if waiting else Pause(writer.tasks.next_due(account.id))
        return choose(writer, self._server, account, now)

    # -- settling --------------------------------------------------------------------------

    def _settle(self, writer: QueueWriter, now: datetime) -> None:
        if self._unsettled is None:
            return
        claim, outcome = self._unsettled.claim, self._unsettled.outcome
        verdict = policy.decide(outcome, self._situation(writer, claim, now))
        account_id = claim.account.id
        tasks = (claim.task,) if isinstance(claim, Broken) else claim.tasks
        if verdict.fate is policy.Fate.KEPT and verdict.change is not None:
            writer.tasks.change(tasks, verdict.change, now)
            writer.tasks.add_attempt(tasks[0], now, type(outcome).__name__, outcome.reason)
            if not isinstance(outcome, Doubtful) and not _looks(claim):
                writer.tasks.forget_sends(tasks)
        elif isinstance(claim, Request):
            self._take_leave(writer, claim, verdict, outcome, now)
        writer.accounts.set_gate(account_id, verdict.gate)
        writer.accounts.set_refusal(account_id, verdict.refusal)
        writer.tasks.heal(account_id, verdict.heals)
        self._duties.check = verdict.check
        if verdict.resends and isinstance(claim, Request):
            self._watch(writer, claim, now)
        _log(tasks[0].id, tasks[0].kind, outcome)

    def _take_leave(
        self,
        writer: QueueWriter,
        claim: Request,
        verdict: policy.Verdict,
        outcome: Outcome,
        now: datetime,
    ) -> None:
        """The tasks leave the queue: they arrived, or their entry was removed there."""
        account_id = claim.account.id
        known = Known(removed=verdict.fate is policy.Fate.REMOVED)
        if isinstance(outcome, Delivered):
            known = Known(remote_id=outcome.remote_id, base=outcome.base)
            writer.accounts.delivered(account_id, now)
        if known != Known():
            entry = claim.unit.entry
            writer.segments.confirm(
                account_id, entry.id, claim.write.segment_id, _began(claim), known
            )
        if known.removed:
            self._ports.removed(claim.unit.entry.id)
        writer.tasks.remove(claim.tasks)
        writer.tasks.unblock(account_id)
        self._duties.twins = list(writer.segments.watched(account_id, now))

    def _situation(
        self, writer: QueueWriter, claim: Request | Broken, now: datetime
    ) -> policy.Situation:
        account = claim.account
        broken = isinstance(claim, Broken)
        return policy.Situation(
            now=now,
            task=claim.task if isinstance(claim, Broken) else claim.tasks[0],
            looked=_looks(claim),
            repeatable=broken or (isinstance(claim, Request) and claim.write.repeatable),
            gate=claim.gate,
            worked=writer.accounts.active().last_delivery_at is not None,
            refusal=writer.accounts.refusal(account.id),
            failed=lambda cause: writer.tasks.failed_count(account.id, cause),
            max_attempts=self._max_attempts,
            waits=self._waits,
            jitter=self._ports.jitter,
        )

    def _watch(self, writer: QueueWriter, claim: Request, now: datetime) -> None:
        entry = claim.unit.entry
        segment = next((s for s in entry.segments if s.id == claim.write.segment_id), None)
        if segment is not None:
            until = now + self._waits.watch_twins
            writer.segments.watch(claim.account.id, entry.id, segment, until)

    # -- duties ----------------------------------------------------------------------------

    def _do_duties(self) -> None:
        server, account = self._connected(), self._served
        if account is None:
            return
        if self._duties.check:
            outcome = server.check()
            self._duties.check = False
            with self._queue.lock() as guard:
                _close_after_check(guard.value, account, outcome, self._ports.clock.now())
        for entry_id, segment_id in self._duties.twins:
            self._look_for_twin(server, account, entry_id, segment_id)
        self._duties.twins = []
        self._ports.published(False)

    def _look_for_twin(
        self, server: TimeServer, account: Account, entry_id: str, segment_id: str
    ) -> None:
        unit: Unit | None
        with self._queue.lock() as guard:
            unit = watched_unit(guard.value, account, entry_id)
        twins = server.twins(unit, segment_id) if unit is not None else ()
        if twins:
            logger.warning("Entry %s may stand on the server twice: %s", entry_id, twins[0])
            with self._queue.lock() as guard:
                guard.value.segments.set_twin(segment_id, twins[0])


def _looks(claim: Request | Broken) -> bool:
    return isinstance(claim, Request) and claim.looks


def _began(claim: Request) -> datetime:
    segments = claim.unit.entry.segments
    found = (segment.began_at for segment in segments if segment.id == claim.write.segment_id)
    return next(found, claim.unit.entry.started_at)


def _close_after_check(
    writer: QueueWriter, account: Account, outcome: Outcome, now: datetime
) -> None:
    """Everything was refused; where the account itself is the reason, say so at the gate."""
    kind = policy.GATE_OF_CHECK.get(type(outcome))
    if kind is not None:
        due = None if kind in policy.UNTIL_SOMEBODY_ACTS else now
        gate = Gate(kind=kind, reason=outcome.reason, since=now, due_at=due)
        writer.accounts.set_gate(account.id, gate)


def _log(task_id: int, kind: str, outcome: Outcome) -> None:
    level = logging.INFO if isinstance(outcome, Delivered) else logging.WARNING
    logger.log(level, "#%d %s: %s %s", task_id, kind, type(outcome).__name__, outcome.reason)
