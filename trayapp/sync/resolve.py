"""What the user answers to a conflict: send what was clicked, or keep the server's.

Both run inside the queue's lock, ask no server and change nothing there by themselves.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from trayapp.light import dataclass
from trayapp.queue.conflict_table import ConflictTable
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Doubt, Known, SyncTask, TaskStatus
from trayapp.sync.found import Shown


class Keep(StrEnum):
    """Which of the two is to stand; the value is the one of the channel's request."""

    CLICKED = "clicked"
    SERVER = "server"


class CannotResolve(Exception):  # noqa: N818  # reads as what it says
    """The task does not, or no longer, wait for this decision. Nothing was changed."""

    def __init__(self, task_id: int) -> None:
        super().__init__(f"task {task_id} is no conflict")
        self.task_id = task_id


class StillInDoubt(CannotResolve):
    """Some of the entry's tasks may have arrived: a look has to come first (retry them)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What became of it. `task_ids`: the tasks that go, or that are not to be sent.

    `overrules` is False where it is not known what the server showed: then it is compared again,
    and may turn out as a conflict once more.
    """

    keep: Keep
    task_ids: tuple[int, ...]
    overrules: bool = False


def resolve(writer: QueueWriter, task_id: int, keep: Keep, now: datetime) -> Resolved:
    """Carry out the user's answer for the entry of this task. Raises CannotResolve.

    *clicked*: what the server showed in the conflict becomes the base of what is sent, so that a
    change made there since is a conflict again. *server*: nothing open of the entry is sent; the
    local log keeps what was clicked, the tasks their reasons, and it is undone like any discard.
    """
    task = ConflictTable(writer).find(task_id)
    if task is None:
        raise CannotResolve(task_id)
    unsent = writer.discards.unsent(task.entry_id)
    if keep is Keep.SERVER:
        return _keep_servers(writer, task, unsent, now)
    overrules = _overrule(writer, task)
    # None of the entry's can go past another, so all of them go.
    failed = [one.id for one in unsent if one.status is TaskStatus.FAILED]
    writer.tasks.requeue(task.account_id, after_id=0, limit=len(failed), ids=failed)
    ids = tuple(one.id for one in unsent)
    return Resolved(keep=keep, task_ids=ids, overrules=overrules)


def _keep_servers(
    writer: QueueWriter, task: SyncTask, unsent: tuple[SyncTask, ...], now: datetime
) -> Resolved:
    if any(one.doubt is not Doubt.NONE for one in unsent):
        raise StillInDoubt(task.id)
    writer.discards.add(unsent, now)
    writer.tasks.unblock(task.account_id)
    return Resolved(keep=Keep.SERVER, task_ids=tuple(one.id for one in unsent))


def _overrule(writer: QueueWriter, task: SyncTask) -> bool:
    shown = Shown.from_json(task.wire_body or "")
    if shown is None:
        return False
    known = Known(remote_id=shown.remote_id, base=shown.base)
    began_at = next(
        (one.at for one in writer.events.of_entry(task.entry_id) if one.id == shown.segment_id),
        task.created_at,
    )
    writer.segments.confirm(task.account_id, task.entry_id, shown.segment_id, began_at, known)
    return True
