"""Finished entries in one request to a Hubnity server, and which of them it does not take.

The server takes all of a batch or nothing. Our keys make it safe to send an item again, so what
is refused is taken apart until the refused item is alone. Its answer names no times: what stands
there afterwards is read. Runs on the sync thread; never raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from trayapp.light import dataclass
from trayapp.servers.hubnity_answers import in_doubt
from trayapp.servers.hubnity_api import HubnityApi
from trayapp.servers.hubnity_job import Job
from trayapp.servers.hubnity_shapes import Record, time_text
from trayapp.servers.hubnity_steps import confirmed
from trayapp.sync.outcome import (
    AlreadySo,
    Blocked,
    Delivered,
    Doubtful,
    Outcome,
    Refused,
    Several,
    Unasked,
)

_READ_AND_REFUSED = (Refused, AlreadySo, Blocked)
_ENOUGH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    place: int
    job: Job
    body: dict[str, object]


@dataclass(slots=True, kw_only=True)
class _Sending:
    """One batch under way; `told` is what became of each so far, by its place."""

    api: HubnityApi
    told: list[Outcome] = field(default_factory=list)


def deliver(api: HubnityApi, jobs: Sequence[Job], user_id: str) -> Outcome:
    """Send finished entries to a server that takes batches: Several, or what befell it all."""
    sending = _Sending(api=api, told=[Unasked() for _ in jobs])
    items: list[_Item] = []
    for place, job in enumerate(jobs):
        body = fields_of(api, job, user_id)
        if isinstance(body, Refused):
            sending.told[place] = body
        elif isinstance(body, Outcome):
            return body  # nothing has left
        else:
            items.append(_Item(place=place, job=job, body=body | _end_of(job)))
    if not _sent(sending, items):
        _forget_behind(sending.told, items)
    return Several(parts=tuple(sending.told))


def fields_of(api: HubnityApi, job: Job, user_id: str) -> dict[str, object] | Outcome:
    """What every request for a new entry says of it; Refused when no request can."""
    if "\0" in job.note or "\0" in job.project:
        return Refused("The text holds a NUL character, which this server cannot store")
    project_id = api.project_id(job.project)
    if isinstance(project_id, Outcome):
        return project_id
    body: dict[str, object] = {"userId": user_id, "startTime": time_text(job.want.start_ms)}
    body |= {"projectId": project_id} if project_id else {}
    return body | ({"description": job.note} if job.note else {})


def _end_of(job: Job) -> dict[str, object]:
    want = job.want
    end = time_text(want.end_ms if want.end_ms is not None else want.start_ms)
    told = {"endTime": end, "duration": want.seconds, "status": want.status.value}
    return {"idempotencyKey": job.key, **told}


def _sent(sending: _Sending, items: Sequence[_Item]) -> bool:
    """Send these, apart where they are refused together; False after trouble: no more now."""
    if not items:
        return True
    answer = sending.api.sync([item.body for item in items])
    if not isinstance(answer, Outcome):
        return _confirm(sending, items, answer)
    if isinstance(answer, _READ_AND_REFUSED):
        half = len(items) // 2
        if half:
            return _sent(sending, items[:half]) and _sent(sending, items[half:])
        sending.told[items[0].place] = answer
        return not _all_refused(sending)
    # What left without an answer is in doubt, all of it; else the first of them tells it.
    for item in items if isinstance(answer, Doubtful) else items[:1]:
        sending.told[item.place] = answer
    return False


def _all_refused(sending: _Sending) -> bool:
    """Whether it is rather the account than the items: asking on would only refuse them all."""
    refused = sum(isinstance(one, _READ_AND_REFUSED) for one in sending.told)
    return refused >= _ENOUGH and not any(isinstance(one, Delivered) for one in sending.told)


def _confirm(sending: _Sending, items: Sequence[_Item], ids: dict[str, str]) -> bool:
    """They are there: read whether they show our times."""
    shown = _records(sending.api, items)
    if isinstance(shown, Outcome):
        for item in items:
            sending.told[item.place] = in_doubt(shown)
        return False
    for item in items:
        sending.told[item.place] = _confirm_one(sending.api, item.job, ids, shown)
    return True


def _confirm_one(
    api: HubnityApi, job: Job, ids: dict[str, str], shown: dict[str, Record]
) -> Outcome:
    remote_id = ids.get(job.key)
    if remote_id is None:
        return Doubtful("HTTP 200: the answer does not name the entry", answered=True)
    record = shown.get(remote_id) or api.entry(remote_id)
    return in_doubt(record) if isinstance(record, Outcome) else confirmed(record, job.want)


def _records(api: HubnityApi, items: Sequence[_Item]) -> dict[str, Record] | Outcome:
    if len(items) == 1:
        return {}  # it is asked for by its id
    starts = [item.job.want.start_ms for item in items]
    records = api.begun_about(min(starts), max(starts))
    return records if isinstance(records, Outcome) else {one.id: one for one in records}


def _forget_behind(told: list[Outcome], items: Sequence[_Item]) -> None:
    """Nothing behind the trouble was asked, nor refused: it may look different the next time."""
    last = max(item.place for item in items if not isinstance(told[item.place], Unasked))
    told[last + 1 :] = [Unasked() for _ in told[last + 1 :]]
