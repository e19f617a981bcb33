"""SyncStatus: the one snapshot that icon, title, menu, notifications and command line see."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum

from trayapp.light import dataclass
from trayapp.sync.cause import Cause
from trayapp.tracking.entry import EventKind, TrackerState
from trayapp.tracking.totals import Totals


class Link(StrEnum):
    """How the server is reached, told by the trouble that holds the oldest task."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFFLINE = "offline"
    LOCKED = "locked"
    UNTRUSTED = "untrusted"
    SIGNED_OUT = "signed_out"
    WRONG_ADDRESS = "wrong_address"
    SERVER_TROUBLE = "server_trouble"
    THROTTLED = "throttled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """Where tracked time goes: the server's kind, its address, the user. Never a secret."""

    kind: str
    url: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """The entry that runs or is paused. `worked` is up to the snapshot's `as_of`."""

    id: str
    project: str
    note: str
    started_at: datetime
    worked: timedelta
    clock_step: timedelta = timedelta()
    """By how much the wall clock was set during this entry; zero when it was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOffer:
    """What can be done about the newest entry: the wall clock was set by `step` during it.

    Its begin and end by the clock as it is now, where that makes them others; `is_whole` tells
    that these are all that is other, so that an edit can name them.
    """

    entry_id: str
    step: timedelta
    started_at: datetime | None
    stopped_at: datetime | None
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentView:
    """What was tracked before and can be taken up again."""

    project: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCommand:
    """What an undo would take back: the newest event of the command, what it was, and when."""

    event_id: str
    kind: EventKind
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCause:
    """How many tasks failed for one cause, and the newest of their reasons, word for word."""

    cause: Cause
    count: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryResult:
    """What became of a "Retry all": counts that add up to what was retried."""

    number: int
    """Grows with each retry, so that a result is told once."""
    sent: int
    failed: int
    waiting: int
    reason: str
    """The newest reason among `failed` and `waiting`; empty when all were sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStatus:
    """Everything a user can be shown about tracker and sync, at one moment.

    Times are UTC. `pending` and `failed` count by status over all accounts; `doubtful` counts what
    is in doubt in either. `own_failed` and `own_pending` are those of the active account, which is
    what "Retry all" acts on. `waiting_since` is the creation of the oldest undelivered task.
    `elsewhere` names other accounts and how much waits for each (pending and failed).
    `gap_since` is set when a running entry went unobserved for more than ten minutes: the last
    moment we know it was watched.
    """

    as_of: datetime
    tracker: TrackerState = TrackerState.STOPPED
    entry: EntryView | None = None
    last_project: str = ""
    last_note: str = ""
    has_history: bool = False
    """Whether anything was ever tracked, that is, whether a bare start has something to repeat."""
    last_command: LastCommand | None = None
    totals: Totals = field(default_factory=Totals)
    """Up to `as_of`, by the local log, whatever the server has."""
    recent: tuple[RecentView, ...] = ()
    """Newest first, each once, a few of them; without what runs or is paused."""
    projects: tuple[str, ...] = ()
    """Names from the server's list, as last heard; empty where it has none and takes any."""
    pending: int = 0
    failed: int = 0
    doubtful: int = 0
    own_pending: int = 0
    own_failed: int = 0
    possible_doubles: int = 0
    link: Link = Link.UNKNOWN
    reason: str | None = None
    waiting_since: datetime | None = None
    next_attempt_at: datetime | None = None
    last_delivery_at: datetime | None = None
    account: AccountView = AccountView(kind="embedded", url="", user="")
    signed_in: bool = False
    """Whether there is an account to sign out of; the server inside needs none."""
    needs_sign_in: bool = False
    """The account's own server wants it to sign in again before anything more is sent."""
    elsewhere: tuple[tuple[str, int], ...] = ()
    failed_causes: tuple[FailedCause, ...] = ()
    removed: int = 0
    """Entries found removed on the server since the program started; grows."""
    gap_since: datetime | None = None
    clock_skew: timedelta | None = None
    """How far our clock is ahead of the server's; None: not known to be wrong."""
    clock_offer: ClockOffer | None = None
    """Until it is taken, or the user keeps the entry as it is."""
    retrying: bool = False
    """A "Retry all" is under way; its result will tell what became of it."""
    retry: RetryResult | None = None

    @property
    def own_unsent(self) -> int:
        """What waits for the active account, failed or not: what "Retry all" acts on."""
        return self.own_pending + self.own_failed

    @property
    def held_up(self) -> int:
        """How many events the active account's own failures hold up, themselves included."""
        return self.own_unsent if self.own_failed else 0

    @property
    def all_sent(self) -> bool:
        """Whether the server has said yes to everything there is, for every account."""
        nothing_open = not (self.pending or self.failed or self.doubtful or self.possible_doubles)
        return nothing_open and self.last_delivery_at is not None
