"""start, pause, resume, stop: asked of the running app, else recorded here."""

from __future__ import annotations

from datetime import datetime

from trayapp.commands import BadText, check_text, click_request, moment_typed, not_recorded
from trayapp.console.call import (
    ASK_SECONDS,
    GREET_SECONDS,
    USAGE,
    Answer,
    Call,
    Failure,
    Options,
    told,
)
from trayapp.control.client import ControlClient, NotRunningError
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.i18n import _
from trayapp.queue.errors import QueueError
from trayapp.tracking.entry import to_ms


def click(call: Call) -> Answer:
    """Record a click made when the program was called. Raises Failure."""
    options = call.options
    check_texts(options)
    request = click_request(
        options.command or "",
        call.stamp,
        project=options.project,
        note=options.note,
        given_at_ms=to_ms(at) if (at := moment(call, options.at)) else None,
    )
    return recorded(call, request)


def recorded(call: Call, request: Request) -> Answer:
    """What the running app answers, else this process. Raises Failure."""
    hint = ""
    try:
        reply = ControlClient(call.paths.channel_dir).ask(request, ASK_SECONDS)
    except ChannelError as error:
        # An app that was too slow drops a click nobody waits for any more. Where it has recorded
        # this one after all, it is "already so" here: the same click never counts twice.
        reply = _record(call, request)
        hint = _hint(call, error) if reply.changed else ""
    if not reply.ok:
        raise Failure(reply.message)
    return told(reply, hint)


def check_texts(options: Options) -> None:
    """Raise Failure for what cannot be kept."""
    try:
        for text in (options.project, options.note):
            check_text(text)
    except BadText as error:
        raise Failure(str(error), USAGE) from error


def moment(call: Call, text: str | None) -> datetime | None:
    """A time as it was typed. Raises Failure."""
    try:
        return None if text is None else moment_typed(text, call.stamp)
    except BadText as error:
        raise Failure(str(error), USAGE) from error


def _record(call: Call, request: Request) -> Reply:
    from trayapp.app import surroundings  # noqa: PLC0415  # the running app spares us all of this
    from trayapp.headless import record  # noqa: PLC0415

    try:
        return record(surroundings(call.paths, call.settings, call.clock), request, call.stamp)
    except QueueError as error:
        raise Failure(not_recorded(error)) from error


def _hint(call: Call, error: ChannelError) -> str:
    """When it is sent; an app that has started meanwhile is told to look."""
    try:
        ControlClient(call.paths.channel_dir).ask(Request("wake"), GREET_SECONDS)
    except ChannelError:
        if isinstance(error, NotRunningError):
            return _("Trayapp is not running; this is sent when it runs.")
        later = _("It was recorded without it, and is sent when it runs.")
        return f"{error.title} {later}"
    return ""
