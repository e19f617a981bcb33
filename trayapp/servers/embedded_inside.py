"""The server inside, in this process: its client, what it must hold, and what was put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from trayapp.i18n import _, ngettext
from trayapp.queue.reader import QueueReader
from trayapp.servers.embedded import EmbeddedServer
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_json import BadEventError, event_body, event_from_json
from trayapp.servers.embedded_store import Past, Rebuilt, StoredEvent
from trayapp.servers.http import HttpClient
from trayapp.tracking.entry import Event

if TYPE_CHECKING:
    import requests


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
