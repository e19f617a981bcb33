"""EmbeddedServer: the client of the server inside, in this process or over HTTP alike.

Events go as they were clicked, many in one request, repeatable by construction; so what is in
doubt needs no care beyond a look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trayapp.accounts.tokens import TokenSource, TokenStore
from trayapp.servers.embedded_events import (
    Sent,
    events_in,
    not_shown,
    of_all,
    outcome_of,
    request_of,
    shown_in,
    together,
    told_in,
)
from trayapp.servers.http import HttpClient, token_refresher
from trayapp.servers.http_answer import Answer, phrase_of
from trayapp.servers.http_outcomes import outcome_of_status
from trayapp.sync.outcome import (
    Absent,
    AlreadySo,
    Delivered,
    Ours,
    Outcome,
    Refused,
    Removed,
    Several,
    Unasked,
    WrongAddress,
)
from trayapp.sync.server import Capabilities, Nothing, Unit, Write
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import Event, TimeEntry

_AT_ONCE = 50
"""More would hardly be quicker, and a click waits while those behind them are written down."""
_CAPABILITIES = Capabilities(batch=_AT_ONCE, keeps_events=True)
_NOT_FOUND, _GONE = 404, 410


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
        is_unheard_of = unit.entry.deleted and unit.before is None
        if is_unheard_of or any(known.removed for known in unit.known.values()):
            # Here an entry is removed as a whole, and would answer 410 to each of them.
            return Nothing(settles=tuple(pending.id for pending in unit.pending))
        body, count = request_of(unit.pending)
        return Write(
            body=body,
            settles=tuple(event.id for event in unit.pending[:count]),
            segment_id=_segment_id(unit.entry, unit.pending[0]),
            repeatable=True,
        )

    def send(self, write: Write) -> Outcome:
        if not write.parts:
            told = self._send((write,))
            return told if isinstance(told, Outcome) else told[0]
        count = together(write.parts)
        told = self._send(write.parts[:count])
        while isinstance(told, (Refused, Ours)) and count > 1:
            count //= 2  # until the one that it does not take is alone
            told = self._send(write.parts[:count])
        parts = of_all(told, count) if isinstance(told, Outcome) else told
        return Several(parts=(*parts, *[Unasked()] * (len(write.parts) - count)))

    def _send(self, writes: Sequence[Write]) -> list[Outcome] | Outcome:
        """What became of each in one request; an outcome: of the request as a whole."""
        sent: list[Sent] = []
        for write in writes:
            events = events_in(write)
            if isinstance(events, Ours):
                return events
            sent.append(events)
        body = {"events": [event for events in sent for event in events]}
        answer = self._client.send("POST", "/events", body)
        if not isinstance(answer, Answer):
            return answer
        outcome = outcome_of_status(answer, repeatable=True)
        if outcome is not None:
            return outcome
        told = told_in(answer)
        return [
            self._clear(events, outcome_of(events, told, missing=not_shown(answer)))
            for events in sent
        ]

    def _clear(self, sent: Sent, outcome: Outcome) -> Outcome:
        """Where something else stands under our id: what does."""
        is_conflict = isinstance(outcome, AlreadySo)
        return self._find(sent, missing=Refused(outcome.reason)) if is_conflict else outcome

    def look(self, unit: Unit, write: Write) -> Outcome:  # noqa: ARG002  # the port's: ids suffice here
        sent = events_in(write)
        return sent if isinstance(sent, Ours) else self._find(sent, missing=Absent())

    def _find(self, sent: Sent, *, missing: Outcome) -> Outcome:
        """Read the entry of these events, and compare them."""
        entry_id = str(sent[0]["entry"])
        answer = self._client.get(f"/entries/{entry_id}")
        if not isinstance(answer, Answer):
            return answer
        if answer.status == _NOT_FOUND and answer.field("error") == "unknown_entry":
            return missing
        if answer.status == _GONE:
            return Removed(f"HTTP {_GONE}: {answer.words() or phrase_of(_GONE)}")
        outcome = outcome_of_status(answer, repeatable=True)
        return outcome or outcome_of(sent, shown_in(answer, entry_id), missing=missing)

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


def over_http(base_url: str, tokens: TokenStore) -> EmbeddedServer:
    """The same server at an address, with tokens."""
    refresh = token_refresher(HttpClient(base_url), "/token/refresh")
    return EmbeddedServer(HttpClient(base_url, auth=TokenSource(tokens, refresh)))


def _segment_id(entry: TimeEntry, event: Event) -> str:
    """The segment the event opens, or the one begun last before it."""
    begun = [segment.id for segment in entry.segments if segment.began_at <= event.at]
    return begun[-1] if begun else entry.id
