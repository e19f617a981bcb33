"""On a Hubnity server: what requests a click takes, and the times it shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests import hubnity_server_house as houses
from tests.hubnity_server_house import (
    House,
    is_feb,
    rename,
    second,
)
from tests.hubnity_server_records import Entry
from trayapp.demo.proxy import (
    SAY_500,
)
from trayapp.sync.outcome import (
    Absent,
    Blocked,
    Conflict,
    Delivered,
    Refused,
    ServerTrouble,
)
from trayapp.tracking.entry import EventKind, to_ms

START, PAUSE, RESUME, STOP, *_ = EventKind
house = houses.house
feb = houses.feb
dec = houses.dec


class TestTimes:
    def test_each_live_click_takes_its_verb_and_its_correction(self, house: House) -> None:
        courier = house.courier()
        wanted = {
            START: ["POST /time-entries"],
            PAUSE: ["GET /time-entries/ID", "PUT /time-entries/ID/pause", "PATCH /time-entries/ID"],
            RESUME: [
                "GET /time-entries/ID",
                "PUT /time-entries/ID/resume",
                "PATCH /time-entries/ID",
            ],
            STOP: ["GET /time-entries/ID", "PATCH /time-entries/ID"],
        }
        for kind, requests in wanted.items():
            courier.click(kind)
            house.clock.advance(2.5)
            courier.deliver()
            assert house.requests() == requests
        assert house.shown() == [
            ("2026-01-08T09:01:01.250Z", "2026-01-08T09:04:12.500Z", 127, "STOPPED")
        ]

    def test_a_click_the_server_timed_exactly_needs_no_correction(self, feb: House) -> None:
        courier = feb.courier()
        courier.click(START)
        courier.deliver()
        courier.click(PAUSE)
        courier.deliver()
        assert feb.requests()[-1] == "PUT /time-entries/ID/pause"

    def test_what_was_finished_offline_is_one_request_and_a_look_at_it(self, feb: House) -> None:
        courier = feb.courier()
        courier.click(START, PAUSE, RESUME, STOP)
        feb.clock.advance(timedelta(days=3))
        courier.deliver()
        assert feb.requests() == [
            "POST /time-entries/sync",  # is there such a route?
            "POST /time-entries/sync",
            "GET /time-entries/ID",
        ]
        assert feb.shown() == [
            ("2026-01-08T09:01:01.250Z", "2026-01-08T09:04:05.000Z", 122, "STOPPED")
        ]

    def test_without_the_batch_route_it_is_a_start_in_the_past_and_its_correction(
        self, dec: House
    ) -> None:
        courier = dec.courier()
        courier.click(START, PAUSE, RESUME, STOP)
        dec.clock.advance(timedelta(days=3))
        courier.deliver()
        assert dec.requests() == [
            "POST /time-entries/sync",
            "POST /time-entries",
            "PATCH /time-entries/ID",
        ]
        assert dec.shown() == [
            ("2026-01-08T09:01:01.250Z", "2026-01-08T09:04:05.000Z", 122, "STOPPED")
        ]

    def test_the_batch_route_is_looked_for_once_a_session(self, house: House) -> None:
        for note in ("one", "two"):
            courier = house.courier()
            courier.note = note
            courier.events = []
            courier.click(START, STOP)
            rename(courier, note)
            courier.deliver()
        probes = [seen for seen in house.proxy.ledger if seen.path.endswith("/sync")]
        assert [seen.status for seen in probes] == ([400, 200, 200] if is_feb(house) else [404])
        assert len(house.shown()) == 2

    def test_paused_offline_is_created_paused(self, house: House) -> None:
        courier = house.courier()
        courier.click(START, PAUSE)
        courier.deliver()
        assert house.requests() == ["POST /time-entries", "PATCH /time-entries/ID"]
        assert house.shown() == [("2026-01-08T09:01:01.250Z", None, 61, "PAUSED")]

    def test_running_again_offline_begins_where_the_open_segment_does(self, house: House) -> None:
        courier = house.courier()
        courier.click(START, PAUSE, RESUME)
        courier.deliver()
        assert house.requests() == ["POST /time-entries", "PATCH /time-entries/ID"]
        assert house.shown() == [("2026-01-08T09:03:03.750Z", None, 61, "RUNNING")]

    def test_a_pause_and_a_resume_of_later_need_no_verb(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        courier.deliver()
        house.requests()
        courier.click(PAUSE, RESUME)
        courier.deliver()
        assert house.requests() == ["GET /time-entries/ID", "PATCH /time-entries/ID"]
        assert house.shown() == [("2026-01-08T09:03:03.750Z", None, 61, "RUNNING")]

    def test_a_stop_while_paused_shows_the_click_on_stop(self, house: House) -> None:
        courier = house.courier()
        for kind in (START, PAUSE, STOP):
            courier.click(kind)
            house.clock.advance(5)
            courier.deliver()
        assert house.shown() == [
            ("2026-01-08T09:01:01.250Z", "2026-01-08T09:03:13.750Z", 66, "STOPPED")
        ]

    def test_seconds_are_rounded_down_once_for_the_whole_entry(self, house: House) -> None:
        courier = house.courier()
        courier.click(*((START,) + (PAUSE, RESUME) * 3 + (STOP,)))
        courier.deliver()
        assert house.entry.duration == 245  # four times 61.25

    def test_a_server_that_counts_the_end_itself_is_corrected(self, house: House) -> None:
        house.app.books.counts_itself = True
        courier = house.courier()
        courier.click(START)
        courier.deliver()
        courier.click(PAUSE, RESUME, STOP)
        courier.deliver()
        assert house.requests()[-2:] == ["PATCH /time-entries/ID"] * 2
        assert house.entry.duration == 122

    def test_redundant_clicks_need_no_request(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        courier.deliver()
        courier.click(START)
        assert courier.deliver() == 0
        courier.click(STOP)
        courier.deliver()
        courier.click(STOP, PAUSE)
        assert courier.deliver() == 0

    def test_an_end_at_the_begin_is_a_millisecond_later(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        house.clock.set_wall(house.clock.now() - timedelta(seconds=61.25))
        courier.click(STOP)
        courier.deliver()
        assert house.shown() == [
            ("2026-01-08T09:01:01.250Z", "2026-01-08T09:01:01.251Z", 0, "STOPPED")
        ]

    def test_a_start_too_far_in_the_future_is_refused_in_the_servers_words(
        self, house: House
    ) -> None:
        courier = house.courier()
        courier.click(START)
        house.clock.set_wall(house.clock.now() - timedelta(hours=2))
        words = "HTTP 400: Start time cannot be more than 1 hour in the future"
        assert house.server.send(courier.plan()) == Refused(words)


class TestTwoEntries:
    def test_two_entries_in_a_row_offline_both_arrive(self, house: House) -> None:
        first = house.courier()
        first.click(START, STOP)
        then = second(house, START, PAUSE, STOP)
        first.deliver()
        then.deliver()
        assert [shown[2:] for shown in house.shown()] == [(61, "STOPPED"), (61, "STOPPED")]

    def test_the_second_is_blocked_while_the_first_is_active(self, house: House) -> None:
        first = house.courier()
        first.click(START, PAUSE)
        first.deliver()
        then = second(house, START)
        blocked = house.server.send(then.plan())
        assert isinstance(blocked, Blocked)
        assert blocked.reason.startswith("HTTP 400: User already has an active time entry. ")
        first.click(STOP)
        first.deliver()
        then.deliver()
        assert [shown[3] for shown in house.shown()] == ["STOPPED", "RUNNING"]

    def test_what_a_colleague_runs_is_not_ours(self, house: House) -> None:
        house.app.me.role = "OWNER"
        other = house.app.add_user("other@example.com")
        courier = house.courier()
        courier.click(START)
        write = courier.plan()
        theirs = Entry(
            user_id=other.id,
            project_id=house.app.website.id,
            start_ms=to_ms(courier.entry.started_at),
            created_ms=0,
            note=courier.note,
        )
        house.app.books.entries[theirs.id] = theirs
        assert house.server.look(courier.unit, write) == Absent()
        mine = replace(theirs, id="mine", user_id=house.app.me.id, note="another")
        house.app.books.entries["mine"] = mine
        assert isinstance(house.server.send(write), Blocked)
        del house.app.books.entries["mine"]
        courier.deliver()
        assert len(house.shown()) == 2

    def test_our_own_start_that_landed_late_is_adopted(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        assert isinstance(house.server.send(courier.plan()), Delivered)
        courier.click(PAUSE, RESUME)
        courier.deliver()
        assert house.shown() == [("2026-01-08T09:03:03.750Z", None, 61, "RUNNING")]

    def test_a_late_start_that_somebody_changed_is_a_conflict(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        assert isinstance(house.server.send(courier.plan()), Delivered)
        house.entry.duration = 1000
        assert isinstance(house.server.send(courier.plan()), Conflict)
        assert house.entry.duration == 1000

    def test_trouble_while_asking_what_is_active_leaves_no_doubt(self, house: House) -> None:
        first = house.courier()
        first.click(START)
        first.deliver()
        then = second(house, START)
        house.play(SAY_500, method="GET")
        trouble = ServerTrouble("HTTP 500: Internal Server Error")
        assert house.server.send(then.plan()) == trouble
