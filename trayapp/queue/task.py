"""What waits to be sent, as values: tasks, their statuses, the doubt about them, the gate.

Stored by `trayapp.queue.store`; what they mean is decided in `trayapp.sync.policy`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from trayapp.light import dataclass
from trayapp.tracking.by_clock import ByClock
from trayapp.tracking.entry import TimeEntry


class TaskStatus(StrEnum):
    """Where a task stands. *Sending*, *doubtful* and *held* are not statuses: they are derived."""

    PENDING = "pending"
    FAILED = "failed"
    DISCARDED = "discarded"


class Doubt(StrEnum):
    """Whether a task may have arrived without our knowing."""

    NONE = "none"
    SENT = "sent"
    """It went out as `wire_body` says, and no settled answer came."""
    UNKNOWN = "unknown"
    """It comes from another database, or a salvaged one: nobody knows what was sent."""


class GateKind(StrEnum):
    """What holds the whole queue of an account."""

    OFFLINE = "offline"
    LOCKED = "locked"
    UNTRUSTED = "untrusted"
    SIGNED_OUT = "signed_out"
    WRONG_ADDRESS = "wrong_address"
    SERVER_TROUBLE = "server_trouble"
    THROTTLED = "throttled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A closed gate: trouble common to an account's tasks, and when one of them may try again.

    `due_at` None: not before somebody acts (signs in, changes the address, asks for a retry).
    `tries` counts the probes since it closed. `task_id` is the task in trouble at the head
    (server trouble not yet probed) or the one that probed last. `seeks_other`: one task of another
    entry may try at once, to tell one bad entry from a bad server. `by_server`: the server named
    the time, so no click overrides it.
    """

    kind: GateKind
    reason: str
    since: datetime
    due_at: datetime | None
    tries: int = 0
    task_id: int | None = None
    seeks_other: bool = False
    by_server: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The newest refusal, as long as no delivery followed: whose, and its normalised words.

    `entry_id` is empty when different entries were refused alike.
    """

    entry_id: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose queue: the server's kind, its address, the user. `last_delivery_at`: its last yes."""

    id: int
    kind: str
    url: str
    user: str
    last_delivery_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncTask:
    """An event that has not arrived. Times are UTC.

    `kind` is a plain text: an older database may hold kinds we do not know. `event_id` is None
    for tasks of such a database. `due_at` None: at once. `cause` is the outcome's class (empty:
    nothing went wrong yet). `sends` counts requests without a settled answer, `looks` the looks
    that found nothing since the last of them. `left_at`: when it left last, as long as nothing
    told that it is not there. `on_trial`: its cause healed, this is its one try.
    """

    id: int
    account_id: int
    kind: str
    entry_id: str
    event_id: str | None
    payload: str
    status: TaskStatus = TaskStatus.PENDING
    retry_count: int = 0
    created_at: datetime
    last_retry_at: datetime | None = None
    due_at: datetime | None = None
    reason: str = ""
    cause: str = ""
    doubt: Doubt = Doubt.NONE
    wire_body: str | None = None
    sends: int = 0
    left_at: datetime | None = None
    looks: int = 0
    on_trial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """What an outcome makes of a task; everything it may change, as it is afterwards."""

    status: TaskStatus
    retry_count: int
    due_at: datetime | None
    reason: str
    cause: str
    doubt: Doubt
    looks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the server last confirmed about a segment: its id there, and the record as JSON."""

    remote_id: str | None = None
    base: str | None = None
    removed: bool = False


class EntrySync(StrEnum):
    """How far an entry is delivered; the value is the one of `recent --json`."""

    SENT = "sent"
    WAITING = "waiting"
    FAILED = "failed"
    DOUBTFUL = "doubtful"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentEntry:
    """An entry of the local log and how far it is delivered."""

    entry: TimeEntry
    sync: EntrySync
    by_clock: ByClock | None = None
    """Its times by the clock as it is now, if that was set during the entry."""
