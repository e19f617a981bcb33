"""Clicks as the menu, the command line and the channel ask for them.

One way for all of them, with the app running or without it, so that the answer is the same.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from trayapp.control.messages import Reply, Request
from trayapp.i18n import _
from trayapp.queue.errors import QueueError
from trayapp.sync import explanations
from trayapp.sync.words import clock_time, one_line
from trayapp.timer import Timer
from trayapp.tracking.entry import Event, EventKind, Stamp, from_ms
from trayapp.tracking.tracker import (
    Activity,
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
MAX_TEXT_CHARACTERS = 4000
"""Of a project or a note: two of them fit a message of the channel, whatever they are made of."""
_SIMPLE: dict[str, Command] = {"pause": Pause(), "resume": Resume(), "stop": Stop()}


class BadText(ValueError):  # noqa: N818  # reads as what it says
    """A project or a note that cannot be kept; the message says why and what to do."""


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


def not_recorded(error: Exception) -> str:
    """What to say when a click could not be written down."""
    text = _("This was not recorded: {reason}. Nothing has changed; try again.")
    return text.format(reason=error)


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


def click(timer: Timer, request: Request, *, now: Stamp, zone: tzinfo | None = None) -> Reply:
    """Do what a click asks for; times are told in `zone`."""
    stamp = request.stamp or now
    try:
        command = _command(request)
        given_at = _given_at(request)
        result = timer.do(command, stamp, given_at=given_at)
    except CannotDo as error:
        words = _unknown_project(error.why, request) or explanations.cannot_do(
            error.why, error.last_event_at, zone=zone, as_of=now.at
        )
        return Reply(ok=False, message=words)
    except BadText as error:
        return Reply(ok=False, message=str(error))
    except (QueueError, ValueError) as error:
        return Reply(ok=False, message=not_recorded(error))
    if isinstance(result, AlreadySo):
        return Reply(ok=True, message=_already(result))
    return Reply(ok=True, changed=True, message=_done(result, stamp.at, zone))


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


def _given_at(request: Request) -> datetime | None:
    value = request.arguments.get("given_at_ms")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        msg = "given_at_ms is no number"
        raise ValueError(msg)  # noqa: TRY004  # what came over the channel is bad input, not a bug
    return from_ms(value)


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
    return _with_name(words, _activity(event))


def _activity(event: Event) -> Activity:
    return Activity(project=event.project, note=event.note)


def _with_name(words: str, activity: Activity) -> str:
    parts = (one_line(activity.project), one_line(activity.note))
    name = " – ".join(part for part in parts if part)
    return f"{words}: {name}" if name else f"{words}."
