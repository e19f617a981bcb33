"""EmbeddedServer: the client of the server inside, in this process or over HTTP alike.

One `PUT` per event, repeatable by construction, so what is in doubt needs no care beyond a look.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from trayapp.accounts.tokens import TokenSource, TokenStore
from trayapp.i18n import _, ngettext
from trayapp.queue.reader import QueueReader
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_json import BadEventError, JsonObject, event_body, event_from_json
from trayapp.servers.embedded_store import Past, Rebuilt, StoredEvent
from trayapp.servers.http import HttpClient, token_refresher
from trayapp.servers.http_answer import Answer, clean_words, phrase_of
from trayapp.servers.http_outcomes import outcome_of_status
from trayapp.sync.outcome import (
    Absent,
    Conflict,
    Delivered,
    Ours,
    Outcome,
    Refused,
    Removed,
    WrongAddress,
)
from trayapp.sync.server import Capabilities, Nothing, Unit, Write
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import Event, TimeEntry

if TYPE_CHECKING:
    import requests

_AS_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_CAPABILITIES = Capabilities()
_CONFLICT, _GONE, _NOT_FOUND = 409, 410, 404


class EmbeddedServer:
    """A TimeServer that keeps events as they were clicked, under our own ids."""

    def __init__(self, client: HttpClient, *, closed: Callable[[], None] = lambda: None) -> None:
        """`closed` is called when nothing more will be asked, perhaps more than once."""
        self._client = client
        self._closed = closed

    @property
    def capabilities(self) -> Capabilities:
        return _CAPABILITIES

    def plan(self, unit: Unit) -> Write | Nothing:
        if not unit.pending:
            msg = "nothing is pending"
            raise ValueError(msg)
        event = unit.pending[0]
        is_unheard_of = unit.entry.deleted and unit.before is None
        if is_unheard_of or any(known.removed for known in unit.known.values()):
            # Here an entry is removed as a whole, and would answer 410 to each of them.
            return Nothing(settles=tuple(pending.id for pending in unit.pending))
        body = {
            "method": "PUT",
            "path": f"/entries/{event.entry_id}/events/{event.id}",
            "json": event_body(event),
        }
        text = _AS_JSON(body)
        text.encode()  # half a surrogate pair is a ValueError, here and not while sending
        return Write(
            body=text,
            settles=(event.id,),
            segment_id=_segment_id(unit.entry, event),
            repeatable=True,
        )

    def send(self, write: Write) -> Outcome:
        request = _request_of(write)
        if isinstance(request, Ours):
            return request
        path, wanted = request
        answer = self._client.send("PUT", path, wanted)
        if not isinstance(answer, Answer):
            return answer
        if answer.status == _CONFLICT:
            return self._find(path, wanted, missing=Refused(_reason(answer)))
        # A 2xx that does not show the event did not come from this API.
        stranger = WrongAddress(f"HTTP {answer.status}: the answer does not show what was sent")
        return _judge(answer, path, wanted, missing=stranger)

    def look(self, unit: Unit, write: Write) -> Outcome:  # noqa: ARG002  # the port's: ids suffice here
        request = _request_of(write)
        if isinstance(request, Ours):
            return request
        path, wanted = request
        return self._find(path, wanted, missing=Absent())

    def _find(self, path: str, wanted: JsonObject, *, missing: Outcome) -> Outcome:
        """Read the entry that `path` belongs to, and compare the event in it."""
        answer = self._client.get(path.partition("/events/")[0])
        if not isinstance(answer, Answer):
            return answer
        if answer.status == _NOT_FOUND and answer.field("error") == "unknown_entry":
            return missing
        return _judge(answer, path, wanted, missing=missing)

    def twins(self, unit: Unit, segment_id: str) -> tuple[str, ...]:  # noqa: ARG002  # the port's
        return ()  # ids are ours: there is nothing to double

    def check(self) -> Outcome:
        answer = self._client.get("/account")
        if not isinstance(answer, Answer):
            return answer
        outcome = outcome_of_status(answer, repeatable=True)
        if outcome is not None:
            return outcome
        if isinstance(answer.field("user"), str):
            return Delivered()
        return WrongAddress(f"HTTP {answer.status}: the answer names no user")

    def catalog(self) -> Catalog | Outcome:
        return Catalog()  # any name will do

    def close(self) -> None:
        self._client.close()
        self._closed()


def inside(app: EmbeddedApp, *, closed: Callable[[], None] = lambda: None) -> EmbeddedServer:
    """The server inside this process: no port, no token."""

    def make_session() -> requests.Session:
        from trayapp.servers.wsgi import session_of  # noqa: PLC0415  # needs requests: loads late

        return session_of(app)

    client = HttpClient("http://embedded.invalid", make_session=make_session)
    return EmbeddedServer(client, closed=closed)


def past_of(database: Path) -> Past:
    """What the server inside must hold, by the local log. Raises QueueError."""
    with closing(QueueReader(database)) as reader, reader.snapshot():
        events = tuple(_stored(reader.delivered("embedded")))
        return Past(events=events, removed=reader.removed("embedded"))


def _stored(events: tuple[Event, ...]) -> Iterator[StoredEvent]:
    for event in events:
        # What is refused was never stored.
        with suppress(BadEventError):
            yield event_from_json(event_body(event), entry_id=event.entry_id, event_id=event.id)


def rebuilt_title() -> str:
    """What fits the head of a notification."""
    return _("The file of sent clicks was made anew")


def rebuilt_text(done: Rebuilt) -> str:
    """What became of the file of the server inside."""
    said = ngettext(
        "It was damaged or gone: {count} click was put back from the local log. No hours are"
        " missing, nothing is sent twice.",
        "It was damaged or gone: {count} clicks were put back from the local log. No hours are"
        " missing, nothing is sent twice.",
        done.clicks,
    ).format(count=done.clicks)
    if not done.kept:
        return said
    kept = _("The damaged file is kept at {path}; it may be deleted.").format(path=done.kept)
    return f"{said} {kept}"


def over_http(base_url: str, tokens: TokenStore) -> EmbeddedServer:
    """The same server at an address, with tokens."""
    refresh = token_refresher(HttpClient(base_url), "/token/refresh")
    return EmbeddedServer(HttpClient(base_url, auth=TokenSource(tokens, refresh)))


def _request_of(write: Write) -> tuple[str, JsonObject] | Ours:
    """The path and the JSON that `plan` wrote down."""
    try:
        body = json.loads(write.body)
        path, wanted = body["path"], body["json"]
    except (ValueError, KeyError, TypeError) as error:
        return Ours(f"Internal error: the stored request cannot be read: {type(error).__name__}")
    if isinstance(path, str) and "/events/" in path and isinstance(wanted, dict):
        return path, wanted
    return Ours("Internal error: the stored request is not one of this server")


def _judge(answer: Answer, path: str, wanted: JsonObject, *, missing: Outcome) -> Outcome:
    if answer.status == _GONE:
        return Removed(_reason(answer))
    outcome = outcome_of_status(answer, repeatable=True)
    return outcome or _compare(answer, path, wanted, missing=missing)


def _compare(answer: Answer, path: str, wanted: JsonObject, *, missing: Outcome) -> Outcome:
    event_id = path.rpartition("/")[2]
    events = answer.field("events")
    for event in events if isinstance(events, list) else []:
        if not isinstance(event, dict) or event.get("id") != event_id:
            continue
        if all(event.get(name) == value for name, value in wanted.items()):
            return Delivered()
        shown = clean_words(f"{event.get('kind')} at {event.get('at')}")
        return Conflict(f"Conflict: the server shows {shown}")
    return missing


def _reason(answer: Answer) -> str:
    return f"HTTP {answer.status}: {answer.words() or phrase_of(answer.status)}"


def _segment_id(entry: TimeEntry, event: Event) -> str:
    """The segment the event opens, or the one begun last before it."""
    begun = [segment.id for segment in entry.segments if segment.began_at <= event.at]
    return begun[-1] if begun else entry.id
