"""Clicks as requests: what the menu, the command line and the channel say, done at the timer.

One way for all of them, with the app running or without it, so that the answer is the same.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from trayapp.control.messages import Reply, Request
from trayapp.i18n import _
from trayapp.queue.errors import QueueError
from trayapp.sync import explanations
from trayapp.sync.words import clock_time
from trayapp.timer import Timer
from trayapp.tracking.entry import Event, EventKind, Stamp, from_ms
from trayapp.tracking.tracker import (
    Activity,
    AlreadySo,
    CannotDo,
    Changed,
    Command,
    Pause,
    Paused,
    Resume,
    Running,
    Start,
    Stop,
)

CLICKS = ("start", "pause", "resume", "stop")
_SIMPLE: dict[str, Command] = {"pause": Pause(), "resume": Resume(), "stop": Stop()}


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
        words = explanations.cannot_do(error.why, error.last_event_at, zone=zone, as_of=now.at)
        return Reply(ok=False, message=words)
    except (QueueError, ValueError) as error:
        text = _("This was not recorded: {reason}. Nothing has changed; try again.")
        return Reply(ok=False, message=text.format(reason=error))
    if isinstance(result, AlreadySo):
        return Reply(ok=True, message=_already(result))
    return Reply(ok=True, changed=True, message=_done(result, stamp.at, zone))


def _command(request: Request) -> Command:
    if request.name == "start":
        return Start(project=_text(request, "project"), note=_text(request, "note"))
    return _SIMPLE[request.name]


def _text(request: Request, name: str) -> str | None:
    value = request.arguments.get(name)
    if value is None or isinstance(value, str):
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
    name = " – ".join(part for part in (activity.project, activity.note) if part)
    return f"{words}: {name}" if name else f"{words}."
