"""HubnityServer: delivers to a Hubnity server, in both of its dialects.

There an entry is one record, and its verbs know no time but the server's. So a write is what it
takes to bring one record into the shape its entry should have: at most one verb, then a PATCH with
our times, which may be repeated. What a write has in doubt, a look finishes. Heartbeats are never
sent: who sent one is paused by the server when the next is late.

With the batch route ("feb") finished entries go in one request under a key of ours; without it
("dec") as a start in the past and its correction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trayapp.accounts.tokens import TokenSource, TokenStore
from trayapp.servers.http import HttpClient
from trayapp.servers.hubnity_account import refresher
from trayapp.servers.hubnity_answers import read_only
from trayapp.servers.hubnity_api import HubnityApi
from trayapp.servers.hubnity_batch import deliver, fields_of
from trayapp.servers.hubnity_corrections import Mender, Mending, mending_of, plan_mending
from trayapp.servers.hubnity_foreign import Foreign
from trayapp.servers.hubnity_imported import best_of, is_overruled, told_of
from trayapp.servers.hubnity_job import Job, job_of
from trayapp.servers.hubnity_shapes import (
    Finding,
    Record,
    Shape,
    Status,
    judge,
    next_step,
    wanted_shape,
)
from trayapp.servers.hubnity_steps import bring, confirmed, conflict
from trayapp.sync.outcome import (
    Absent,
    Blocked,
    Delivered,
    Doubtful,
    Ours,
    Outcome,
    Several,
    Unasked,
)
from trayapp.sync.server import Capabilities, Known, Nothing, Unit, Write
from trayapp.tracking.catalog import Catalog

_MOST_IN_BATCH = 100


class HubnityServer:
    """A TimeServer that keeps one record an entry and allows one active entry a user."""

    def __init__(self, api: HubnityApi) -> None:
        self._api = api
        self._foreign = Foreign(api)
        self._mender = Mender(api)

    @property
    def capabilities(self) -> Capabilities:
        # Until it is known that there is no batch route a batch is the way to find out.
        batch = _MOST_IN_BATCH if self._api.may_have_sync else 1
        return Capabilities(one_active=True, batch=batch)

    def plan(self, unit: Unit) -> Write | Nothing:
        if not unit.pending:
            msg = "nothing is pending"
            raise ValueError(msg)
        mended = plan_mending(unit)
        if mended is not None:
            return mended
        settles = tuple(event.id for event in unit.pending)
        first = unit.entry.segments[0]
        known = unit.known.get(first.id, Known())
        if known.removed:
            return Nothing(settles=settles)
        want = wanted_shape(unit.entry, unit.pending)
        base = _base_of(known)
        if base is not None and (base == want or _is_over(known, base)):
            return Nothing(settles=settles)
        job = job_of(unit, known.remote_id or "", base, want)
        # What is under way is told from the record, so a known one may be asked for again.
        repeatable = bool(job.remote_id)
        return Write(
            body=job.to_json(), settles=settles, segment_id=first.id, repeatable=repeatable
        )

    def send(self, write: Write) -> Outcome:
        if write.parts:
            return self._create_all(write.parts)
        job = mending_of(write) or _read(write)
        if isinstance(job, Ours):
            return job
        if isinstance(job, Mending):
            return self._mender.send(job)
        return self._update(job, write) if job.remote_id else self._make(job)

    def _make(self, job: Job) -> Outcome:
        user_id = self._api.user_id()
        if isinstance(user_id, Outcome):
            return user_id
        return self._foreign.told_with(self._create(job, user_id), job)

    def look(self, unit: Unit, write: Write) -> Outcome:
        job = mending_of(write) or _read(write)
        if isinstance(job, Ours):
            return job
        if isinstance(job, Mending):
            return self._mender.look(job)
        if not job.remote_id:
            return self._look_for(job, write, unit.taken | _others(unit, write.segment_id))
        record = self._api.entry(job.remote_id)
        return record if isinstance(record, Outcome) else self._look_at(record, job, write)

    def twins(self, unit: Unit, segment_id: str) -> tuple[str, ...] | Outcome:
        if segment_id != unit.entry.segments[0].id:
            return ()
        job = job_of(unit, "", None, wanted_shape(unit.entry, unit.pending))
        found = self._alike(job, unit.taken | _others(unit, ""))
        return found if isinstance(found, Outcome) else tuple(record.id for record in found)

    def check(self) -> Outcome:
        user = self._api.me()
        return user if isinstance(user, Outcome) else Delivered()

    def close(self) -> None:
        self._api.close()

    def catalog(self) -> Catalog | Outcome:
        return self._api.catalog()

    # -- a record the server has -----------------------------------------------------------

    def _look_at(self, record: Record, job: Job, write: Write) -> Outcome:
        if job.base is None:
            return told_of(record, job, write)
        if judge(record, job.base, job.want, in_doubt=True) is Finding.UNTOUCHED:
            return Absent()
        return read_only(self._go_on(record, job.base, job.want, doubtful=True))

    def _update(self, job: Job, write: Write) -> Outcome:
        record = self._api.entry(job.remote_id)
        if isinstance(record, Outcome):
            return record
        if job.base is None:  # known by its name alone: it is not changed before it is compared
            return told_of(record, job, write)
        return self._go_on(record, job.base, job.want, doubtful=False)

    def _go_on(self, record: Record, base: Shape, want: Shape, *, doubtful: bool) -> Outcome:
        """Bring the record to `want`, unless somebody else has changed it since `base`."""
        if judge(record, base, want, in_doubt=doubtful) is Finding.OTHER:
            return conflict(record)
        return self._bring(record, want, written=False)

    def _bring(self, record: Record, want: Shape, *, written: bool) -> Outcome:
        return bring(
            self._api,
            record,
            want,
            lambda shown: next_step(shown.shape, want),
            written=written,
        )

    # -- a record it has not ---------------------------------------------------------------

    def _create_all(self, writes: Sequence[Write]) -> Outcome:
        jobs = [_read(write) for write in writes]
        readable = [job for job in jobs if isinstance(job, Job)]
        if len(readable) < len(jobs):
            return Several(parts=tuple(one if isinstance(one, Ours) else Unasked() for one in jobs))
        user_id = self._api.user_id()
        if isinstance(user_id, Outcome):
            return user_id
        return self._create_together(readable, user_id)

    def _create_together(self, jobs: Sequence[Job], user_id: str) -> Outcome:
        has_sync = self._api.has_sync()
        if isinstance(has_sync, Outcome):
            return has_sync
        if not has_sync:
            return Several(parts=tuple(Unasked() for _ in jobs))
        outcome = deliver(self._api, jobs, user_id)
        if not isinstance(outcome, Several):
            return outcome
        told = zip(outcome.parts, jobs, strict=True)
        return Several(parts=tuple(self._foreign.told_with(one, job) for one, job in told))

    def _create(self, job: Job, user_id: str) -> Outcome:
        if job.want.end_ms is not None:
            has_sync = self._api.has_sync()
            if isinstance(has_sync, Outcome):
                return has_sync
            if has_sync:
                outcome = deliver(self._api, [job], user_id)
                return outcome.parts[0] if isinstance(outcome, Several) else outcome
        body = fields_of(self._api, job, user_id)
        return body if isinstance(body, Outcome) else self._post(job, body)

    def _post(self, job: Job, body: dict[str, object]) -> Outcome:
        if job.want.status is Status.PAUSED:
            body |= {"status": job.want.status.value}
        made = self._api.create(body)
        if isinstance(made, Blocked):
            made = self._make_way(job, body, made)
        if isinstance(made, Outcome):
            return made
        return self._bring(made, job.want, written=True)

    def _make_way(self, job: Job, body: dict[str, object], blocked: Blocked) -> Record | Outcome:
        """What is active there may be our own, that landed late; else it is another entry."""
        active = self._api.active()
        if isinstance(active, Outcome):
            return active
        mine = [record for record in active if record.user_id == body["userId"]]
        for record in mine:
            if job.is_like(record) and record.id not in job.taken:
                # What another program may have made is looked at before anything else.
                is_strange = bool(job.stages)
                return (
                    Doubtful(blocked.reason, answered=True)
                    if is_strange
                    else self._take(record, job)
                )
        in_the_way = self._foreign.end(mine, job, blocked)
        return self._api.create(body) if in_the_way is None else in_the_way

    def _look_for(self, job: Job, write: Write, taken: frozenset[str]) -> Outcome:
        if not job.stages:
            return self._foreign.told_with(read_only(self._find(job, taken)), job)
        found = self._alike(job, taken)
        return found if isinstance(found, Outcome) else best_of(found, job, write)

    def _find(self, job: Job, taken: frozenset[str]) -> Outcome:
        """Look for what was sent, and finish it when only its beginning is there."""
        found = self._alike(job, taken)
        if isinstance(found, Outcome):
            return found
        keyed = [record for record in found if record.key == job.key]
        found = keyed or found
        done = [record for record in found if record.shape == job.want]
        if done:
            return confirmed(done[0], job.want)
        if not found:
            return Absent()
        begun = [record for record in found if job.is_begun_as(record)]
        return self._take(begun[0], job) if begun else conflict(found[0])

    def _take(self, record: Record, job: Job) -> Outcome:
        """Go on with a record of ours that may be no further than its creation."""
        if not job.is_begun_as(record):
            return confirmed(record, job.want)
        return self._bring(record, job.want, written=False)

    def _alike(self, job: Job, taken: frozenset[str]) -> list[Record] | Outcome:
        """Our records that begin like the entry, for the same, and belong to no other segment."""
        user_id = self._api.user_id()
        if isinstance(user_id, Outcome):
            return user_id
        records = self._api.begun_about(min(job.begins), max(job.begins))
        if isinstance(records, Outcome):
            return records
        ours: Iterable[Record] = (one for one in records if one.user_id == user_id)
        return [one for one in ours if job.is_like(one) and one.id not in taken]


def over_http(base_url: str, tokens: TokenStore) -> HubnityServer:
    """A Hubnity server at an address with its prefix, `https://host/api/v1` or `…/api`."""
    source = TokenSource(tokens, refresher(HttpClient(base_url)))
    return HubnityServer(HubnityApi(HttpClient(base_url, auth=source), source.access))


def _read(write: Write) -> Job | Ours:
    try:
        return Job.from_json(write.body)
    except (ValueError, LookupError, TypeError) as error:
        return Ours(f"Internal error: the stored request cannot be read: {type(error).__name__}")


def _base_of(known: Known) -> Shape | None:
    """What the server confirmed last. Raises ValueError when it cannot be read."""
    if known.remote_id is None or known.base is None:
        return None
    try:
        return Shape.from_json(known.base)
    except (LookupError, TypeError) as error:
        msg = "what the server confirmed last cannot be read"
        raise ValueError(msg) from error


def _is_over(known: Known, base: Shape) -> bool:
    """Whether nothing can follow what was confirmed."""
    return base.status is Status.STOPPED and not is_overruled(known.base or "")


def _others(unit: Unit, segment_id: str) -> frozenset[str]:
    known = ((name, one.remote_id) for name, one in unit.known.items())
    return frozenset(remote for name, remote in known if remote and name != segment_id)
