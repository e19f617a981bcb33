"""Diagnosis: why the failed tasks failed, what to do about each cause, and which of them repeat.

Pure; may be called from any thread. Every failed task has exactly one cause; repeats are a
pattern of their own and counted apart. The words are in `diagnosis_words`.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence, Set
from operator import attrgetter

from trayapp.light import dataclass
from trayapp.queue.failed_reading import EntryLog
from trayapp.queue.task import SyncTask
from trayapp.sync.cause import TROUBLE, Cause
from trayapp.sync.diagnosis_repeats import (
    Action,
    Duplicates,
    Pattern,
    Run,
    Span,
    duplicates_of,
    entry_logs,
    events_of,
    runs_in,
)
from trayapp.sync.ids import Ids, joined_ids
from trayapp.tracking.entry import Event

__all__ = [
    "Action",
    "Diagnosis",
    "Duplicates",
    "Finding",
    "Pattern",
    "Reason",
    "Run",
    "Span",
    "Study",
    "cause_of",
    "cause_of_reason",
    "diagnose",
    "events_of",
]


@dataclass(frozen=True, slots=True)
class Reason:
    """A stored reason, word for word (empty: none was stored), and whose it is."""

    text: str
    task_ids: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The failed tasks of one cause. `reasons`: the most common first, of equals the newest.

    `needs_user` is False only where every one of them gets another trial by itself.
    """

    cause: Cause
    task_ids: Sequence[int]
    reasons: tuple[Reason, ...]
    action: Action
    needs_user: bool
    span: Span

    @property
    def count(self) -> int:
        """How many tasks."""
        return len(self.task_ids)

    @property
    def message(self) -> str:
        """The most common reason, in the server's own words."""
        return self.reasons[0].text


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One finding for each cause there is, those that need the user first; and the repeats."""

    groups: tuple[Finding, ...]
    duplicates: Duplicates | None

    @property
    def count(self) -> int:
        """How many tasks failed."""
        return sum(group.count for group in self.groups)


def diagnose(
    tasks: Iterable[SyncTask],
    *,
    history: Iterable[Event] = (),
    discarded: Set[str] = frozenset(),
    tried: Set[int] = frozenset(),
) -> Diagnosis:
    """What the failed `tasks` come to, in whatever order they are given.

    `history`: all events of their entries, in the log's order, whatever became of them: without
    it no repeat can be proven. `discarded`: ids of the events among them that are not to be sent.
    `tried`: ids of failed tasks whose one trial by themselves was in vain.
    """
    ordered = sorted(tasks, key=_BY_ID)
    study = Study()
    study.take(ordered, tried)
    study.look_into(entry_logs(ordered, history, discarded))
    return study.found()


class Study:
    """A diagnosis under way; of what it is given it keeps little more than numbers."""

    def __init__(self) -> None:
        self._groups: dict[Cause, _Gathered] = {}
        self._runs: list[Run] = []

    def take(self, tasks: Iterable[SyncTask], tried: Set[int] = frozenset()) -> None:
        """Some more failed tasks, all younger than those before; `tried` as `diagnose` has it."""
        for task in tasks:
            cause = cause_of(task)
            group = self._groups.get(cause)
            if group is None:
                group = self._groups[cause] = _Gathered(task)
            group.add(task, tried)

    def look_into(self, entries: Iterable[EntryLog]) -> None:
        """Look for repeats in these entries, each of which is given once."""
        for entry in entries:
            self._runs += runs_in(entry)

    def found(self) -> Diagnosis:
        """What all of it comes to."""
        found = [self._groups[one].finding(one) for one in Cause if one in self._groups]
        found.sort(key=lambda finding: not finding.needs_user)
        return Diagnosis(tuple(found), duplicates_of(self._runs))


class _Gathered:
    """What is known of the tasks of one cause."""

    def __init__(self, first: SyncTask) -> None:
        self._reasons: dict[str, array[int]] = {}
        self._heal = True
        self._first_at = self._last_at = first.created_at

    def add(self, task: SyncTask, tried: Set[int]) -> None:
        reason = self._reasons.get(task.reason)
        if reason is None:
            reason = self._reasons[task.reason] = array("q")
        reason.append(task.id)
        self._heal = self._heal and _heals(task, tried)
        self._first_at = min(self._first_at, task.created_at)
        self._last_at = max(self._last_at, task.created_at)

    def finding(self, cause: Cause) -> Finding:
        reasons = [Reason(text, Ids(ids)) for text, ids in self._reasons.items()]
        reasons.sort(key=lambda one: (len(one.task_ids), one.task_ids[-1]), reverse=True)
        return Finding(
            cause=cause,
            task_ids=joined_ids([one.task_ids for one in reasons]),
            reasons=tuple(reasons),
            action=_ACTIONS[cause],
            needs_user=not self._heal,
            span=Span(self._first_at, self._last_at),
        )


# -- causes --------------------------------------------------------------------------------

_BY_ID = attrgetter("id")
_UNTOLD = frozenset({"", Cause.UNKNOWN.value})
_KNOWN = {cause.value: cause for cause in Cause}
_ACTIONS = {
    Cause.SIGNED_OUT: Action.SIGN_IN,
    Cause.WRONG_ADDRESS: Action.SERVER_SETTINGS,
    Cause.SERVER_TROUBLE: Action.RETRY,
    Cause.NETWORK: Action.RETRY,
    Cause.REFUSED: Action.FIX,
    Cause.CONFLICT: Action.CHOOSE,
    Cause.INTERNAL: Action.REPORT,
    Cause.UNKNOWN: Action.RETRY,
}
# The first that fits counts. A refresh that no server answered, or a broken one, says nothing
# about the token.
_READINGS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), cause)
    for pattern, cause in (
        (r"Network error: the server's address", Cause.WRONG_ADDRESS),
        (r"(Token refresh failed: )?Network error\b", Cause.NETWORK),
        (
            r"Token refresh failed: ((HTTP )?(5\d\d|408|425|429)\b|HTTP 2\d\d: unreadable)",
            Cause.SERVER_TROUBLE,
        ),
        (r"Token refresh failed: HTTP 2\d\d\b", Cause.WRONG_ADDRESS),
        (r"Token refresh failed|Token expired|HTTP 401\b", Cause.SIGNED_OUT),
        (r"HTTP (407|511)\b", Cause.NETWORK),
        (r"HTTP (5\d\d|408|425|429)\b|HTTP 2\d\d: unreadable", Cause.SERVER_TROUBLE),
        (r"HTTP 404(: Not Found|:.*<(html|!doctype)\b.*|:?)\s*$", Cause.WRONG_ADDRESS),
        (r"HTTP 4\d\d\b", Cause.REFUSED),
        (r"HTTP \d\d\d\b", Cause.WRONG_ADDRESS),
        (r"Conflict\b", Cause.CONFLICT),
        (r"Internal error\b", Cause.INTERNAL),
    )
)


def cause_of(task: SyncTask) -> Cause:
    """The one cause of a failed task; what nobody told the cause of is read from its reason."""
    if task.cause in _UNTOLD:
        return cause_of_reason(task.reason)
    return _KNOWN.get(task.cause, Cause.UNKNOWN)


def cause_of_reason(reason: str) -> Cause:
    """What a stored reason such as "HTTP 500: Internal Server Error" tells.

    A 404 with the server's own words is about the entry; the bare phrase is about the address.
    """
    text = reason.strip()
    fits = (cause for pattern, cause in _READINGS if pattern.match(text))
    return next(fits, Cause.UNKNOWN)


def _heals(task: SyncTask, tried: Set[int]) -> bool:
    """Whether it is tried again by itself: the queue goes by the cause stored with it."""
    return task.cause in TROUBLE and task.id not in tried
