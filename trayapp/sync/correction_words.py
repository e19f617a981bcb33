"""What a correction says when it is made, or cannot be. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo

from trayapp.i18n import _, ngettext
from trayapp.sync.status import LastCommand
from trayapp.sync.words import clock_time, one_line
from trayapp.tracking.entry import EventKind, TimeEntry
from trayapp.tracking.tracker import Impossible


def edited_words(
    before: TimeEntry, after: TimeEntry, *, zone: tzinfo | None, as_of: datetime
) -> str:
    """Such as "Stopped at 17:30 instead of 19:02."."""
    parts: list[str] = []
    if after.started_at != before.started_at:
        new, old = _times(after.started_at, before.started_at, zone, as_of)
        parts.append(_("Started at {new} instead of {old}.").format(new=new, old=old))
    if after.ended_at is not None and after.ended_at != before.ended_at:
        if before.ended_at is None:
            time = clock_time(after.ended_at, zone, as_of=as_of)
            parts.append(_("Stopped at {time}.").format(time=time))
        else:
            new, old = _times(after.ended_at, before.ended_at, zone, as_of)
            parts.append(_("Stopped at {new} instead of {old}.").format(new=new, old=old))
    if (after.project, after.note) != (before.project, before.note):
        text = _("Now it is for “{new}” instead of “{old}”.")
        parts.append(text.format(new=entry_name(after), old=entry_name(before)))
    return " ".join(parts)


def _times(new: datetime, old: datetime, zone: tzinfo | None, as_of: datetime) -> tuple[str, str]:
    """Both, told so exactly that they differ where seconds can tell."""
    with_seconds = clock_time(new, zone, as_of=as_of) == clock_time(old, zone, as_of=as_of)
    return (
        clock_time(new, zone, as_of=as_of, with_seconds=with_seconds),
        clock_time(old, zone, as_of=as_of, with_seconds=with_seconds),
    )


def deleted_words(entry: TimeEntry) -> str:
    """What a deletion says when it is done."""
    text = _("Deleted: {name}. “trayapp undo” brings it back.")
    return text.format(name=entry_name(entry))


def undone_words(kind: EventKind, entry: TimeEntry) -> str:
    """What an undo says: what it took back, and of which entry."""
    words = {
        EventKind.START: _("The start is undone: {name}."),
        EventKind.PAUSE: _("The pause is undone: {name}."),
        EventKind.RESUME: _("The resume is undone: {name}."),
        EventKind.STOP: _("The stop is undone: {name}."),
        EventKind.EDIT: _("The correction is undone: {name}."),
        EventKind.DELETE: _("The deletion is undone: {name}."),
    }
    return words[kind].format(name=entry_name(entry))


def undo_label(last: LastCommand, zone: tzinfo | None, *, as_of: datetime) -> str:
    """What an undo would take back: "Undo: pause 14:05"."""
    words = {
        EventKind.START: _("Undo: start {time}"),
        EventKind.PAUSE: _("Undo: pause {time}"),
        EventKind.RESUME: _("Undo: resume {time}"),
        EventKind.STOP: _("Undo: stop {time}"),
        EventKind.EDIT: _("Undo: correction {time}"),
        EventKind.DELETE: _("Undo: deletion {time}"),
    }
    return words[last.kind].format(time=clock_time(last.at, zone, as_of=as_of))


def fixed_words(resent: int) -> str:
    """What a fix says when it is done."""
    if not resent:
        return _("Corrected; nothing of it had failed.")
    text = ngettext(
        "Corrected; {count} task is sent again.",
        "Corrected; {count} tasks are sent again.",
        resent,
    )
    return text.format(count=resent)


def cannot_correct(why: Impossible) -> str:
    """Why there is nothing to be corrected, and what to do."""
    texts = {
        Impossible.UNKNOWN_ENTRY: _(
            "There is no such entry, so nothing was changed. "
            "“trayapp recent --json” shows the ids of the last ones."
        ),
        Impossible.UNKNOWN_TASK: _(
            "Not all of these tasks have failed, so nothing was changed. "
            "“trayapp failed” lists those that have."
        ),
        Impossible.NOTHING_TO_UNDO: _("There is nothing to undo."),
    }
    return texts[why]


def entry_name(entry: TimeEntry) -> str:
    """What it is for, on one line."""
    parts = (one_line(entry.project), one_line(entry.note))
    return " – ".join(part for part in parts if part) or _("Without project and note")
