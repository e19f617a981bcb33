"""Corrections on a Hubnity server: which requests they take, and what others have changed there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import hubnity_server_house as houses
from tests.contract.stages import Courier
from tests.hubnity_server_house import House
from trayapp.demo.proxy import Say
from trayapp.sync.found import Shown
from trayapp.sync.outcome import Absent, Conflict, Ours, Refused
from trayapp.sync.server import Known, Write
from trayapp.tracking.entry import EventKind

START, PAUSE, RESUME, STOP, *_ = EventKind
MINUTE = timedelta(minutes=1)
house = houses.house


def sent(house: House, *kinds: EventKind) -> Courier:
    courier = house.courier()
    for kind in kinds:
        courier.click(kind)
        courier.deliver()
    house.requests()
    return courier


def writes(house: House) -> list[str]:
    return [one for one in house.requests() if not one.startswith("GET")]


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        pytest.param((START, STOP), ["PATCH /time-entries/ID"], id="a stopped one is opened"),
        pytest.param(
            (START, PAUSE),
            ["PUT /time-entries/ID/resume", "PATCH /time-entries/ID"],
            id="a paused one goes on",
        ),
        pytest.param(
            (START, PAUSE, RESUME),
            ["PUT /time-entries/ID/pause", "PATCH /time-entries/ID"],
            id="a resumed one is paused",
        ),
    ],
)
def test_an_undo_takes_the_fewest_requests(
    house: House, kinds: tuple[EventKind, ...], wanted: list[str]
) -> None:
    courier = sent(house, *kinds)
    courier.undo()
    courier.deliver()
    assert writes(house) == wanted


def test_words_and_times_go_in_one_request(house: House) -> None:
    house.app.add_project("Support")
    courier = sent(house, START, STOP)
    begin = courier.entry.started_at - MINUTE
    courier.edit(project="Support", note="new", started_at=begin)
    courier.deliver()
    assert writes(house) == ["PATCH /time-entries/ID"]


def test_a_change_of_words_leaves_the_times_that_somebody_changed_there(house: House) -> None:
    courier = sent(house, START, STOP)
    house.entry.duration = 7
    courier.edit(note="new")
    courier.deliver()
    assert (house.entry.note, house.entry.duration) == ("new", 7)


def test_a_change_of_times_is_a_conflict_with_those_that_somebody_changed_there(
    house: House,
) -> None:
    courier = sent(house, START, STOP)
    house.entry.duration = 7
    courier.edit(started_at=courier.entry.started_at - MINUTE)
    write = courier.plan()
    for outcome in (house.server.send(write), house.server.look(courier.unit, write)):
        assert isinstance(outcome, Conflict)
    assert house.entry.duration == 7


def test_what_the_user_has_seen_and_does_not_want_is_overwritten(house: House) -> None:
    courier = sent(house, START, STOP)
    house.entry.note = "their words"
    courier.edit(note="our words")
    shown = house.server.send(courier.plan())
    assert isinstance(shown, Shown)
    (segment,) = courier.entry.segments
    courier.known[segment.id] = Known(remote_id=shown.remote_id, base=shown.base)
    courier.deliver()
    assert house.entry.note == "our words"


def test_a_project_that_is_not_there_is_refused_and_nothing_is_changed(house: House) -> None:
    courier = sent(house, START, STOP)
    courier.edit(project="Nothing", note="new")
    outcome = house.server.send(courier.plan())
    assert outcome == Refused("Project 'Nothing' is not an active project on the server")
    assert writes(house) == []


def test_a_deletion_that_the_server_refuses_is_told(house: House) -> None:
    courier = sent(house, START, STOP)
    courier.delete()
    house.play(Say(status=403, body='{"message": "approved already"}'), method="DELETE")
    assert house.server.send(courier.plan()) == Refused("HTTP 403: approved already")


def test_a_correction_that_changes_nothing_there_needs_no_request(house: House) -> None:
    courier = sent(house, START, STOP)
    courier.edit(note="new")
    courier.undo()
    courier.deliver()
    assert house.requests() == []


def test_what_is_still_there_was_not_deleted(house: House) -> None:
    courier = sent(house, START, STOP)
    courier.delete()
    write = courier.plan()
    assert house.server.look(courier.unit, write) == Absent()
    assert '"method":"DELETE"' in write.body


@pytest.mark.parametrize(
    "body", ['{"mending": {}}', '{"mending": []}', '{"mending": 1', '{"mending": {"remote_id": 1}}']
)
def test_a_stored_request_that_cannot_be_read_is_our_defect(house: House, body: str) -> None:
    courier = sent(house, START)
    strange = Write(body=body.replace('": ', '":'), settles=("a",), segment_id="a", repeatable=True)
    for outcome in (house.server.send(strange), house.server.look(courier.unit, strange)):
        assert isinstance(outcome, Ours)
