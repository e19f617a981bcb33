"""Clicks of another program: what a record that it may have made says of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests import hubnity_server_house as houses
from tests.hubnity_server_house import PAUSE, RESUME, START, STOP, House
from trayapp.servers.hubnity_imported import best_of, told_of
from trayapp.servers.hubnity_job import Job, job_of
from trayapp.servers.hubnity_shapes import Record, Shape, Status, next_step, wanted_shape
from trayapp.servers.hubnity_stages import is_imported
from trayapp.sync.found import Begun, Shown, plain
from trayapp.sync.outcome import Absent, Conflict, Delivered, Doubtful, Outcome, Removed
from trayapp.sync.server import Known, Unit, Write
from trayapp.tracking.entry import Event, EventKind, Stamp, to_ms
from trayapp.tracking.replay import replay

house = houses.house

AT = datetime(2026, 1, 8, 4, 0, tzinfo=UTC)
AT_MS = to_ms(AT)
ENTRY = "e4b06ce6-0741-47a8-bce4-2c8218072e8c"


def unit_of(*clicks: tuple[EventKind, int], sent: int = 0) -> Unit:
    """An imported entry, its clicks so many seconds after AT; the first `sent` had arrived."""
    events = [
        Event(
            id=f"event-{number}",
            entry_id=ENTRY,
            kind=kind,
            stamp=Stamp(
                at=AT + timedelta(seconds=seconds),
                offset=timedelta(),
                zone="UTC",
                boot_id="",
                boot=timedelta(),
            ),
            project="p",
            note="Calls",
        )
        for number, (kind, seconds) in enumerate(clicks)
    ]
    entry = replay(events).entry
    assert entry is not None
    known = {entry.segments[0].id: Known(remote_id=ENTRY)}
    return Unit(entry=entry, pending=tuple(events[sent:]), known=known)


WHOLE = unit_of((START, 0), (PAUSE, 100), (RESUME, 200), (PAUSE, 300), (PAUSE, 330), (STOP, 400))
AT_ONCE = unit_of((START, 0), (PAUSE, 100), (RESUME, 200), (STOP, 300))


def write_of(unit: Unit) -> tuple[Write, Job]:
    want = wanted_shape(unit.entry, unit.pending)
    job = job_of(unit, ENTRY, None, want)
    settles = tuple(event.id for event in unit.pending)
    write = Write(body=job.to_json(), settles=settles, segment_id="event-0", repeatable=True)
    return write, Job.from_json(write.body)


def told(unit: Unit, status: str, start: float, end: float | None, seconds: int) -> Outcome:
    """What a record says, its times in seconds after AT."""
    shape = Shape(
        status=Status(status),
        start_ms=AT_MS + round(start * 1000),
        end_ms=None if end is None else AT_MS + round(end * 1000),
        seconds=seconds,
    )
    record = Record(
        id=ENTRY,
        user_id="u",
        project_id="p",
        project_name="",
        note="Calls",
        key="",
        changed_ms=AT_MS + 500_000,
        shape=shape,
    )
    write, job = write_of(unit)
    outcome = told_of(record, job, write)
    if isinstance(outcome, Delivered):
        assert (outcome.remote_id, outcome.base) == (ENTRY, shape.to_json())
    return outcome


@pytest.mark.parametrize(
    ("unit", "start", "end", "seconds"),
    [
        pytest.param(WHOLE, 0, 400, 200, id="to the second"),
        pytest.param(WHOLE, 2, 402, 204, id="later by all that is allowed"),
        pytest.param(WHOLE, -2, 398, 196, id="earlier by as much"),
        pytest.param(WHOLE, 201.5, 400, 200, id="begun at its resume"),
        pytest.param(WHOLE, 301, 400, 200, id="begun at its last pause"),
        pytest.param(AT_ONCE, 200, 300, 200, id="stopped while it ran"),
    ],
)
def test_a_record_near_the_clicks_confirms_them_as_it_is(
    unit: Unit, start: float, end: float, seconds: int
) -> None:
    assert type(told(unit, "STOPPED", start, end, seconds)) is Delivered


@pytest.mark.parametrize(
    ("unit", "status", "start", "seconds", "count"),
    [
        pytest.param(WHOLE, "RUNNING", 1, 0, 1, id="only begun"),
        pytest.param(WHOLE, "PAUSED", 1, 101, 2, id="paused"),
        pytest.param(WHOLE, "PAUSED", 101, 101, 2, id="paused, its start moved"),
        pytest.param(WHOLE, "RUNNING", 201, 100, 3, id="resumed"),
        pytest.param(WHOLE, "PAUSED", 201, 201, 5, id="paused again, with what repeats that"),
        pytest.param(AT_ONCE, "RUNNING", 201, 100, 3, id="all but the stop"),
        pytest.param(unit_of((START, 0), (PAUSE, 9), (STOP, 99), sent=1), "RUNNING", 0, 0, 0),
    ],
)
def test_a_record_near_the_first_clicks_confirms_those_and_becomes_the_base_of_the_rest(
    unit: Unit, status: str, start: float, seconds: int, count: int
) -> None:
    outcome = told(unit, status, start, None, seconds)
    assert isinstance(outcome, Begun)
    assert outcome.settles == tuple(event.id for event in unit.pending[:count])


@pytest.mark.parametrize(
    ("unit", "status", "start", "end", "seconds"),
    [
        pytest.param(WHOLE, "STOPPED", 0, 402.001, 200, id="another end"),
        pytest.param(WHOLE, "STOPPED", 0, 400, 205, id="more hours"),
        pytest.param(WHOLE, "STOPPED", 50, 400, 200, id="a begin of no segment"),
        pytest.param(WHOLE, "RUNNING", 2.001, None, 0, id="running since another time"),
        pytest.param(WHOLE, "RUNNING", 0, None, 1, id="running with hours of its own"),
        pytest.param(WHOLE, "RUNNING", 0, None, 100, id="resumed at its first begin"),
        pytest.param(AT_ONCE, "PAUSED", 200, None, 200, id="paused where it was stopped"),
    ],
)
def test_any_other_record_is_a_conflict_that_names_it(
    unit: Unit, status: str, start: float, end: float | None, seconds: int
) -> None:
    outcome = told(unit, status, start, end, seconds)
    assert isinstance(outcome, Shown)
    assert outcome.reason.startswith(f"Conflict: the server shows {status.lower()}, 2026-01-08T")
    assert outcome.remote_id == ENTRY
    assert plain(outcome) == Conflict(outcome.reason)
    kept = Shown.from_json(replace(outcome, segment_id="event-0").to_json())
    assert kept == Shown(remote_id=ENTRY, base=outcome.base, segment_id="event-0")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"shown": {"remote_id": 1}}'])
def test_what_tells_of_no_conflict_is_none(text: str) -> None:
    assert Shown.from_json(text) is None


def test_only_clicks_no_clock_of_ours_was_read_for_are_imported(house: House) -> None:
    assert is_imported(WHOLE)
    courier = house.courier()
    courier.click(START)
    assert not is_imported(courier.unit)
    given = replace(courier.events[0].stamp, boot_id="")
    typed = replace(courier.unit, pending=(replace(courier.events[0], stamp=given),))
    assert not is_imported(typed)  # with --at
    assert not is_imported(replace(courier.unit, pending=()))


def test_a_record_that_is_known_by_its_name_alone_is_compared_before_it_is_changed(
    house: House,
) -> None:
    courier = house.courier()
    courier.click(START)
    assert courier.deliver() == 1
    first = courier.events[0].id
    courier.known[first] = Known(remote_id=house.entry.id)
    courier.click(PAUSE, STOP)
    courier.pending = list(courier.events)
    house.requests()
    plan = courier.plan()
    assert plan.repeatable
    told = [house.server.look(courier.unit, plan), house.server.send(plan)]
    bases = [one.base for one in told if isinstance(one, Begun) and one.settles == (first,)]
    assert len(bases) == 2
    assert house.requests() == ["GET /time-entries/ID"] * 2

    courier.known[first] = Known(remote_id=house.entry.id, base=bases[0])
    courier.pending = courier.events[1:]
    assert courier.server.look(courier.unit, courier.plan()) == Absent()
    assert courier.deliver() == 1
    assert house.entry.status == "STOPPED"


def test_a_record_that_is_gone_is_removed(house: House) -> None:
    courier = house.courier()
    courier.click(START, STOP)
    courier.known[courier.events[0].id] = Known(remote_id=ENTRY)
    plan = courier.plan()
    for outcome in (house.server.look(courier.unit, plan), house.server.send(plan)):
        assert outcome == Removed(f"HTTP 404: Time entry with ID {ENTRY} not found")


def test_its_own_record_is_not_among_those_that_are_not_it(house: House) -> None:
    courier = house.courier()
    courier.click(START, STOP)
    first = courier.events[0].id
    courier.known = {first: Known(remote_id=ENTRY), "another": Known(remote_id="other")}
    assert Job.from_json(courier.plan().body).taken == ("other",)


def test_no_verb_opens_what_is_stopped() -> None:
    stopped = Shape(status=Status.STOPPED, start_ms=0, end_ms=9000, seconds=9)
    runs = Shape(status=Status.RUNNING, start_ms=1000, seconds=3)
    step = next_step(stopped, runs)
    assert step is not None
    assert (step.verb, step.fields["status"]) == ("", "RUNNING")


def test_only_what_the_user_overruled_is_changed_after_its_stop(house: House) -> None:
    courier = house.courier()
    courier.click(START, STOP)
    assert courier.deliver() == 1
    first, want = courier.events[0].id, wanted_shape(courier.entry, courier.events)
    shown = replace(want, seconds=want.seconds + 60)
    house.entry.duration += 60
    courier.pending = list(courier.events)
    courier.known[first] = Known(remote_id=house.entry.id, base=shown.to_json())
    assert not isinstance(courier.server.plan(courier.unit), Write)
    courier.known[first] = Known(remote_id=house.entry.id, base=shown.to_json(overruled=True))
    assert courier.deliver() == 1
    assert house.entry.duration == want.seconds
    assert courier.known[first].base == want.to_json()


def test_of_two_moments_that_look_the_same_it_is_the_later_one() -> None:
    unit = unit_of((START, 0), (PAUSE, 1), (RESUME, 2), (PAUSE, 3), (STOP, 99))
    outcome = told(unit, "PAUSED", 0, None, 1)
    assert isinstance(outcome, Begun)
    assert len(outcome.settles) == 4


def record_at(place: int, shape: Shape, key: str = "") -> Record:
    return Record(
        id=f"record-{place}",
        user_id="u",
        project_id="p",
        project_name="",
        note="Calls",
        key=key,
        changed_ms=AT_MS,
        shape=shape,
    )


def test_of_several_records_the_one_that_confirms_most_is_taken_but_our_key_goes_first() -> None:
    write, job = write_of(AT_ONCE)
    strange = replace(job.want, seconds=9999)
    begun = Shape(status=Status.RUNNING, start_ms=AT_MS)
    shapes = [record_at(place, shape) for place, shape in enumerate((strange, begun, job.want))]
    found = best_of(shapes, job, write)
    assert isinstance(found, Delivered)
    assert found.remote_id == "record-2"
    assert isinstance(best_of(shapes[:2], job, write), Begun)
    assert isinstance(best_of(shapes[:1], job, write), Conflict)
    assert isinstance(best_of([record_at(3, strange, job.key), *shapes], job, write), Conflict)
    assert best_of([], job, write) == Absent()


def test_what_is_active_there_and_may_be_it_is_looked_at_and_not_taken(house: House) -> None:
    active = house.courier()
    active.note, active.project = "Calls", house.app.website.id
    active.click(START)
    assert active.deliver() == 1
    begun_at = active.events[0].at
    before = (house.entry.status, house.entry.start_ms, house.entry.duration)
    unit = unit_of((START, 0), (PAUSE, 100))
    moved = [
        replace(
            event,
            project=active.project,
            stamp=replace(event.stamp, at=event.at + (begun_at - AT)),
        )
        for event in unit.pending
    ]
    entry = replay(moved).entry
    assert entry is not None
    unit = Unit(entry=entry, pending=tuple(moved))
    plan = house.server.plan(unit)
    assert isinstance(plan, Write)
    house.requests()
    outcome = house.server.send(plan)
    assert isinstance(outcome, Doubtful)
    assert house.requests() == ["POST /time-entries", "GET /time-entries/active"]
    assert (house.entry.status, house.entry.start_ms, house.entry.duration) == before
    found = house.server.look(unit, plan)
    assert isinstance(found, Begun)
    assert found.remote_id == house.entry.id
