"""What to ask the server next: chosen inside the queue's lock, committed before a byte leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account, Doubt, Gate, GateKind, SyncTask
from trayapp.sync.outcome import Ours, Outcome
from trayapp.sync.server import Nothing, TimeServer, Unit, Write
from trayapp.tracking.replay import replay
from trayapp.tracking.tracker import Running, state_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to make: `write` for these tasks, or a look for it when `looks`."""

    account: Account
    tasks: tuple[SyncTask, ...]
    unit: Unit
    write: Write
    gate: Gate | None
    looks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A task for which no request can be built: told as a defect of ours."""

    account: Account
    task: SyncTask
    gate: Gate | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing to do before `until`; None: before something happens."""

    until: datetime | None


def choose(
    writer: QueueWriter, server: TimeServer, account: Account, now: datetime
) -> Request | Broken | Pause:
    """The next request; what needs none is settled on the way."""
    while True:
        gate = writer.accounts.gate(account.id)
        chosen = _next_task(writer, server, account, gate, now)
        if isinstance(chosen, Pause):
            return chosen
        task, gate = chosen
        try:
            request = _request(writer, server, account, task, gate)
        except ValueError as error:
            reason = f"Internal error: {error}"
            return Broken(account=account, task=task, gate=gate, outcome=Ours(reason))
        if request is None:
            continue
        if not request.looks:
            writer.tasks.mark_sent(request.tasks, request.write.to_json(), now)
        return replace(request, tasks=_as_sent(request))


def _as_sent(request: Request) -> tuple[SyncTask, ...]:
    if request.looks:
        return request.tasks
    return tuple(replace(task, sends=task.sends + 1) for task in request.tasks)


def _next_task(
    writer: QueueWriter, server: TimeServer, account: Account, gate: Gate | None, now: datetime
) -> tuple[SyncTask, Gate | None] | Pause:
    last = _running_entry(writer) if server.capabilities.one_active else ""
    if gate is None:
        task = writer.tasks.next_task(account.id, now, last_entry=last)
        return (task, None) if task else Pause(writer.tasks.next_due(account.id))
    if gate.due_at is None:
        return Pause(None)
    head = None if gate.task_id is None else writer.tasks.get_pending(gate.task_id)
    if gate.due_at > now:
        return _other_entry(writer, account, gate, head, now) or Pause(gate.due_at)
    return _probe(writer, account, gate, head, now) or Pause(writer.tasks.next_due(account.id))


def _other_entry(
    writer: QueueWriter, account: Account, gate: Gate, head: SyncTask | None, now: datetime
) -> tuple[SyncTask, Gate] | None:
    """One task of another entry, to tell a bad entry from a bad server."""
    if not gate.seeks_other or head is None:
        return None
    task = writer.tasks.next_task(account.id, now, not_entry=head.entry_id)
    return (task, gate) if task else None


def _probe(
    writer: QueueWriter, account: Account, gate: Gate, head: SyncTask | None, now: datetime
) -> tuple[SyncTask, Gate] | None:
    """The task that a closed gate lets through now that it is due."""
    if gate.kind is GateKind.SERVER_TROUBLE and head is not None:
        return head, gate
    after = gate.task_id or 0 if gate.kind is GateKind.REFUSED else 0
    # Where everything is refused each probe takes another entry: one good answer opens the gate.
    task = writer.tasks.next_task(account.id, now, after_id=after)
    task = task or writer.tasks.next_task(account.id, now)
    return (task, replace(gate, task_id=None)) if task else None


def _running_entry(writer: QueueWriter) -> str:
    state = state_of(writer.events.newest_entry())
    return state.entry_id if isinstance(state, Running) else ""


def _request(
    writer: QueueWriter, server: TimeServer, account: Account, task: SyncTask, gate: Gate | None
) -> Request | None:
    """The request for this task; None when it needs none and has been settled."""
    tasks = writer.tasks.pending_of_entry(task)
    unit = _unit(writer, account, tasks)
    looks = task.doubt is Doubt.SENT and task.wire_body is not None
    plan = Write.from_json(task.wire_body) if looks and task.wire_body else server.plan(unit)
    settled = tuple(one for one in tasks if one.event_id in plan.settles)
    if not settled:
        msg = "a plan that settles nothing"
        raise ValueError(msg)
    if isinstance(plan, Nothing):
        writer.tasks.remove(settled)
        return None
    return Request(account=account, tasks=settled, unit=unit, write=plan, gate=gate, looks=looks)


def _unit(writer: QueueWriter, account: Account, tasks: tuple[SyncTask, ...]) -> Unit:
    entry_id, newest = tasks[0].entry_id, tasks[-1].event_id
    events = writer.events.until(entry_id, newest or "")
    entry = replay(events).entry
    if entry is None:
        msg = f"entry {entry_id} has no beginning"
        raise ValueError(msg)
    wanted = {task.event_id for task in tasks}
    return Unit(
        entry=entry,
        pending=tuple(event for event in events if event.id in wanted),
        known=writer.segments.known(entry_id),
        taken=writer.segments.taken(account.id, entry_id, entry.started_at),
    )


def watched_unit(writer: QueueWriter, account: Account, entry_id: str) -> Unit | None:
    """The unit to look for twins with; None when the entry is gone."""
    events = writer.events.of_entry(entry_id)
    entry = replay(events).entry
    if entry is None:
        return None
    return Unit(
        entry=entry,
        pending=(),
        known=writer.segments.known(entry_id),
        taken=writer.segments.taken(account.id, entry_id, entry.started_at),
    )
