"""A failed task as text: its row in the list, what unfolds below it, what is copied. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, tzinfo

from trayapp.desktop.windows.signs import Sign
from trayapp.i18n import _
from trayapp.light import dataclass
from trayapp.log import redact
from trayapp.queue.reader import Attempt
from trayapp.queue.task import SyncTask
from trayapp.sync.cause import Cause
from trayapp.sync.diagnosis import cause_of
from trayapp.sync.explanations import reason_words
from trayapp.sync.sentences import kind_label
from trayapp.sync.words import clock_time, one_line
from trayapp.tracking.entry import Event, EventKind

_KINDS = {kind.value: kind for kind in EventKind}
_HEALING = frozenset({Cause.SERVER_TROUBLE, Cause.NETWORK})
NEVER = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What rows are made with: how times are written, and what the list knows of the account.

    `due_at`: when the closed gate is probed next.
    """

    as_of: datetime
    most_attempts: int
    zone: tzinfo | None = None
    due_at: datetime | None = None

    def time(self, at: datetime, *, seconds: bool = False) -> str:
        """Such as "14:02", with the day where it is another."""
        return clock_time(at, self.zone, as_of=self.as_of, with_seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One task in the list; `reason` is one line here, whole when unfolded."""

    id: int
    sign: Sign
    kind: str
    number: str
    entry: str
    attempts: str
    created: str
    last: str
    next: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What unfolds below a row."""

    id: int
    cause: Cause
    reason: str
    facts: str
    payload: str
    history: tuple[tuple[str, str], ...]
    """Time and reason of earlier attempts, newest first."""


def row_of(
    task: SyncTask, entry: Sequence[Event], context: Context, *, sign: Sign | None = None
) -> Row:
    """A task's row; `entry`: events of its entry, the first at least, where there are any."""
    cause = cause_of(task)
    own = Sign.HEALS if cause in _HEALING else Sign.NEEDS_YOU
    return Row(
        id=task.id,
        sign=sign or own,
        kind=kind_words(task.kind),
        number=f"#{task.id}",
        entry=entry_name(task, entry, context),
        attempts=f"{task.retry_count} / {context.most_attempts}",
        created=context.time(task.created_at, seconds=True),
        last=context.time(task.last_retry_at) if task.last_retry_at else NEVER,
        next=next_words(task, cause, context),
        reason=one_line(redact(reason_words(task.reason))),
    )


def kind_words(kind: str) -> str:
    """The name of a kind; one that nobody knows is shown as it is."""
    known = _KINDS.get(kind)
    others = {"time_entry_edit": _("Correction"), "time_entry_delete": _("Deletion")}
    return kind_label(known) if known is not None else others.get(kind, one_line(kind))


def entry_name(task: SyncTask, entry: Sequence[Event], context: Context) -> str:
    """Such as "12:00 · Website – fix the login", with the day where the task is of another."""
    if not entry:
        return task.entry_id[:8] or NEVER
    first = entry[0]
    name = " – ".join(filter(None, (one_line(first.project), one_line(first.note))))
    began = clock_time(first.at, context.zone, as_of=task.created_at)
    return f"{began} · {name or _('Without a project')}"


def next_words(task: SyncTask, cause: Cause, context: Context) -> str:
    """When it is tried again, or what that waits for."""
    if task.due_at is not None and task.due_at > context.as_of:
        return context.time(task.due_at)
    if cause is Cause.SIGNED_OUT:
        return _("after sign-in")
    if cause not in _HEALING:
        return _("when retried")
    if context.due_at is not None and context.due_at > context.as_of:
        return context.time(context.due_at)
    return _("by itself")


def details_of(
    task: SyncTask, entry: Sequence[Event], history: Sequence[Attempt], context: Context
) -> Details:
    """Everything that is known about a task, secrets removed."""
    return Details(
        id=task.id,
        cause=cause_of(task),
        reason=redact(reason_words(task.reason)),
        facts=_facts(task, entry, context),
        payload=payload_words(task.payload),
        history=tuple(
            (context.time(one.at, seconds=True), redact(one.reason or one.outcome))
            for one in reversed(history)
        ),
    )


def _facts(task: SyncTask, entry: Sequence[Event], context: Context) -> str:
    """What the row tells too, where it has room for it."""
    last = context.time(task.last_retry_at) if task.last_retry_at else NEVER
    return " · ".join(
        (
            _("Entry: {entry}").format(entry=entry_name(task, entry, context)),
            _("Last attempt: {time}").format(time=last),
            _("Next attempt: {time}").format(time=next_words(task, cause_of(task), context)),
        )
    )


def payload_words(payload: str) -> str:
    """The payload laid out for reading, secrets removed and nothing else cut."""
    try:
        laid_out = json.dumps(json.loads(payload), indent=2, ensure_ascii=False)
    except ValueError:
        laid_out = payload
    return redact(laid_out)


def task_text(task: SyncTask, entry: Sequence[Event], context: Context) -> str:
    """What "Copy" puts on the clipboard."""
    lines = (
        f"#{task.id} {task.kind}",
        _("Entry: {entry}").format(entry=entry_name(task, entry, context)),
        _("Created: {time}").format(time=_iso(task.created_at)),
        _("Last attempt: {time}").format(
            time=_iso(task.last_retry_at) if task.last_retry_at else NEVER
        ),
        _("Attempts: {count} / {most}").format(count=task.retry_count, most=context.most_attempts),
        _("Reason: {reason}").format(reason=redact(reason_words(task.reason))),
        payload_words(task.payload),
    )
    return "\n".join(lines)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
