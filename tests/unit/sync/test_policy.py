"""The table of the specification's section 4, row by row, as one table test."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trayapp.queue.task import Doubt, Gate, GateKind, Refusal, SyncTask, TaskStatus
from trayapp.sync import outcome as outcome_module
from trayapp.sync import waiting
from trayapp.sync.outcome import (
    Absent,
    AlreadySo,
    Blocked,
    Cause,
    Conflict,
    Delivered,
    Doubtful,
    Locked,
    Offline,
    Ours,
    Outcome,
    Refused,
    Removed,
    ServerTrouble,
    Several,
    SignedOut,
    Throttled,
    Unasked,
    Untrusted,
    WrongAddress,
)
from trayapp.sync.policy import (
    BLOCKED,
    Fate,
    Moment,
    Situation,
    Verdict,
    Waits,
    backoff,
    decide,
    decide_check,
    normalised,
)

NOW = datetime(2026, 1, 8, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

TASK = SyncTask(
    id=7,
    account_id=1,
    kind="time_entry_pause",
    entry_id="a",
    event_id="a-2",
    payload="{}",
    created_at=NOW - HOUR,
    sends=1,
)
DOUBTED = replace(TASK, doubt=Doubt.SENT, reason="Network error: reset", cause="network")
OFFLINE = Offline("Network error: host name not found")
LOCKED = Locked("Keyring: it is locked")
UNTRUSTED = Untrusted("Network error: certificate not trusted: expired")
TROUBLE = ServerTrouble("HTTP 500: Internal Server Error")
TIMED_OUT = Doubtful("Network error: no answer in time", timed_out=True)
RESET = Doubtful("Network error: connection reset")
BROKEN = Doubtful("HTTP 502: Bad Gateway", answered=True)
QUOTA = Throttled("HTTP 429: Too Many Requests")
UNAUTHORIZED = SignedOut("HTTP 401: Unauthorized")
NO_ROUTE = WrongAddress("HTTP 404: Not Found")
REFUSED = Refused("HTTP 422: project closed")
WORDS = normalised(REFUSED.reason)
CONFLICT = Conflict("Conflict: the server shows 09:00 to 10:00")
ALREADY = AlreadySo("HTTP 409: already stopped")
ACTIVE = Blocked("HTTP 409: already active")
OURS = Ours("Internal error: no body")


def situation(  # noqa: PLR0913  # each is a column of the table
    *,
    task: SyncTask = TASK,
    looked: bool = False,
    repeatable: bool = True,
    gate: Gate | None = None,
    worked: bool = True,
    refusal: Refusal | None = None,
    failed: int = 0,
    head_fell: bool = False,
    may_be_there: bool = False,
) -> Situation:
    return Situation(
        now=NOW,
        task=task,
        looked=looked,
        repeatable=repeatable,
        may_be_there=may_be_there,
        gate=gate,
        worked=worked,
        refusal=refusal,
        failed=lambda _: failed,
        head_fell=head_fell,
        max_attempts=5,
        waits=Waits(),
        jitter=lambda wait: wait,
    )


def gate(  # noqa: PLR0913  # each is a column of the table
    kind: GateKind,
    due: timedelta | None,
    *,
    reason: str = "",
    tries: int = 0,
    task_id: int | None = None,
    seeks_other: bool = False,
    by_server: bool = False,
    since: timedelta = timedelta(),
) -> Gate:
    return Gate(
        kind=kind,
        reason=reason,
        since=NOW - since,
        due_at=None if due is None else NOW + due,
        tries=tries,
        task_id=task_id,
        seeks_other=seeks_other,
        by_server=by_server,
    )


def was(kind: GateKind, *, tries: int = 0, task_id: int | None = None) -> Gate:
    """A gate that was closed an hour ago and let this request through now."""
    return gate(kind, timedelta(), reason="before", tries=tries, task_id=task_id, since=HOUR)


HEAD = was(GateKind.SERVER_TROUBLE, task_id=7)
OTHERS_HEAD = replace(was(GateKind.SERVER_TROUBLE, task_id=3), seeks_other=True)
HEADLESS = was(GateKind.SERVER_TROUBLE, tries=2)
ALL_REFUSED = was(GateKind.REFUSED, task_id=None)
EVERYBODY = Refusal(entry_id="", words=WORDS)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A situation, an outcome, and everything that follows."""

    outcome: Outcome
    at: Situation = field(default_factory=situation)
    fate: Fate = Fate.KEPT
    status: TaskStatus = TaskStatus.PENDING
    count: int = 0
    due: timedelta | None = None
    reason: str | None = None
    cause: str = ""
    doubt: Doubt = Doubt.NONE
    looks: int = 0
    gate: Gate | None = None
    refusal: Refusal | None = None
    heals: bool = False
    check: bool = False
    resends: bool = False


FAILED = TaskStatus.FAILED
SENT = Doubt.SENT

ROWS: dict[str, Row] = {
    # -- it arrived, or it is gone ---------------------------------------------------------
    "delivered": Row(outcome=Delivered(), fate=Fate.SETTLED, heals=True),
    "delivered-opens-every-gate": Row(
        outcome=Delivered(), at=situation(gate=was(GateKind.OFFLINE)), fate=Fate.SETTLED, heals=True
    ),
    "delivered-forgets-the-refusal": Row(
        outcome=Delivered(),
        at=situation(refusal=Refusal(entry_id="b", words=WORDS)),
        fate=Fate.SETTLED,
        heals=True,
    ),
    "removed": Row(outcome=Removed("HTTP 404: no such entry"), fate=Fate.REMOVED),
    "removed-keeps-the-trouble": Row(
        outcome=Removed("HTTP 404: no such entry"),
        at=situation(gate=HEADLESS),
        fate=Fate.REMOVED,
        gate=HEADLESS,
    ),
    # -- already so, conflict, ours --------------------------------------------------------
    "already-so-is-looked-at": Row(
        outcome=ALREADY, cause="conflict", reason=ALREADY.reason, doubt=SENT
    ),
    "already-so-after-a-look": Row(
        outcome=ALREADY,
        at=situation(task=replace(TASK, sends=2)),
        status=FAILED,
        cause="conflict",
    ),
    "already-so-says-the-look": Row(
        outcome=ALREADY,
        at=situation(task=DOUBTED, looked=True),
        status=FAILED,
        cause="conflict",
    ),
    "conflict": Row(outcome=CONFLICT, status=FAILED, cause="conflict"),
    "conflict-clears-the-doubt": Row(
        outcome=CONFLICT, at=situation(task=DOUBTED, looked=True), status=FAILED, cause="conflict"
    ),
    "ours": Row(outcome=OURS, status=FAILED, count=1, cause="internal"),
    "ours-keeps-the-doubt": Row(
        outcome=OURS,
        at=situation(task=DOUBTED, gate=HEADLESS),
        status=FAILED,
        count=1,
        cause="internal",
        doubt=SENT,
        gate=HEADLESS,
    ),
    # -- offline, untrusted ----------------------------------------------------------------
    "offline": Row(
        outcome=OFFLINE,
        cause="network",
        gate=gate(GateKind.OFFLINE, 5 * SECOND, reason=OFFLINE.reason),
    ),
    "offline-still": Row(
        outcome=OFFLINE,
        at=situation(gate=was(GateKind.OFFLINE, tries=3)),
        cause="network",
        gate=gate(GateKind.OFFLINE, 80 * SECOND, reason=OFFLINE.reason, tries=4, since=HOUR),
    ),
    "offline-keeps-the-attempts-and-a-looks-doubt": Row(
        outcome=OFFLINE,
        at=situation(task=replace(DOUBTED, retry_count=4, looks=1), looked=True),
        count=4,
        cause="network",
        doubt=SENT,
        looks=1,
        gate=gate(GateKind.OFFLINE, 5 * SECOND, reason=OFFLINE.reason),
    ),
    "offline-in-trouble": Row(
        outcome=OFFLINE,
        at=situation(gate=HEAD),
        cause="network",
        gate=gate(GateKind.OFFLINE, 5 * SECOND, reason=OFFLINE.reason),
    ),
    "untrusted": Row(
        outcome=UNTRUSTED,
        cause="network",
        gate=gate(GateKind.UNTRUSTED, 5 * SECOND, reason=UNTRUSTED.reason),
    ),
    # -- the keyring is locked -------------------------------------------------------------
    "locked": Row(outcome=LOCKED, gate=gate(GateKind.LOCKED, 5 * SECOND, reason=LOCKED.reason)),
    "locked-still": Row(
        outcome=LOCKED,
        at=situation(gate=was(GateKind.LOCKED, tries=3), task=replace(TASK, retry_count=4)),
        count=4,
        gate=gate(GateKind.LOCKED, MINUTE, reason=LOCKED.reason, tries=4, since=HOUR),
    ),
    "locked-leaves-what-was-known": Row(
        outcome=LOCKED,
        at=situation(task=replace(DOUBTED, looks=1), looked=True),
        cause="network",
        doubt=SENT,
        looks=1,
        gate=gate(GateKind.LOCKED, 5 * SECOND, reason=LOCKED.reason),
    ),
    # -- doubtful --------------------------------------------------------------------------
    "doubtful-reset": Row(outcome=RESET, cause="network", due=SECOND, doubt=SENT),
    "doubtful-timed-out": Row(outcome=TIMED_OUT, cause="network", due=10 * SECOND, doubt=SENT),
    "doubtful-answered": Row(outcome=BROKEN, cause="server_trouble", due=SECOND, doubt=SENT),
    "doubtful-again-uses-an-attempt": Row(
        outcome=TIMED_OUT,
        at=situation(task=replace(TASK, sends=2)),
        count=1,
        cause="network",
        due=MINUTE,
        doubt=SENT,
        gate=gate(GateKind.SERVER_TROUBLE, MINUTE, reason=TIMED_OUT.reason, task_id=7),
    ),
    "doubtful-the-fifth-time-fails": Row(
        outcome=BROKEN,
        at=situation(task=replace(TASK, sends=6, retry_count=4), gate=HEAD),
        status=FAILED,
        count=5,
        cause="server_trouble",
        doubt=SENT,
        gate=gate(
            GateKind.SERVER_TROUBLE, timedelta(), reason=BROKEN.reason, task_id=7, since=HOUR
        ),
    ),
    "doubtful-look-is-offline": Row(
        outcome=RESET,
        at=situation(task=DOUBTED, looked=True),
        cause="network",
        doubt=SENT,
        gate=gate(GateKind.OFFLINE, 5 * SECOND, reason=RESET.reason),
    ),
    "doubtful-look-answered-is-trouble": Row(
        outcome=BROKEN,
        at=situation(task=DOUBTED, looked=True),
        count=1,
        cause="server_trouble",
        due=MINUTE,
        doubt=SENT,
        gate=gate(GateKind.SERVER_TROUBLE, MINUTE, reason=BROKEN.reason, task_id=7),
    ),
    "doubtful-head-is-looked-for-first": Row(
        outcome=BROKEN,
        at=situation(gate=replace(HEAD, by_server=True)),
        cause="server_trouble",
        due=SECOND,
        doubt=SENT,
        gate=replace(HEAD, due_at=NOW + SECOND),
    ),
    "doubtful-other-entry": Row(
        outcome=BROKEN,
        at=situation(gate=OTHERS_HEAD),
        cause="server_trouble",
        due=10 * SECOND,
        doubt=SENT,
        gate=replace(OTHERS_HEAD, seeks_other=False),
    ),
    "doubtful-in-common-trouble": Row(
        outcome=BROKEN,
        at=situation(gate=HEADLESS),
        cause="server_trouble",
        due=10 * SECOND,
        doubt=SENT,
        gate=gate(
            GateKind.SERVER_TROUBLE,
            4 * MINUTE,
            reason=BROKEN.reason,
            tries=3,
            task_id=7,
            since=HOUR,
        ),
    ),
    "doubtful-probe-of-a-dead-network": Row(
        outcome=RESET,
        at=situation(gate=was(GateKind.OFFLINE, tries=1)),
        cause="network",
        due=SECOND,
        doubt=SENT,
        gate=gate(GateKind.OFFLINE, 20 * SECOND, reason=RESET.reason, tries=2, since=HOUR),
    ),
    "doubtful-answer-opens-an-offline-gate": Row(
        outcome=BROKEN,
        at=situation(gate=was(GateKind.OFFLINE)),
        cause="server_trouble",
        due=SECOND,
        doubt=SENT,
    ),
    "doubtful-where-all-is-refused": Row(
        outcome=BROKEN,
        at=situation(gate=ALL_REFUSED, refusal=EVERYBODY),
        cause="server_trouble",
        due=SECOND,
        doubt=SENT,
        gate=gate(GateKind.SERVER_TROUBLE, MINUTE, reason=BROKEN.reason, tries=1, task_id=7),
        refusal=EVERYBODY,
    ),
    "doubtful-told-when-to-ask-again": Row(
        outcome=replace(BROKEN, retry_after=HOUR),
        cause="server_trouble",
        due=HOUR,
        doubt=SENT,
        gate=gate(GateKind.THROTTLED, HOUR, reason=BROKEN.reason, by_server=True),
    ),
    "doubtful-head-told-when-to-ask-again": Row(
        outcome=replace(BROKEN, retry_after=HOUR),
        at=situation(gate=HEAD),
        cause="server_trouble",
        due=HOUR,
        doubt=SENT,
        gate=replace(HEAD, due_at=NOW + HOUR, by_server=True),
    ),
    "doubtful-told-at-once-waits-its-own-time": Row(
        outcome=replace(BROKEN, retry_after=timedelta()),
        cause="server_trouble",
        due=SECOND,
        doubt=SENT,
        gate=gate(GateKind.THROTTLED, SECOND, reason=BROKEN.reason, by_server=True),
    ),
    "unasked": Row(outcome=Unasked(), fate=Fate.UNASKED),
    "unasked-changes-no-gate": Row(
        outcome=Unasked(),
        at=situation(gate=was(GateKind.OFFLINE), refusal=EVERYBODY),
        fate=Fate.UNASKED,
        gate=was(GateKind.OFFLINE),
        refusal=EVERYBODY,
    ),
    # -- absent ----------------------------------------------------------------------------
    "absent-once": Row(
        outcome=Absent(),
        at=situation(task=DOUBTED, looked=True, repeatable=False),
        reason=DOUBTED.reason,
        cause="network",
        due=10 * SECOND,
        doubt=SENT,
        looks=1,
    ),
    "absent-twice": Row(
        outcome=Absent(),
        at=situation(task=replace(DOUBTED, looks=1), looked=True, repeatable=False),
        reason=DOUBTED.reason,
        cause="network",
        resends=True,
    ),
    "absent-where-it-may-be-repeated": Row(
        outcome=Absent(),
        at=situation(task=DOUBTED, looked=True),
        reason=DOUBTED.reason,
        cause="network",
    ),
    "absent-of-unknown-doubt": Row(
        outcome=Absent(),
        at=situation(task=replace(TASK, doubt=Doubt.UNKNOWN), looked=True, repeatable=False),
        reason="",
        due=10 * SECOND,
        doubt=Doubt.UNKNOWN,
        looks=1,
    ),
    # -- server trouble --------------------------------------------------------------------
    "trouble-1": Row(
        outcome=TROUBLE,
        count=1,
        cause="server_trouble",
        due=MINUTE,
        gate=gate(GateKind.SERVER_TROUBLE, MINUTE, reason=TROUBLE.reason, task_id=7),
    ),
    "trouble-2-seeks-another-entry": Row(
        outcome=TROUBLE,
        at=situation(task=replace(TASK, retry_count=1), gate=HEAD),
        count=2,
        cause="server_trouble",
        due=2 * MINUTE,
        gate=gate(
            GateKind.SERVER_TROUBLE,
            2 * MINUTE,
            reason=TROUBLE.reason,
            task_id=7,
            seeks_other=True,
            since=HOUR,
        ),
    ),
    "trouble-4": Row(
        outcome=TROUBLE,
        at=situation(task=replace(TASK, retry_count=3)),
        count=4,
        cause="server_trouble",
        due=8 * MINUTE,
        gate=gate(
            GateKind.SERVER_TROUBLE, 8 * MINUTE, reason=TROUBLE.reason, task_id=7, seeks_other=True
        ),
    ),
    "trouble-5-fails-the-head": Row(
        outcome=TROUBLE,
        at=situation(task=replace(TASK, retry_count=4)),
        status=FAILED,
        count=5,
        cause="server_trouble",
        gate=gate(GateKind.SERVER_TROUBLE, timedelta(), reason=TROUBLE.reason, task_id=7),
    ),
    "trouble-5-told-when": Row(
        outcome=replace(TROUBLE, retry_after=HOUR),
        at=situation(task=replace(TASK, retry_count=4)),
        status=FAILED,
        count=5,
        cause="server_trouble",
        gate=gate(GateKind.SERVER_TROUBLE, HOUR, reason=TROUBLE.reason, task_id=7, by_server=True),
    ),
    "trouble-told-seconds": Row(
        outcome=replace(TROUBLE, retry_after=HOUR),
        at=situation(task=replace(TASK, retry_count=2)),
        count=3,
        cause="server_trouble",
        due=HOUR,
        gate=gate(GateKind.SERVER_TROUBLE, HOUR, reason=TROUBLE.reason, task_id=7, by_server=True),
    ),
    "trouble-told-a-date": Row(
        outcome=replace(TROUBLE, retry_after=NOW + HOUR),
        count=1,
        cause="server_trouble",
        due=HOUR,
        gate=gate(GateKind.SERVER_TROUBLE, HOUR, reason=TROUBLE.reason, task_id=7, by_server=True),
    ),
    "trouble-told-at-once-waits-all-the-same": Row(
        outcome=replace(TROUBLE, retry_after=NOW - HOUR),
        count=1,
        cause="server_trouble",
        due=MINUTE,
        gate=gate(
            GateKind.SERVER_TROUBLE, MINUTE, reason=TROUBLE.reason, task_id=7, by_server=True
        ),
    ),
    "trouble-of-another-entry": Row(
        outcome=TROUBLE,
        at=situation(gate=OTHERS_HEAD),
        cause="server_trouble",
        gate=replace(OTHERS_HEAD, seeks_other=False),
    ),
    "trouble-of-another-entry-told-when": Row(
        outcome=replace(TROUBLE, retry_after=HOUR),
        at=situation(gate=OTHERS_HEAD),
        cause="server_trouble",
        gate=replace(OTHERS_HEAD, due_at=NOW + HOUR, seeks_other=False, by_server=True),
    ),
    "trouble-common-uses-no-attempt": Row(
        outcome=TROUBLE,
        at=situation(gate=HEADLESS),
        cause="server_trouble",
        gate=gate(
            GateKind.SERVER_TROUBLE,
            4 * MINUTE,
            reason=TROUBLE.reason,
            tries=3,
            task_id=7,
            since=HOUR,
        ),
    ),
    "trouble-still-common-after-a-night-offline": Row(
        outcome=TROUBLE,
        at=situation(gate=was(GateKind.OFFLINE), head_fell=True),
        cause="server_trouble",
        gate=gate(GateKind.SERVER_TROUBLE, MINUTE, reason=TROUBLE.reason, tries=1, task_id=7),
    ),
    "trouble-on-trial": Row(
        outcome=TROUBLE,
        at=situation(task=replace(TASK, retry_count=5, on_trial=True)),
        status=FAILED,
        count=5,
        cause="server_trouble",
    ),
    "trouble-on-trial-in-common-trouble-is-no-trial": Row(
        outcome=TROUBLE,
        at=situation(task=replace(TASK, retry_count=5, on_trial=True), gate=HEADLESS),
        count=5,
        cause="server_trouble",
        gate=gate(
            GateKind.SERVER_TROUBLE,
            4 * MINUTE,
            reason=TROUBLE.reason,
            tries=3,
            task_id=7,
            since=HOUR,
        ),
    ),
    "trouble-of-a-look": Row(
        outcome=TROUBLE,
        at=situation(task=replace(DOUBTED, looks=1), looked=True, repeatable=False),
        count=1,
        cause="server_trouble",
        due=MINUTE,
        doubt=SENT,
        looks=1,
        gate=gate(GateKind.SERVER_TROUBLE, MINUTE, reason=TROUBLE.reason, task_id=7),
    ),
    # -- throttled, blocked ----------------------------------------------------------------
    "throttled": Row(
        outcome=QUOTA,
        cause="server_trouble",
        gate=gate(GateKind.THROTTLED, MINUTE, reason=QUOTA.reason, by_server=True),
    ),
    "throttled-told-seconds": Row(
        outcome=replace(QUOTA, retry_after=HOUR),
        at=situation(task=replace(TASK, retry_count=2)),
        count=2,
        cause="server_trouble",
        gate=gate(GateKind.THROTTLED, HOUR, reason=QUOTA.reason, by_server=True),
    ),
    "throttled-told-a-date": Row(
        outcome=replace(QUOTA, retry_after=NOW + HOUR),
        cause="server_trouble",
        gate=gate(GateKind.THROTTLED, HOUR, reason=QUOTA.reason, by_server=True),
    ),
    "throttled-told-at-once-again": Row(
        outcome=replace(QUOTA, retry_after=timedelta()),
        at=situation(gate=was(GateKind.THROTTLED, tries=3)),
        cause="server_trouble",
        gate=gate(
            GateKind.THROTTLED,
            16 * SECOND,
            reason=QUOTA.reason,
            tries=4,
            by_server=True,
            since=HOUR,
        ),
    ),
    "blocked": Row(outcome=ACTIVE, cause=BLOCKED, due=5 * MINUTE, heals=True),
    "blocked-proves-the-network": Row(
        outcome=ACTIVE,
        at=situation(gate=was(GateKind.OFFLINE)),
        cause=BLOCKED,
        due=5 * MINUTE,
        heals=True,
    ),
    # -- signed out, wrong address ---------------------------------------------------------
    "signed-out": Row(
        outcome=UNAUTHORIZED,
        status=FAILED,
        count=1,
        cause="signed_out",
        gate=gate(GateKind.SIGNED_OUT, None, reason=UNAUTHORIZED.reason),
    ),
    "signed-out-and-one-failed-before": Row(
        outcome=UNAUTHORIZED,
        at=situation(failed=1),
        cause="signed_out",
        gate=gate(GateKind.SIGNED_OUT, None, reason=UNAUTHORIZED.reason),
    ),
    "wrong-address-that-never-worked": Row(
        outcome=NO_ROUTE,
        at=situation(worked=False),
        status=FAILED,
        count=1,
        cause="wrong_address",
        gate=gate(GateKind.WRONG_ADDRESS, None, reason=NO_ROUTE.reason),
    ),
    "wrong-address-that-never-worked-and-one-failed-before": Row(
        outcome=NO_ROUTE,
        at=situation(worked=False, failed=1),
        cause="wrong_address",
        gate=gate(GateKind.WRONG_ADDRESS, None, reason=NO_ROUTE.reason),
    ),
    "wrong-address-that-has-worked": Row(
        outcome=NO_ROUTE,
        cause="wrong_address",
        gate=gate(GateKind.WRONG_ADDRESS, 5 * MINUTE, reason=NO_ROUTE.reason, task_id=7),
    ),
    # -- refused ---------------------------------------------------------------------------
    "refused": Row(
        outcome=REFUSED,
        status=FAILED,
        count=1,
        cause="refused",
        refusal=Refusal(entry_id="a", words=WORDS),
    ),
    "refused-otherwise-than-the-last": Row(
        outcome=REFUSED,
        at=situation(refusal=Refusal(entry_id="b", words="http 400: other")),
        status=FAILED,
        count=1,
        cause="refused",
        refusal=Refusal(entry_id="a", words=WORDS),
    ),
    "refused-again-the-same-entry": Row(
        outcome=REFUSED,
        at=situation(refusal=Refusal(entry_id="a", words=WORDS)),
        status=FAILED,
        count=1,
        cause="refused",
        refusal=Refusal(entry_id="a", words=WORDS),
    ),
    "refused-alike-from-another-entry": Row(
        outcome=REFUSED,
        at=situation(refusal=Refusal(entry_id="b", words=WORDS), failed=1),
        status=FAILED,
        count=1,
        cause="refused",
        gate=gate(GateKind.REFUSED, 15 * MINUTE, reason=REFUSED.reason, task_id=7),
        refusal=EVERYBODY,
        check=True,
    ),
    "refused-by-all-still": Row(
        outcome=REFUSED,
        at=situation(gate=ALL_REFUSED, refusal=EVERYBODY, failed=2),
        cause="refused",
        gate=gate(
            GateKind.REFUSED, 30 * MINUTE, reason=REFUSED.reason, tries=1, task_id=7, since=HOUR
        ),
        refusal=EVERYBODY,
    ),
    "refused-by-all-after-a-night-offline": Row(
        outcome=REFUSED,
        at=situation(gate=was(GateKind.OFFLINE), refusal=EVERYBODY, failed=2),
        cause="refused",
        gate=gate(GateKind.REFUSED, 15 * MINUTE, reason=REFUSED.reason, task_id=7),
        refusal=EVERYBODY,
    ),
    "refused-by-all-after-a-retry": Row(
        outcome=REFUSED,
        at=situation(gate=ALL_REFUSED, refusal=EVERYBODY, failed=0),
        status=FAILED,
        count=1,
        cause="refused",
        gate=gate(
            GateKind.REFUSED, 30 * MINUTE, reason=REFUSED.reason, tries=1, task_id=7, since=HOUR
        ),
        refusal=EVERYBODY,
    ),
    "refused-on-trial": Row(
        outcome=REFUSED,
        at=situation(task=replace(TASK, retry_count=1, on_trial=True)),
        status=FAILED,
        count=2,
        cause="refused",
    ),
    "refused-look-keeps-the-doubt": Row(
        outcome=REFUSED,
        at=situation(task=DOUBTED, looked=True),
        status=FAILED,
        count=1,
        cause="refused",
        doubt=SENT,
        refusal=Refusal(entry_id="a", words=WORDS),
    ),
    "refused-while-another-entry-is-in-trouble": Row(
        outcome=REFUSED,
        at=situation(gate=OTHERS_HEAD),
        status=FAILED,
        count=1,
        cause="refused",
        gate=replace(OTHERS_HEAD, seeks_other=False),
        refusal=Refusal(entry_id="a", words=WORDS),
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_follows(row: Row) -> None:
    verdict = decide(row.outcome, row.at)
    assert verdict.fate is row.fate
    assert verdict.gate == row.gate
    assert verdict.refusal == row.refusal
    assert (bool(verdict.heals), verdict.check, verdict.resends) == (
        row.heals,
        row.check,
        row.resends,
    )
    if row.fate is not Fate.KEPT:
        assert verdict.change is None
        return
    assert verdict.change is not None
    assert verdict.change.status is row.status
    assert verdict.change.retry_count == row.count
    assert verdict.change.due_at == (None if row.due is None else NOW + row.due)
    assert verdict.change.reason == (row.outcome.reason if row.reason is None else row.reason)
    assert verdict.change.cause == row.cause
    assert verdict.change.doubt is row.doubt
    assert verdict.change.looks == row.looks


def test_every_class_of_outcome_has_a_row() -> None:
    classes = {
        kind
        for kind in vars(outcome_module).values()
        if isinstance(kind, type) and issubclass(kind, Outcome) and kind is not Outcome
    }
    # Several is no outcome of a task: each of its parts is.
    assert {type(row.outcome) for row in ROWS.values()} == classes - {Several}


def test_the_time_it_falls_due_is_that_of_its_gate() -> None:
    """Where a gate holds all for one head, both tell the same time: one to wait, one to show."""
    for name in ("trouble-1", "trouble-2-seeks-another-entry", "trouble-told-seconds"):
        verdict = decide(ROWS[name].outcome, ROWS[name].at)
        assert verdict.gate is not None
        assert verdict.change is not None
        assert verdict.gate.due_at == verdict.change.due_at


def test_what_is_blocked_heals_what_failed_of_trouble_and_no_more() -> None:
    assert decide(ACTIVE, situation()).heals == (Cause.SERVER_TROUBLE, Cause.NETWORK)


@pytest.mark.parametrize(
    ("at", "heals_refused"),
    [
        (situation(), False),
        (situation(refusal=Refusal(entry_id="b", words=WORDS)), False),
        (situation(gate=ALL_REFUSED), True),
        (situation(refusal=EVERYBODY), True),
    ],
)
def test_a_delivery_heals_what_can_heal(at: Situation, *, heals_refused: bool) -> None:
    heals = set(decide(Delivered(), at).heals)
    healing = {Cause.SERVER_TROUBLE, Cause.NETWORK, Cause.SIGNED_OUT, Cause.WRONG_ADDRESS}
    assert heals == (healing | {Cause.REFUSED} if heals_refused else healing)


class TestWaits:
    @pytest.mark.parametrize(
        ("outcome", "kind", "minutes"),
        [
            (OFFLINE, GateKind.OFFLINE, [5 / 60 * 2**n for n in range(6)] + [5, 5]),
            (UNTRUSTED, GateKind.UNTRUSTED, [5 / 60 * 2**n for n in range(6)] + [5, 5]),
            (TROUBLE, GateKind.SERVER_TROUBLE, [1, 2, 4, 8, 15, 15]),
            (QUOTA, GateKind.THROTTLED, [1, 2, 4, 8, 15, 15]),
            (NO_ROUTE, GateKind.WRONG_ADDRESS, [5, 10, 20, 40, 60, 60]),
            (REFUSED, GateKind.REFUSED, [15, 30, 60, 60]),
        ],
        ids=lambda value: value.value if isinstance(value, GateKind) else None,
    )
    def test_each_gate_waits_by_its_formula(
        self, outcome: Outcome, kind: GateKind, minutes: list[float]
    ) -> None:
        closed: Gate | None = None
        waits = []
        for _ in minutes:
            at = situation(
                gate=None if closed is None else replace(closed, task_id=None),
                refusal=EVERYBODY,
                failed=2,
                head_fell=True,
            )
            closed = decide(outcome, at).gate
            assert closed is not None
            assert closed.kind is kind
            assert closed.due_at is not None
            waits.append((closed.due_at - NOW) / MINUTE)
        assert waits == pytest.approx(minutes)

    def test_a_head_waits_twice_as_long_after_each_attempt(self) -> None:
        waits = []
        for count in range(4):
            change = decide(TROUBLE, situation(task=replace(TASK, retry_count=count))).change
            assert change is not None
            assert change.due_at is not None
            waits.append((change.due_at - NOW) / MINUTE)
        assert waits == [1, 2, 4, 8]

    @given(tries=st.integers(min_value=0, max_value=10**9))
    def test_a_wait_never_overflows_nor_shrinks(self, tries: int) -> None:
        first, longest = timedelta(seconds=5), timedelta(minutes=5)
        wait = backoff(first, longest, tries)
        assert first <= wait <= longest
        assert wait <= backoff(first, longest, tries + 1)
        assert NOW + backoff(MINUTE, timedelta.max, tries) > NOW

    @given(
        after=st.one_of(
            st.timedeltas(),
            st.datetimes().map(lambda at: at.replace(tzinfo=UTC)),
        ),
        kind=st.sampled_from([ServerTrouble, Throttled]),
    )
    def test_no_retry_after_is_too_strange(
        self, after: timedelta | datetime, kind: type[ServerTrouble | Throttled]
    ) -> None:
        closed = decide(kind("HTTP 503: Busy", retry_after=after), situation()).gate
        assert closed is not None
        assert closed.by_server
        assert closed.due_at is not None
        assert NOW + SECOND <= closed.due_at <= NOW + timedelta(days=30)
        told = waiting.told_until(kind("", retry_after=after), NOW)
        assert told is not None
        assert closed.due_at >= told

    @pytest.mark.parametrize(
        ("outcome", "at"),
        [
            (OFFLINE, situation()),
            (UNTRUSTED, situation()),
            (TROUBLE, situation()),
            (TROUBLE, situation(gate=HEADLESS)),
            (QUOTA, situation()),
            (NO_ROUTE, situation()),
            (REFUSED, situation(gate=ALL_REFUSED)),
        ],
    )
    @pytest.mark.parametrize("share", [0.9, 1.1])
    def test_our_own_waits_are_spread_as_far_as_the_jitter_goes(
        self, outcome: Outcome, at: Situation, share: float
    ) -> None:
        plain, spread = (
            decide(outcome, at),
            decide(outcome, replace(at, jitter=lambda w: w * share)),
        )
        assert plain.gate is not None
        assert plain.gate.due_at is not None
        assert spread.gate is not None
        assert spread.gate.due_at is not None
        assert spread.gate.due_at - NOW == (plain.gate.due_at - NOW) * share

    def test_what_the_server_told_is_not_spread(self) -> None:
        at = replace(situation(), jitter=lambda wait: wait * 0.9)
        closed = decide(replace(QUOTA, retry_after=HOUR), at).gate
        assert closed is not None
        assert closed.due_at == NOW + HOUR


class TestCheck:
    def at(self, closed: Gate | None, *, worked: bool = True) -> Moment:
        return Moment(now=NOW, gate=closed, worked=worked, waits=Waits(), jitter=lambda wait: wait)

    def test_a_good_account_ends_the_trouble_and_heals(self) -> None:
        verdict = decide_check(Delivered(), self.at(HEADLESS))
        assert verdict.gate is None
        assert Cause.SERVER_TROUBLE in verdict.heals
        assert decide_check(Delivered(), self.at(None)).gate is None

    def test_a_good_account_does_not_open_a_gate_of_refusals(self) -> None:
        assert decide_check(Delivered(), self.at(ALL_REFUSED)) == Verdict(
            fate=Fate.KEPT, gate=replace(ALL_REFUSED, due_at=NOW + 15 * MINUTE)
        )

    @pytest.mark.parametrize(
        ("outcome", "closed", "worked"),
        [
            (OFFLINE, gate(GateKind.OFFLINE, 5 * SECOND, reason=OFFLINE.reason), True),
            (UNTRUSTED, gate(GateKind.UNTRUSTED, 5 * SECOND, reason=UNTRUSTED.reason), True),
            (UNAUTHORIZED, gate(GateKind.SIGNED_OUT, None, reason=UNAUTHORIZED.reason), True),
            (NO_ROUTE, gate(GateKind.WRONG_ADDRESS, None, reason=NO_ROUTE.reason), False),
            (NO_ROUTE, gate(GateKind.WRONG_ADDRESS, 5 * MINUTE, reason=NO_ROUTE.reason), True),
            (QUOTA, gate(GateKind.THROTTLED, MINUTE, reason=QUOTA.reason, by_server=True), True),
            (TROUBLE, gate(GateKind.SERVER_TROUBLE, MINUTE, reason=TROUBLE.reason, tries=1), True),
        ],
    )
    def test_what_holds_the_account_is_what_the_gate_says(
        self, outcome: Outcome, closed: Gate, *, worked: bool
    ) -> None:
        assert decide_check(outcome, self.at(ALL_REFUSED, worked=worked)).gate == closed
        assert decide_check(outcome, self.at(None, worked=worked)).gate == closed

    def test_an_answer_that_explains_nothing_leaves_the_gate_and_asks_later(self) -> None:
        later = replace(HEADLESS, due_at=NOW + 15 * MINUTE)
        assert decide_check(REFUSED, self.at(HEADLESS)).gate == later
        patient = replace(ALL_REFUSED, due_at=NOW + HOUR)
        assert decide_check(REFUSED, self.at(patient)).gate == patient
        assert decide_check(REFUSED, self.at(None)).gate is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("HTTP 400: Bad Request", "HTTP 400: bad request", True),
        ('HTTP 400: entry "a" is bad', 'HTTP 400: entry "b" is bad', True),
        ("HTTP 400: «Альфа» закрыт", "HTTP 400: «Бета» закрыт", True),
        (
            "HTTP 422: 0b7c-11 is locked since 2026-01-08",
            "HTTP 422: 9f2e-57 is locked since 2025-12-31",
            True,
        ),
        ("HTTP 400: Bad Request", "HTTP 403: Bad Request", False),
        ("HTTP 422: project closed", "HTTP 422: note too long", False),
        ("", "", True),
    ],
)
def test_refusals_are_alike_when_only_ids_numbers_and_quotations_differ(
    one: str, other: str, *, same: bool
) -> None:
    assert (normalised(one) == normalised(other)) is same
