"""What a record of a Hubnity server says of clicks that another program may have sent. Pure.

It is compared, and never changed without a word: what it confirms is done, what is missing at its
end is sent as a correction later, and what it contradicts is the user's to decide.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from trayapp.servers.hubnity_job import Job
from trayapp.servers.hubnity_shapes import Record
from trayapp.servers.hubnity_steps import conflict
from trayapp.sync.found import Begun
from trayapp.sync.outcome import Absent, Conflict, Delivered, Outcome
from trayapp.sync.server import Write


def told_of(record: Record, job: Job, write: Write) -> Outcome:
    """Delivered as it is, Begun, or Conflict."""
    base = record.shape.to_json()
    for stage in reversed(job.stages):  # of two that look the same the later one
        if not stage.is_shown_by(record.shape, job.begins):
            continue
        if stage is job.stages[-1]:
            return Delivered(remote_id=record.id, base=base)
        return Begun(remote_id=record.id, base=base, settles=write.settles[: stage.count])
    return conflict(record)


def best_of(records: Sequence[Record], job: Job, write: Write) -> Outcome:
    """What those that begin like the entry say together; Absent when there are none."""
    keyed = [record for record in records if record.key == job.key]
    found = [told_of(record, job, write) for record in keyed or records]
    return min(found, key=_worth, default=Absent())


def is_overruled(base: str) -> bool:
    """Whether the user has seen this record and wants what was clicked instead."""
    return json.loads(base).get("overruled") is True


def _worth(outcome: Outcome) -> int:
    if isinstance(outcome, Conflict):
        return 2
    return int(isinstance(outcome, Begun))
