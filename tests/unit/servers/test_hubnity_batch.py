"""Batches on a Hubnity server: what was finished offline, through the real worker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests import hubnity_server_house as houses
from tests.fakes import FakeClock
from tests.hubnity_server import FEB
from tests.hubnity_server_house import House, complaints
from tests.integration.lives import Killed, Life, Reaper, life_of
from tests.integration.scenes import PLAIN, Scene
from trayapp.accounts.tokens import Tokens
from trayapp.config import Paths
from trayapp.demo.proxy import (
    SAY_401,
    SAY_429_SECONDS,
    SAY_503,
    DropAfter,
    DropBefore,
    Fault,
    Pass,
    Say,
)
from trayapp.servers.hubnity import over_http
from trayapp.sync.outcome import Ours, ServerTrouble, Several, Unasked
from trayapp.sync.server import Write
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import EventKind
from trayapp.tracking.tracker import Pause, Resume, Start, Stop

feb = houses.feb
dec = houses.dec

SYNC = "POST /time-entries/sync"
PROJECT = "Website"
ENTRIES = 10


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Scene(PLAIN, tmp_path, FakeClock()) as made:  # its server is not used
        yield made


@pytest.fixture
def life(feb: House, scene: Scene, tmp_path: Path) -> Iterator[Life]:
    with life_of(scene, tmp_path, feb.clock, wrap=lambda _: feb.server) as made:
        yield made


def record(life: Life, *, entries: int = ENTRIES, project: str = PROJECT) -> None:
    """So many finished entries of four clicks each, clicked offline."""
    for number in range(entries):
        start = Start(project=project, note=f"entry {number}")
        for command in (start, Pause(), Resume(), Stop()):
            life.clock.advance(61.25)
            life.core.timer.do(command, life.clock.stamp())


def batches(house: House) -> int:
    return house.requests().count(SYNC)


def failures(life: Life) -> list[str]:
    return [task.reason for task in life.core.reader.failed(limit=99)]


class TestOneWrite:
    def test_forty_clicks_made_offline_are_one_write(self, feb: House, life: Life) -> None:
        record(life)
        life.rest()
        assert (life.unsent(), complaints(feb.app, life.log())) == ([], [])
        assert len(life.log()) == 40
        # The first asks whether there is such a route, with a batch that holds nothing.
        assert feb.requests() == [SYNC, SYNC, "GET /time-entries"]

    def test_what_was_tried_while_offline_is_one_write_too(self, feb: House, life: Life) -> None:
        record(life, entries=4)
        feb.proxy.play([DropBefore()] * 40)
        for _ in range(6):
            life.work(9)
            life.clock.advance(30)
        record(life, entries=6)
        feb.proxy.play([])
        feb.requests()
        life.rest()
        assert (life.unsent(), complaints(feb.app, life.log())) == ([], [])
        assert batches(feb) == 2

    def test_the_running_one_comes_last_and_alone(self, feb: House, life: Life) -> None:
        record(life)
        life.clock.advance(61.25)
        life.core.timer.do(Start(project=PROJECT, note="still running"), life.clock.stamp())
        life.rest()
        assert (life.unsent(), complaints(feb.app, life.log())) == ([], [])
        assert feb.requests()[-1] == "POST /time-entries"

    def test_a_hundred_are_the_most_the_server_takes(self, feb: House, life: Life) -> None:
        record(life, entries=101)
        life.rest()
        assert life.unsent() == []
        assert len(feb.app.books.entries) == 101
        assert batches(feb) == 3

    def test_records_the_list_does_not_show_are_asked_for_by_id(
        self, feb: House, life: Life
    ) -> None:
        record(life, entries=2)
        nothing = Say(status=200, body="[]")
        feb.proxy.play([nothing], only=lambda _verb, path: path.endswith("/time-entries"))
        life.rest()
        assert (life.unsent(), complaints(feb.app, life.log())) == ([], [])
        assert feb.requests()[-3:] == ["GET /time-entries", *["GET /time-entries/ID"] * 2]

    def test_without_the_batch_route_they_go_one_by_one(
        self, dec: House, scene: Scene, tmp_path: Path
    ) -> None:
        with life_of(scene, tmp_path, dec.clock, wrap=lambda _: dec.server) as life:
            record(life)
            life.rest()
            assert (life.unsent(), complaints(dec.app, life.log())) == ([], [])
        assert batches(dec) == 1


class TestRefused:
    def test_one_bad_item_fails_in_the_servers_words_and_the_others_arrive(
        self, feb: House, life: Life
    ) -> None:
        shop = feb.app.add_project("Shop")
        assert isinstance(feb.server.catalog(), Catalog)
        record(life, entries=6)
        record(life, entries=1, project="Shop")
        record(life, entries=4)
        shop.archived = True
        life.rest()
        assert failures(life) == ["HTTP 400: Cannot create time entry for archived project"]
        assert len(feb.app.books.entries) == 10
        assert life.core.status().pending == 3  # the failed one holds its own entry

    def test_one_that_is_bad_before_it_is_sent_takes_no_other_along(
        self, feb: House, life: Life
    ) -> None:
        record(life, entries=2)
        record(life, entries=1, project="Nowhere")
        record(life, entries=2)
        life.rest()
        assert failures(life) == ["Project 'Nowhere' is not an active project on the server"]
        assert len(feb.app.books.entries) == 4

    def test_a_key_that_is_there_with_other_times_is_a_conflict_of_that_one_alone(
        self, feb: House, life: Life
    ) -> None:
        record(life, entries=4)
        feb.play(DropAfter(), method="POST")
        feb.proxy.play([Pass(), DropAfter()], only=lambda verb, _: verb == "POST")
        life.work(3)  # connect, send: the answer is lost
        first = next(iter(feb.app.books.entries.values()))
        first.duration += 60
        life.rest()
        assert [reason.partition(":")[0] for reason in failures(life)] == ["Conflict"]
        assert len(feb.app.books.entries) == 4

    def test_when_all_are_refused_it_is_found_out_with_few_requests_and_two_fail(
        self, feb: House, life: Life
    ) -> None:
        project = feb.app.website
        assert isinstance(feb.server.catalog(), Catalog)
        record(life, entries=64)
        project.archived = True
        feb.requests()
        life.work(9)
        assert len(failures(life)) == 2
        assert batches(feb) < 20


class TestTrouble:
    @pytest.mark.parametrize("fault", [DropAfter(), DropBefore(), Say(status=502, after=True)])
    @pytest.mark.parametrize("point", range(3))
    def test_a_lost_answer_doubles_nothing(
        self, feb: House, life: Life, fault: Fault, point: int
    ) -> None:
        record(life)
        feb.proxy.play([*[Pass()] * point, fault], only=lambda _verb, path: "entries" in path)
        life.rest()
        assert (life.unsent(), complaints(feb.app, life.log())) == ([], [])

    def test_throttled_while_it_is_taken_apart_waits_as_told(self, feb: House, life: Life) -> None:
        shop = feb.app.add_project("Shop")
        assert isinstance(feb.server.catalog(), Catalog)
        record(life, entries=3)
        record(life, entries=1, project="Shop")
        shop.archived = True
        feb.proxy.play(
            # The probe, the whole, its first half; then no more.
            [Pass(), Pass(), Pass(), SAY_429_SECONDS],
            only=lambda verb, path: (verb, path.endswith("/sync")) == ("POST", True),
        )
        life.work(9)
        status = life.core.status()
        assert (status.pending, status.failed, status.doubtful) == (8, 0, 0)
        assert status.next_attempt_at == life.clock.now() + timedelta(seconds=7)
        life.rest()
        assert len(feb.app.books.entries) == 3

    def test_signed_out_with_a_batch_fails_one_and_holds_the_rest(
        self, feb: House, life: Life
    ) -> None:
        record(life)
        feb.app.tokens.revoke()
        life.rest()
        status = life.core.status()
        assert (status.failed, status.pending, status.doubtful) == (1, 39, 0)

    def test_an_ended_token_is_renewed_once_for_all_of_it(self, feb: House, life: Life) -> None:
        record(life)
        feb.play(SAY_401, method="POST")
        life.rest()
        assert (life.unsent(), complaints(feb.app, life.log())) == ([], [])

    def test_a_batch_the_answer_does_not_name_is_looked_for(self, feb: House, life: Life) -> None:
        record(life)
        strange = Say(status=200, body='{"entries": [{"id": 5}, 7]}', after=True)
        feb.proxy.play([Pass(), strange], only=lambda verb, _: verb == "POST")
        life.rest()
        assert (life.unsent(), complaints(feb.app, life.log())) == ([], [])

    def test_killed_at_any_point_of_it_nothing_is_lost_or_doubled(
        self, scene: Scene, tmp_path: Path
    ) -> None:
        point = 0
        while True:
            point += 1
            with houses.house_of(FEB, FakeClock()) as house:
                if not killed_once(house, scene, tmp_path / f"{point}" / "home", point):
                    break
        assert point > 6


def killed_once(house: House, scene: Scene, root: Path, kill_at: int) -> bool:
    """Whether there was such a point; everything is right in the end."""
    paths, clock = Paths.under(root), house.clock
    with life_of(scene, root, clock, wrap=lambda _: house.server) as before:
        record(before, entries=3)
    reaper, killed = Reaper(paths.database.parent, kill_at=kill_at), False
    life = Life(scene, paths, clock, wrap=lambda _: house.server, reaper=reaper)
    try:
        life.rest()
    except Killed:
        life.end()
        paths = Paths.under(reaper.remains)
        life = Life(scene, paths, clock, wrap=lambda _: house.server)
        life.rest()
        killed = True
    found = [*life.unsent(), *complaints(house.app, life.log())]
    reaper._kill_at = 0
    life.end()
    assert found == [], f"killed at {kill_at}"
    return killed


def test_a_stored_part_of_something_else_is_our_own_defect_and_the_others_wait(
    feb: House,
) -> None:
    strange = Write(body="{}", settles=("a",), segment_id="a", repeatable=False)
    courier = feb.courier()
    courier.click(*list(EventKind)[:4])
    outcome = feb.server.send(Write.together((courier.plan(), strange)))
    assert isinstance(outcome, Several)
    assert [type(part) for part in outcome.parts] == [Unasked, Ours]
    assert feb.requests() == []


def test_without_a_user_to_send_for_nothing_more_is_asked(feb: House) -> None:
    first = feb.courier()
    first.click(*list(EventKind)[:4])
    batch = Write.together((first.plan(), first.plan()))
    feb.tokens.save(Tokens(access=""))  # whose they are is not in it
    server = over_http(feb.proxy.url + feb.app.prefix, feb.tokens)
    feb.play(SAY_503)
    assert isinstance(server.send(batch), ServerTrouble)
    assert feb.requests() == ["GET /auth/me"]
    server.close()
