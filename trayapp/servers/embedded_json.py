"""The words of the server inside: events and entries as JSON, for both ends. Pure.

Times are ISO 8601 UTC with milliseconds and `Z`; offsets are whole seconds east of UTC.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from trayapp.servers.embedded_store import StoredEvent
from trayapp.tracking.entry import (
    Edited,
    Event,
    EventKind,
    Segment,
    Stamp,
    TrackerState,
    from_ms,
    to_ms,
)
from trayapp.tracking.replay import replay

JsonObject = dict[str, object]
MAX_EVENTS = 100
"""How many one request may carry."""
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_KINDS = frozenset(kind.value for kind in EventKind)
_ID = re.compile(UUID)
_DAY_SECONDS = 24 * 60 * 60
_MAX_TEXT = 20_000


class BadEventError(ValueError):
    """A body that is no event; the message says which field."""


def utc_text(ms: int) -> str:
    """`2026-01-08T09:00:00.000Z`."""
    return from_ms(ms).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def utc_ms(text: str) -> int:
    """What `utc_text` wrote. Raises ValueError for anything else."""
    if _TIME.fullmatch(text) is None:
        msg = "not a time such as 2026-01-08T09:00:00.000Z"
        raise ValueError(msg)
    return to_ms(datetime.fromisoformat(text).astimezone(UTC))


def event_body(event: Event) -> JsonObject:
    """What is told of an event; an edit holds the whole of the entry's times."""
    body: JsonObject = {
        "kind": event.kind.value,
        "at": utc_text(to_ms(event.at)),
        "offset": event.stamp.offset // timedelta(seconds=1),
        "zone": event.stamp.zone,
        "project": event.project,
        "note": event.note,
    }
    if event.edited is not None:
        body["times"] = _times_json(event.edited)
    return body


def sent_json(event: Event) -> JsonObject:
    """An event as a client sends it, with its entry and id."""
    return {"entry": event.entry_id, "id": event.id, **event_body(event)}


def events_from_json(sent: Sequence[object]) -> list[StoredEvent | BadEventError | None]:
    """What was sent, each by itself; None stands behind an event of its entry that is none."""
    read: list[StoredEvent | BadEventError | None] = []
    stuck: set[str] = set()
    for body in sent:
        entry_id = id_in(body, "entry")
        try:
            read.append(None if entry_id in stuck else _sent(body))
        except BadEventError as error:
            stuck |= {entry_id} if entry_id else set()
            read.append(error)
    return read


def id_in(body: object, name: str) -> str | None:
    """The UUID under this name; None when there is none."""
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _sent(body: object) -> StoredEvent:
    """Raises BadEventError."""
    entry_id, event_id = id_in(body, "entry"), id_in(body, "id")
    if not isinstance(body, dict) or entry_id is None or event_id is None:
        msg = "an event is a JSON object with two UUIDs, entry and id"
        raise BadEventError(msg)
    return event_from_json(body, entry_id=entry_id, event_id=event_id)


def event_from_json(body: JsonObject, *, entry_id: str, event_id: str) -> StoredEvent:
    """The event that `event_body` tells of. Raises BadEventError."""
    kind, offset = _text(body, "kind"), body.get("offset")
    if kind not in _KINDS:
        msg = f"kind is one of {', '.join(sorted(_KINDS))}"
        raise BadEventError(msg)
    if type(offset) is not int or abs(offset) > _DAY_SECONDS:
        msg = "offset is a whole number of seconds, a day at most"
        raise BadEventError(msg)
    try:
        at_ms = utc_ms(_text(body, "at"))
    except ValueError as error:
        msg = f"at: {error}"
        raise BadEventError(msg) from error
    return StoredEvent(
        id=event_id,
        entry_id=entry_id,
        kind=kind,
        at_ms=at_ms,
        offset_s=offset,
        zone=_text(body, "zone"),
        project=_text(body, "project"),
        note=_text(body, "note"),
        detail=_detail(body, kind),
    )


def _detail(body: JsonObject, kind: str) -> str:
    """The times of an edit as they are kept; any other event has none. Raises BadEventError."""
    if kind != EventKind.EDIT:
        return ""
    edited = _edited(body.get("times"))
    if edited is None or not edited.is_sound:
        msg = "times are the state and the segments of the entry, in order"
        raise BadEventError(msg)
    return json.dumps(_times_json(edited), separators=(",", ":"))


def _edited(times: object) -> Edited | None:
    try:
        state, segments = times["state"], times["segments"]  # type: ignore[index]
        return Edited(tuple(_segment(one) for one in segments), TrackerState(state))
    except (ValueError, LookupError, TypeError):
        return None


def _segment(shown: JsonObject) -> Segment:
    end = shown["end"]
    return Segment(
        id=_text(shown, "id"),
        began_at=from_ms(utc_ms(_text(shown, "begin"))),
        ended_at=None if end is None else from_ms(utc_ms(_text(shown, "end"))),
    )


def _times_json(edited: Edited) -> JsonObject:
    return {
        "state": edited.state.value,
        "segments": [_segment_json(segment) for segment in edited.segments],
    }


def _text(body: JsonObject, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        msg = f"{name} is a text of at most {_MAX_TEXT} characters"
        raise BadEventError(msg)
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half of a pair of surrogates: \ud83d alone
        msg = f"{name} has a character that does not exist"
        raise BadEventError(msg) from error
    return value


def entry_json(events: Sequence[StoredEvent]) -> JsonObject:
    """An entry as the server shows it; `events` in order of time, at least one."""
    entry = replay([_event(event) for event in events]).entry
    return {
        "id": events[0].entry_id,
        "project": events[-1].project,
        "note": events[-1].note,
        "state": entry.state.value if entry else "stopped",
        "deleted": entry is not None and entry.deleted,
        "segments": [_segment_json(segment) for segment in entry.segments] if entry else [],
        "events": [event_json(event) for event in events],
    }


def _segment_json(segment: Segment) -> JsonObject:
    ended = None if segment.ended_at is None else utc_text(to_ms(segment.ended_at))
    return {"id": segment.id, "begin": utc_text(to_ms(segment.began_at)), "end": ended}


def event_json(event: StoredEvent) -> JsonObject:
    """An event as the server shows it, in its entry."""
    shown: JsonObject = {
        "id": event.id,
        "kind": event.kind,
        "at": utc_text(event.at_ms),
        "offset": event.offset_s,
        "zone": event.zone,
        "project": event.project,
        "note": event.note,
    }
    if event.detail:
        shown["times"] = json.loads(event.detail)
    return shown


def _event(event: StoredEvent) -> Event:
    return Event(
        id=event.id,
        entry_id=event.entry_id,
        kind=EventKind(event.kind),
        stamp=Stamp(
            at=from_ms(event.at_ms),
            offset=timedelta(seconds=event.offset_s),
            zone=event.zone,
            boot_id="",
            boot=timedelta(),
        ),
        project=event.project,
        note=event.note,
        edited=_edited(json.loads(event.detail)) if event.detail else None,
    )
