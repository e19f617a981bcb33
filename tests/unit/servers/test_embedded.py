"""What the client of the server inside plans, and what it makes of strange answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.stages import Courier
from tests.fakes import FakeClock
from tests.unit.servers.recorder import Recorder, inside
from trayapp.servers.embedded import EmbeddedServer
from trayapp.servers.embedded import inside as embedded_inside
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.sync.outcome import (
    Absent,
    Conflict,
    Delivered,
    Outcome,
    Refused,
    Removed,
    ServerTrouble,
    WrongAddress,
)
from trayapp.sync.server import Capabilities, Known, Nothing, Unit, Write
from trayapp.tracking.entry import EventKind

START, PAUSE, RESUME, STOP, *_ = EventKind


@pytest.fixture
def courier(tmp_path: Path) -> Iterator[Courier]:
    store = EmbeddedStore(tmp_path / "embedded.db")
    server = embedded_inside(EmbeddedApp(store))
    yield Courier(server, FakeClock())
    server.close()
    store.close()


def strange(app: Recorder) -> EmbeddedServer:
    return EmbeddedServer(inside(app))


def planned() -> tuple[Courier, Write]:
    courier = Courier(strange(Recorder()), FakeClock(), note="note")
    courier.click(START)
    return courier, courier.plan()


def test_it_takes_any_number_of_active_entries_to_the_millisecond(courier: Courier) -> None:
    assert courier.server.capabilities == Capabilities()


def test_one_event_is_one_repeatable_request_with_its_own_time() -> None:
    _, write = planned()
    event, entry = "bbbbbbbb-0000-4000-8000-000000000000", "aaaaaaaa-0000-4000-8000-000000000001"
    assert json.loads(write.body) == {
        "method": "PUT",
        "path": f"/entries/{entry}/events/{event}",
        "json": {
            "kind": "time_entry_start",
            "at": "2026-01-08T09:01:01.250Z",
            "offset": 18000,
            "zone": "Asia/Yekaterinburg",
            "project": "Website",
            "note": "note",
        },
    }
    assert write == Write(body=write.body, settles=(event,), segment_id=event, repeatable=True)


def test_each_event_names_the_segment_it_opens_or_follows(courier: Courier) -> None:
    courier.click(START, PAUSE, RESUME, STOP)
    unit, named = courier.unit, []
    for at in range(4):
        write = courier.server.plan(
            Unit(entry=unit.entry, pending=unit.pending[at:], known=unit.known)
        )
        assert isinstance(write, Write)
        named.append(write.segment_id)
    start, resume = courier.events[0].id, courier.events[2].id
    assert named == [start, start, resume, resume]


def test_an_event_before_every_segment_is_named_after_its_entry(courier: Courier) -> None:
    courier.click(PAUSE, START)
    write = courier.plan()
    assert write.segment_id == courier.entry.id
    outcome = courier.server.send(write)
    words = "the first event of an entry is its start, or an edit with its times"
    assert outcome == Refused(f"HTTP 422: {words}")


def test_an_entry_that_was_removed_needs_no_request(courier: Courier) -> None:
    courier.click(START, PAUSE)
    courier.known["any segment"] = Known(removed=True)
    plan = courier.server.plan(courier.unit)
    assert plan == Nothing(settles=tuple(event.id for event in courier.events))


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"path": 1, "json": {}}', '{"path": "/x"}'])
def test_a_stored_request_that_cannot_be_read_is_a_defect_of_ours(
    courier: Courier, body: str
) -> None:
    courier.click(START)
    write = Write(body=body, settles=("x",), segment_id="x", repeatable=True)
    for outcome in (courier.server.send(write), courier.server.look(courier.unit, write)):
        assert outcome.reason.startswith("Internal error: the stored request ")


def test_an_event_that_stands_in_another_entry_is_refused(courier: Courier) -> None:
    courier.click(START)
    write = courier.plan()
    courier.take(write, courier.server.send(write))
    moved = write.body.replace("aaaaaaaa", "cccccccc")
    other = Write(body=moved, settles=write.settles, segment_id="x", repeatable=True)
    wanted = Refused("HTTP 409: this event is stored with other content")
    assert courier.server.send(other) == wanted
    assert courier.server.look(courier.unit, other) == Absent()


def shown(**change: str) -> bytes:
    _, write = planned()
    event = json.loads(write.body)["json"] | {"id": write.settles[0]} | change
    return json.dumps({"events": ["strange", {"id": "other"}, event]}).encode()


@pytest.mark.parametrize(
    ("app", "sent", "looked"),
    [
        pytest.param(Recorder(content=shown()), Delivered(), Delivered(), id="ours"),
        pytest.param(
            Recorder(content=shown(at="2026-01-08T09:05:00.000Z")),
            Conflict("Conflict: the server shows time_entry_start at 2026-01-08T09:05:00.000Z"),
            Conflict("Conflict: the server shows time_entry_start at 2026-01-08T09:05:00.000Z"),
            id="another-time",
        ),
        pytest.param(
            Recorder(content=b'{"events": 5}'),
            WrongAddress("HTTP 200: the answer does not show what was sent"),
            Absent(),
            id="no-events",
        ),
        pytest.param(
            Recorder(status=410),
            Removed("HTTP 410: Gone"),
            Removed("HTTP 410: Gone"),
            id="removed",
        ),
        pytest.param(
            Recorder(status=409),
            Refused("HTTP 409: Conflict"),
            Refused("HTTP 409: Conflict"),
            id="conflict-without-words",
        ),
        pytest.param(
            Recorder(content=b"{"),
            ServerTrouble("HTTP 200: unreadable answer"),
            ServerTrouble("HTTP 200: unreadable answer"),
            id="unreadable",
        ),
    ],
)
def test_strange_answers(app: Recorder, sent: Outcome, looked: Outcome) -> None:
    courier, write = planned()
    server = strange(app)
    assert server.send(write) == sent
    assert server.look(courier.unit, write) == looked


def test_an_account_without_a_user_is_another_server() -> None:
    assert strange(Recorder()).check() == WrongAddress("HTTP 200: the answer names no user")
    assert strange(Recorder(status=500)).check() == ServerTrouble("HTTP 500: Internal Server Error")
