"""Finished records in one request to a TimeTagger server, and what became of each.

It takes what it can of a batch and names the others. Those it has already are brought up to date
one by one. Runs on the sync thread; never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from trayapp.servers.timetagger_answers import in_doubt, judge, not_shown, refused
from trayapp.servers.timetagger_api import TimeTaggerApi
from trayapp.servers.timetagger_records import Job, Record
from trayapp.sync.outcome import (
    Conflict,
    Delivered,
    Ours,
    Outcome,
    Refused,
    Removed,
    Several,
    Unasked,
)

_LONGEST_SECONDS = 7 * 24 * 3600  # an answer must not grow too long to be read
_ANSWERED = (Delivered, Conflict, Removed, Refused, Ours)


def deliver(
    api: TimeTaggerApi, jobs: Sequence[Job | Ours], send_one: Callable[[Job], Outcome]
) -> Outcome:
    """Several, or what befell it all: a doubt is one about each, all else kept it from leaving."""
    readable = [job for job in jobs if isinstance(job, Job)]
    begins = [job.want.t1 for job in readable] or [0]
    if max(begins) - min(begins) > _LONGEST_SECONDS:
        return Several(parts=_one_by_one(jobs[:1], {}, send_one) + (Unasked(),) * len(jobs[1:]))
    there = _shown(api, readable)
    if isinstance(there, Outcome):
        return there
    new = [job.want for job in readable if job.want.key not in there and job.base is None]
    told = _put(api, new, readable) if new else {}
    if isinstance(told, Outcome):
        return told
    return Several(parts=_one_by_one(jobs, told, send_one))


def _one_by_one(
    jobs: Sequence[Job | Ours], told: Mapping[str, Outcome], send_one: Callable[[Job], Outcome]
) -> tuple[Outcome, ...]:
    """What was told of each; the others are sent now."""
    parts: list[Outcome] = []
    for job in jobs:
        if isinstance(job, Ours):
            parts.append(job)
        elif job.want.key in told:
            parts.append(told[job.want.key])
        elif all(isinstance(one, _ANSWERED) for one in parts):
            parts.append(send_one(job))
        else:
            parts.append(Unasked())  # after trouble nothing more is asked for now
    return tuple(parts)


def _put(
    api: TimeTaggerApi, new: Sequence[Record], jobs: Sequence[Job]
) -> dict[str, Outcome] | Outcome:
    """What became of the new records; those that came too late for a reset are left out."""
    not_taken = api.put_all(new)
    if isinstance(not_taken, Outcome):
        return not_taken
    told: dict[str, Outcome] = {
        key: refused(one) for key, one in not_taken.items() if not one.is_after_reset
    }
    there = _shown(api, jobs)
    if isinstance(there, Outcome):
        return in_doubt(there)
    for record in new:
        if record.key not in not_taken:
            theirs = there.get(record.key)
            told[record.key] = judge(theirs, record) if theirs else not_shown()
    return told


def _shown(api: TimeTaggerApi, jobs: Sequence[Job]) -> dict[str, Record] | Outcome:
    """The records from the first of ours to the last, by key."""
    begins = [job.want.t1 for job in jobs]
    records = api.around(min(begins), max(begins)) if begins else []
    return records if isinstance(records, Outcome) else {one.key: one for one in records}
