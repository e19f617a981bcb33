"""TimeTaggerServer: delivers to a TimeTagger server: one record a segment, under the segment's id.

A record is put under a key, so sending one twice doubles nothing; it might overwrite what the user
changed there. So a record that may be there is read first and our change merged into it, and after
each write it is read once more: an answer only says that the record was read.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from itertools import takewhile

from trayapp.light import dataclass
from trayapp.servers.timetagger_answers import gone, in_doubt, judge, not_shown, refused
from trayapp.servers.timetagger_api import NotTaken, TimeTaggerApi
from trayapp.servers.timetagger_batch import deliver
from trayapp.servers.timetagger_records import (
    Job,
    Record,
    hiding_jobs,
    job_of,
    segment_of,
)
from trayapp.servers.timetagger_strangers import Strangers
from trayapp.sync.outcome import (
    Absent,
    Delivered,
    Ours,
    Outcome,
)
from trayapp.sync.server import Capabilities, Known, Nothing, Unit, Write
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import TrackerState

_MOST_IN_BATCH = 50


class TimeTaggerServer:
    """A TimeServer that keeps a record a segment, and lets any number of them run."""

    def __init__(self, api: TimeTaggerApi) -> None:
        self._api = api
        self._strangers = Strangers(api)
        self._put: set[str] = set()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(resolution=timedelta(seconds=1), batch=_MOST_IN_BATCH)

    def plan(self, unit: Unit) -> Write | Nothing:
        if not unit.pending:
            msg = "nothing is pending"
            raise ValueError(msg)
        if any(event.kind.corrects for event in unit.pending):
            return _mended(unit)
        segment = segment_of(unit, unit.pending[0])
        same = (None, segment)  # a stop while paused changes none, and goes along
        events = tuple(takewhile(lambda event: segment_of(unit, event) in same, unit.pending))
        settles = tuple(event.id for event in events)
        if segment is None or unit.known.get(segment.id, Known()).removed:
            return Nothing(settles=settles)
        job = job_of(unit, segment, events)
        if job is None:
            return Nothing(settles=settles)
        return Write(body=job.to_json(), settles=settles, segment_id=segment.id, repeatable=True)

    def send(self, write: Write) -> Outcome:
        if write.parts:
            return self._send_batch(write)
        job = _read(write)
        return job if isinstance(job, Ours) else self._send(job)

    def look(self, unit: Unit, write: Write) -> Outcome:
        job = _read(write)
        if isinstance(job, Ours):
            return job
        segments = unit.entry.segments
        is_running = unit.entry.state is TrackerState.RUNNING
        return self._look(job, still_runs=is_running and segments[-1].id == write.segment_id)

    def twins(self, unit: Unit, segment_id: str) -> tuple[str, ...]:  # noqa: ARG002  # the port's
        return ()  # keys are ours: there is nothing to double

    def check(self) -> Outcome:
        version = self._api.version()
        return version if isinstance(version, Outcome) else Delivered()

    def catalog(self) -> Catalog | Outcome:
        return Catalog()  # any name will do

    def close(self) -> None:
        self._api.close()

    def _send(self, job: Job) -> Outcome:
        is_start = job.base is None and job.want.end is None
        if is_start and job.want.key not in self._put:
            return self._write(job, job.want)
        # What is sent again, or after a start that seemed not to arrive, may meet its own record.
        found = self._find(job)
        if isinstance(found, Outcome):
            return found
        if found.ours is None:
            return _missing(job) if job.base else self._write(job, job.want)
        merged = job.merged(found.ours)
        if merged is None or _settled(found.ours, merged):
            return self._close_strangers(job, found, _judged(job, found.ours, merged or job.want))
        return self._write(job, merged, over=found.ours)

    def _send_batch(self, write: Write) -> Outcome:
        jobs = [_read(part) for part in write.parts]
        self._put.update(job.want.key for job in jobs if isinstance(job, Job))
        return deliver(self._api, jobs, self._send)

    def _look(self, job: Job, *, still_runs: bool) -> Outcome:
        found = self._find(job)
        if isinstance(found, Outcome):
            return found
        if found.ours is None:
            return _missing(job) if job.base else Absent()
        merged = job.merged(found.ours)
        if merged is not None and not _settled(found.ours, merged):
            return Absent()
        judged = _judged(job, found.ours, merged or job.want)
        return self._close_strangers(job, found, judged) if still_runs else judged

    def _find(self, job: Job) -> _Found | Outcome:
        """Our record, wherever it was moved to."""
        key = job.want.key
        records = self._api.around((job.base or job.want).t1)
        if isinstance(records, list) and not any(one.key == key for one in records):
            moved = self._api.changed_since(job.since)
            records = moved if isinstance(moved, Outcome) else [*records, *moved]
        if isinstance(records, Outcome):
            return records
        return _Found(next((one for one in records if one.key == key), None), tuple(records))

    def _write(self, job: Job, record: Record, *, over: Record | None = None) -> Outcome:
        """Put `record` over what was found, and see what became of it."""
        self._put.add(record.key)
        taken = self._api.put(record)
        if isinstance(taken, NotTaken) and taken.is_after_reset:
            taken = self._put_after_reset(job, record, over)
        if isinstance(taken, NotTaken):
            return refused(taken)
        return taken or self._confirmed(job, record)

    def _put_after_reset(
        self, job: Job, record: Record, over: Record | None
    ) -> NotTaken | Outcome | None:
        """Put it as of now, if what is there is what we delivered last."""
        if job.base is None:
            found = self._find(job)
            if isinstance(found, Outcome):
                return found
            over = found.ours
        if over is not None and (job.base is None or not over.shows(job.base)):
            return _judged(job, over, record)
        now = self._api.server_time()
        if isinstance(now, Outcome):
            return now
        return self._api.put(replace(record, mt=max(record.mt, math.ceil(now))))

    def _confirmed(self, job: Job, record: Record) -> Outcome:
        """What the server shows now that it has read the record."""
        found = self._find(job)
        if isinstance(found, Outcome):
            return in_doubt(found)
        if found.ours is None:
            return not_shown()
        judged = _judged(job, found.ours, record)
        if not isinstance(judged, Delivered):
            return judged
        outcome = self._close_strangers(job, found, judged)
        return outcome if isinstance(outcome, Delivered) else in_doubt(outcome)

    def _close_strangers(self, job: Job, found: _Found, judged: Outcome) -> Outcome:
        if not isinstance(judged, Delivered):
            return judged
        # What we have put ourselves may not be settled yet.
        return self._strangers.end(job, found.records, judged, ours=self._put)


@dataclass(frozen=True, slots=True)
class _Found:
    """Our record, None when it is nowhere, and all that were read to find it."""

    ours: Record | None
    records: tuple[Record, ...]


def _mended(unit: Unit) -> Write | Nothing:
    """Record by record what a correction changes; what the entry no longer holds goes first."""
    settles = tuple(event.id for event in unit.pending)
    jobs = list(hiding_jobs(unit, unit.pending))
    for segment in () if unit.entry.deleted else unit.entry.segments:
        if not unit.known.get(segment.id, Known()).removed:
            job = job_of(unit, segment, unit.pending)
            jobs += [(segment.id, job)] if job else []
    if not jobs:
        return Nothing(settles=settles)
    (segment_id, first), *others = jobs
    return Write(
        body=first.to_json(),
        settles=settles,
        segment_id=segment_id,
        repeatable=True,
        more=bool(others),
    )


def _read(write: Write) -> Job | Ours:
    try:
        return Job.from_json(write.body)
    except (ValueError, LookupError, TypeError) as error:
        return Ours(f"Internal error: the stored request cannot be read: {type(error).__name__}")


def _judged(job: Job, theirs: Record, wanted: Record) -> Outcome:
    if job.hides and theirs.is_hidden:
        return Delivered(remote_id=theirs.key, base=theirs.to_json())
    return judge(theirs, wanted)


def _missing(job: Job) -> Outcome:
    """It had our record, and has it no more: as good as removed, if it was to be."""
    if job.hides:
        return Delivered(remote_id=job.want.key, base=job.want.to_json())
    return gone()


def _settled(theirs: Record, merged: Record) -> bool:
    """Whether there is nothing to write: it is as it should be, or was removed."""
    return theirs.is_hidden or theirs.shows(merged)
