"""What ran on a TimeTagger server before ours, and what somebody began there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import timetagger_house as houses
from tests.timetagger_house import House, wanted_times
from tests.unit.servers.timetagger_support import NINE, START, STOP, as_json, delivered
from trayapp.demo.proxy import DropAfter, DropBefore, Pass, Say
from trayapp.sync.outcome import Conflict, Delivered, Doubtful
from trayapp.sync.server import Nothing

house = houses.house


class TestStrangers:
    def began_there(self, house: House, seconds: int, **more: object) -> None:
        begin = NINE + seconds
        house.web.put(**{"key": "theirs12", "t1": begin, "t2": begin, "ds": "by hand", **more})

    def theirs(self, house: House) -> dict[str, object]:
        (found,) = (one for one in house.web.everything if one["key"] == "theirs12")
        return found

    def test_what_ran_before_ours_ends_where_ours_begins_and_it_is_told(self, house: House) -> None:
        self.began_there(house, -500)
        courier = house.courier()
        courier.click(START)
        outcome = house.server.send(courier.plan())
        assert isinstance(outcome, Delivered)
        assert outcome.closed_other.startswith("“by hand” ran on the server since ")
        assert self.theirs(house)["t2"] == NINE + 61
        assert self.theirs(house)["ds"] == "by hand"
        assert house.requests() == ["PUT /records", "GET /records", "PUT /records"]

    def test_it_is_told_also_when_its_answer_is_lost(self, house: House) -> None:
        self.began_there(house, -500)
        courier = house.courier()
        courier.click(START)
        write = courier.plan()
        house.play(Pass(), Pass(), DropAfter())
        assert isinstance(house.server.send(write), Doubtful)
        outcome = house.server.look(courier.unit, write)
        assert isinstance(outcome, Delivered)
        assert outcome.closed_other.startswith("“by hand” ran on the server since ")

    def test_what_the_user_ended_first_is_not_told(self, house: House) -> None:
        self.began_there(house, -500)
        courier = house.courier()
        courier.click(START)
        write = courier.plan()
        house.play(Pass(), Pass(), DropBefore())
        assert isinstance(house.server.send(write), Doubtful)
        house.web.stop(self.theirs(house), 10)
        outcome = house.server.look(courier.unit, write)
        assert isinstance(outcome, Delivered)
        assert outcome.closed_other == ""

    def test_it_is_done_once(self, house: House) -> None:
        self.began_there(house, -500)
        courier = house.courier()
        courier.click(START)
        write = courier.plan()
        courier.deliver()
        house.web.edit(self.theirs(house), t2=NINE - 500)  # and the user starts it again
        courier.click(STOP)
        courier.deliver()
        assert self.theirs(house)["t2"] == NINE - 500
        assert isinstance(house.server.look(courier.unit, write), Conflict)

    @pytest.mark.parametrize(
        ("seconds", "more"),
        [
            pytest.param(61, {}, id="begun-with-ours"),
            pytest.param(100, {}, id="begun-after-ours"),
            pytest.param(-500, {"ds": "HIDDEN by hand"}, id="removed"),
        ],
    )
    def test_everything_else_is_left_alone(
        self, house: House, seconds: int, more: dict[str, object]
    ) -> None:
        self.began_there(house, seconds, **more)
        before = self.theirs(house)
        courier = house.courier()
        courier.click(START)
        courier.deliver()
        assert self.theirs(house) == before

    def test_it_is_left_alone_when_ours_has_ended(self, house: House) -> None:
        self.began_there(house, -500)
        before = self.theirs(house)
        courier = house.courier()
        courier.click(START, STOP)
        courier.deliver()
        assert self.theirs(house) == before

    def test_our_own_that_still_waits_for_its_end_is_not_ended(self, house: House) -> None:
        first = delivered(house, START)
        second = house.courier("second")
        second.click(START)
        house.again()
        unit = replace(second.unit, taken=frozenset({first.events[0].id}))
        write = house.server.plan(unit)
        assert not isinstance(write, Nothing)
        assert isinstance(house.server.send(write), Delivered)
        assert [end for _, end in house.times()] == [None, None]

    def test_our_own_in_doubt_is_not_ended(self, house: House) -> None:
        first = house.courier()
        first.click(START)
        house.play(DropAfter())
        house.server.send(first.plan())
        second = house.courier("second")
        second.click(START)
        second.deliver()
        assert [end for _, end in house.times()] == [None, None]

    @pytest.mark.parametrize("passed", [0, 1, 2])
    def test_whatever_is_lost_it_is_ended(self, house: House, passed: int) -> None:
        for fault in (DropBefore(), DropAfter(), Say(status=502)):
            house.tokens.save(house.another_user())
            house.again()
            self.began_there(house, -500)
            courier = house.courier()
            courier.click(START)
            house.play(*[Pass()] * passed, fault)
            outcome = house.server.send(courier.plan())
            assert not isinstance(outcome, Delivered)
            house.play()
            courier.finish(outcome)
            ours = [times for times in house.times() if times[1] is None]
            assert ours == wanted_times(courier.entry)
            assert self.theirs(house)["t2"] == courier.events[0].at.timestamp() // 1

    def test_one_that_cannot_be_ended_is_told_in_the_log(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        record = {"key": "theirs12", "t1": NINE, "t2": NINE, "mt": NINE, "ds": "old"}
        house.web.ask("PUT", "/records", f"[{as_json(record)}]")
        house.web.force_reset()
        courier = house.courier()
        courier.click(START)
        courier.deliver()
        assert self.theirs(house)["t2"] == NINE
        assert "What runs on the server since 2026-01-08T09:00:00Z cannot be ended" in (
            caplog.messages
        )
