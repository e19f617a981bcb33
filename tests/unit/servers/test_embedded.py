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
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_inside import inside as embedded_inside
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


def test_it_takes_any_number_of_active_entries_to_the_millisecond_and_many_events_at_once(
    courier: Courier,
) -> None:
    assert courier.server.capabilities == Capabilities(batch=50, keeps_events=True)


def test_one_event_is_one_repeatable_request_with_its_own_time() -> None:
    _, write = planned()
    event, entry = "bbbbbbbb-0000-4000-8000-000000000000", "aaaaaaaa-0000-4000-8000-000000000001"
    assert json.loads(write.body) == {
        "events": [
            {
                "entry": entry,
                "id": event,
                "kind": "time_entry_start",
                "at": "2026-01-08T09:01:01.250Z",
                "offset": 18000,
                "zone": "Asia/Yekaterinburg",
                "project": "Website",
                "note": "note",
            }
        ]
    }
    assert write == Write(body=write.body, settles=(event,), segment_id=event, repeatable=True)


def test_what_waits_of_an_entry_is_one_request_in_order(courier: Courier) -> None:
    courier.click(START, PAUSE, RESUME, STOP)
    write = courier.plan()
    assert write.settles == tuple(event.id for event in courier.events)
    assert [event["id"] for event in json.loads(write.body)["events"]] == list(write.settles)
    assert courier.deliver() == 1


def test_a_request_has_no_more_events_than_the_server_takes(courier: Courier) -> None:
    courier.click(START, *[PAUSE, RESUME] * 100)
    assert len(courier.plan().settles) == 100
    assert courier.deliver() == 3


def test_a_request_is_no_larger_than_its_answer_may_be(courier: Courier) -> None:
    courier.note = "🌙" * 19_000  # 76 kB
    courier.click(START, PAUSE, RESUME)
    assert [len(courier.plan().settles), courier.deliver()] == [1, 3]


def test_the_first_event_names_the_segment_it_opens_or_follows(courier: Courier) -> None:
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


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "[]",
        '{"path": 1, "json": {}}',
        '{"path": "/x"}',
        '{"path": "/entries/x/events/y", "json": 5}',
        '{"events": []}',
        '{"events": [5]}',
        '{"events": [{"entry": "x"}]}',
        '{"events": 5}',
    ],
)
def test_a_stored_request_that_cannot_be_read_is_a_defect_of_ours(
    courier: Courier, body: str
) -> None:
    courier.click(START)
    write = Write(body=body, settles=("x",), segment_id="x", repeatable=True)
    for outcome in (courier.server.send(write), courier.server.look(courier.unit, write)):
        assert outcome.reason.startswith("Internal error: the stored request ")


def test_the_request_of_an_older_version_is_looked_for(courier: Courier) -> None:
    """Each event had an address of its own; its answer may have been lost before the upgrade."""
    courier.click(START, PAUSE)
    start, pause = json.loads(courier.plan().body)["events"]

    def older(event: dict[str, str]) -> Write:
        entry, name = event.pop("entry"), event.pop("id")
        body = {"method": "PUT", "path": f"/entries/{entry}/events/{name}", "json": event}
        return Write(body=json.dumps(body), settles=(name,), segment_id="x", repeatable=True)

    courier.pending = courier.events[:1]
    courier.deliver()
    assert courier.server.look(courier.unit, older(start)) == Delivered()
    assert courier.server.look(courier.unit, older(pause)) == Absent()


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
    """As an answer to a request, and as an entry shows it."""
    _, write = planned()
    (event,) = json.loads(write.body)["events"]
    event |= change
    return json.dumps({"events": ["strange", {"id": "other"}, event | {"event": event}]}).encode()


def said(**reply: object) -> Recorder:
    _, write = planned()
    return Recorder(content=json.dumps({"events": [{"id": write.settles[0], **reply}]}).encode())


OTHER_TIME = Conflict("Conflict: the server shows time_entry_start at 2026-01-08T09:05:00.000Z")
STRANGE = WrongAddress("HTTP 200: the answer does not show what was sent")


@pytest.mark.parametrize(
    ("app", "sent", "looked"),
    [
        pytest.param(Recorder(content=shown()), Delivered(), Delivered(), id="ours"),
        pytest.param(
            Recorder(content=shown(at="2026-01-08T09:05:00.000Z")),
            OTHER_TIME,
            OTHER_TIME,
            id="another-time",
        ),
        pytest.param(Recorder(content=b'{"events": 5}'), STRANGE, Absent(), id="no-events"),
        pytest.param(
            Recorder(status=410),
            Refused("HTTP 410: Gone"),
            Removed("HTTP 410: Gone"),
            id="all-gone",
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


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        ({"status": 410, "message": "gone for good"}, Removed("HTTP 410: gone for good")),
        ({"status": 422, "message": "too  late"}, Refused("HTTP 422: too late")),
        ({"status": 404}, Refused("HTTP 404: Not Found")),
        ({"status": 403, "message": 5}, Refused("HTTP 403: Forbidden")),
        ({"status": 201}, STRANGE),
        ({"status": 500, "message": "not mine to tell"}, STRANGE),
        ({"status": "422"}, STRANGE),
        ({"status": 201, "event": 5}, STRANGE),
        ({"id": 5, "status": 422}, STRANGE),
    ],
)
def test_what_is_said_of_a_single_event(reply: dict[str, object], wanted: Outcome) -> None:
    _, write = planned()
    assert strange(said(**reply)).send(write) == wanted


def test_an_account_without_a_user_is_another_server() -> None:
    assert strange(Recorder()).check() == WrongAddress("HTTP 200: the answer names no user")
    assert strange(Recorder(status=500)).check() == ServerTrouble("HTTP 500: Internal Server Error")
