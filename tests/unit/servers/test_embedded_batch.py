"""Events of several entries in one request to the server inside, and what becomes of each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from tests.contract.stages import FaultyApp
from tests.fakes import FakeClock
from trayapp.demo.proxy import SAY_500, DropAfter, DropBefore, Say
from trayapp.servers.embedded import EmbeddedServer
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_store import EmbeddedStore, StoredEvent
from trayapp.servers.http import HttpClient
from trayapp.servers.wsgi import session_of
from trayapp.sync.found import Begun
from trayapp.sync.outcome import (
    Absent,
    Conflict,
    Delivered,
    Doubtful,
    Offline,
    Ours,
    Outcome,
    Refused,
    Removed,
    ServerTrouble,
    Several,
    Unasked,
)
from trayapp.sync.server import Unit, Write
from trayapp.tracking.entry import Event, EventKind, to_ms
from trayapp.tracking.replay import replay

START, PAUSE, RESUME, STOP, *_ = EventKind
NO = Say(status=403, body='{"message": "not yours"}')


class House:
    """The server inside behind a wire that can be faulty; how many events each request had."""

    def __init__(self, store: EmbeddedStore) -> None:
        self.store = store
        self.clock = FakeClock()
        self.asked: list[str] = []
        faulty = FaultyApp(EmbeddedApp(store))
        self.play = faulty.play

        def heard(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            path = environ["PATH_INFO"].split("/")[1]
            body = environ["wsgi.input"]
            count = len(json.loads(body.read())["events"]) if path == "events" else ""
            body.seek(0)
            self.asked.append(f"{path} {count}".strip())
            return faulty(environ, start_response)

        self.server = EmbeddedServer(
            HttpClient("http://house.invalid", make_session=lambda: session_of(heard))
        )

    def clicked(self, entry: int, *kinds: EventKind, note: str = "") -> Unit:
        """An entry with these clicks, none of them sent."""
        events = tuple(self._event(entry, number, kind, note) for number, kind in enumerate(kinds))
        made = replay(events).entry
        assert made is not None
        return Unit(entry=made, pending=events)

    def _event(self, entry: int, number: int, kind: EventKind, note: str) -> Event:
        self.clock.advance(61.25)
        return Event(
            id=f"bbbbbbbb-0000-4000-8000-{entry:06}{number:06}",
            entry_id=f"aaaaaaaa-0000-4000-8000-{entry:012}",
            kind=kind,
            stamp=self.clock.stamp(),
            project="Website",
            note=note,
        )

    def plan(self, unit: Unit) -> Write:
        write = self.server.plan(unit)
        assert isinstance(write, Write)
        return write

    def send(self, *units: Unit) -> list[Outcome]:
        outcome = self.server.send(Write.together(tuple(map(self.plan, units))))
        assert isinstance(outcome, Several), outcome
        return list(outcome.parts)

    def stored(self, unit: Unit) -> list[str]:
        return [event.id for event in self.store.events(unit.entry.id)]

    def put(self, like: Event, *, at_ms: int, event_id: str) -> None:
        """Somebody else does."""
        self.store.put(
            StoredEvent(
                id=event_id,
                entry_id=like.entry_id,
                kind=like.kind.value,
                at_ms=at_ms,
                offset_s=0,
                zone="UTC",
                project="",
                note="",
            )
        )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    store = EmbeddedStore(tmp_path / "embedded.db")
    made = House(store)
    yield made
    made.server.close()
    store.close()


def ids(unit: Unit) -> list[str]:
    return [event.id for event in unit.pending]


def three(house: House) -> tuple[Unit, Unit, Unit]:
    """One finished, one paused, one that runs."""
    return (
        house.clicked(1, START, STOP),
        house.clicked(2, START, PAUSE, RESUME, PAUSE),
        house.clicked(3, START),
    )


def test_they_go_in_one_request_and_each_is_told(house: House) -> None:
    units = three(house)
    assert house.send(*units) == [Delivered()] * 3
    assert house.asked == ["events 7"]
    assert [house.stored(unit) for unit in units] == [ids(unit) for unit in units]
    assert house.send(*units) == [Delivered()] * 3  # twice is once
    assert [house.stored(unit) for unit in units] == [ids(unit) for unit in units]


def test_a_refused_event_holds_what_is_behind_it_and_no_other_entry(house: House) -> None:
    first, second, third = three(house)
    _start, pause, _resume, last = second.pending
    other = "cccccccc-0000-4000-8000-000000000001"
    assert house.send(replace(second, pending=second.pending[:1])) == [Delivered()]
    house.put(pause, at_ms=to_ms(last.at) + 1, event_id=other)
    refused = Refused("HTTP 422: the entry has an event at or after this time")
    # What is known of the entry is settled, and the refused one is next.
    begun = Begun(settles=(second.pending[0].id,))
    assert house.send(first, second, third) == [Delivered(), begun, Delivered()]
    rest = replace(second, pending=second.pending[1:])
    assert house.send(rest) == [refused]
    assert house.stored(second) == [second.pending[0].id, other]


def test_another_event_under_our_name_is_a_conflict_and_no_other_entry_minds(
    house: House,
) -> None:
    first, second, third = three(house)
    house.send(replace(second, pending=second.pending[:1]))
    theirs = second.pending[1]
    house.put(theirs, at_ms=to_ms(theirs.at) + 5, event_id=theirs.id)
    rest = replace(second, pending=second.pending[1:])
    conflict = Conflict("Conflict: the server shows time_entry_pause at 2026-01-08T09:04:05.005Z")
    assert house.send(first, rest, third) == [Delivered(), conflict, Delivered()]
    assert house.send(second) == [Begun(settles=(second.pending[0].id,))]
    assert house.server.look(second, house.plan(rest)) == conflict


def test_what_was_removed_there_stays_removed_and_no_other_entry_minds(house: House) -> None:
    first, second, third = three(house)
    house.send(replace(second, pending=second.pending[:1]))
    assert house.store.remove(second.entry.id)
    gone = Removed("HTTP 410: this entry was removed")
    assert house.send(first, second, third) == [Delivered(), gone, Delivered()]
    assert house.stored(second) == []


def test_a_lost_answer_is_a_doubt_about_each_and_each_is_found(house: House) -> None:
    units = three(house)
    house.play([DropAfter()])
    told = house.send(*units)
    assert [type(one) for one in told] == [Doubtful] * 3
    assert [house.server.look(unit, house.plan(unit)) for unit in units] == [Delivered()] * 3


def test_what_never_arrived_is_absent_all_of_it(house: House) -> None:
    units = three(house)
    house.play([DropBefore()])
    assert [type(one) for one in house.send(*units)] == [Doubtful] * 3
    assert [house.server.look(unit, house.plan(unit)) for unit in units] == [Absent()] * 3


def test_a_look_tells_how_far_an_entry_is_there(house: House) -> None:
    _first, second, _third = three(house)
    write = house.plan(second)
    house.send(replace(second, pending=second.pending[:2]))
    assert house.server.look(second, write) == Begun(settles=write.settles[:2])


def test_trouble_is_told_of_the_first_and_the_others_may_have_been_acted_upon(
    house: House,
) -> None:
    house.play([SAY_500])
    first, *others = house.send(*three(house))
    assert first == ServerTrouble("HTTP 500: Internal Server Error")
    assert [(type(one), getattr(one, "acted", None)) for one in others] == [(Unasked, True)] * 2


def test_a_batch_that_is_refused_is_taken_apart_until_the_refused_one_is_alone(
    house: House,
) -> None:
    units = [house.clicked(number, START, STOP) for number in range(8)]
    house.play([NO, NO, NO, NO])
    told = house.send(*units)
    assert told == [Refused("HTTP 403: not yours"), *[Unasked()] * 7]
    assert [getattr(one, "acted", None) for one in told[1:]] == [False] * 7
    assert house.asked == ["events 16", "events 8", "events 4", "events 2"]
    house.play([NO])
    assert house.send(*units) == [*[Delivered()] * 4, *[Unasked()] * 4]


def test_a_closed_port_is_told_of_the_first(house: House) -> None:
    def session() -> object:
        raise ConnectionRefusedError

    house.server = EmbeddedServer(
        HttpClient("http://127.0.0.1:9", make_session=session)  # type: ignore[arg-type]  # never there
    )
    refused = Offline("Network error: connection refused")
    assert house.send(*three(house)) == [refused, Unasked(), Unasked()]


def test_what_is_too_large_for_one_request_goes_in_the_next(house: House) -> None:
    units = [house.clicked(number, START, note="🌙" * 15_000) for number in range(4)]  # 60 kB each
    assert house.send(*units) == [Delivered(), Delivered(), Unasked(), Unasked()]
    assert house.send(*units[2:]) == [Delivered()] * 2


def test_no_request_has_more_events_than_the_server_takes(house: House) -> None:
    units = [house.clicked(number, START, *[PAUSE, RESUME] * 19, STOP) for number in range(3)]
    assert house.send(*units) == [Delivered(), Delivered(), Unasked()]
    assert house.asked == ["events 80"]


def test_a_stored_request_that_cannot_be_read_is_told_of_its_own_entry(house: House) -> None:
    first, second, _third = three(house)
    broken = replace(house.plan(first), body="{}")
    outcome = house.server.send(Write.together((broken, house.plan(second))))
    assert isinstance(outcome, Several)
    assert [type(one) for one in outcome.parts] == [Ours, Unasked]
    assert house.stored(second) == []
