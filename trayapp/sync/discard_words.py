"""The words for a discard: what it does to the hours, why it was refused. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from trayapp.i18n import _, ngettext
from trayapp.sync.discard import KEPT, CannotDiscard, Discarding, Effect, Refusal
from trayapp.sync.words import duration, one_line, shorten
from trayapp.tracking.entry import EventKind, TrackerState

_MOST_ENTRIES = 5
_MOST_IDS = 20
_NAME_LENGTH = 60
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_NOTHING = timedelta()


def discarding_words(found: Discarding) -> str:
    """What it does to the hours on the server, in whole sentences; empty where nothing goes."""
    parts = _entries_words(found.effects)
    if found.undecided:
        text = ngettext(
            "{count} click of the older app cannot be sent as it is: the hours on the server stay "
            "as they are.",
            "{count} clicks of the older app cannot be sent as they are: the hours on the server "
            "stay as they are.",
            found.undecided,
        )
        parts.append(text.format(count=found.undecided))
    if found.may_be_there:
        text = ngettext(
            "{count} click may have arrived all the same: look on the server.",
            "{count} clicks may have arrived all the same: look on the server.",
            found.may_be_there,
        )
        parts.append(text.format(count=found.may_be_there))
    return " ".join(parts)


def _entries_words(effects: Sequence[Effect]) -> list[str]:
    if all(effect.is_same for effect in effects):
        count = sum(len(effect.going) for effect in effects)
        return [_same_words(count)] if count else []
    if len(effects) == 1:
        return [effect_words(effects[0])]
    parts = [f"{_name(effect)}: {effect_words(effect)}" for effect in effects[:_MOST_ENTRIES]]
    others = effects[_MOST_ENTRIES:]
    if others:
        text = ngettext(
            "{count} more entry: {hours}.", "{count} more entries: {hours}.", len(others)
        )
        more = sum((effect.more for effect in others), _NOTHING)
        parts.append(text.format(count=len(others), hours=_hours(more)))
    return parts


def _name(effect: Effect) -> str:
    return shorten(one_line(effect.name), _NAME_LENGTH) or _("Without a project")


def _same_words(count: int) -> str:
    text = ngettext(
        "Your hours on the server are the same without this click.",
        "Your hours on the server are the same without these {count} clicks.",
        count,
    )
    return text.format(count=count)


def effect_words(effect: Effect) -> str:
    """What becomes of one entry on the server, such as "… the break counts as work: 0:12 more."."""
    if effect.gives_up:
        return " ".join(_given_up(effect))
    if effect.is_same:
        return _same_words(len(effect.going))
    parts = [_without(effect).format(hours=_hours(effect.more), count=len(effect.kinds))]
    if effect.after is TrackerState.RUNNING and effect.before is not TrackerState.RUNNING:
        parts.append(_("It goes on counting there."))
    if effect.after is TrackerState.PAUSED and effect.before is TrackerState.RUNNING:
        parts.append(_("There it stays paused."))
    return " ".join(parts)


def _without(effect: Effect) -> str:
    match effect.kinds:
        case (EventKind.PAUSE,) if effect.more > _NOTHING:
            return _("Without this pause, the break counts as work: {hours}.")
        case (EventKind.RESUME,) if effect.more < _NOTHING:
            return _("Without this resume, the work after it does not count: {hours}.")
        case (EventKind.STOP,):
            return _("Without this stop, the entry stays open on the server: {hours}.")
        case (EventKind.EDIT | EventKind.DELETE as kind,):
            return _without_correction(kind)
    return ngettext(
        "Without this click, the server shows other times: {hours}.",
        "Without these {count} clicks, the server shows other times: {hours}.",
        len(effect.kinds),
    )


def _without_correction(kind: EventKind) -> str:
    if kind is EventKind.DELETE:
        return _("Without this deletion, the entry stays on the server: {hours}.")
    return _("Without this correction, the server shows what was before: {hours}.")


def _given_up(effect: Effect) -> list[str]:
    text = _("Without its beginning, nothing more of this entry is sent: {hours}.")
    parts = [text.format(hours=_hours(effect.more))]
    if effect.along:
        text = ngettext(
            "{count} other click of it goes along.",
            "{count} other clicks of it go along.",
            effect.along,
        )
        parts.append(text.format(count=effect.along))
    if effect.on_server:
        parts.append(_("What the server has of it already stays there."))
    if effect.before is not TrackerState.STOPPED:
        parts.append(_("What you still click for it is not sent either."))
    return parts


def _hours(more: timedelta) -> str:
    """Such as "0:12 more"."""
    if not more:
        return _("the hours stay the same")
    size = abs(more)
    length = duration(size)
    if size < _MINUTE:
        length = _("{seconds} s").format(seconds=max(1, size // _SECOND))
    text = _("{length} more") if more > _NOTHING else _("{length} less")
    return text.format(length=length)


def done_words(count: int) -> str:
    """What `discard` says when it is done."""
    text = ngettext("{count} task is not sent.", "{count} tasks are not sent.", count)
    return text.format(count=count)


def undone_words(count: int) -> str:
    """What the undoing says when it is done."""
    text = ngettext("{count} task is back.", "{count} tasks are back.", count)
    return text.format(count=count)


def refusal_words(error: CannotDiscard) -> str:
    """Why nothing was discarded or brought back, and what to do."""
    texts = {
        Refusal.NOT_FAILED: _(
            "Not among the failed tasks: {ids}. Nothing was changed; “trayapp failed” lists them."
        ),
        Refusal.DOUBTFUL: _(
            "These may have arrived already: {ids}. Nothing was changed; retry first: that looks "
            "on the server, and tells."
        ),
        Refusal.CHANGES_HOURS: _(
            "Your hours would not be the same without {ids}: something has changed meanwhile. "
            "Nothing was removed; look at the failed tasks again."
        ),
        Refusal.NOT_DISCARDED: _("Not among the discarded tasks: {ids}. Nothing was changed."),
        Refusal.TOO_LATE: _(
            "Discarded more than {days} days ago, so it is too late to bring back: {ids}. "
            "Nothing was changed; the clicks are still in the local log."
        ),
        Refusal.SENT_SINCE: _(
            "Later clicks of the same entry were sent without these, so they cannot be sent any "
            "more: {ids}. Nothing was changed; correct the hours on the server."
        ),
    }
    return texts[error.why].format(ids=_ids(error.task_ids), days=KEPT.days)


def _ids(task_ids: Sequence[int]) -> str:
    shown = [f"#{one}" for one in task_ids[:_MOST_IDS]]
    return ", ".join([*shown, "…"] if len(task_ids) > _MOST_IDS else shown)
