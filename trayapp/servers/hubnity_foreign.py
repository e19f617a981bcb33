"""An entry that runs on a Hubnity server and is none of ours, when ours is to run.

The server allows one active entry a user. One that the same user started elsewhere before ours is
ended where ours begins, for that is what starting another means; and the user is told. Anything
else is left alone, and ours goes when it is finished. Runs on the sync thread; never raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trayapp.servers.hubnity_answers import read_only
from trayapp.servers.hubnity_api import HubnityApi
from trayapp.servers.hubnity_job import Job
from trayapp.servers.hubnity_shapes import Record, Status, Step, time_text
from trayapp.sync.explanations import closed_there
from trayapp.sync.outcome import AlreadySo, Blocked, Delivered, Doubtful, Outcome, Refused, Removed
from trayapp.tracking.entry import from_ms


class Foreign:
    """What was ended for entries of ours that are not delivered yet; told with their delivery."""

    def __init__(self, api: HubnityApi) -> None:
        self._api = api
        self._ended: dict[str, dict[str, str]] = {}

    def end(self, mine: Sequence[Record], job: Job, blocked: Blocked) -> Outcome | None:
        """End the user's active entries for the job; None: nothing is in the way any more."""
        if not mine or not all(_may_end(record, job) for record in mine):
            return blocked
        for record in mine:
            outcome = self._end_one(record, job)
            if isinstance(outcome, (Refused, AlreadySo)):
                return blocked  # somebody else has to do with it just now
            if outcome is not None:
                return outcome
        return None

    def _end_one(self, record: Record, job: Job) -> Outcome | None:
        begin_ms = min(job.begins)
        # Remembered before it is known: should the answer be lost, it is looked for in the end.
        self._ended.setdefault(job.key, {})[record.id] = _name_of(record)
        step = Step(fields={"endTime": time_text(begin_ms)})
        changed = self._api.change(record.id, step)
        if isinstance(changed, (Record, Removed)):
            return None
        # Nothing of ours has left yet: what is in doubt is only whether the way is free.
        return read_only(changed) if isinstance(changed, Doubtful) else changed

    def told_with(self, outcome: Outcome, job: Job) -> Outcome:
        """The outcome, with what was ended for this entry once that is delivered."""
        if not isinstance(outcome, Delivered):
            return outcome
        words = [
            self._words(remote_id, name, job)
            for remote_id, name in self._ended.pop(job.key, {}).items()
        ]
        return replace(outcome, closed_other="\n".join(filter(None, words)))

    def _words(self, remote_id: str, name: str, job: Job) -> str:
        """Empty when it does not end where we would have ended it: then it was somebody else."""
        record = self._api.entry(remote_id)
        if isinstance(record, Outcome) or record.shape.end_ms != min(job.begins):
            return ""
        began_at, ended_at = from_ms(record.shape.start_ms), from_ms(record.shape.end_ms)
        return closed_there(name, began_at, ended_at)


def _may_end(record: Record, job: Job) -> bool:
    both_run = record.shape.status is job.want.status is Status.RUNNING
    is_earlier = record.shape.start_ms < min(job.begins)
    is_foreign = record.id not in job.taken and not job.unsure
    return both_run and is_earlier and is_foreign


def _name_of(record: Record) -> str:
    return " – ".join(part for part in (record.project_name, record.note) if part)
