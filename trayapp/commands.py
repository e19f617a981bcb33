"""Clicks and corrections as the menu, the command line and the channel ask for them.

One way for all of them, with the app running or without it, so that the answer is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone, tzinfo

from trayapp.control.messages import JSON, Reply, Request
from trayapp.i18n import _
from trayapp.queue.error_words import in_words
from trayapp.queue.errors import QueueError
from trayapp.sync import impossible_words
from trayapp.sync.correction_words import (
    deleted_words,
    edited_words,
    fixed_words,
    undone_words,
)
from trayapp.sync.words import clock_time, one_line
from trayapp.timer import Corrected, Timer
from trayapp.tracking.activity import Activity
from trayapp.tracking.corrections import Correction, Delete, Edit, Undo
from trayapp.tracking.entry import EventKind, Stamp, from_ms, to_ms
from trayapp.tracking.moments import BadMoment, parse_moment
from trayapp.tracking.tracker import (
    AlreadySo,
    CannotDo,
    Changed,
    Command,
    Impossible,
    Pause,
    Paused,
    Resume,
    Running,
    Start,
    Stop,
)

CLICKS = ("start", "pause", "resume", "stop")
CORRECTIONS = ("edit", "delete", "undo", "fix")
MAX_TEXT_CHARACTERS = 4000
"""Of a project or a note: two of them fit a message of the channel, whatever they are made of."""
_SIMPLE: dict[str, Command] = {"pause": Pause(), "resume": Resume(), "stop": Stop()}


class BadText(ValueError):  # noqa: N818  # reads as what it says
    """A project, note or time that cannot be kept; the message says why and what to do."""


def check_text(text: str | None) -> None:
    """Raise BadText for what cannot be written down, shown and sent as it is."""
    try:
        (text or "").encode()
    except UnicodeEncodeError as error:  # half a character: arguments that are no UTF-8
        msg = _("The project or the note is no valid text, so nothing was recorded. Type it anew.")
        raise BadText(msg) from error
    if "\0" in (text or ""):
        msg = _("The project or the note holds a NUL, so nothing was recorded. Leave it out.")
        raise BadText(msg)
    if len(text or "") > MAX_TEXT_CHARACTERS:
        msg = _(
            "The project or the note is longer than {count} characters, so nothing was recorded. "
            "Shorten it."
        )
        raise BadText(msg.format(count=MAX_TEXT_CHARACTERS))


def moment_typed(text: str, stamp: Stamp) -> datetime:
    """A time typed at `stamp`, by the local clock. Raises BadText."""
    import tzlocal  # noqa: PLC0415  # no click from the menu names a time

    try:
        tzlocal.reload_localzone()  # the library remembers the zone of its first use
        zone: tzinfo = tzlocal.get_localzone()
    except (LookupError, ValueError, OSError):  # set by hand, without a name: the offset stands
        zone = timezone(stamp.offset)
    try:
        return parse_moment(text, now=stamp.at, zone=zone)
    except BadMoment as error:
        raise BadText(impossible_words.bad_moment(error.why, error.readings, zone=zone)) from error


def not_recorded(error: Exception) -> str:
    """What to say when a click could not be written down."""
    return in_words(_("This was not recorded: {reason}. Nothing has changed; {advice}."), error)


def not_done(error: Exception) -> str:
    """What to say when the queue kept anything else from being done."""
    return in_words(_("This could not be done: {reason}. Nothing was changed; {advice}."), error)


def while_retrying() -> Reply:
    """The answer to what may not change the queue under a retry."""
    text = _("A retry is under way. Nothing was changed; try again when it has ended.")
    return Reply(ok=False, message=text)


def click_request(
    name: str,
    stamp: Stamp,
    *,
    project: str | None = None,
    note: str | None = None,
    given_at_ms: int | None = None,
) -> Request:
    """A click as it crosses the channel."""
    arguments = {"project": project, "note": note, "given_at_ms": given_at_ms}
    return Request(name=name, arguments=arguments, stamp=stamp)


def record(timer: Timer, request: Request, *, now: Stamp) -> Reply:
    """Do what one of CLICKS or CORRECTIONS asks for."""
    return (correct if request.name in CORRECTIONS else click)(timer, request, now=now)


def click(timer: Timer, request: Request, *, now: Stamp, zone: tzinfo | None = None) -> Reply:
    """Do what a click asks for; times are told in `zone`."""
    return _answered(lambda: _clicked(timer, request, now, zone), request, now, zone)


def _clicked(timer: Timer, request: Request, now: Stamp, zone: tzinfo | None) -> Reply:
    stamp = request.stamp or now
    result = timer.do(_command(request), stamp, given_at=_moment(request, "given_at_ms"))
    if isinstance(result, AlreadySo):
        return Reply(ok=True, message=_already(result))
    return Reply(ok=True, changed=True, message=_done(result, stamp.at, zone))


def _answered(
    done: Callable[[], Reply], request: Request, now: Stamp, zone: tzinfo | None
) -> Reply:
    """What came of it, or why it was not done."""
    try:
        return done()
    except CannotDo as error:
        words = _unknown_project(error.why, request) or impossible_words.cannot_do(
            error.why, error.last_event_at, zone=zone, as_of=now.at
        )
        return Reply(ok=False, message=words)
    except BadText as error:
        return Reply(ok=False, message=str(error))
    except (QueueError, ValueError) as error:
        return Reply(ok=False, message=not_recorded(error))


def edit_request(name: str, stamp: Stamp, wanted: Edit, *, task_ids: Sequence[int] = ()) -> Request:
    """A correction as it crosses the channel; of an undo only the name counts.

    `task_ids` are those a fix is about, instead of an entry.
    """
    started, stopped = wanted.started_at, wanted.stopped_at
    arguments: dict[str, JSON] = {
        "entry": wanted.entry_id,
        "project": wanted.project,
        "note": wanted.note,
        "started_at_ms": None if started is None else to_ms(started),
        "stopped_at_ms": None if stopped is None else to_ms(stopped),
        "by_clock": wanted.by_clock,
        "ids": list(task_ids),
    }
    return Request(name=name, arguments=arguments, stamp=stamp)


def correct(timer: Timer, request: Request, *, now: Stamp, zone: tzinfo | None = None) -> Reply:
    """Do what one of CORRECTIONS asks for; times are told in `zone`."""
    return _answered(lambda: _corrected(timer, request, now, zone), request, now, zone)


def _corrected(timer: Timer, request: Request, now: Stamp, zone: tzinfo | None) -> Reply:
    stamp = request.stamp or now
    wanted = _edit(request)
    if request.name == "fix":
        fixed = timer.fix(wanted, stamp, task_ids=ids_of(request) or ())
        changed = bool(fixed.corrected or fixed.resent)
        words = fixed_words(fixed.resent) if changed else _("It is so already.")
        return Reply(ok=True, changed=changed, message=words)
    corrections: dict[str, Correction] = {
        "edit": wanted,
        "delete": Delete(wanted.entry_id),
        "undo": Undo(),
    }
    result = timer.correct(corrections[request.name], stamp)
    if isinstance(result, AlreadySo):
        is_gone = request.name == "delete"
        return Reply(ok=True, message=_("Deleted already.") if is_gone else _("It is so already."))
    entry_id = result.events[0].entry_id
    message = _correction_words(result, stamp.at, zone)
    return Reply(ok=True, changed=True, message=message, value={"entry": entry_id})


def _correction_words(result: Corrected, now: datetime, zone: tzinfo | None) -> str:
    before, after = result.before, result.after
    if before is None or after is None:  # only an undo meets an entry that was none
        return ""
    if result.undone is not None:
        return undone_words(result.undone, before)
    if after.deleted:
        return deleted_words(after)
    return edited_words(before, after, zone=zone, as_of=now)


def _edit(request: Request) -> Edit:
    return Edit(
        _text(request, "entry") or "",
        project=_text(request, "project"),
        note=_text(request, "note"),
        started_at=_moment(request, "started_at_ms"),
        stopped_at=_moment(request, "stopped_at_ms"),
        by_clock=request.arguments.get("by_clock") is True,
    )


def ids_of(request: Request) -> list[int] | None:
    """The tasks that a request names; None when it names none."""
    ids = request.arguments.get("ids")
    if not isinstance(ids, list | tuple):
        return None
    return sorted({one for one in ids if isinstance(one, int)})


def _unknown_project(why: Impossible, request: Request) -> str:
    """The server would refuse it later: say so now. Empty for any other reason."""
    if why is Impossible.NEEDS_PROJECT:
        return _("Your server takes no time without a project, so nothing was recorded. Name one.")
    if why is not Impossible.UNKNOWN_PROJECT:
        return ""
    name = one_line(str(request.arguments.get("project") or ""))
    text = _(
        "Your server has no active project “{name}”, so nothing was recorded. "
        "Name one of those that it lists."
    )
    if not name:
        text = _(
            "The last project is not active on your server any more, so nothing was recorded. "
            "Name another."
        )
    return text.format(name=name)


def _command(request: Request) -> Command:
    if request.name == "start":
        return Start(project=_text(request, "project"), note=_text(request, "note"))
    return _SIMPLE[request.name]


def _text(request: Request, name: str) -> str | None:
    value = request.arguments.get(name)
    if value is None or isinstance(value, str):
        check_text(value)
        return value
    msg = f"{name} is no text"
    raise ValueError(msg)


def _moment(request: Request, name: str) -> datetime | None:
    value = request.arguments.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"{name} is no number"
        raise ValueError(msg)  # noqa: TRY004  # what came over the channel is bad input, not a bug
    try:
        return from_ms(value)
    except OverflowError as error:
        msg = f"{name} is no time"
        raise ValueError(msg) from error


def _already(result: AlreadySo) -> str:
    match result.state:
        case Running(activity=activity):
            return _with_name(_("Already running"), activity)
        case Paused(activity=activity):
            return _with_name(_("Already paused"), activity)
    return _("Already stopped.")


def _done(result: Changed, now: datetime, zone: tzinfo | None) -> str:
    event = result.events[-1]
    words = {
        EventKind.START: _("Started at {time}"),
        EventKind.PAUSE: _("Paused at {time}"),
        EventKind.RESUME: _("Resumed at {time}"),
        EventKind.STOP: _("Stopped at {time}"),
    }[event.kind].format(time=clock_time(event.at, zone, as_of=now))
    return _with_name(words, Activity(project=event.project, note=event.note))


def _with_name(words: str, activity: Activity) -> str:
    parts = (one_line(activity.project), one_line(activity.note))
    name = " – ".join(part for part in parts if part)
    return f"{words}: {name}" if name else f"{words}."
