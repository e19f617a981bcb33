"""What the tests of the policy share: outcomes, situations, gates, and a row of the table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from trayapp.queue.task import Doubt, Gate, GateKind, Refusal, SyncTask, TaskStatus
from trayapp.sync.outcome import (
    AlreadySo,
    Blocked,
    Conflict,
    Doubtful,
    Locked,
    Offline,
    Ours,
    Outcome,
    Refused,
    ServerTrouble,
    SignedOut,
    Throttled,
    Untrusted,
    WrongAddress,
)
from trayapp.sync.policy import Fate, Situation, normalised
from trayapp.sync.waiting import Waits

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
    sends=0,
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
