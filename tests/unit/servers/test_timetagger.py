"""TimeTaggerServer and the real server, with the web app's hands in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests import timetagger_house as houses
from tests.timetagger_house import House, text, wanted_times
from tests.unit.servers.timetagger_support import (
    NINE,
    PAUSE,
    RESUME,
    START,
    STOP,
    as_json,
    delivered,
)
from trayapp.demo.proxy import Delay, DropAfter, Say
from trayapp.servers.timetagger_records import description
from trayapp.sync.outcome import (
    Absent,
    Conflict,
    Delivered,
    Doubtful,
    Outcome,
    Removed,
    ServerTrouble,
)
from trayapp.sync.server import Capabilities, Write

house = houses.house


DEADLINE_SECONDS = 10.0


class Gate(threading.Event):
    """Knows that somebody stands before it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.reached.set()
        return super().wait(timeout)


def while_held(house: House, write: Write, act: Callable[[], None], *, after: bool) -> Outcome:
    """Send; what the server says to a PUT that is held while somebody does something there."""
    gate = Gate()
    house.play(Delay(until=gate, after=after), method="PUT")
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(house.server.send(write)))
    thread.start()
    assert gate.reached.wait(DEADLINE_SECONDS)
    act()
    gate.set()
    thread.join(DEADLINE_SECONDS)
    (outcome,) = outcomes
    return outcome


class TestRequests:
    def test_what_it_can_do_is_constant(self, house: House) -> None:
        assert house.server.capabilities == Capabilities(resolution=timedelta(seconds=1), batch=50)

    def test_a_start_is_put_and_read_back(self, house: House) -> None:
        delivered_start = house.courier()
        delivered_start.click(START)
        assert delivered_start.deliver() == 1
        assert house.requests() == ["PUT /records", "GET /records"]
        record = house.web.record
        assert record["key"] == delivered_start.events[0].id
        assert (record["t1"], record["t2"], record["mt"]) == (NINE + 61,) * 3
        assert record["ds"] == description(delivered_start.project, delivered_start.note)

    def test_an_end_is_read_put_and_read_back(self, house: House) -> None:
        courier = delivered(house, START)
        courier.click(STOP)
        courier.deliver()
        assert house.requests() == ["GET /records", "PUT /records", "GET /records"]

    def test_an_entry_with_pauses_from_offline_is_a_write_a_segment(self, house: House) -> None:
        courier = house.courier()
        courier.click(START, PAUSE, RESUME, PAUSE, STOP)
        assert courier.deliver() == 2
        assert house.times() == wanted_times(courier.entry)

    def test_a_text_too_long_arrives_cut(self, house: House) -> None:
        courier = house.courier()
        courier.note = "🌙 long " * 60
        courier.click(START, STOP)
        write = courier.plan()
        courier.deliver()
        shown = str(house.web.record["ds"])
        assert len(shown) == 255
        assert shown.endswith("… #Website")
        assert isinstance(house.server.look(courier.unit, write), Delivered)

    def test_a_note_that_begins_like_a_removed_one_is_not_removed(self, house: House) -> None:
        courier = house.courier()
        courier.note = "HIDDEN treasure"
        for kind in (START, STOP):
            courier.click(kind)
            courier.deliver()
        assert house.times() == wanted_times(courier.entry)


class TestEditsThere:
    def test_a_text_changed_there_is_kept(self, house: House) -> None:
        courier = delivered(house, START)
        house.web.edit(house.web.record, ds="changed there #other")
        courier.click(PAUSE)
        courier.deliver()
        assert house.web.record["ds"] == "changed there #other"
        assert house.times() == wanted_times(courier.entry)

    @pytest.mark.parametrize("days", [-300, -1, 0])
    def test_a_begin_moved_there_is_kept_wherever_it_went(self, house: House, days: int) -> None:
        courier = delivered(house, START)
        begin = NINE + days * 86_400 + 30
        house.web.edit(house.web.record, t1=begin, t2=begin)
        courier.click(PAUSE)
        courier.deliver()
        assert house.times() == [(text(begin), wanted_times(courier.entry)[0][1])]

    def test_a_record_moved_behind_our_end_is_found_and_left_alone(self, house: House) -> None:
        courier = delivered(house, START)
        begin = NINE + 86_400
        house.web.edit(house.web.record, t1=begin, t2=begin)
        courier.click(PAUSE)
        outcome = house.server.send(courier.plan())
        assert outcome == Conflict("Conflict: the server shows 2026-01-09T09:00:00Z to now")
        assert house.requests() == ["GET /records", "GET /updates"]
        assert house.times() == [(text(begin), None)]

    def test_an_end_set_there_is_not_overwritten(self, house: House) -> None:
        courier = delivered(house, START)
        house.web.stop(house.web.record, 10)
        courier.click(STOP)
        wanted = Conflict("Conflict: the server shows 2026-01-08T09:01:01Z to 2026-01-08T09:01:11Z")
        assert house.server.send(courier.plan()) == wanted
        assert house.requests() == ["GET /records"]

    def test_the_same_end_there_needs_no_write(self, house: House) -> None:
        courier = delivered(house, START)
        courier.click(STOP)
        house.web.edit(house.web.record, t2=NINE + 122, ds="both")
        courier.deliver()
        assert house.requests() == ["GET /records"]
        assert house.web.record["ds"] == "both"

    def test_a_removed_record_stays_removed_and_later_segments_go(self, house: House) -> None:
        courier = delivered(house, START)
        house.web.remove(house.web.record)
        before = house.web.everything
        courier.click(PAUSE, RESUME, STOP)
        write = courier.plan()
        assert house.server.send(write) == Removed("The record was removed on the server")
        courier.known[write.segment_id] = replace(courier.known[write.segment_id], removed=True)
        courier.deliver()
        assert house.times() == wanted_times(courier.entry)[1:]
        assert house.web.everything[0] == before[0]

    def test_a_record_removed_before_its_answer_came_stays_removed(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        write = courier.plan()
        house.play(DropAfter())
        assert isinstance(house.server.send(write), Doubtful)
        house.web.remove(house.web.record)
        gone = Removed("The record was removed on the server")
        assert house.server.look(courier.unit, write) == gone
        assert house.server.send(write) == gone
        house.again()
        assert house.server.send(write) == gone
        assert house.times() == []

    def test_a_record_the_server_has_lost_is_not_made_again(self, house: House) -> None:
        courier = delivered(house, START)
        courier.click(STOP)
        write = courier.plan()
        house.tokens.save(house.another_user())
        house.again()
        gone = Removed("The record is no longer on the server")
        assert house.server.send(write) == gone
        assert house.server.look(courier.unit, write) == gone
        assert house.web.everything == []

    @pytest.mark.parametrize("forgets", [False, True], ids=["same-run", "after-a-restart"])
    def test_a_late_repeat_changes_nothing_that_was_changed_since(
        self, house: House, *, forgets: bool
    ) -> None:
        courier = house.courier()
        courier.click(START)
        start = courier.plan()
        house.play(DropAfter())
        assert isinstance(house.server.send(start), Doubtful)
        house.web.edit(house.web.record, ds="changed there")
        before = house.web.record
        if forgets:
            house.again()
        wanted = Conflict(
            "Conflict: the server shows 2026-01-08T09:01:01Z to now, with another text"
        )
        assert house.server.send(start) == wanted
        assert house.server.look(courier.unit, start) == wanted
        assert {**house.web.record, "st": 0} == {**before, "st": 0}

    def test_an_edit_in_the_very_second_of_the_click_is_not_overwritten(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        start = courier.plan()
        house.play(DropAfter())
        house.server.send(start)
        record = {**house.web.record, "ds": "changed there"}
        house.web.ask("PUT", "/records", f"[{as_json(record)}]")
        assert isinstance(house.server.send(start), Conflict)
        assert house.web.record["ds"] == "changed there"

    def test_a_late_repeat_of_a_start_does_not_open_what_was_ended(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        start = courier.plan()
        courier.deliver()
        courier.click(STOP)
        courier.deliver()
        for _ in range(2):
            assert isinstance(house.server.send(start), Conflict)
            house.again()
        assert house.times() == wanted_times(courier.entry)

    def test_an_edit_between_write_and_reading_back_is_told(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)

        def edit() -> None:
            house.web.stop(house.web.record, 10)

        outcome = while_held(house, courier.plan(), edit, after=True)
        wanted = "Conflict: the server shows 2026-01-08T09:01:01Z to 2026-01-08T09:01:11Z"
        assert outcome == Conflict(wanted)

    def test_an_edit_between_reading_and_write_wins(self, house: House) -> None:
        courier = delivered(house, START)
        courier.click(STOP)

        def edit() -> None:
            house.web.edit(house.web.record, ds="changed there")

        outcome = while_held(house, courier.plan(), edit, after=False)
        assert outcome == Conflict("Conflict: the server shows 2026-01-08T09:01:01Z to now")
        assert house.web.record["ds"] == "changed there"
        courier.finish(house.server.send(courier.plan()))
        assert house.web.record["ds"] == "changed there"
        assert house.times() == wanted_times(courier.entry)

    @pytest.mark.parametrize("forgets", [False, True], ids=["same-run", "after-a-restart"])
    def test_a_start_that_arrived_unnoticed_is_ended_with_the_text_it_has_there(
        self, house: House, *, forgets: bool
    ) -> None:
        courier = house.courier()
        courier.click(START)
        house.play(Say(status=502, after=True))
        assert isinstance(house.server.send(courier.plan()), ServerTrouble)
        house.web.edit(house.web.record, ds="changed there")
        if forgets:
            house.again()
            courier.server = house.server
        courier.click(STOP)
        write = courier.plan()
        assert house.server.look(courier.unit, write) == Absent()
        courier.deliver()
        assert house.web.record["ds"] == "changed there"
        assert house.times() == wanted_times(courier.entry)

    def test_nothing_is_ever_a_twin(self, house: House) -> None:
        courier = delivered(house, START)
        assert house.server.twins(courier.unit, courier.events[0].id) == ()
