"""TimeTaggerServer and the real server, with the web app's hands in between."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests import timetagger_house as houses
from tests.contract.stages import Courier
from tests.timetagger_house import House, finish, text, wanted_times
from trayapp.demo.proxy import Delay, DropAfter, DropBefore, Pass, Say
from trayapp.servers.timetagger_records import description
from trayapp.sync.outcome import (
    Absent,
    Conflict,
    Delivered,
    Doubtful,
    Outcome,
    Refused,
    Removed,
    ServerTrouble,
)
from trayapp.sync.server import Capabilities, Nothing, Write
from trayapp.tracking.entry import EventKind

START, PAUSE, RESUME, STOP, *_ = EventKind
NINE = 1_767_862_800
DEADLINE_SECONDS = 10.0
house = houses.house


def delivered(house: House, *kinds: EventKind) -> Courier:
    """Clicks that have arrived."""
    courier = house.courier()
    for kind in kinds:
        courier.click(kind)
        courier.deliver()
    house.requests()
    return courier


def while_held(house: House, write: Write, fault: Delay, act: Callable[[], None]) -> Outcome:
    """Send; what the server says to a PUT that is held while somebody does something there."""
    assert fault.until is not None
    house.play(fault, method="PUT")
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(house.server.send(write)))
    thread.start()
    act()
    fault.until.set()
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
        house.web.ask("PUT", "/records", f"[{_json(record)}]")
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
            ends = threading.Event()
            while not house.web.records:
                ends.wait(0.01)
            house.web.stop(house.web.record, 10)

        fault = Delay(until=threading.Event(), after=True)
        outcome = while_held(house, courier.plan(), fault, edit)
        wanted = "Conflict: the server shows 2026-01-08T09:01:01Z to 2026-01-08T09:01:11Z"
        assert outcome == Conflict(wanted)

    def test_an_edit_between_reading_and_write_wins(self, house: House) -> None:
        courier = delivered(house, START)
        courier.click(STOP)

        def edit() -> None:
            house.web.edit(house.web.record, ds="changed there")

        outcome = while_held(house, courier.plan(), Delay(until=threading.Event()), edit)
        assert outcome == Conflict("Conflict: the server shows 2026-01-08T09:01:01Z to now")
        assert house.web.record["ds"] == "changed there"
        finish(courier, house.server.send(courier.plan()))
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


class TestAfterReset:
    def test_what_was_clicked_before_it_goes_as_of_now(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        house.web.force_reset()
        courier.deliver()
        assert house.times() == wanted_times(courier.entry)

    def test_what_we_delivered_last_is_ended(self, house: House) -> None:
        courier = delivered(house, START)
        house.web.force_reset()
        courier.click(STOP)
        courier.deliver()
        assert house.times() == wanted_times(courier.entry)

    def test_what_somebody_changed_is_not(self, house: House) -> None:
        courier = delivered(house, START)
        record = {**house.web.record, "ds": "by a device with a late clock", "mt": NINE + 70}
        house.web.ask("PUT", "/records", f"[{_json(record)}]")
        house.web.force_reset()
        courier.click(STOP)
        outcome = house.server.send(courier.plan())
        assert outcome == Conflict("Conflict: the server shows 2026-01-08T09:01:01Z to now")
        assert house.web.record["ds"] == "by a device with a late clock"

    def test_a_start_that_is_there_already_is_only_compared(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        write = courier.plan()
        house.play(DropAfter())
        house.server.send(write)
        house.web.force_reset()
        house.again()
        assert isinstance(house.server.send(write), Delivered)
        house.web.edit(house.web.record, ds="changed there")
        house.web.force_reset()
        house.again()
        assert isinstance(house.server.send(write), Conflict)
        assert house.web.record["ds"] == "changed there"

    @pytest.mark.parametrize("passed", [1, 2, 3, 4])
    def test_whatever_is_lost_meanwhile_it_arrives(self, house: House, passed: int) -> None:
        for fault in (DropBefore(), DropAfter()):
            house.tokens.save(house.another_user())
            house.again()
            courier = house.courier()
            courier.click(START)
            house.web.force_reset()
            house.play(*[Pass()] * passed, fault)
            outcome = house.server.send(courier.plan())
            assert not isinstance(outcome, Delivered)
            house.play()
            finish(courier, outcome)
            assert house.times() == wanted_times(courier.entry)

    def test_what_is_refused_even_then_is_refused(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        key, words = courier.events[0].id, "Item was modified after a reset"
        no = Say(status=200, body=_json({"accepted": [], "failed": [key], "errors": [words]}))
        house.play(no, no, method="PUT")
        assert house.server.send(courier.plan()) == Refused(f"HTTP 200: {words}")


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
            finish(courier, outcome)
            ours = [times for times in house.times() if times[1] is None]
            assert ours == wanted_times(courier.entry)
            assert self.theirs(house)["t2"] == courier.events[0].at.timestamp() // 1

    def test_one_that_cannot_be_ended_is_told_in_the_log(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        record = {"key": "theirs12", "t1": NINE, "t2": NINE, "mt": NINE, "ds": "old"}
        house.web.ask("PUT", "/records", f"[{_json(record)}]")
        house.web.force_reset()
        courier = house.courier()
        courier.click(START)
        courier.deliver()
        assert self.theirs(house)["t2"] == NINE
        assert "What runs on the server since 2026-01-08T09:00:00Z cannot be ended" in (
            caplog.messages
        )


class TestAnswers:
    def test_a_refused_record_is_refused_in_the_servers_words(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        write = courier.plan()
        long = replace(write, body=write.body.replace("#Website", "x" * 300))
        words = "HTTP 200: String values must be less than 256 chars."
        assert house.server.send(long) == Refused(words)
        assert house.web.everything == []

    def test_a_refusal_without_words_says_so(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        key = courier.events[0].id
        house.play(Say(status=200, body=_json({"accepted": [], "failed": [key]})))
        wanted = Refused("HTTP 200: not taken, without a reason")
        assert house.server.send(courier.plan()) == wanted

    def test_a_read_only_account_is_trouble_of_all(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        said = "readonly|Your account is read-only"
        says = Say(status=402, body=said, content_type="text/plain")
        house.play(says, Say(status=402), method="PUT")
        write = courier.plan()
        assert house.server.send(write) == ServerTrouble("HTTP 402: Your account is read-only")
        assert house.server.send(write) == ServerTrouble("HTTP 402: Payment Required")

    @pytest.mark.parametrize(
        ("status", "words", "wanted"),
        [
            (403, "forbidden: not for you", Refused("HTTP 403: forbidden: not for you")),
            (400, "bad request: no", Refused("HTTP 400: bad request: no")),
            (405, "method not allowed", Refused("HTTP 405: method not allowed")),
            (500, "TypeError in handler", ServerTrouble("HTTP 500: Internal Server Error")),
        ],
        ids=["403", "400", "405", "500"],
    )
    def test_plain_text_is_read(
        self, house: House, status: int, words: str, wanted: Outcome
    ) -> None:
        courier = house.courier()
        courier.click(START)
        says = Say(status=status, body=words, content_type="text/plain; charset=utf-8")
        house.play(says, says)
        assert house.server.send(courier.plan()) == wanted
        assert house.server.look(courier.unit, courier.plan()) == wanted

    def test_a_long_sermon_is_cut(self, house: House) -> None:
        house.play(Say(status=400, body="no! " * 5000, content_type="text/plain"))
        reason = house.server.check().reason
        assert reason.startswith("HTTP 400: no! no! no! ")
        assert len(reason) < 250
        assert house.server.check() == Delivered()

    def test_a_good_answer_that_does_not_tell_is_a_doubt(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        nothing = Say(status=200, body='{"records": [null]}')
        house.play(Say(status=200, body="[]"))
        wanted = "HTTP 200: the answer does not name the record"
        assert house.server.send(courier.plan()) == Doubtful(wanted, answered=True)
        house.again()
        house.play(Pass(), nothing, nothing)
        wanted = "HTTP 200: the server does not show the record"
        assert house.server.send(courier.plan()) == Doubtful(wanted, answered=True)

    def test_trouble_while_reading_back_is_a_doubt(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        house.play(Pass(), Say(status=503))
        wanted = Doubtful("HTTP 503: Service Unavailable", answered=True)
        assert house.server.send(courier.plan()) == wanted
        finish(courier, wanted)
        assert house.times() == wanted_times(courier.entry)

    def test_an_answer_of_something_else_is_a_wrong_address(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        says = Say(status=200, body="[]")
        house.play(says, says)
        look = house.server.look(courier.unit, courier.plan())
        assert look.reason == "HTTP 200: the answer holds no records"
        assert house.server.check().reason == "HTTP 200: the answer names no version"


def _json(value: object) -> str:
    return json.dumps(value)
