"""A TimeTagger server that was reset, and answers that are no yes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import timetagger_house as houses
from tests.timetagger_house import House, wanted_times
from tests.unit.servers.timetagger_support import NINE, START, STOP, as_json, delivered
from trayapp.demo.proxy import DropAfter, DropBefore, Pass, Say
from trayapp.sync.outcome import Conflict, Delivered, Doubtful, Outcome, Refused, ServerTrouble

house = houses.house


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
        house.web.ask("PUT", "/records", f"[{as_json(record)}]")
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
            courier.finish(outcome)
            assert house.times() == wanted_times(courier.entry)

    def test_what_is_refused_even_then_is_refused(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        key, words = courier.events[0].id, "Item was modified after a reset"
        no = Say(status=200, body=as_json({"accepted": [], "failed": [key], "errors": [words]}))
        house.play(no, no, method="PUT")
        assert house.server.send(courier.plan()) == Refused(f"HTTP 200: {words}")


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
        house.play(Say(status=200, body=as_json({"accepted": [], "failed": [key]})))
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
        courier.finish(wanted)
        assert house.times() == wanted_times(courier.entry)

    def test_an_answer_of_something_else_is_a_wrong_address(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        says = Say(status=200, body="[]")
        house.play(says, says)
        look = house.server.look(courier.unit, courier.plan())
        assert look.reason == "HTTP 200: the answer holds no records"
        assert house.server.check().reason == "HTTP 200: the answer names no version"
