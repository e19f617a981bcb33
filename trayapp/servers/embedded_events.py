"""What is sent to the server inside, and what its answers say of each event. Pure.

Of an entry the events are settled as far as they are there, from the first on; what is behind the
first that is not goes again, and then it is the first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import accumulate

from trayapp.servers.embedded_json import MAX_EVENTS, JsonObject, sent_json
from trayapp.servers.http_answer import Answer, clean_words, phrase_of
from trayapp.sync.found import Begun
from trayapp.sync.outcome import (
    Absent,
    AlreadySo,
    Conflict,
    Delivered,
    Doubtful,
    Ours,
    Outcome,
    Refused,
    Removed,
    Unasked,
    WrongAddress,
    may_have_acted,
)
from trayapp.sync.server import Write
from trayapp.tracking.entry import Event

_MOST_BYTES = 128 * 1024  # the answer shows them all, and must not grow too long to be read
_AS_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_NOT_THERE = (Refused, AlreadySo, Conflict, Absent)
_CONFLICT, _GONE = 409, 410

Sent = Sequence[JsonObject]
"""Events of one entry as they go out, in order."""
Told = Mapping[object, JsonObject]
"""What the server says of events, by id: `event` as it stands there, or an error of its own."""


def request_of(pending: Sequence[Event]) -> tuple[str, int]:
    """The body for as many of these events as one request takes, one at least; how many they are.

    Raises ValueError where there is a half of a character.
    """
    texts = [_AS_JSON(sent_json(event)) for event in pending[:MAX_EVENTS]]
    count = _fitting([len(text.encode()) for text in texts])
    return f'{{"events":[{",".join(texts[:count])}]}}', count


def together(writes: Sequence[Write]) -> int:
    """How many of these writes, from the first on, go in one request: one at least."""
    events = accumulate(len(write.settles) for write in writes)
    count = sum(number <= MAX_EVENTS for number in events)
    return _fitting([len(write.body.encode()) for write in writes[:count]])


def _fitting(sizes: Sequence[int]) -> int:
    return max(1, sum(size <= _MOST_BYTES for size in accumulate(sizes)))


def events_in(write: Write) -> Sent | Ours:
    """The events that `request_of` wrote down."""
    try:
        body = json.loads(write.body)
        sent = [_of_older(body)] if "path" in body else body["events"]
    except (ValueError, LookupError, TypeError) as error:
        return Ours(f"Internal error: the stored request cannot be read: {type(error).__name__}")
    if isinstance(sent, list) and sent and all(_has_ids(event) for event in sent):
        return sent
    return Ours("Internal error: the stored request is not one of this server")


def _of_older(body: JsonObject) -> object:
    """Before there were requests for several events, each had an address of its own."""
    _, _, entry_id, _, event_id = str(body["path"]).split("/")
    return {"entry": entry_id, "id": event_id, **dict(body["json"])}  # type: ignore[call-overload]  # or TypeError


def _has_ids(event: object) -> bool:
    return isinstance(event, dict) and all(isinstance(event.get(n), str) for n in ("entry", "id"))


def told_in(answer: Answer) -> Told:
    """What the answer to a request says, event by event."""
    found = answer.field("events")
    told = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return {one["id"]: one for one in told if isinstance(one.get("id"), str)}


def shown_in(answer: Answer, entry_id: str) -> Told:
    """What the entry that was read shows, in the same form."""
    return {
        event_id: {"event": {"entry": entry_id, **one}} for event_id, one in told_in(answer).items()
    }


def outcome_of(sent: Sent, told: Told, *, missing: Outcome) -> Outcome:
    """What became of the events of an entry; `missing`: of one that nothing is said about."""
    arrived: list[str] = []
    for event in sent:
        outcome = _judged(event, told.get(event["id"]), missing=missing)
        if not isinstance(outcome, Delivered):
            is_begun = arrived and isinstance(outcome, _NOT_THERE)
            return Begun(settles=tuple(arrived)) if is_begun else outcome
        arrived.append(str(event["id"]))
    return Delivered()


def of_all(outcome: Outcome, count: int) -> list[Outcome]:
    """What befell a request of so many writes, told of each."""
    if isinstance(outcome, Doubtful):
        return [outcome] * count
    return [outcome, *[Unasked(acted=may_have_acted(outcome))] * (count - 1)]


def not_shown(answer: Answer) -> WrongAddress:
    """A 2xx that does not show the event did not come from this API."""
    return WrongAddress(f"HTTP {answer.status}: the answer does not show what was sent")


def _judged(wanted: JsonObject, told: JsonObject | None, *, missing: Outcome) -> Outcome:
    shown = told.get("event") if told else None
    if isinstance(shown, dict):
        if all(shown.get(name) == value for name, value in wanted.items()):
            return Delivered()
        words = clean_words(f"{shown.get('kind')} at {shown.get('at')}")
        return Conflict(f"Conflict: the server shows {words}")
    status = told.get("status") if told else None
    if told is None or type(status) is not int or not 400 <= status <= 499:  # noqa: PLR2004  # 4xx
        return missing
    message = told.get("message")
    words = clean_words(message) if isinstance(message, str) else ""
    kind = {_CONFLICT: AlreadySo, _GONE: Removed}.get(status, Refused)
    return kind(f"HTTP {status}: {words or phrase_of(status)}")
