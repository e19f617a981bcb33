"""Writing down what became of a request, in the transaction that claims the next one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account, Gate, Known, SyncTask, TaskChange
from trayapp.sync import policy
from trayapp.sync.claim import Broken, Request
from trayapp.sync.outcome import Delivered, Doubtful, Outcome

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How patient the worker is. `jitter` spreads a wait, so that clients do not march in step."""

    jitter: Callable[[timedelta], timedelta]
    max_attempts: int = 5
    waits: policy.Waits = field(default_factory=policy.Waits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What is to be done once it is written down and the lock is free.

    `check`: ask about the account itself. `twins`: entries and segments that may stand on the
    server twice. `removed_entry`: an entry found removed there.
    """

    check: bool = False
    twins: tuple[tuple[str, str], ...] = ()
    removed_entry: str = ""


def settle(
    writer: QueueWriter, claim: Request | Broken, outcome: Outcome, *, rules: Rules, now: datetime
) -> Aftermath:
    """Write down what follows from the outcome; runs inside the queue's lock."""
    account_id = claim.account.id
    verdict = policy.decide(outcome, _situation(writer, claim, rules=rules, now=now))
    if verdict.change is not None:
        _keep(writer, claim, outcome, verdict.change, now)
    writer.accounts.set_gate(account_id, verdict.gate)
    writer.accounts.set_refusal(account_id, verdict.refusal)
    writer.tasks.heal(account_id, verdict.heals)
    if isinstance(claim, Request) and verdict.change is None:
        _take_leave(writer, claim, outcome, now)
        removed = verdict.fate is policy.Fate.REMOVED
        return Aftermath(
            twins=writer.segments.watched(account_id, now),
            removed_entry=claim.unit.entry.id if removed else "",
        )
    if isinstance(claim, Request) and verdict.resends:
        _watch(writer, claim, now + rules.waits.watch_twins)
    return Aftermath(check=verdict.check)


def close_after_check(
    writer: QueueWriter, account: Account, outcome: Outcome, now: datetime
) -> None:
    """Everything was refused; where the account itself is the reason, the gate says so."""
    kind = policy.GATE_OF_CHECK.get(type(outcome))
    if kind is not None:
        due = None if kind in policy.UNTIL_SOMEBODY_ACTS else now
        gate = Gate(kind=kind, reason=outcome.reason, since=now, due_at=due)
        writer.accounts.set_gate(account.id, gate)


def log_outcome(claim: Request | Broken, outcome: Outcome) -> None:
    """One line a request, for whoever looks for the reason in the log."""
    task = _tasks(claim)[0]
    level = logging.INFO if isinstance(outcome, Delivered) else logging.WARNING
    logger.log(level, "#%d %s: %s %s", task.id, task.kind, type(outcome).__name__, outcome.reason)


def _situation(
    writer: QueueWriter, claim: Request | Broken, *, rules: Rules, now: datetime
) -> policy.Situation:
    account_id = claim.account.id
    return policy.Situation(
        now=now,
        task=_tasks(claim)[0],
        looked=_looks(claim),
        repeatable=isinstance(claim, Broken) or claim.write.repeatable,
        gate=claim.gate,
        worked=writer.accounts.active().last_delivery_at is not None,
        refusal=writer.accounts.refusal(account_id),
        failed=lambda cause: writer.tasks.failed_count(account_id, cause),
        max_attempts=rules.max_attempts,
        waits=rules.waits,
        jitter=rules.jitter,
    )


def _keep(
    writer: QueueWriter,
    claim: Request | Broken,
    outcome: Outcome,
    change: TaskChange,
    now: datetime,
) -> None:
    tasks = _tasks(claim)
    writer.tasks.change(tasks, change, now)
    writer.tasks.add_attempt(tasks[0], now, type(outcome).__name__, outcome.reason)
    if not isinstance(outcome, Doubtful) and not _looks(claim):
        writer.tasks.forget_sends(tasks)


def _take_leave(writer: QueueWriter, claim: Request, outcome: Outcome, now: datetime) -> None:
    """The tasks leave the queue: they arrived, or their entry was removed there."""
    account_id = claim.account.id
    known = Known(removed=True)
    if isinstance(outcome, Delivered):
        known = Known(remote_id=outcome.remote_id, base=outcome.base)
        writer.accounts.delivered(account_id, now)
    if known != Known():
        entry, segment_id = claim.unit.entry, claim.write.segment_id
        writer.segments.confirm(account_id, entry.id, segment_id, _began(claim), known)
    writer.tasks.remove(claim.tasks)
    writer.tasks.unblock(account_id)


def _watch(writer: QueueWriter, claim: Request, until: datetime) -> None:
    for segment in claim.unit.entry.segments:
        if segment.id == claim.write.segment_id:
            writer.segments.watch(claim.account.id, claim.unit.entry.id, segment, until)


def _tasks(claim: Request | Broken) -> tuple[SyncTask, ...]:
    return claim.tasks if isinstance(claim, Request) else (claim.task,)


def _looks(claim: Request | Broken) -> bool:
    return isinstance(claim, Request) and claim.looks


def _began(claim: Request) -> datetime:
    segments = claim.unit.entry.segments
    found = (segment.began_at for segment in segments if segment.id == claim.write.segment_id)
    return next(found, claim.unit.entry.started_at)
