"""The contract on the real TimeTagger server from PyPI, and a loss at each of its points."""

from __future__ import annotations

import pytest

from tests import timetagger_house as houses
from tests.contract import test_corrections as corrections
from tests.contract import test_time_server as contract
from tests.contract.stages import Courier, Stage
from tests.timetagger_house import House, wanted_times
from trayapp.demo.proxy import Double, DropAfter, DropBefore, Fault, Pass, Say
from trayapp.servers.timetagger_records import description
from trayapp.sync.outcome import Delivered
from trayapp.tracking.entry import EventKind

START, PAUSE, RESUME, STOP, *_ = EventKind
house = houses.house


def stop_there(house: House, courier: Courier) -> None:
    """Somebody stops the running record at another time."""
    house.web.stop(house.web.record)
    courier.click(PAUSE)


@pytest.fixture
def stage(house: House) -> Stage:
    return Stage(
        server=house.server,
        stray=house.stray,
        clock=house.clock,
        play=house.proxy.play,
        times=house.times,
        wanted=wanted_times,
        remove=house.web.remove_all,
        contradict=lambda courier: stop_there(house, courier),
        texts=lambda: [str(one["ds"]) for one in house.web.records],
        text_of=lambda entry: description(entry.project, entry.note),
        rename=lambda note: house.web.edit(house.web.records[-1], ds=note),
        unplug=house.proxy.stop,
    )


@pytest.fixture
def networked(stage: Stage) -> Stage:
    return stage


@pytest.fixture
def shared(stage: Stage) -> Stage:
    return stage


class TestDelivery(contract.TestDelivery):
    pass


class TestDoubt(contract.TestDoubt):
    pass


class TestOthers(contract.TestOthers):
    pass


class TestTrouble(contract.TestTrouble):
    pass


class TestCorrections(corrections.TestCorrections):
    pass


class TestMerging(corrections.TestMerging):
    pass


class TestFaultPoints:
    """A write is several requests: each of them may be lost, before or after its effect."""

    @pytest.mark.parametrize(
        ("before", "clicked"),
        [
            pytest.param((), (START,), id="start"),
            pytest.param((START,), (PAUSE,), id="pause"),
            pytest.param((START, PAUSE), (RESUME,), id="resume"),
            pytest.param((START,), (STOP,), id="stop"),
            pytest.param((), (START, PAUSE), id="offline-paused"),
            pytest.param((), (START, STOP), id="offline-stopped"),
        ],
    )
    def test_whatever_is_lost_a_look_or_a_repeat_ends_with_our_times(
        self, house: House, before: tuple[EventKind, ...], clicked: tuple[EventKind, ...]
    ) -> None:
        for fault in (DropBefore(), DropAfter(), Say(status=502, after=True), Double()):
            points = 0
            while self.is_hit(house, before, clicked, [*[Pass()] * points, fault]):
                points += 1
            assert points >= 2

    def is_hit(
        self,
        house: House,
        before: tuple[EventKind, ...],
        clicked: tuple[EventKind, ...],
        faults: list[Fault],
    ) -> bool:
        """Whether the last fault came to pass; everything is right in the end."""
        house.tokens.save(house.another_user())
        house.again()
        courier = house.courier()
        for kind in before:
            courier.click(kind)
            courier.deliver()
        courier.click(*clicked)
        write = courier.plan()
        seen = len(house.proxy.ledger)
        house.play(*faults)
        outcome = house.server.send(write)
        house.play()
        hit = len(house.proxy.ledger) - seen >= len(faults)
        if not hit:
            assert isinstance(outcome, Delivered)
        courier.finish(outcome)
        assert house.times() == wanted_times(courier.entry)
        assert len(house.web.everything) == len(courier.entry.segments)
        return hit
