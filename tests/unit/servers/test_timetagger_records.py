"""What a record of TimeTagger is made of, read from, and merged to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.stages import Courier
from tests.fakes import START as NINE
from tests.fakes import FakeClock
from trayapp.queue.task import Known
from trayapp.servers.timetagger import TimeTaggerServer
from trayapp.servers.timetagger_api import TimeTaggerApi
from trayapp.servers.timetagger_records import (
    MOST_CHARACTERS,
    Job,
    Record,
    description,
    record_of,
    stored_record,
)
from trayapp.sync.outcome import Ours
from trayapp.sync.server import Nothing, Write
from trayapp.tracking.entry import EventKind, to_ms

START, PAUSE, RESUME, STOP, *_ = EventKind
BEGIN = to_ms(NINE) // 1000
RUNS = Record(key="key", t1=BEGIN, t2=BEGIN, mt=BEGIN, ds="note #tag", st=1.5)
ENDED = replace(RUNS, t2=BEGIN + 60, mt=BEGIN + 60)
STOPS = Job(base=RUNS, want=ENDED)


@pytest.fixture
def courier() -> Courier:
    """Clicks for a server that nobody asks."""
    server = TimeTaggerServer(TimeTaggerApi("http://127.0.0.1:9/timetagger/api/v2"))
    return Courier(server, FakeClock(), note="note")


def planned(courier: Courier) -> Job:
    return Job.from_json(courier.plan().body)


class TestDescription:
    @pytest.mark.parametrize(
        ("project", "note", "wanted"),
        [
            pytest.param("Website", "Ночь 🌙", "Ночь 🌙 #Website", id="both"),
            pytest.param("New  big site", "note", "note #New_big_site", id="spaces"),
            pytest.param("", "note", "note", id="no-project"),
            pytest.param("Website", "", "#Website", id="no-note"),
            pytest.param("", "", "", id="nothing"),
            pytest.param("#Website", "note", "note #Website", id="a-tag-already"),
            pytest.param(" # ", "note", "note", id="no-name"),
            pytest.param("site", "HIDDEN treasure", "– HIDDEN treasure #site", id="hides"),
        ],
    )
    def test_it_is_the_note_and_the_project_as_a_tag(
        self, project: str, note: str, wanted: str
    ) -> None:
        assert description(project, note) == wanted

    def test_what_fits_exactly_is_not_cut(self) -> None:
        note = "x" * (MOST_CHARACTERS - len(" #site"))
        assert description("site", note) == f"{note} #site"

    def test_a_long_note_is_cut_and_the_tag_stays_whole(self) -> None:
        text = description("site", "🌙" * 300)
        assert len(text) == MOST_CHARACTERS
        assert text == "🌙" * (MOST_CHARACTERS - len("… #site")) + "… #site"

    def test_a_tag_that_leaves_no_room_is_cut_itself(self) -> None:
        text = description("p" * 300, "note")
        assert text == "note #" + "p" * 248 + "…"
        assert len(text) == MOST_CHARACTERS
        assert description("p" * 300, "") == "#" + "p" * 253 + "…"


class TestPlan:
    def test_a_start_is_a_record_that_runs(self, courier: Courier) -> None:
        courier.click(START)
        begin = BEGIN + 61
        wanted = Record(key=courier.events[0].id, t1=begin, t2=begin, mt=begin, ds="note #Website")
        assert planned(courier) == Job(want=wanted)

    def test_what_was_started_and_paused_offline_is_one_record(self, courier: Courier) -> None:
        courier.click(START, PAUSE, RESUME)
        write = courier.plan()
        assert write.settles == tuple(event.id for event in courier.events[:2])
        assert write.segment_id == courier.events[0].id
        assert write.repeatable
        want = Job.from_json(write.body).want
        assert (want.t1, want.t2, want.mt) == (BEGIN + 61, BEGIN + 122, BEGIN + 122)

    def test_an_end_is_at_least_a_second_after_its_begin(self, courier: Courier) -> None:
        courier.click(START)
        courier.clock.advance(-61.2)  # so that the next click comes 50 ms later
        courier.click(STOP)
        want = planned(courier).want
        assert want.t2 == want.t1 + 1

    def test_a_stop_while_paused_goes_along(self, courier: Courier) -> None:
        courier.click(START, PAUSE, STOP)
        write = courier.plan()
        assert write.settles == tuple(event.id for event in courier.events)
        assert Job.from_json(write.body).want.t2 == BEGIN + 122

    def test_a_stop_after_a_pause_that_arrived_needs_no_request(self, courier: Courier) -> None:
        courier.click(START, PAUSE, STOP)
        del courier.pending[:2]
        assert courier.server.plan(courier.unit) == Nothing(settles=(courier.events[2].id,))

    def test_an_end_is_merged_into_what_the_server_confirmed(self, courier: Courier) -> None:
        courier.click(START, PAUSE)
        key = courier.pending.pop(0).id
        base = replace(RUNS, key=key, t1=BEGIN + 30, t2=BEGIN + 30, ds="changed there")
        courier.known[key] = Known(remote_id=key, base=base.to_json())
        assert planned(courier) == Job(
            base=base, want=replace(base, t2=BEGIN + 122, mt=BEGIN + 122)
        )

    def test_an_end_the_server_has_confirmed_needs_no_request(self, courier: Courier) -> None:
        courier.click(START, PAUSE)
        key = courier.pending.pop(0).id
        base = replace(RUNS, key=key, t2=BEGIN + 122)
        courier.known[key] = Known(remote_id=key, base=base.to_json())
        assert courier.server.plan(courier.unit) == Nothing(settles=(courier.events[1].id,))

    def test_a_removed_segment_is_left_alone_and_the_next_one_goes(self, courier: Courier) -> None:
        courier.click(START, PAUSE, RESUME, STOP)
        first, _, second, _ = (event.id for event in courier.events)
        courier.known[first] = Known(removed=True)
        skipped = courier.server.plan(courier.unit)
        assert skipped == Nothing(settles=tuple(event.id for event in courier.events[:2]))
        assert courier.plan().segment_id == second

    def test_a_repeated_step_goes_along_with_its_segment(self, courier: Courier) -> None:
        courier.click(START, START, PAUSE, PAUSE)
        assert courier.plan().settles == tuple(event.id for event in courier.events)

    def test_a_confirmed_record_that_cannot_be_read_is_an_error_of_the_plan(
        self, courier: Courier
    ) -> None:
        courier.click(START, PAUSE)
        for base in ("[]", "", None):
            courier.known[courier.events[0].id] = Known(remote_id="key", base=base)
            with pytest.raises(ValueError, match=r"no record|Expecting value"):
                courier.server.plan(courier.unit)

    def test_the_keys_of_other_segments_are_named_to_a_start(self, courier: Courier) -> None:
        courier.click(START, PAUSE, RESUME)
        courier.known[courier.events[0].id] = Known(remote_id="mine", base=RUNS.to_json())
        unit = replace(courier.unit, pending=(courier.events[2],), taken=frozenset({"other"}))
        plan = courier.server.plan(unit)
        assert isinstance(plan, Write)
        assert Job.from_json(plan.body).taken == ("mine", "other")

    @pytest.mark.parametrize("body", ["", "[]", "{}", '{"want":null,"base":null,"taken":[]}'])
    def test_a_stored_request_that_cannot_be_read_is_a_defect(
        self, courier: Courier, body: str
    ) -> None:
        courier.click(START)
        write = replace(courier.plan(), body=body)
        for outcome in (courier.server.send(write), courier.server.look(courier.unit, write)):
            assert isinstance(outcome, Ours)
            assert outcome.reason.startswith("Internal error: the stored request cannot be read: ")


class TestMerge:
    def test_our_end_is_set_and_everything_else_stays_theirs(self) -> None:
        theirs = replace(RUNS, t1=BEGIN - 30, t2=BEGIN - 30, ds="edited", mt=BEGIN + 999)
        wanted = replace(theirs, t2=BEGIN + 60, mt=BEGIN + 1000)
        assert STOPS.merged(theirs) == wanted

    def test_an_older_record_gets_the_time_of_the_click(self) -> None:
        assert STOPS.merged(RUNS) == ENDED

    def test_the_same_end_there_is_no_quarrel(self) -> None:
        theirs = replace(ENDED, ds="edited")
        merged = STOPS.merged(theirs)
        assert merged is not None
        assert merged.shows(theirs)

    def test_another_end_there_is_one(self) -> None:
        assert STOPS.merged(replace(RUNS, t2=BEGIN + 50)) is None

    def test_a_begin_moved_behind_our_end_is_one(self) -> None:
        moved = replace(RUNS, t1=BEGIN + 60, t2=BEGIN + 60)
        assert STOPS.merged(moved) is None

    def test_a_new_record_is_only_what_was_sent(self) -> None:
        new = Job(want=RUNS)
        assert new.merged(replace(RUNS, mt=BEGIN + 5, st=9.5)) == replace(
            RUNS, mt=BEGIN + 5, st=9.5
        )
        assert new.merged(replace(RUNS, ds="edited")) is None
        assert new.merged(ENDED) is None

    def test_a_finished_one_ends_its_own_start_that_arrived_unnoticed(self) -> None:
        new = Job(want=ENDED)
        assert new.merged(RUNS) == ENDED
        edited = replace(RUNS, ds="edited", mt=BEGIN + 10)
        assert new.merged(edited) == replace(ENDED, ds="edited")
        assert new.merged(replace(ENDED, ds="edited")) is None


class TestStrangers:
    OURS = Job(want=replace(RUNS, key="ours"), taken=("mine",))
    BEFORE = replace(RUNS, key="theirs", t1=BEGIN - 100, t2=BEGIN - 100)

    def test_what_began_before_ours_and_runs_is_one(self) -> None:
        assert self.OURS.strangers([self.BEFORE]) == [self.BEFORE]

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(RUNS, id="begun-with-ours"),
            pytest.param(replace(RUNS, t1=BEGIN + 9, t2=BEGIN + 9), id="begun-after-ours"),
            pytest.param(replace(BEFORE, t2=BEGIN - 50), id="ended"),
            pytest.param(replace(BEFORE, ds="HIDDEN note"), id="removed"),
            pytest.param(replace(BEFORE, t1=-5, t2=-5), id="before-all-times"),
            pytest.param(replace(BEFORE, key="ours"), id="ours"),
            pytest.param(replace(BEFORE, key="mine"), id="of-another-segment"),
            pytest.param(
                replace(BEFORE, key="x" * 36, t1=BEGIN - 90_000, t2=BEGIN - 90_000),
                id="perhaps-ours-of-long-ago",
            ),
        ],
    )
    def test_nothing_else_is(self, other: Record) -> None:
        assert self.OURS.strangers([other]) == []

    def test_none_is_when_ours_has_ended(self) -> None:
        assert Job(want=ENDED).strangers([self.BEFORE]) == []
        assert STOPS.strangers([self.BEFORE]) == []


class TestReading:
    @pytest.mark.parametrize(
        "value",
        [
            None,
            [],
            {"key": "key", "t1": 1, "t2": 2},
            {"key": 5, "t1": 1, "t2": 2, "mt": 3},
            {"key": "key", "t1": float("nan"), "t2": 2, "mt": 3},
            {"key": "key", "t1": 1, "t2": 2, "mt": 3, "ds": None},
        ],
        ids=["none", "list", "no-mt", "no-key", "no-number", "no-text"],
    )
    def test_what_is_no_record_is_none(self, value: object) -> None:
        assert record_of(value) is None

    @pytest.mark.parametrize("st", [None, "soon", float("nan"), 10**400, -1])
    def test_a_strange_storing_time_is_none(self, st: object) -> None:
        record = record_of({"key": "key", "t1": 1, "t2": 2, "mt": 3, "st": st})
        assert record == Record(key="key", t1=1, t2=2, mt=3)

    def test_a_record_survives_its_stored_form(self) -> None:
        assert stored_record(RUNS.to_json()) == RUNS

    def test_times_are_told_even_where_no_calendar_reaches(self) -> None:
        assert RUNS.words() == "2026-01-08T09:00:00Z to now"
        assert replace(RUNS, t2=10**15).words() == f"2026-01-08T09:00:00Z to {10**15}"

    def test_what_is_asked_for_reaches_back_to_before_it_was_stored(self) -> None:
        assert Job(want=RUNS).since == BEGIN - timedelta(days=1) // timedelta(seconds=1)
        assert STOPS.since == 0
