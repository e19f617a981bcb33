"""What to ask the server next: chosen inside the queue's lock, committed before a byte leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from trayapp.light import dataclass
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account, Doubt, Gate, GateKind, SyncTask
from trayapp.sync.cause import TROUBLE
from trayapp.sync.outcome import Ours, Outcome
from trayapp.sync.server import Capabilities, Nothing, TimeServer, Unit, Write
from trayapp.sync.units import imported, unit_of
from trayapp.sync.waiting import Waits, rotates
from trayapp.tracking.entry import TrackerState
from trayapp.tracking.tracker import Running, state_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to make: `write` for these tasks, as they were, or a look for it when `looks`."""

    account: Account
    tasks: tuple[SyncTask, ...]
    unit: Unit
    write: Write
    gate: Gate | None
    looks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One request to make for several entries; each part is settled as if it were its own."""

    account: Account
    parts: tuple[Request, ...]
    gate: Gate | None

    @property
    def write(self) -> Write:
        return Write.together(tuple(part.write for part in self.parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A task for which no request can be built: told as a defect of ours."""

    account: Account
    task: SyncTask
    gate: Gate | None
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The account itself to ask about: all are refused, or no task is left to probe with."""

    account: Account
    gate: Gate | None


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing to do before `until`; None: before something happens."""

    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What can be told of an account's queue without its server."""

    writer: QueueWriter
    account: Account
    waits: Waits
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene(Sight):
    """What a request is chosen for and from."""

    server: TimeServer


_Chosen = tuple[SyncTask, Gate | None]
_UNBUILDABLE = (ValueError, LookupError, TypeError, AttributeError)
_DOUBTS_MORE = frozenset({GateKind.SERVER_TROUBLE, GateKind.WRONG_ADDRESS})
_OF_THE_NETWORK = frozenset({GateKind.OFFLINE, GateKind.UNTRUSTED, GateKind.LOCKED})


def choose(at: Scene) -> Request | Batch | Broken | Check | Pause:
    """The next request; what needs none is settled on the way."""
    while True:
        one_active = at.server.capabilities.one_active
        chosen = _next_task(at, last=_running_entry(at.writer) if one_active else "")
        if not isinstance(chosen, tuple):
            return chosen
        task, gate = chosen
        try:
            request = _request(at, task, gate)
        except _UNBUILDABLE as error:
            reason = f"Internal error: {error}"
            return Broken(account=at.account, task=task, gate=gate, outcome=Ours(reason))
        if request is not None:
            return request if request.looks else _marked(at, request)


def rest_of(at: Sight) -> Pause | None:
    """How long there is nothing to ask the server; None: `choose` finds something now."""
    chosen = _next_task(at, last="")
    return chosen if isinstance(chosen, Pause) else None


def _marked(at: Scene, request: Request) -> Request | Batch:
    """About to leave: with it all that may go along, each in doubt by itself from now on."""
    parts = (request, *_companions(at, request))
    for part in parts:
        at.writer.tasks.mark_sent(part.tasks, part.write.to_json(), at.now)
    return Batch(account=at.account, parts=parts, gate=request.gate) if parts[1:] else request


def _companions(at: Scene, first: Request) -> list[Request]:
    """What the server takes in one request with the first: the oldest entries after it."""
    able, found = at.server.capabilities, list[Request]()
    room = able.batch - _size(able, first)
    # Through any other gate one task goes, to tell whether it is the tasks or the server.
    is_open = first.gate is None or first.gate.kind in _OF_THE_NETWORK
    if room < 1 or not is_open or not _may_join(able, first):
        return found
    after_id = first.tasks[0].id
    for task in at.writer.tasks.never_sent(at.account.id, at.now, after_id=after_id, limit=room):
        try:
            request = _request(at, task, first.gate)
        except _UNBUILDABLE:
            continue  # told when it is its turn
        if request is None or not _may_join(able, request):
            continue
        room -= _size(able, request)
        if room < 0:
            break
        found.append(request)
    return found


def _size(able: Capabilities, request: Request) -> int:
    return len(request.tasks) if able.keeps_events else 1


def _may_join(able: Capabilities, request: Request) -> bool:
    head, unit = request.tasks[0], request.unit
    if head.sends or head.on_trial:
        return False
    # A record of its own: the first of its entry, or of a segment that this very click begins.
    begins = not unit.known or head.event_id == request.write.segment_id
    return able.keeps_events or (begins and unit.entry.state is TrackerState.STOPPED)


def _next_task(at: Sight, *, last: str) -> _Chosen | Check | Pause:
    """`last`: the entry that comes behind all others."""
    gate = at.writer.accounts.gate(at.account.id)
    if gate is None:
        return _next_of_all(at, last=last)
    if gate.due_at is None:
        return Pause(None)
    if gate.kind is GateKind.THROTTLED and not _can_probe(at):
        return _until_over(at, gate.due_at)
    head = _head(at.writer, gate)
    if gate.due_at > at.now:
        return _other_entry(at, gate, head) or Pause(gate.due_at if _can_probe(at) else None)
    return _probe(at, gate, head)


def _until_over(at: Sight, due_at: datetime) -> Pause:
    """The time the server named ends by itself, though nobody is there to ask."""
    if due_at > at.now:
        return Pause(due_at)
    at.writer.accounts.set_gate(at.account.id, None)
    return Pause(None)


def _next_of_all(at: Sight, *, last: str) -> _Chosen | Pause:
    """Nothing is closed: what went out and was not answered is cleared up first.

    The next might end likewise.
    """
    tasks, account_id = at.writer.tasks, at.account.id
    doubtful = tasks.first_look(account_id)
    if doubtful is not None:
        look_at = doubtful.due_at or at.now
        return Pause(look_at) if look_at > at.now else (doubtful, None)
    task = tasks.next_task(account_id, at.now, last_entry=last)
    return (task, None) if task else Pause(tasks.next_due(account_id))


def _can_probe(at: Sight) -> bool:
    """Whether there is anything to try when the gate is due; else there is no reason to wake up."""
    tasks, account_id = at.writer.tasks, at.account.id
    return tasks.has_unheld(account_id) or tasks.has_untried(account_id, TROUBLE)


def _head(writer: QueueWriter, gate: Gate) -> SyncTask | None:
    """The task in trouble that all wait for, until it fails."""
    is_head = gate.kind is GateKind.SERVER_TROUBLE and gate.tries == 0
    return writer.tasks.get_pending(gate.task_id) if is_head and gate.task_id else None


def _other_entry(at: Sight, gate: Gate, head: SyncTask | None) -> _Chosen | None:
    """One task of another entry, to tell a bad entry from a bad server."""
    if not gate.seeks_other or head is None:
        return None
    task = at.writer.tasks.next_task(at.account.id, at.now, not_entry=head.entry_id)
    return (task, gate) if task else None


def _probe(at: Sight, gate: Gate, head: SyncTask | None) -> _Chosen | Check | Pause:
    """The task that a closed gate lets through now that it is due."""
    tasks, account_id = at.writer.tasks, at.account.id
    if head is not None:
        ready_at = _ready_at(head, at)
        return Pause(ready_at) if ready_at > at.now else (head, gate)
    doubtful = tasks.oldest_in_doubt(account_id) if gate.kind in _DOUBTS_MORE else None
    if doubtful is not None and not gate.seeks_other:
        return _probe_doubtful(at, gate, doubtful)
    after = (doubtful.id if doubtful else gate.task_id or 0) if rotates(gate.kind) else 0
    # Where a task may be the reason each probe takes another entry: one success opens the gate.
    task = tasks.next_task(account_id, at.now, after_id=after)
    task = task or tasks.next_task(account_id, at.now)
    if task is not None:
        return task, replace(gate, task_id=None)
    due_at = tasks.next_due(account_id)
    if due_at is None and tasks.has_untried(account_id, TROUBLE):
        return Check(account=at.account, gate=replace(gate, task_id=None, seeks_other=False))
    return Pause(due_at)


def _probe_doubtful(at: Sight, gate: Gate, doubtful: SyncTask) -> _Chosen | Check | Pause:
    """What is in doubt already is asked about, before another's write ends so, too.

    Every other time the account itself, lest one bad entry hold all: see `decide_check`.
    """
    if gate.tries and gate.task_id == doubtful.id:
        return Check(account=at.account, gate=replace(gate, task_id=None, seeks_other=True))
    ready_at = _ready_at(doubtful, at)
    return Pause(ready_at) if ready_at > at.now else (doubtful, replace(gate, task_id=None))


def _ready_at(head: SyncTask, at: Sight) -> datetime:
    """When the head may be tried: now, since its gate is due; but two looks keep their distance."""
    if head.doubt is Doubt.NONE or head.due_at is None or head.last_retry_at is None:
        return at.now
    return min(head.due_at, head.last_retry_at + at.waits.between_looks)


def _running_entry(writer: QueueWriter) -> str:
    state = state_of(writer.events.newest_entry())
    return state.entry_id if isinstance(state, Running) else ""


def _request(at: Scene, task: SyncTask, gate: Gate | None) -> Request | None:
    """The request for this task; None when it needs none and has been settled."""
    tasks = imported(at.writer, task) or at.writer.tasks.pending_of_entry(task)
    unit = unit_of(at.writer, at.account, tasks)
    looks = task.doubt is not Doubt.NONE
    known = Write.from_json(task.wire_body) if looks and task.wire_body else None
    plan = known or at.server.plan(unit)
    settled = tuple(one for one in tasks if one.event_id in plan.settles)
    if not settled or settled != tasks[: len(settled)]:
        msg = "a plan that does not settle what comes next"
        raise ValueError(msg)
    if isinstance(plan, Nothing):
        at.writer.tasks.remove(settled)
        return None
    return Request(account=at.account, tasks=settled, unit=unit, write=plan, gate=gate, looks=looks)
