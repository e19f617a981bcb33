"""The contract on a Hubnity server, in both of its dialects, and a loss at each of its points."""

from __future__ import annotations

import pytest

from tests import hubnity_server_house as houses
from tests.contract import test_corrections as corrections
from tests.contract import test_time_server as contract
from tests.contract.stages import Courier, Stage
from tests.hubnity_server_checks import iso
from tests.hubnity_server_house import (
    House,
    wanted_times,
)
from trayapp.demo.proxy import (
    DropAfter,
    DropBefore,
    Fault,
    Pass,
    Say,
)
from trayapp.sync.outcome import (
    Delivered,
)
from trayapp.tracking.entry import EventKind, TrackerState, to_ms

START, PAUSE, RESUME, STOP, *_ = EventKind
house = houses.house


def stop_there(house: House, courier: Courier) -> None:
    """Somebody stops the running entry at another time."""
    entry = house.entry
    entry.status, entry.end_ms = "STOPPED", entry.start_ms + 3_600_000
    entry.duration = 3600
    courier.click(PAUSE)


@pytest.fixture
def stage(house: House) -> Stage:
    house.app.add_project("Support")
    return Stage(
        server=house.server,
        stray=house.stray,
        clock=house.clock,
        play=house.proxy.play,
        times=lambda: [
            (str(iso(entry.start_ms)), None if entry.status == "RUNNING" else f"{entry.duration} s")
            for entry in house.app.books.entries.values()
        ],
        wanted=wanted_times,
        remove=house.app.books.entries.clear,
        contradict=lambda courier: stop_there(house, courier),
        texts=lambda: [
            f"{entry.note} #{house.app.books.projects[entry.project_id or ''].name}"
            for entry in house.app.books.entries.values()
        ],
        text_of=lambda entry: f"{entry.note} #{entry.project}",
        rename=lambda note: setattr(house.entry, "note", note),
        unplug=house.proxy.stop,
    )


@pytest.fixture
def networked(stage: Stage) -> Stage:
    return stage


@pytest.fixture
def shared(stage: Stage) -> Stage:
    return stage


class TestDelivery(contract.TestDelivery):
    def test_what_is_clicked_live_shows_with_its_times(self, stage: Stage) -> None:
        courier = stage.courier()
        for kind in (START, PAUSE, RESUME, STOP):
            courier.click(kind)
            stage.clock.advance(7.7)  # the server's clock is always later than the click
            courier.deliver()
            assert stage.times() == stage.wanted(courier.entry)


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
    """A request of several may be lost before or after any of its parts."""

    CLICKS = pytest.mark.parametrize(
        ("before", "clicked"),
        [
            pytest.param((), (START,), id="start"),
            pytest.param((START,), (PAUSE,), id="pause"),
            pytest.param((START, PAUSE), (RESUME,), id="resume"),
            pytest.param((START,), (STOP,), id="stop"),
            pytest.param((START, PAUSE), (STOP,), id="stop-paused"),
            pytest.param((START, PAUSE), (RESUME, STOP), id="resume-stop"),
            pytest.param((), (START, PAUSE), id="offline-paused"),
            pytest.param((), (START, PAUSE, RESUME), id="offline-running"),
            pytest.param((), (START, PAUSE, RESUME, STOP), id="offline-stopped"),
        ],
    )

    @CLICKS
    @pytest.mark.parametrize("counts_itself", [False, True], ids=["takes", "counts"])
    def test_whatever_is_lost_a_look_or_a_repeat_ends_with_our_times(
        self,
        house: House,
        before: tuple[EventKind, ...],
        clicked: tuple[EventKind, ...],
        *,
        counts_itself: bool,
    ) -> None:
        house.app.books.counts_itself = counts_itself
        for fault in (DropBefore(), DropAfter(), Say(status=502, after=True), Say(status=502)):
            points = 0
            while self.is_hit(house, before, clicked, [*[Pass()] * points, fault]):
                points += 1
            assert points >= 1

    def is_hit(
        self,
        house: House,
        before: tuple[EventKind, ...],
        clicked: tuple[EventKind, ...],
        faults: list[Fault],
    ) -> bool:
        """Whether the last fault came to pass; everything is right in the end."""
        house.app.books.entries.clear()
        courier = house.courier()
        for kind in before:
            courier.click(kind)
            courier.deliver()
        courier.click(*clicked)
        house.clock.advance(10.1)
        write = courier.plan()
        seen = len(house.proxy.ledger)
        house.play(*faults)
        outcome = house.server.send(write)
        house.play()
        hit = len(house.proxy.ledger) - seen >= len(faults)
        house.clock.advance(60.1)
        if not hit:
            assert isinstance(outcome, Delivered)
        courier.finish(outcome)
        self.assert_right(house, courier)
        return hit

    def assert_right(self, house: House, courier: Courier) -> None:
        (shown,) = house.shown()
        begun, seconds = wanted_times(courier.entry)[0]
        assert (shown[0], shown[3].lower()) == (begun, courier.entry.state.value)
        if seconds is not None:
            assert f"{shown[2]} s" == seconds
        if courier.entry.state is TrackerState.STOPPED:
            assert shown[1] == iso(to_ms(courier.events[-1].at))
