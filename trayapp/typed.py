"""Typed: a start and corrected times as somebody types them into a window of ours.

Main thread only; a change waits for the queue's lock and one fsync. Raises QueueError.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import TypeVar

from trayapp import commands
from trayapp.control.messages import JSON, Reply, Request
from trayapp.core import Core
from trayapp.i18n import _
from trayapp.sync.correction_words import entry_name
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.corrections import Edit
from trayapp.tracking.entry import Stamp, TrackerState, to_ms
from trayapp.tracking.replay import replay

T = TypeVar("T")

REQUESTS = ("choices", "start_typed", "entry", "edit_typed")
_CLICKS_LOOKED_AT = 2000
_MOST_CHARACTERS = 24_000
"""Of a list in one reply: two of them fit a message of the channel."""


def typed_reply(core: Core, request: Request, now: Stamp) -> Reply:
    """Do what one of REQUESTS asks for."""
    match request.name:
        case "choices":
            return _choices(core, request)
        case "entry":
            return _entry(core, now)
        case "start_typed":
            return _start(core, request, now)
    return _edit(core, request, now)


def _choices(core: Core, request: Request) -> Reply:
    """What can be typed: what was tracked, newest first, and projects, from the `after`-th on."""
    after = request.arguments.get("after")
    first = after if isinstance(after, int) and after > 0 else 0
    with core.reader.snapshot():
        catalog = core.reader.catalog(core.reader.accounts()[0].id)
        activities = core.reader.recent_activities(_CLICKS_LOOKED_AT)
    history: Iterator[JSON] = (
        (one.note, one.project) for one in activities if catalog.takes(one.project)
    )
    names = _names(catalog)
    projects = list(_fitting(names[first:]))
    reached = first + len(projects)
    value: dict[str, JSON] = {
        "history": [] if first else list(_fitting(history)),
        "projects": projects,
        "next": reached if reached < len(names) else 0,
        "binds": catalog.binds,
        "needed": catalog.needed,
    }
    return Reply(ok=True, value=value)


def _names(catalog: Catalog) -> list[str]:
    return sorted({one.name for one in catalog.projects if one.name.strip()}, key=str.casefold)


def _fitting(values: Iterable[T]) -> Iterator[T]:
    """As many of the first ones as fit; one that alone is too long is left out."""
    room = _MOST_CHARACTERS
    for value in values:
        size = len(json.dumps(value)) + 1
        if size > _MOST_CHARACTERS // 2:
            continue
        room -= size
        if room < 0:
            return
        yield value


def _start(core: Core, request: Request, now: Stamp) -> Reply:
    stamp = request.stamp or now
    try:
        at = _moment(request, "at", stamp)
    except commands.BadText as error:
        return _refused(str(error), "at")
    wanted = commands.click_request(
        "start",
        stamp,
        project=_text(request, "project"),
        note=_text(request, "note"),
        given_at_ms=None if at is None else to_ms(at),
    )
    reply = commands.record(core.timer, wanted, now=now)
    return reply if reply.ok else _refused(reply.message, "at" if at else "project")


def _entry(core: Core, now: Stamp) -> Reply:
    """The entry begun last, and its times as they would be typed."""
    entry = replay(core.reader.newest_entry()).entry
    if entry is None:
        return Reply(ok=False, message=_("Nothing has been tracked yet."))
    stopped = "" if entry.ended_at is None else _shown(entry.ended_at, now)
    value: dict[str, JSON] = {
        "entry": entry.id,
        "name": entry_name(entry),
        "state": entry.state.value,
        "started": _shown(entry.started_at, now),
        "stopped": stopped,
        "is_over": entry.state is TrackerState.STOPPED,
    }
    return Reply(ok=True, value=value)


def _edit(core: Core, request: Request, now: Stamp) -> Reply:
    stamp = request.stamp or now
    times: dict[str, datetime | None] = {}
    for field in ("started", "stopped"):
        try:
            times[field] = _moment(request, field, stamp)
        except commands.BadText as error:
            return _refused(str(error), field)
    edit = Edit(_text(request, "entry"), started_at=times["started"], stopped_at=times["stopped"])
    reply = commands.record(core.timer, commands.edit_request("edit", stamp, edit), now=now)
    if reply.ok:
        return reply
    return _refused(reply.message, "stopped" if times["stopped"] else "started")


def _refused(message: str, field: str) -> Reply:
    """Nothing was changed; `field` is what has to be typed anew."""
    return Reply(ok=False, message=message, value={"field": field})


def _moment(request: Request, name: str, stamp: Stamp) -> datetime | None:
    text = _text(request, name).strip()
    return commands.moment_typed(text, stamp) if text else None


def _text(request: Request, name: str) -> str:
    value = request.arguments.get(name)
    return value if isinstance(value, str) else ""


def _shown(at: datetime, now: Stamp, zone: tzinfo | None = None) -> str:
    """As it can be typed: the day is left out only where it is today's."""
    local = at.astimezone(zone)
    if local.date() == now.at.astimezone(zone).date():
        return f"{local:%H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"
