"""On a Hubnity server: doubled requests, other people's hands, projects."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests import hubnity_server_house as houses
from tests.hubnity_server_house import (
    House,
)
from trayapp.demo.proxy import (
    SAY_500,
    Double,
    Pass,
    Say,
)
from trayapp.sync.outcome import (
    AlreadySo,
    Conflict,
    Delivered,
    Doubtful,
    Refused,
    Removed,
    ServerTrouble,
)
from trayapp.sync.server import Known, Nothing
from trayapp.tracking.entry import EventKind

START, PAUSE, RESUME, STOP, *_ = EventKind
house = houses.house
feb = houses.feb
dec = houses.dec


class TestDoubled:
    @pytest.mark.parametrize("kinds", [(START,), (START, PAUSE), (START, STOP)], ids=str)
    def test_a_doubled_request_has_the_effect_of_one(
        self, house: House, kinds: tuple[EventKind, ...]
    ) -> None:
        courier = house.courier()
        house.play(*[Double()] * 9)
        courier.click(*kinds)
        courier.deliver()
        assert [shown[2] for shown in house.shown()] == [0 if len(kinds) == 1 else 61]

    def test_a_doubled_verb_is_told_from_its_first(self, house: House) -> None:
        courier = house.courier()
        for kind in (START, PAUSE, RESUME, STOP):
            courier.click(kind)
            house.play(*[Double()] * 9)
            courier.deliver()
        assert house.entry.duration == 122

    def test_a_batch_that_met_itself_is_looked_for(self, feb: House) -> None:
        courier = feb.courier()
        courier.click(START, STOP)
        words = (
            "User already has an active time entry. Sync cannot create duplicate"
            " RUNNING/PAUSED entries."
        )
        feb.play(Pass(), Say(status=409, body=f'{{"message": "{words}"}}'))
        assert feb.server.send(courier.plan()) == AlreadySo(f"HTTP 409: {words}")

    def test_a_batch_sent_again_after_a_change_there_is_a_conflict(self, feb: House) -> None:
        courier = feb.courier()
        courier.click(START, STOP)
        write = courier.plan()
        assert isinstance(feb.server.send(write), Delivered)
        assert isinstance(feb.server.send(write), Delivered)
        feb.entry.duration = 5
        shown = "stopped, 2026-01-08T09:01:01.250Z to 2026-01-08T09:02:02.500Z, 5 s"
        outcome = feb.server.send(write)
        assert isinstance(outcome, Conflict)
        assert outcome.reason == f"Conflict: the server shows {shown}"
        assert isinstance(feb.server.look(courier.unit, write), Conflict)
        assert len(feb.shown()) == 1

    def test_twins_are_found_and_ours_is_not_one(self, dec: House) -> None:
        courier = dec.courier()
        courier.click(START, STOP)
        courier.deliver()
        (segment,) = courier.entry.segments
        assert dec.server.twins(courier.unit, segment.id) == ()
        twin = replace(dec.entry, id="twin")
        dec.app.books.entries["twin"] = twin
        assert dec.server.twins(courier.unit, segment.id) == ("twin",)
        assert dec.server.twins(courier.unit, "unknown") == ()
        dec.play(SAY_500)
        trouble = dec.server.twins(courier.unit, segment.id)
        assert trouble == ServerTrouble("HTTP 500: Internal Server Error")


class TestOthersHands:
    def test_the_servers_idle_pause_is_no_conflict(self, house: House) -> None:
        for kinds in ((PAUSE,), (STOP,), (PAUSE, RESUME)):
            house.app.books.entries.clear()
            courier = house.courier()
            courier.click(START)
            courier.deliver()
            house.app.me.beat_ms = house.app.books.now - 400_000
            house.clock.advance(30)
            house.app.books.sweep()
            assert house.entry.status == "PAUSED"
            house.clock.advance(600)
            courier.click(*kinds)
            courier.deliver()
            assert house.entry.duration == 91 + 600
            assert house.entry.status.lower() == courier.entry.state.value

    def test_a_pause_with_another_duration_is_a_conflict(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        courier.deliver()
        house.entry.status, house.entry.duration = "PAUSED", 30
        courier.click(PAUSE)
        assert isinstance(house.server.send(courier.plan()), Conflict)

    def test_a_resume_in_the_web_app_is_not_taken_for_ours(self, house: House) -> None:
        courier = house.courier()
        courier.click(START, PAUSE)
        courier.deliver()
        house.app.books.apply(house.app.me, house.entry.id, "resume")
        courier.click(RESUME)
        assert isinstance(house.server.send(courier.plan()), Conflict)

    def test_text_and_project_changed_there_stay(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        courier.deliver()
        project = house.app.add_project("Other")
        house.entry.note, house.entry.project_id = "written there", project.id
        courier.click(STOP)
        courier.deliver()
        assert (house.entry.note, house.entry.project_id) == ("written there", project.id)
        assert house.entry.status == "STOPPED"

    def test_a_removed_entry_needs_no_further_request(self, house: House) -> None:
        courier = house.courier()
        courier.click(START, PAUSE)
        courier.known[courier.entry.segments[0].id] = Known(removed=True)
        plan = house.server.plan(courier.unit)
        assert plan == Nothing(settles=tuple(event.id for event in courier.events))

    def test_removed_between_the_verb_and_the_correction_is_removed(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        courier.deliver()
        courier.click(PAUSE)
        house.clock.advance(5)
        gone = Say(status=404, body='{"message": "Time entry with ID x not found"}')
        house.play(Pass(), Pass(), gone)
        words = "HTTP 404: Time entry with ID x not found"
        assert house.server.send(courier.plan()) == Removed(words)

    def test_a_state_that_changed_while_we_looked_is_looked_at_again(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        courier.deliver()
        courier.click(PAUSE)
        words = "Only running entries can be paused"
        house.play(Say(status=400, body=f'{{"message": "{words}"}}'), method="PUT")
        assert house.server.send(courier.plan()) == AlreadySo(f"HTTP 400: {words}")

    def test_a_server_that_never_shows_our_times_is_a_conflict(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        courier.deliver()
        stubborn = Say(status=200, body=shown_json(house))
        courier.click(PAUSE, RESUME)
        house.play(*[stubborn] * 9)
        assert isinstance(house.server.send(courier.plan()), Conflict)

    def test_a_refusal_between_the_parts_is_told_by_the_look(self, house: House) -> None:
        courier = house.courier()
        courier.click(START, PAUSE)
        write = courier.plan()
        no = Say(status=400, body='{"message": ["duration must be small", "and more"]}')
        house.play(no, no, method="PATCH")
        words = "HTTP 400: duration must be small"
        assert house.server.send(write) == Doubtful(words, answered=True)
        assert house.server.look(courier.unit, write) == Refused(words)


def shown_json(house: House) -> str:
    return json.dumps(house.app.books.shown(house.entry))


class TestProjects:
    def test_a_project_may_be_an_id_or_a_name_in_any_letters(self, house: House) -> None:
        for project in (house.app.website.id, "Website", "wEBSITE"):
            house.app.books.entries.clear()
            courier = house.courier()
            courier.project = project
            courier.click(START)
            write = courier.plan()
            assert isinstance(house.server.send(write), Delivered)
            assert house.entry.project_id == house.app.website.id
            assert isinstance(house.server.look(courier.unit, write), Delivered)

    @pytest.mark.parametrize(
        ("project", "words"),
        [
            ("Nowhere", "Project 'Nowhere' is not an active project on the server"),
            ("Old", "Project 'Old' is not an active project on the server"),
            ("Twice", "Project 'Twice' is the name of several projects on the server"),
            ("", "HTTP 400: Project is required for employees..."),
        ],
    )
    def test_a_project_that_cannot_be_booked_is_refused_with_words(
        self, house: House, project: str, words: str
    ) -> None:
        house.app.add_project("Old", archived=True)
        house.app.add_project("Twice")
        house.app.add_project("Twice")
        courier = house.courier()
        courier.project = project
        courier.click(START)
        assert house.server.send(courier.plan()) == Refused(words)
        assert house.shown() == []

    def test_owners_may_do_without_a_project(self, house: House) -> None:
        house.app.me.role = "OWNER"
        courier = house.courier()
        courier.project = courier.note = ""
        courier.click(START)
        write = courier.plan()
        assert isinstance(house.server.send(write), Delivered)
        assert isinstance(house.server.look(courier.unit, write), Delivered)

    def test_a_project_made_meanwhile_is_found(self, house: House) -> None:
        house.app.add_project("New")
        courier = house.courier()
        courier.project = "New"
        courier.click(START)
        courier.deliver()
        assert house.requests() == ["GET /projects/active", "POST /time-entries"]

    def test_a_project_archived_meanwhile_is_refused_in_the_servers_words(
        self, house: House
    ) -> None:
        house.app.website.archived = True
        courier = house.courier()
        courier.click(START)
        words = "HTTP 400: Cannot create time entry for archived project"
        assert house.server.send(courier.plan()) == Refused(words)

    def test_a_project_gone_meanwhile_is_refused_and_no_wrong_address(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        gone = house.app.website.id
        del house.app.books.projects[gone]
        words = f"HTTP 404: Project with ID {gone} not found in your company"
        assert house.server.send(courier.plan()) == Refused(words)

    def test_a_nul_is_refused_before_it_is_sent(self, house: House) -> None:
        courier = house.courier()
        courier.note = "a\0b"
        courier.click(START)
        outcome = house.server.send(courier.plan())
        words = "The text holds a NUL character, which this server cannot store"
        assert outcome == Refused(words)
        assert house.requests() == []
