"""Units: an entry and what is to be sent of it, read inside the queue's lock."""

from __future__ import annotations

from itertools import takewhile

from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account, Doubt, SyncTask
from trayapp.sync.server import Unit
from trayapp.tracking.entry import Event, TimeEntry, TrackerState
from trayapp.tracking.replay import replay


def imported(writer: QueueWriter, head: SyncTask) -> tuple[SyncTask, ...]:
    """What is in doubt behind a click of another program, which no request of ours was made for.

    Failed or not: what the server shows may be what the last of them made of it.
    """
    if head.doubt is not Doubt.UNKNOWN or head.wire_body:
        return ()
    events = writer.events.until(head.entry_id, [head.event_id or ""])
    if not events or events[-1].stamp.boot_id or events[-1].stamp.boot:
        return ()
    unsent = (task for task in writer.discards.unsent(head.entry_id) if task.id >= head.id)
    return tuple(takewhile(lambda task: task.doubt is Doubt.UNKNOWN, unsent))


def unit_of(writer: QueueWriter, account: Account, tasks: tuple[SyncTask, ...]) -> Unit:
    """The entry of these tasks as it should be after them. Raises ValueError."""
    entry_id = tasks[0].entry_id
    events = writer.events.until(entry_id, [task.event_id or "" for task in tasks])
    entry = replay(events).entry
    if entry is None:
        msg = f"entry {entry_id} has no beginning"
        raise ValueError(msg)
    wanted = {task.event_id for task in tasks}
    pending = tuple(event for event in events if event.id in wanted)
    earlier = tuple(event for event in events if event.id not in wanted)
    return whole(writer, account, entry, pending=pending, earlier=earlier)


def whole(
    writer: QueueWriter,
    account: Account,
    entry: TimeEntry,
    *,
    pending: tuple[Event, ...] = (),
    earlier: tuple[Event, ...] = (),
) -> Unit:
    """All of an entry; if nothing is given, as if nothing of it were pending."""
    known = writer.segments.known(entry.id)
    taken = writer.segments.taken(account.id, entry.id, entry.started_at)
    if entry.state is TrackerState.RUNNING and not known:
        # What an older entry of ours still runs as is not to be taken for somebody else's.
        taken |= writer.segments.unfinished(account.id)
    unsure = writer.tasks.has_doubtful(account.id)
    if entry.state is TrackerState.RUNNING:
        # A 5xx or a web page leaves no doubt where a repeat is harmless; and yet it may be there.
        left = writer.tasks.may_be_there(account.id, entry.id)
        taken, unsure = taken | left, unsure or bool(left)
    return Unit(
        entry=entry, pending=pending, known=known, taken=taken, unsure=unsure, earlier=earlier
    )
