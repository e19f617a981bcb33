"""Writing down what became of a request, in the transaction that claims the next one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from trayapp.light import dataclass
from trayapp.queue.account_table import Standing
from trayapp.queue.conflict_table import ConflictTable
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account, Doubt, Gate, Known, SyncTask, TaskChange
from trayapp.sync import policy, waiting
from trayapp.sync.cause import TROUBLE
from trayapp.sync.claim import Batch, Broken, Check, Request
from trayapp.sync.found import Begun, Shown, plain
from trayapp.sync.outcome import (
    Conflict,
    Delivered,
    Doubtful,
    Outcome,
    Several,
    Unasked,
    may_have_acted,
)
from trayapp.sync.rules import Rules

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What is to be done once it is written down and the lock is free.

    `check`: ask about the account itself. `delivered`: the server said yes to something.
    `removed`: entries found removed there. `closed`: entries of the user that were ended there,
    in words.
    """

    check: bool = False
    delivered: bool = False
    removed: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()


_Asked = Request | Broken | Check
_LEAVES = frozenset({policy.Fate.SETTLED, policy.Fate.REMOVED})
_STRANGE = Doubtful("Internal error: as many answers as writes were expected", answered=True)


def settle(
    writer: QueueWriter,
    claim: _Asked | Batch,
    outcome: Outcome,
    *,
    rules: Rules,
    now: datetime,
) -> Aftermath:
    """Write down what follows from the outcome; runs inside the queue's lock."""
    account, gate, after = claim.account, claim.gate, Aftermath()
    for part, told in _told_apart(claim, outcome):
        # As if each had been asked for by itself, one after the other.
        is_first = part.account is account and part.gate is gate
        asked = part if is_first else replace(part, account=account, gate=gate)
        verdict = _settle_one(writer, asked, told, rules=rules, now=now)
        gate = verdict.gate
        if verdict.fate is policy.Fate.SETTLED and isinstance(claim, Batch):
            account = replace(account, last_delivery_at=now)
        after = _added(after, asked, told, verdict)
    writer.accounts.set_gate(account.id, _asked_meanwhile(writer, claim, gate, now))
    return after


def settle_aside(
    writer: QueueWriter, account: Account, outcome: Outcome, *, rules: Rules, now: datetime
) -> bool:
    """A question that no task was asked for came to this; whether the server wants a pause."""
    claim = Check(account=account, gate=writer.accounts.gate(account.id))
    gate = waiting.paused(outcome, _moment(claim, rules, now))
    if gate is not None:
        writer.accounts.set_gate(account.id, gate)
    return gate is not None


def _told_apart(claim: _Asked | Batch, outcome: Outcome) -> Sequence[tuple[_Asked, Outcome]]:
    """Each part of what was asked, with what became of it."""
    if not isinstance(claim, Batch):
        return ((claim, _STRANGE if isinstance(outcome, Several) else outcome),)
    others = Unasked(acted=may_have_acted(outcome))
    told: tuple[Outcome, ...] = (outcome, *(others for _ in claim.parts[1:]))
    if isinstance(outcome, Doubtful):
        told = tuple(outcome for _ in claim.parts)
    if isinstance(outcome, Several):
        fits = len(outcome.parts) == len(claim.parts)
        told = outcome.parts if fits else tuple(_STRANGE for _ in claim.parts)
    return tuple(zip(claim.parts, told, strict=True))


def _settle_one(
    writer: QueueWriter, claim: _Asked, outcome: Outcome, *, rules: Rules, now: datetime
) -> policy.Verdict:
    account_id = claim.account.id
    was = writer.accounts.standing(account_id)
    if isinstance(claim, Check):
        verdict = policy.decide_check(outcome, _moment(claim, rules, now))
    else:
        situation = _situation(writer, claim, outcome, rules=rules, now=now, was=was)
        verdict = policy.decide(plain(outcome), situation)
        if verdict.refusal != was.refusal:
            writer.accounts.set_refusal(account_id, verdict.refusal)
        _write_down(writer, claim, outcome, verdict, rules=rules, now=now)
    if was.has_blocked and verdict.fate in _LEAVES:
        writer.tasks.unblock(account_id)
    if was.has_failed:
        writer.tasks.heal(account_id, verdict.heals)
    return verdict


def _added(after: Aftermath, claim: _Asked, outcome: Outcome, verdict: policy.Verdict) -> Aftermath:
    delivered = verdict.fate is policy.Fate.SETTLED
    is_removed = verdict.fate is policy.Fate.REMOVED
    closed = outcome.closed_other if isinstance(outcome, Delivered) else ""
    return Aftermath(
        # A delivery after the refusals answers the question already.
        check=(after.check or verdict.check) and not delivered,
        delivered=after.delivered or delivered,
        removed=(*after.removed, *([_tasks(claim)[0].entry_id] if is_removed else [])),
        closed=(*after.closed, *([closed] if closed else [])),
    )


def log_outcome(claim: _Asked | Batch, outcome: Outcome) -> None:
    """One line a write, for whoever looks for the reason in the log."""
    for part, told in _told_apart(claim, outcome):
        level = logging.INFO if isinstance(told, (Delivered, Unasked)) else logging.WARNING
        asked = [f"#{task.id} {task.kind}" for task in _tasks(part)[:1]] or ["The account"]
        logger.log(level, "%s: %s %s", asked[0], type(plain(told)).__name__, told.reason)


def _moment(claim: _Asked, rules: Rules, now: datetime) -> waiting.Moment:
    return waiting.Moment(
        now=now,
        gate=claim.gate,
        worked=claim.account.last_delivery_at is not None,
        waits=rules.waits,
        jitter=rules.jitter,
    )


def _situation(
    writer: QueueWriter,
    claim: Request | Broken,
    outcome: Outcome,
    *,
    rules: Rules,
    now: datetime,
    was: Standing,
) -> policy.Situation:
    account_id = claim.account.id
    acted = isinstance(claim, Request) and claim.write.repeatable and may_have_acted(outcome)
    return policy.Situation(
        now=now,
        task=_tasks(claim)[0],
        looked=_looks(claim),
        repeatable=isinstance(claim, Broken) or claim.write.repeatable,
        may_be_there=acted or _tasks(claim)[0].left_at is not None,
        gate=claim.gate,
        worked=claim.account.last_delivery_at is not None,
        refusal=was.refusal,
        failed=lambda cause: writer.tasks.failed_count(account_id, cause),
        head_fell=was.has_failed and writer.tasks.has_untried(account_id, TROUBLE),
        max_attempts=rules.max_attempts,
        waits=rules.waits,
        jitter=rules.jitter,
    )


def _asked_meanwhile(
    writer: QueueWriter, claim: _Asked | Batch, gate: Gate | None, now: datetime
) -> Gate | None:
    """A click, a retry or a sign-in during the probe asks for one more, as if it came after it."""
    if gate is None or gate.by_server or claim.gate is None:
        return gate
    stored = writer.accounts.gate(claim.account.id)
    touched = stored is None or stored.due_at != claim.gate.due_at
    return replace(gate, due_at=now) if touched else gate


def _write_down(
    writer: QueueWriter,
    claim: Request | Broken,
    outcome: Outcome,
    verdict: policy.Verdict,
    *,
    rules: Rules,
    now: datetime,
) -> None:
    if verdict.change is not None:
        _keep(writer, claim, outcome, verdict.change, now)
    if isinstance(claim, Broken):
        return
    if verdict.fate is policy.Fate.UNASKED:
        writer.tasks.unsend(claim.tasks)
        if not may_have_acted(outcome):
            writer.tasks.forget_leaving(claim.tasks, ever=False)
    elif verdict.change is None:
        _take_leave(writer, claim, outcome, now)
    if verdict.resends:
        _watch(writer, claim, now + rules.waits.watch_twins)


def _keep(
    writer: QueueWriter,
    claim: Request | Broken,
    outcome: Outcome,
    change: TaskChange,
    now: datetime,
) -> None:
    tasks = _tasks(claim)
    writer.tasks.change(tasks, change, now)
    writer.tasks.add_attempt(tasks[0], now, type(plain(outcome)).__name__, outcome.reason)
    if isinstance(outcome, Shown) and isinstance(claim, Request):
        _keep_shown(writer, claim, outcome)
    if change.doubt is Doubt.NONE and isinstance(claim, Request):
        _forget(writer, claim, outcome)


def _forget(writer: QueueWriter, claim: Request, outcome: Outcome) -> None:
    """Nothing is in doubt any more; whether something of it may be there is another question."""
    if not claim.looks:
        writer.tasks.forget_sends(claim.tasks)
    acted = not claim.looks and claim.write.repeatable and may_have_acted(outcome)
    if not acted and not isinstance(plain(outcome), Conflict):
        writer.tasks.forget_leaving(claim.tasks, ever=claim.looks)


def _keep_shown(writer: QueueWriter, claim: Request, shown: Shown) -> None:
    """From now on the record is known by its name, so that a retry makes no second one."""
    segment_id = claim.write.segment_id
    known = Known(remote_id=shown.remote_id)
    writer.segments.confirm(claim.account.id, claim.unit.entry.id, segment_id, _began(claim), known)
    kept = replace(shown, segment_id=segment_id)
    ConflictTable(writer).keep(claim.tasks[0], kept.to_json())


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
    arrived = _arrived(claim, outcome)
    writer.tasks.remove(arrived)
    # The rest is in no doubt any more: it goes as a correction of the record that was seen, or
    # waits for the next of several steps as if it had never been sent.
    rest = claim.tasks[len(arrived) :]
    if rest:
        writer.tasks.unsend(rest)
        writer.tasks.forget_leaving(rest, ever=True)


def _arrived(claim: Request, outcome: Outcome) -> tuple[SyncTask, ...]:
    if claim.write.more:
        return ()
    if isinstance(outcome, Begun):
        return tuple(task for task in claim.tasks if task.event_id in outcome.settles)
    return claim.tasks


def _watch(writer: QueueWriter, claim: Request, until: datetime) -> None:
    for segment in claim.unit.entry.segments:
        if segment.id == claim.write.segment_id:
            writer.segments.watch(claim.account.id, claim.unit.entry.id, segment, until)


def _tasks(claim: _Asked) -> tuple[SyncTask, ...]:
    if isinstance(claim, Check):
        return ()
    return claim.tasks if isinstance(claim, Request) else (claim.task,)


def _looks(claim: Request | Broken) -> bool:
    return isinstance(claim, Request) and claim.looks


def _began(claim: Request) -> datetime:
    segments = claim.unit.entry.segments
    found = (segment.began_at for segment in segments if segment.id == claim.write.segment_id)
    return next(found, claim.unit.entry.started_at)
