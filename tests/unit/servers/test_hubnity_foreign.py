"""Somebody's other entry is active on a Hubnity server when ours is to run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests import hubnity_server_house as houses
from tests.contract.stages import Courier
from tests.fakes import FakeClock
from tests.hubnity_server_checks import iso
from tests.hubnity_server_house import House, second
from tests.hubnity_server_records import Entry, User
from tests.integration.lives import Life, life_of
from tests.integration.scenes import PLAIN, Scene
from trayapp.demo.proxy import DropAfter, DropBefore, Pass, Say
from trayapp.servers.hubnity import over_http
from trayapp.sync.outcome import (
    Blocked,
    Delivered,
    Doubtful,
    Offline,
    Outcome,
    ServerTrouble,
)
from trayapp.sync.server import Write
from trayapp.tracking.entry import EventKind, to_ms
from trayapp.tracking.tracker import Start, Stop

START, PAUSE, RESUME, STOP, *_ = EventKind
house = houses.house
feb = houses.feb
dec = houses.dec

HOUR_MS = 3_600_000


def runs_there(
    house: House, *, hours_ago: float = 1, status: str = "RUNNING", user: User | None = None
) -> Entry:
    """Started in the web app, or by a colleague."""
    at = house.app.books.now - int(hours_ago * HOUR_MS)
    entry = Entry(
        user_id=(user or house.app.me).id,
        project_id=house.app.website.id,
        start_ms=at,
        created_ms=at,
        duration=60,
        note="typed there",
        status=status,
    )
    house.app.books.entries[entry.id] = entry
    return entry


def clicked(house: House, *kinds: EventKind) -> Courier:
    courier = house.courier()
    courier.click(*kinds)
    return courier


def send(courier: Courier) -> Outcome:
    return courier.server.send(courier.plan())


def untouched(house: House, entry: Entry) -> bool:
    now = house.app.books.entries[entry.id]
    return (now.status, now.end_ms, now.duration) == (entry.status, None, 60)


def ends_with_ours(house: House, entry: Entry, courier: Courier) -> bool:
    now = house.app.books.entries[entry.id]
    begin_ms = to_ms(courier.events[0].at)
    worked = 60 + (begin_ms - entry.start_ms) // 1000
    return (now.status, now.end_ms, now.duration) == ("STOPPED", begin_ms, worked)


class TestEnded:
    def test_one_that_began_before_ours_ends_where_ours_begins_and_it_is_told(
        self, house: House
    ) -> None:
        other = runs_there(house)
        courier = clicked(house, START)
        outcome = send(courier)
        assert isinstance(outcome, Delivered)
        assert ends_with_ours(house, other, courier)
        assert "“Website – typed there” ran on the server since" in outcome.closed_other
        assert house.requests() == [
            "POST /time-entries",
            "GET /time-entries/active",
            "PATCH /time-entries/ID",
            "POST /time-entries",
            "GET /time-entries/ID",
        ]
        courier.take(courier.plan(), outcome)
        courier.click(STOP)
        assert courier.deliver() == 1
        assert sorted(status for *_, status in house.shown()) == ["STOPPED", "STOPPED"]

    def test_it_ends_at_our_first_begin_when_ours_had_a_break(self, house: House) -> None:
        other = runs_there(house)
        courier = clicked(house, START, PAUSE, RESUME)
        assert isinstance(send(courier), Delivered)
        assert ends_with_ours(house, other, courier)

    def test_it_is_told_once(self, house: House) -> None:
        runs_there(house)
        courier = clicked(house, START)
        write = courier.plan()
        first = house.server.send(write)
        again = house.server.look(courier.unit, write)
        assert isinstance(first, Delivered)
        assert isinstance(again, Delivered)
        assert (bool(first.closed_other), again.closed_other) == (True, "")

    def test_an_owner_ends_none_of_a_colleagues(self, house: House) -> None:
        house.app.me.role = "OWNER"
        colleague = house.app.add_user("her@example.com")
        hers, mine = runs_there(house, user=colleague), runs_there(house)
        courier = clicked(house, START)
        assert isinstance(send(courier), Delivered)
        assert untouched(house, replace(hers))
        assert ends_with_ours(house, mine, courier)

    def test_where_several_can_be_active_all_of_ours_are_ended(self, dec: House) -> None:
        others = [runs_there(dec, hours_ago=hours) for hours in (1, 2)]
        courier = clicked(dec, START)
        outcome = send(courier)
        assert isinstance(outcome, Delivered)
        assert all(ends_with_ours(dec, other, courier) for other in others)
        assert len(outcome.closed_other.splitlines()) == 2


class TestLeftAlone:
    @pytest.mark.parametrize(
        ("hours_ago", "status", "clicks"),
        [
            pytest.param(-1, "RUNNING", (START,), id="began after ours"),
            pytest.param(1, "PAUSED", (START,), id="paused there"),
            pytest.param(1, "RUNNING", (START, PAUSE), id="ours is paused"),
        ],
    )
    def test_ours_is_blocked(
        self, house: House, hours_ago: float, status: str, clicks: tuple[EventKind, ...]
    ) -> None:
        other = runs_there(house, hours_ago=hours_ago, status=status)
        before = replace(other)
        courier = clicked(house, *clicks)
        assert isinstance(send(courier), Blocked)
        assert untouched(house, before)
        assert not [asked for asked in house.requests() if asked.startswith("PATCH")]

    def test_a_finished_one_of_ours_ends_nobody(self, dec: House) -> None:
        other = replace(runs_there(dec))
        assert isinstance(send(clicked(dec, START, STOP)), Blocked)
        assert untouched(dec, other)

    def test_one_that_belongs_to_another_entry_of_ours(self, house: House) -> None:
        first = clicked(house, START)
        first.deliver()
        before = replace(house.entry)
        courier = second(house, START)
        unit = replace(courier.unit, taken=frozenset({before.id}))
        write = house.server.plan(unit)
        assert write is not None
        assert isinstance(house.server.send(write), Blocked)  # type: ignore[arg-type]
        assert house.entry.status == "RUNNING"

    def test_one_that_may_be_ours_without_our_knowing(self, house: House) -> None:
        other = replace(runs_there(house))
        courier = clicked(house, START)
        write = house.server.plan(replace(courier.unit, unsure=True))
        assert isinstance(write, Write)
        assert isinstance(house.server.send(write), Blocked)
        assert untouched(house, other)

    def test_all_are_left_alone_when_one_has_to_be(self, dec: House) -> None:
        others = [replace(runs_there(dec, hours_ago=hours)) for hours in (1, -1)]
        assert isinstance(send(clicked(dec, START)), Blocked)
        assert all(untouched(dec, other) for other in others)

    def test_one_the_server_does_not_let_us_end(self, house: House) -> None:
        other = replace(runs_there(house))
        house.play(Say(status=403, body='{"message": "no"}'), method="PATCH")
        assert isinstance(send(clicked(house, START)), Blocked)
        assert untouched(house, other)


class TestTrouble:
    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            (DropAfter(), Offline),
            (DropBefore(), Offline),
            (Say(status=502, after=True), ServerTrouble),
            (Say(status=502), ServerTrouble),
        ],
        ids=str,
    )
    def test_a_lost_answer_leaves_ours_out_of_doubt_and_is_told_in_the_end(
        self, house: House, fault: DropAfter | DropBefore | Say, kind: type[Outcome]
    ) -> None:
        other = runs_there(house)
        courier = clicked(house, START)
        write = courier.plan()
        house.play(fault, method="PATCH")
        assert type(house.server.send(write)) is kind
        house.play()
        outcome = house.server.send(write)
        assert isinstance(outcome, Delivered)
        assert ends_with_ours(house, other, courier)
        assert outcome.closed_other

    def test_what_somebody_else_ended_meanwhile_is_not_said_to_be_our_work(
        self, house: House
    ) -> None:
        other = runs_there(house)
        courier = clicked(house, START)
        write = courier.plan()
        house.play(DropBefore(), method="PATCH")
        house.server.send(write)
        other.status, other.end_ms = "STOPPED", other.start_ms + 60_000
        outcome = house.server.send(write)
        assert isinstance(outcome, Delivered)
        assert outcome.closed_other == ""
        assert iso(other.end_ms) != iso(to_ms(courier.events[0].at))

    def test_when_our_own_answer_is_lost_the_look_tells_it(self, house: House) -> None:
        runs_there(house)
        courier = clicked(house, START)
        write = courier.plan()
        house.play(Pass(), DropAfter(), method="POST")
        assert isinstance(house.server.send(write), Doubtful)
        house.play()
        outcome = house.server.look(courier.unit, write)
        assert isinstance(outcome, Delivered)
        assert outcome.closed_other

    def test_trouble_while_asking_what_is_active_ends_nobody(self, house: House) -> None:
        other = replace(runs_there(house))
        house.play(Pass(), Say(status=500))
        assert isinstance(send(clicked(house, START)), ServerTrouble)
        assert untouched(house, other)


@pytest.fixture
def life(feb: House, tmp_path: Path) -> Iterator[Life]:
    with (
        Scene(PLAIN, tmp_path, FakeClock()) as scene,  # its server is not used
        life_of(scene, tmp_path, feb.clock, wrap=lambda _: feb.server) as made,
    ):
        yield made


def do(life: Life, command: Start | Stop, *, after: timedelta = timedelta(minutes=1)) -> None:
    life.clock.advance(after)
    life.core.timer.do(command, life.clock.stamp())


class TestWithTheWorker:
    def test_whoever_listens_hears_of_it_once(self, feb: House, life: Life) -> None:
        heard: list[str] = []
        worker = life.core.worker
        turns = worker._turns
        turns._at.ports = replace(turns._at.ports, closed_foreign=heard.append)
        runs_there(feb)
        do(life, Start(project="Website", note="ours"))
        life.work(9)
        life.rest()
        assert life.unsent() == []
        (words,) = heard
        assert "typed there" in words

    def test_nobody_need_listen(self, feb: House, life: Life) -> None:
        runs_there(feb)
        do(life, Start(project="Website", note="ours"))
        life.rest()
        assert life.unsent() == []

    def test_an_entry_of_ours_that_was_left_running_for_days_is_not_taken_for_anothers(
        self, feb: House, life: Life
    ) -> None:
        do(life, Start(project="Website", note="left running"))
        life.rest()
        first = next(iter(feb.app.books.entries.values()))
        feb.proxy.play([Say(status=403, body='{"message": "no"}')], only=lambda v, _: v == "PATCH")
        do(life, Stop(), after=timedelta(days=3))
        stopped_ms = to_ms(life.clock.now())
        life.work(9)
        assert life.core.status().failed == 1
        do(life, Start(project="Website", note="ours"))
        life.work(9)
        assert feb.app.books.entries[first.id].status == "RUNNING"
        feb.proxy.play([])
        life.retry_all()
        life.rest()
        assert life.unsent() == []
        assert feb.app.books.entries[first.id].end_ms == stopped_ms

    def test_an_entry_of_ours_that_arrived_without_our_knowing_is_left_alone_and_found(
        self, feb: House, life: Life
    ) -> None:
        heard: list[str] = []
        worker = life.core.worker
        turns = worker._turns
        turns._at.ports = replace(turns._at.ports, closed_foreign=heard.append)
        do(life, Start(project="Website", note="in doubt"))
        feb.play(DropAfter(), method="POST")
        life.work(9)
        feb.proxy.play(
            [Say(status=500)] * 50,
            only=lambda verb, path: (verb, path.endswith("/time-entries")) == ("GET", True),
        )
        for _ in range(60):
            life.clock.advance(60)
            life.work(9)
        status = life.core.status()
        assert (status.failed, status.doubtful) == (1, 1)
        do(life, Stop())
        do(life, Start(project="Website", note="the next"))
        life.work(9)
        assert [status for *_, status in feb.shown()] == ["RUNNING"]
        feb.proxy.play([])
        life.retry_all()
        life.rest()
        assert (life.unsent(), heard) == ([], [])
        assert sorted(status for *_, status in feb.shown()) == ["RUNNING", "STOPPED"]

    def test_what_is_in_the_way_lets_ours_go_when_it_is_finished(
        self, feb: House, life: Life
    ) -> None:
        other = runs_there(feb, status="PAUSED")
        do(life, Start(project="Website", note="ours"))
        life.work(9)
        do(life, Stop())
        life.rest()
        assert life.unsent() == []
        assert untouched(feb, other)


def test_another_session_tells_nothing_it_did_not_do(house: House) -> None:
    runs_there(house)
    courier = clicked(house, START)
    write = courier.plan()
    house.play(Pass(), DropAfter(), method="POST")
    house.server.send(write)
    house.play()
    other = over_http(house.proxy.url + house.app.prefix, house.tokens)
    outcome = other.look(courier.unit, write)
    other.close()
    assert isinstance(outcome, Delivered)
    assert outcome.closed_other == ""
