"""What delivering to the unfriendly server takes: few requests, no adopting, no guessing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.stages import Courier
from tests.fakes import FakeClock
from tests.plain_client import PlainClient, plain_over_http
from tests.plain_server import PlainEntry, PlainServer
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import Delay, Double, DropAfter, MisbehavingProxy, Pass, Say
from trayapp.servers.http import HttpClient, Timeouts
from trayapp.sync.outcome import (
    Absent,
    AlreadySo,
    Blocked,
    Conflict,
    Delivered,
    Doubtful,
    Offline,
    Refused,
    ServerTrouble,
    WrongAddress,
)
from trayapp.sync.server import Known, Nothing, Write
from trayapp.tracking.entry import EventKind

START, PAUSE, RESUME, STOP, *_ = EventKind


@pytest.fixture
def app() -> PlainServer:
    return PlainServer()


@pytest.fixture
def proxy(app: PlainServer) -> Iterator[MisbehavingProxy]:
    with Loopback(app) as loopback, MisbehavingProxy(loopback.url) as proxy:
        yield proxy


@pytest.fixture
def courier(proxy: MisbehavingProxy) -> Iterator[Courier]:
    server = plain_over_http(proxy.url)
    yield Courier(server, FakeClock(), note="note")
    server.close()


def writes(proxy: MisbehavingProxy) -> list[str]:
    return [seen.method for seen in proxy.ledger if seen.method != "GET"]


def test_a_finished_segment_is_one_create(courier: Courier, proxy: MisbehavingProxy) -> None:
    courier.click(START, PAUSE, RESUME, STOP)
    assert courier.deliver() == 2
    assert writes(proxy) == ["POST", "POST"]


def test_a_live_pause_is_one_update_and_its_stop_needs_nothing(
    courier: Courier, proxy: MisbehavingProxy
) -> None:
    for kind in (START, PAUSE, STOP):
        courier.click(kind)
        courier.deliver()
    assert writes(proxy) == ["POST", "PATCH"]


def test_redundant_steps_need_no_request(courier: Courier, proxy: MisbehavingProxy) -> None:
    courier.click(START, START, PAUSE, PAUSE)
    courier.deliver()
    assert writes(proxy) == ["POST"]


def test_an_end_known_already_needs_no_request(courier: Courier) -> None:
    courier.click(START, PAUSE)
    (segment,) = courier.entry.segments
    courier.known[segment.id] = Known(remote_id="1", base='{"end": "2026-01-08T09:02:02Z"}')
    plan = courier.server.plan(courier.unit)
    assert plan == Nothing(settles=tuple(event.id for event in courier.events))


def test_a_removed_segment_needs_no_request_and_the_next_one_goes(
    courier: Courier, app: PlainServer
) -> None:
    courier.click(START, PAUSE, RESUME)
    courier.known[courier.events[0].id] = Known(removed=True)
    courier.deliver()
    assert [entry.begin for entry in app.entries] == ["2026-01-08T09:03:03Z"]


def test_begin_is_cut_to_seconds_and_the_end_is_a_second_later_at_least(
    courier: Courier, app: PlainServer
) -> None:
    courier.clock.advance(timedelta(milliseconds=900))
    courier.click(START)
    courier.clock.set_wall(courier.clock.now() - timedelta(seconds=61))
    courier.click(PAUSE)  # 250 ms after the start
    courier.deliver()
    assert [(entry.begin, entry.end) for entry in app.entries] == [
        ("2026-01-08T09:01:02Z", "2026-01-08T09:01:03Z")
    ]


def test_a_second_active_entry_is_blocked(courier: Courier, app: PlainServer) -> None:
    app.put(PlainEntry(id=0, begin="2026-01-08T08:00:00Z", end=None, project="", note=""))
    courier.click(START)
    write = courier.plan()
    assert courier.server.send(write) == Blocked("HTTP 409: an entry is already active")


def test_a_create_delivered_twice_shows_as_a_twin(
    courier: Courier, proxy: MisbehavingProxy, app: PlainServer
) -> None:
    courier.click(START, STOP)
    proxy.play([Double()])
    courier.deliver()
    assert len(app.entries) == 2
    (segment,) = courier.entry.segments
    assert courier.server.twins(courier.unit, segment.id) == ("2",)
    other = replace(courier.unit, taken=frozenset({"2"}))
    assert courier.server.twins(other, segment.id) == ()


def test_what_kept_it_from_finding_twins_is_told(courier: Courier, proxy: MisbehavingProxy) -> None:
    courier.click(START)
    proxy.play([Say(status=500)])
    found = courier.server.twins(courier.unit, courier.events[0].id)
    assert found == ServerTrouble("HTTP 500: Internal Server Error")
    proxy.stop()
    assert isinstance(courier.server.twins(courier.unit, courier.events[0].id), Offline)


def test_an_entry_stopped_between_look_and_update_is_already_so(
    courier: Courier, proxy: MisbehavingProxy, app: PlainServer
) -> None:
    courier.click(START)
    courier.deliver()
    courier.click(STOP)
    write = courier.plan()
    running, gate = app.entries[0], threading.Event()
    proxy.play([Pass(), Delay(until=gate)])
    sent: list[object] = []
    sender = threading.Thread(target=lambda: sent.append(courier.server.send(write)))
    sender.start()
    while len(proxy.ledger) < 2:  # the look of the update has been answered
        sender.join(0.01)
    app.put(replace(running, end="2026-01-08T09:02:02Z"))
    gate.set()
    sender.join(10)
    assert sent == [AlreadySo("HTTP 409: the entry is already stopped")]
    assert isinstance(courier.server.look(courier.unit, write), Delivered)


@pytest.mark.parametrize("other", ["taken", "known", "note", "begin"])
def test_a_look_adopts_nothing_that_is_not_ours(
    courier: Courier, app: PlainServer, other: str
) -> None:
    courier.click(START, STOP)
    write = courier.plan()
    unit = courier.unit
    begin = "2026-01-08T09:01:02Z" if other == "begin" else "2026-01-08T09:01:01Z"
    note = "another" if other == "note" else "note"
    end = "2026-01-08T09:02:02Z"
    app.put(PlainEntry(id=0, begin=begin, end=end, project="Website", note=note))
    if other == "taken":
        unit = replace(unit, taken=frozenset({"1"}))
    if other == "known":
        unit = replace(unit, known={"another segment": Known(remote_id="1")})
    assert courier.server.look(unit, write) == Absent()


def test_a_look_that_finds_another_end_is_a_conflict_unless_ours_is_there_too(
    courier: Courier, app: PlainServer
) -> None:
    courier.click(START, STOP)
    write = courier.plan()
    theirs = PlainEntry(
        id=0,
        begin="2026-01-08T09:01:01Z",
        end="2026-01-08T10:00:00Z",
        project="Website",
        note="note",
    )
    app.put(theirs)
    wanted = "Conflict: the server shows 2026-01-08T09:01:01Z to 2026-01-08T10:00:00Z"
    assert courier.server.look(courier.unit, write) == Conflict(wanted)
    app.put(replace(theirs, end="2026-01-08T09:02:02Z"))
    found = courier.server.look(courier.unit, write)
    assert isinstance(found, Delivered)
    assert found.remote_id == "2"


def test_an_update_that_arrived_before_is_not_sent_again(
    courier: Courier, proxy: MisbehavingProxy
) -> None:
    courier.click(START)
    courier.deliver()
    courier.click(STOP)
    write = courier.plan()
    proxy.play([Pass(), DropAfter()])
    assert isinstance(courier.server.send(write), Doubtful)
    assert isinstance(courier.server.send(write), Delivered)
    assert writes(proxy) == ["POST", "PATCH"]


def test_an_update_after_a_change_of_other_fields_keeps_them(
    courier: Courier, app: PlainServer
) -> None:
    courier.click(START)
    courier.deliver()
    app.put(replace(app.entries[0], note="written there"))
    courier.click(STOP)
    courier.deliver()
    assert app.entries[0].note == "written there"
    assert app.entries[0].end == "2026-01-08T09:02:02Z"


def test_a_refusal_carries_the_servers_words(courier: Courier) -> None:
    bad = '{"method":"POST","path":"/entries","json":{"begin":"yesterday","end":null}}'
    write = Write(body=bad, settles=("x",), segment_id="x", repeatable=False)
    assert courier.server.send(write) == Refused("HTTP 422: times are whole seconds, UTC")


def test_a_good_answer_that_shows_no_entry_is_a_doubt(
    courier: Courier, proxy: MisbehavingProxy
) -> None:
    courier.click(START)
    proxy.play([Say(status=200, body="[]"), Say(status=200)])
    outcome = courier.server.send(courier.plan())
    assert outcome == Doubtful("HTTP 200: the answer shows no entry", answered=True)
    assert courier.server.check() == WrongAddress("HTTP 200: no user")


def test_a_server_too_slow_to_answer_may_still_be_at_work(
    proxy: MisbehavingProxy, app: PlainServer
) -> None:
    quick = HttpClient(proxy.url, timeouts=Timeouts(read_seconds=0.1))
    courier = Courier(PlainClient(quick), FakeClock(), note="note")
    courier.click(START, STOP)
    write, gate = courier.plan(), threading.Event()
    proxy.play([Delay(until=gate)])
    outcome = courier.server.send(write)
    assert outcome == Doubtful("Network error: no answer in time", timed_out=True)
    assert courier.server.look(courier.unit, write) == Absent()
    gate.set()
    while not app.entries:
        gate.wait(0.01)
    assert isinstance(courier.server.look(courier.unit, write), Delivered)
    quick.close()


def test_twins_of_an_unknown_segment_are_none(courier: Courier) -> None:
    courier.click(START)
    assert courier.server.twins(courier.unit, "unknown") == ()
