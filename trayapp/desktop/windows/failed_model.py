"""What the failed-tasks window shows, as values: groups, sections, the one filled button. Pure.

The words for a finding come from `trayapp.sync.diagnosis_words`; rows are made in `failed_row`.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum

from trayapp.desktop.windows.signs import Sign
from trayapp.i18n import _, ngettext
from trayapp.light import dataclass
from trayapp.sync.cause import Cause
from trayapp.sync.diagnosis import Action, Diagnosis, Finding
from trayapp.sync.diagnosis_words import (
    DUPLICATES,
    FindingWords,
    Moments,
    action_label,
    duplicates_words,
    finding_words,
)
from trayapp.sync.explanations import explain, reason_words
from trayapp.sync.ids import Ids, joined_ids
from trayapp.sync.sentences import sync_line
from trayapp.sync.status import RetryResult, SyncStatus

RETRY_ALL = "retry_all"
"""The footer's button, where no group has one that helps more."""
CHUNK_IDS = 499
"""So many ids go into one request; the app requeues fewer than 500 at once."""
_HEALING = frozenset({Cause.SERVER_TROUBLE, Cause.NETWORK})
_UNLOCKING = (Action.SIGN_IN, Action.SERVER_SETTINGS)


class Section(StrEnum):
    """Where a group stands."""

    NEEDS_YOU = "needs_you"
    TIDY = "tidy"
    HEALS = "heals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One card: a finding, or the repeats. `key` is its cause, or DUPLICATES.

    `ids` None: they are still being looked up.
    """

    key: str
    section: Section
    count: int
    words: FindingWords
    action: Action
    ids: Sequence[int] | None = None

    @property
    def sign(self) -> Sign:
        """What its picture says; the section's words say the same."""
        return {
            Section.NEEDS_YOU: Sign.NEEDS_YOU,
            Section.TIDY: Sign.DUPLICATE,
            Section.HEALS: Sign.HEALS,
        }[self.section]

    @property
    def button(self) -> str:
        """What is written on its one button."""
        return action_label(self.action)

    @property
    def show_label(self) -> str:
        """The label that has the list show these only."""
        words = ngettext("Show {count} task", "Show {count} tasks", self.count)
        return words.format(count=self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All cards in the order they stand in, and the ids of all failed tasks, oldest first.

    `ids` None: not yet known, only how many.
    """

    groups: tuple[Group, ...] = ()
    ids: Sequence[int] | None = None

    def sign(self, task_id: int) -> Sign | None:
        """A task's sign where it is another than its cause says: that of the repeats."""
        repeats = self.group(DUPLICATES)
        return Sign.DUPLICATE if repeats and repeats.ids and task_id in repeats.ids else None

    def group(self, key: str) -> Group | None:
        """The card of this key."""
        return next((one for one in self.groups if one.key == key), None)


def section_title(section: Section) -> str:
    """What is written above the cards of a section."""
    return {
        Section.NEEDS_YOU: _("Needs you"),
        Section.TIDY: _("Can be tidied up"),
        Section.HEALS: _("Will heal by itself"),
    }[section]


def studied(
    diagnosis: Diagnosis,
    moments: Moments,
    *,
    url: str,
    elsewhere: Container[int] = (),
    unsent: int = 0,
) -> Findings:
    """The cards of a whole diagnosis; `elsewhere`: ids of tasks of who is not signed in.

    `unsent`: how many events wait for who is signed in, those that failed included.
    """
    groups = [
        Group(
            key=found.cause.value,
            section=_section(found),
            count=found.count,
            words=finding_words(found, moments, url=url, unsent=unsent),
            action=found.action,
            ids=found.task_ids,
        )
        for found in diagnosis.groups
    ]
    groups = [
        _for_owner(one) if all(task_id in elsewhere for task_id in one.ids or ()) else one
        for one in groups
    ]
    if diagnosis.duplicates is not None:
        repeats = diagnosis.duplicates
        groups.append(
            Group(
                key=DUPLICATES,
                section=Section.TIDY,
                count=repeats.count,
                words=duplicates_words(repeats, moments),
                action=Action.REMOVE_DUPLICATES,
                ids=repeats.task_ids,
            )
        )
    ids = joined_ids([found.task_ids for found in diagnosis.groups])
    return Findings(groups=_ordered(groups), ids=ids)


def _for_owner(group: Group) -> Group:
    """Whatever else is wrong with them, they are held until their user signs in."""
    advice = _("They belong to another account: sign in as its user; they then go by themselves.")
    return replace(
        group,
        section=Section.NEEDS_YOU,
        action=Action.SIGN_IN,
        words=replace(group.words, advice=advice),
    )


def glanced(status: SyncStatus) -> Findings:
    """The cards as far as counts and newest reasons tell; for a queue too long to wait for."""
    groups = []
    for found in status.failed_causes:
        known = explain(found.cause, found.count, url=status.account.url)
        heals = found.cause in _HEALING
        groups.append(
            Group(
                key=found.cause.value,
                section=Section.HEALS if heals else Section.NEEDS_YOU,
                count=found.count,
                words=FindingWords(
                    title=known.title,
                    happened=reason_words(found.reason),
                    when="",
                    meaning=known.meaning,
                    advice=known.advice,
                ),
                action=_ACTIONS[found.cause],
            )
        )
    return Findings(groups=_ordered(groups))


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


def _section(found: Finding) -> Section:
    return Section.NEEDS_YOU if found.needs_user else Section.HEALS


def _ordered(groups: Sequence[Group]) -> tuple[Group, ...]:
    """By section; within one, what unlocks the others first, then the larger ones."""
    sections = list(Section)
    return tuple(
        sorted(
            groups,
            key=lambda one: (
                sections.index(one.section),
                one.action not in _UNLOCKING,
                -one.count,
            ),
        )
    )


def accent_key(groups: Sequence[Group]) -> str:
    """Whose button is the filled one: the first that needs the user, else RETRY_ALL."""
    first = next((one for one in groups if one.section is Section.NEEDS_YOU), None)
    return first.key if first is not None else RETRY_ALL


def chunked(ids: Sequence[int], size: int = CHUNK_IDS) -> Iterator[tuple[int, ...]]:
    """The ids in requests' sizes, in order."""
    for start in range(0, len(ids), size):
        yield tuple(ids[start : start + size])


def safe_words(status: SyncStatus) -> str:
    """Below the title: that nothing is lost, and what waits behind the failed tasks."""
    safe = _("Nothing is lost: your hours are safe on this computer.")
    if not status.pending:
        return safe
    words = ngettext(
        "{count} more task waits to be sent.",
        "{count} more tasks wait to be sent.",
        status.pending,
    )
    return f"{safe} {words.format(count=status.pending)}"


def empty_words(status: SyncStatus) -> str:
    """What waits while nothing has failed."""
    if not status.pending:
        return _("Everything has been sent. What fails later shows up here.")
    return sync_line(status)


def all_tasks_words(count: int) -> str:
    """Above the list of all of them."""
    return _("All tasks ({count})").format(count=count)


def place_of(task_id: int, ids: Sequence[int] | None) -> int:
    """Where a task stands in the list; -1 where it does not."""
    if isinstance(ids, Ids):
        return ids.place(task_id)
    return ids.index(task_id) if ids and task_id in ids else -1


def progress_words(done: int, total: int) -> str:
    """Such as "37 of 100 sent"."""
    words = ngettext("{done} of {total} sent", "{done} of {total} sent", done)
    return words.format(done=done, total=total)


def summed(results: Sequence[RetryResult]) -> RetryResult:
    """One result of several requests; the reason is the newest there is."""
    return RetryResult(
        number=0,
        sent=sum(one.sent for one in results),
        failed=sum(one.failed for one in results),
        waiting=sum(one.waiting for one in results),
        reason=next((one.reason for one in reversed(results) if one.reason), ""),
    )


def result_sign(result: RetryResult) -> Sign:
    """The picture beside the result of a retry."""
    if result.failed:
        return Sign.NEEDS_YOU
    return Sign.HEALS if result.waiting else Sign.GOOD
