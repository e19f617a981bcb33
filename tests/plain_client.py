"""PlainClient: delivers to a PlainServer: one record per segment, found again by what it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from tests.plain_server import second_text, shown_times
from trayapp.accounts.tokens import TokenSource, TokenStore
from trayapp.servers.http import HttpClient, token_refresher
from trayapp.servers.http_answer import Answer
from trayapp.servers.http_outcomes import outcome_of_status
from trayapp.sync.outcome import (
    Absent,
    AlreadySo,
    Blocked,
    Conflict,
    Delivered,
    Doubtful,
    Outcome,
    Removed,
    WrongAddress,
)
from trayapp.sync.server import Capabilities, Known, Nothing, Unit, Write
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import Event, Segment

_Record = Mapping[str, object]
_SHOWN = ("begin", "end", "project", "note")
_GONE = "gone"


class PlainClient:
    """A TimeServer for a server that knows entries only and makes their ids itself."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(one_active=True, resolution=timedelta(seconds=1))

    def plan(self, unit: Unit) -> Write | Nothing:
        if not unit.pending:
            msg = "nothing is pending"
            raise ValueError(msg)
        if any(event.kind.corrects for event in unit.pending):
            return _mended(unit)
        first = unit.pending[0]
        segment = _segment_of(unit, first)
        if segment is None:
            return Nothing(settles=(first.id,))
        settles = tuple(event.id for event in unit.pending if _segment_of(unit, event) == segment)
        known = unit.known.get(segment.id, Known())
        if known.removed:
            return Nothing(settles=settles)
        body = _create(unit, segment) if known.remote_id is None else _update(segment, known)
        if body is None:
            return Nothing(settles=settles)
        return _write(segment.id, body, settles)

    def send(self, write: Write) -> Outcome:
        body = json.loads(write.body)
        if body["method"] == "DELETE":
            return _removed(self._client.send("DELETE", body["path"]))
        if body["method"] == "PATCH":
            seen = self._compare(body)
            if not isinstance(seen, Absent):
                return seen
        answer = self._client.send(body["method"], body["path"], body["json"])
        if not isinstance(answer, Answer):
            return answer
        refused = {
            "already_active": Blocked,
            "already_stopped": AlreadySo,
            "unknown_entry": Removed,
        }
        kind = refused.get(str(answer.field("error")))
        if kind is not None:
            return kind(f"HTTP {answer.status}: {answer.words()}")
        outcome = outcome_of_status(answer, repeatable=False)
        return outcome or _confirmed(answer.json, body["json"])

    def look(self, unit: Unit, write: Write) -> Outcome:
        body = json.loads(write.body)
        if body["method"] == "DELETE":
            return _removed(self._client.get(body["path"]), still_there=Absent())
        if body["method"] == "PATCH":
            return self._compare(body)
        found = self._alike(unit, write.segment_id, body["json"])
        if isinstance(found, Outcome):
            return found
        for record in found:
            if _shows(record, body["json"]):
                return _delivered(record)
        return _conflict(found[0]) if found else Absent()

    def twins(self, unit: Unit, segment_id: str) -> tuple[str, ...] | Outcome:
        segment = next((one for one in unit.entry.segments if one.id == segment_id), None)
        if segment is None:
            return ()
        found = self._alike(unit, "", _record(unit, segment))
        return found if isinstance(found, Outcome) else tuple(str(one["id"]) for one in found)

    def check(self) -> Outcome:
        answer = self._client.get("/account")
        if not isinstance(answer, Answer):
            return answer
        outcome = outcome_of_status(answer, repeatable=True)
        known = isinstance(answer.field("user"), str)
        return outcome or (Delivered() if known else WrongAddress("HTTP 200: no user"))

    def catalog(self) -> Catalog | Outcome:
        return Catalog()  # any name will do

    def close(self) -> None:
        self._client.close()

    def _compare(self, body: Mapping[str, _Record]) -> Outcome:
        """What the record on the server is: as we want it, as it last was, or another."""
        answer = self._client.get(str(body["path"]))
        if not isinstance(answer, Answer):
            return answer
        if answer.field("error") == "unknown_entry":
            return Removed(f"HTTP {answer.status}: {answer.words()}")
        outcome = outcome_of_status(answer, repeatable=True)
        if outcome is not None:
            return outcome
        record = answer.json if isinstance(answer.json, dict) else {}
        if _shows(record, body["json"]):
            return _delivered(record)
        same = all(record.get(name) == body["base"][name] for name in body["json"])
        return Absent() if same else _conflict(record)

    def _alike(self, unit: Unit, segment_id: str, wanted: _Record) -> list[_Record] | Outcome:
        """The records that begin like this, for the same, and belong to no other segment."""
        begin = datetime.fromisoformat(str(wanted["begin"]))
        window = {
            "from": second_text(begin),
            "to": second_text(begin + timedelta(seconds=1)),
        }
        answer = self._client.get("/entries", query=window)
        if not isinstance(answer, Answer):
            return answer
        outcome = outcome_of_status(answer, repeatable=True)
        if outcome is not None:
            return outcome
        others = {known.remote_id for name, known in unit.known.items() if name != segment_id}
        records = answer.field("entries")
        return [
            record
            for record in (records if isinstance(records, list) else [])
            if str(record["id"]) not in unit.taken | others
            and all(record[name] == wanted[name] for name in ("begin", "project", "note"))
        ]


def plain_over_http(base_url: str, tokens: TokenStore | None = None) -> PlainClient:
    """A PlainClient at an address, with tokens where the server wants them."""
    if tokens is None:
        return PlainClient(HttpClient(base_url))
    refresh = token_refresher(HttpClient(base_url), "/token/refresh")
    return PlainClient(HttpClient(base_url, auth=TokenSource(tokens, refresh)))


def _segment_of(unit: Unit, event: Event) -> Segment | None:
    """The segment the event opens or closes; None for a step that changes no segment."""
    for segment in unit.entry.segments:
        if event.kind.opens:
            if segment.id == event.id:
                return segment
        elif segment.ended_at == event.at:
            return segment
    return None


def _mended(unit: Unit) -> Write | Nothing:
    """Segment by segment what a correction changes there; what it no longer holds goes first."""
    settles = tuple(event.id for event in unit.pending)
    kept = () if unit.entry.deleted else unit.entry.segments
    todo: list[tuple[str, dict[str, object]]] = []
    for name, known in unit.known.items():
        is_there = known.remote_id and not known.removed and known.base != _GONE
        if is_there and name not in {segment.id for segment in kept}:
            todo.append((name, {"method": "DELETE", "path": f"/entries/{known.remote_id}"}))
    for segment in kept:
        known = unit.known.get(segment.id, Known())
        if not known.removed:
            change = _create(unit, segment) if known.remote_id is None else _edit(unit, segment)
            todo += [(segment.id, change)] if change else []
    if not todo:
        return Nothing(settles=settles)
    (segment_id, body), *others = todo
    return _write(segment_id, body, settles, more=bool(others))


def _edit(unit: Unit, segment: Segment) -> dict[str, object] | None:
    """The request that changes what was changed here; None when it shows that already."""
    known = unit.known[segment.id]
    base, new = json.loads(known.base or "{}"), _record(unit, segment)
    before = {one.id: one for one in unit.before.segments} if unit.before else {}
    old: _Record = {}
    if unit.before and segment.id in before:
        old = _record(replace(unit, entry=unit.before), before[segment.id])
    wanted = {
        name: value
        for name, value in new.items()
        if old.get(name, "") != value and base.get(name) != value
    }
    if not wanted:
        return None
    path = f"/entries/{known.remote_id}?edit=1"
    kept = {name: base.get(name) for name in wanted}
    return {"method": "PATCH", "path": path, "json": wanted, "base": kept}


def _write(
    segment_id: str, body: _Record, settles: tuple[str, ...], *, more: bool = False
) -> Write:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    text.encode()  # half a surrogate pair is a ValueError
    return Write(body=text, settles=settles, segment_id=segment_id, repeatable=False, more=more)


def _removed(answer: Answer | Outcome, *, still_there: Outcome | None = None) -> Outcome:
    """What became of a record that is to go; gone already is as good."""
    if not isinstance(answer, Answer):
        return answer
    gone = Delivered(remote_id="gone", base=_GONE)
    if answer.field("error") == "unknown_entry":
        return gone
    outcome = outcome_of_status(answer, repeatable=True)
    return outcome or still_there or gone


def _record(unit: Unit, segment: Segment) -> dict[str, object]:
    begin, end = shown_times(segment.began_at, segment.ended_at)
    return {"begin": begin, "end": end, "project": unit.entry.project, "note": unit.entry.note}


def _create(unit: Unit, segment: Segment) -> dict[str, object]:
    return {"method": "POST", "path": "/entries", "json": _record(unit, segment)}


def _update(segment: Segment, known: Known) -> dict[str, object] | None:
    """The request that gives the record its end; None when it shows it already."""
    base = json.loads(known.base or "{}")
    wanted = {"end": shown_times(segment.began_at, segment.ended_at)[1]}
    if wanted["end"] is None or _shows(base, wanted):
        return None
    path = f"/entries/{known.remote_id}"
    return {"method": "PATCH", "path": path, "json": wanted, "base": {"end": base.get("end")}}


def _shows(record: _Record, wanted: _Record) -> bool:
    return all(record.get(name, "") == value for name, value in wanted.items())


def _confirmed(record: object, wanted: _Record) -> Outcome:
    if not isinstance(record, dict) or "id" not in record:
        return Doubtful("HTTP 200: the answer shows no entry", answered=True)
    return _delivered(record) if _shows(record, wanted) else _conflict(record)


def _delivered(record: _Record) -> Delivered:
    base = json.dumps({name: record[name] for name in _SHOWN}, ensure_ascii=False)
    return Delivered(remote_id=str(record["id"]), base=base)


def _conflict(record: _Record) -> Conflict:
    shown = f"{record.get('begin')} to {record.get('end') or 'now'}"
    return Conflict(f"Conflict: the server shows {shown}")
