"""Several finished entries in one request to the real TimeTagger server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests import timetagger_house as houses
from tests.contract.stages import Courier
from tests.timetagger_house import House, wanted_times
from trayapp.demo.proxy import Double, DropAfter, DropBefore, Fault, Pass, Say
from trayapp.sync.outcome import (
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
from trayapp.sync.server import Write
from trayapp.tracking.entry import EventKind

START, PAUSE, RESUME, STOP, *_ = EventKind
house = houses.house


def clicked(house: House) -> list[Courier]:
    """Three entries from offline."""
    couriers = [house.courier(name) for name in ("one", "two", "three")]
    for courier in couriers:
        courier.click(START, STOP)
    return couriers


def together(couriers: Sequence[Courier]) -> Write:
    return Write.together(tuple(courier.plan() for courier in couriers))


def parts_of(outcome: Outcome) -> list[type[Outcome]]:
    assert isinstance(outcome, Several), outcome
    return [type(part) for part in outcome.parts]


def wanted(couriers: Sequence[Courier]) -> list[tuple[str, str | None]]:
    return [times for courier in couriers for times in wanted_times(courier.entry)]


def test_they_go_in_one_request_and_are_read_back_in_another(house: House) -> None:
    couriers = clicked(house)
    assert house.server.capabilities.batch >= len(couriers)
    outcome = house.server.send(together(couriers))
    assert isinstance(outcome, Several)
    for courier, part in zip(couriers, outcome.parts, strict=True):
        courier.take(courier.plan(), part)
    assert house.requests() == ["GET /records", "PUT /records", "GET /records"]
    assert house.times() == wanted(couriers)


def test_the_rest_of_an_entry_with_pauses_follows(house: House) -> None:
    couriers = clicked(house)
    couriers[1].click(START, PAUSE, RESUME, STOP)
    outcome = house.server.send(together(couriers))
    assert isinstance(outcome, Several)
    for courier, part in zip(couriers, outcome.parts, strict=True):
        courier.take(courier.plan(), part)
        courier.deliver()
    assert sorted(house.times()) == sorted(wanted(couriers))


def test_a_refused_one_is_refused_alone(house: House) -> None:
    couriers = clicked(house)
    write = together(couriers)
    long = replace(write.parts[1], body=write.parts[1].body.replace("#Website", "x" * 300))
    outcome = house.server.send(Write.together((write.parts[0], long, write.parts[2])))
    assert parts_of(outcome) == [Delivered, Refused, Delivered]
    assert house.times() == wanted([couriers[0], couriers[2]])


def test_what_is_there_already_is_brought_up_to_date_and_never_overwritten(house: House) -> None:
    couriers = [house.courier(name) for name in ("one", "two", "three")]
    for courier in couriers:
        courier.click(START)
        house.play(Say(status=502, after=True))
        house.server.send(courier.plan())
    house.web.edit(house.web.records[0], ds="changed there")
    house.web.remove(house.web.records[1])
    house.web.stop(house.web.records[1], 10)
    house.again()
    for courier in couriers:
        courier.click(STOP)
    outcome = house.server.send(together(couriers))
    assert parts_of(outcome) == [Delivered, Removed, Conflict]
    assert house.web.records[0]["ds"] == "changed there"
    assert house.times()[0] == wanted(couriers)[0]
    assert house.times()[1] != wanted(couriers)[2]


def test_what_is_older_than_a_reset_goes_as_of_now(house: House) -> None:
    couriers = clicked(house)
    house.web.force_reset()
    outcome = house.server.send(together(couriers))
    assert parts_of(outcome) == [Delivered] * 3
    assert house.times() == wanted(couriers)


def test_trouble_in_between_leaves_the_rest_unasked(house: House) -> None:
    couriers = clicked(house)
    house.web.force_reset()
    house.play(Pass(), Pass(), Pass(), Say(status=500))
    outcome = house.server.send(together(couriers))
    assert parts_of(outcome) == [ServerTrouble, Unasked, Unasked]


def test_what_cannot_be_read_is_told_alone(house: House) -> None:
    couriers = clicked(house)
    write = together(couriers)
    broken = replace(write.parts[0], body="")
    outcome = house.server.send(Write.together((broken, *write.parts[1:])))
    assert parts_of(outcome) == [Ours, Delivered, Delivered]
    outcome = house.server.send(Write.together((broken, broken)))
    assert parts_of(outcome) == [Ours, Ours]


def test_what_lies_far_apart_goes_one_after_the_other(house: House) -> None:
    first = house.courier("one")
    first.click(START, STOP)
    house.clock.advance(30 * 24 * 3600)
    second = house.courier("two")
    second.click(START, STOP)
    outcome = house.server.send(together([first, second]))
    assert parts_of(outcome) == [Delivered, Unasked]
    assert house.times() == wanted([first])


def test_a_record_that_is_accepted_and_not_shown_is_in_doubt(house: House) -> None:
    couriers = clicked(house)
    nothing = Say(status=200, body='{"records": []}')
    house.play(Pass(), Pass(), nothing)
    outcome = house.server.send(together(couriers))
    assert parts_of(outcome) == [Doubtful] * 3


@pytest.mark.parametrize(
    "fault", [DropBefore(), DropAfter(), Say(status=502, after=True), Say(status=502), Double()]
)
@pytest.mark.parametrize("passed", [0, 1, 2])
def test_whatever_is_lost_each_is_looked_for_by_itself(
    house: House, fault: Fault, passed: int
) -> None:
    couriers = clicked(house)
    house.play(*[Pass()] * passed, fault)
    outcome = house.server.send(together(couriers))
    house.play()
    assert isinstance(outcome, (Several, Doubtful, Offline, ServerTrouble))
    if house.web.records:  # what has arrived is never taken for what has not
        assert not isinstance(outcome, Offline)
    parts = outcome.parts if isinstance(outcome, Several) else [outcome] * 3
    for courier, part in zip(couriers, parts, strict=True):
        courier.finish(part)
    assert house.times() == wanted(couriers)
