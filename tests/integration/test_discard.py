"""Discarding end to end: the server gets what was not discarded, in the times that were told."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.core_support import Bench, Wire, bench_over_http, made_paths
from tests.integration.test_app_answers import Desk, lived
from trayapp.control.messages import Request
from trayapp.demo.proxy import Say
from trayapp.discards import discard_reply, discard_request, undo_request
from trayapp.queue.task import TaskStatus
from trayapp.tracking.entry import Event, EventKind
from trayapp.tracking.replay import replay
from trayapp.tracking.tracker import Pause, Resume, Start, Stop

_CLOSED = Say(status=422, body='{"message": "project closed"}')
WORKED = timedelta(minutes=2)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[Bench, Wire]]:
    with bench_over_http(tmp_path) as found:
        yield found


def arrived(bench: Bench) -> list[str]:
    return [event.kind for event in bench.arrived]


def worked_there(bench: Bench) -> timedelta:
    """Of the one entry, by what the server was told."""
    ids = {event.id for event in bench.arrived}
    entry = replay([event for event in bench.clicked if event.id in ids]).entry
    assert entry is not None
    return entry.worked(bench.clock.now())


def a_refused_pause(bench: Bench, wire: Wire) -> None:
    """A minute of work, a minute of break, a minute of work."""
    bench.clicks(Start("Website"))
    bench.work()
    wire.proxy.play([_CLOSED])
    bench.clicks(Pause(), Resume(), Stop())
    bench.work()
    assert [task.id for task in bench.failed] == [2]


def test_without_the_pause_the_server_shows_the_hours_that_were_told(
    line: tuple[Bench, Wire],
) -> None:
    bench, wire = line
    a_refused_pause(bench, wire)
    found = bench.core.discarder.discard([2], bench.clock.now())
    bench.work()
    assert arrived(bench) == [EventKind.START, EventKind.RESUME, EventKind.STOP]
    assert worked_there(bench) == WORKED + found.effects[0].more == timedelta(minutes=3)
    assert bench.status.all_sent
    assert [event.kind for event in bench.clicked] == list(EventKind)[:4]


def test_what_is_brought_back_in_time_is_sent_as_it_was_clicked(line: tuple[Bench, Wire]) -> None:
    bench, wire = line
    a_refused_pause(bench, wire)
    bench.core.discarder.discard([2], bench.clock.now())
    bench.core.discarder.undo([2], bench.clock.now())
    assert (bench.status.failed, bench.failed[0].reason[:8]) == (1, "HTTP 422")
    bench.retry_all()
    bench.work()
    assert arrived(bench) == list(EventKind)[:4]
    assert worked_there(bench) == WORKED


def test_what_the_server_answers_with_trouble_for_ever_holds_nothing_once_it_is_discarded(
    line: tuple[Bench, Wire],
) -> None:
    bench, wire = line
    bench.clicks(Start("Website"))
    bench.work()
    wire.proxy.play([Say(status=500)] * 100)
    bench.clicks(Pause())
    bench.live(timedelta(hours=1))
    wire.proxy.play(())
    bench.clicks(Resume(), Stop())
    assert [(task.id, task.reason[:8]) for task in bench.failed] == [(2, "HTTP 500")]
    reply = discard_reply(bench.core, discard_request([2]))
    assert reply.message.endswith(
        "the break counts as work: 1:01 more. "
        "1 click may have arrived all the same: look on the server."
    )
    bench.retry_all()
    bench.work()
    assert arrived(bench) == [EventKind.START, EventKind.RESUME, EventKind.STOP]
    assert bench.status.all_sent


def test_an_entry_whose_start_is_discarded_never_reaches_the_server(
    line: tuple[Bench, Wire],
) -> None:
    """Also what is clicked for it later: it would have no beginning there."""
    bench, wire = line
    wire.proxy.play([_CLOSED])
    bench.clicks(Start("Website"), Pause())
    bench.work()
    bench.core.discarder.discard([1], bench.clock.now())
    bench.clicks(Resume(), Stop(), Start("Other"), Stop())
    bench.work()
    assert arrived(bench) == [EventKind.START, EventKind.STOP]
    assert (bench.status.failed, bench.status.pending, bench.status.all_sent) == (0, 0, True)


def test_without_the_duplicates_the_server_shows_the_same_hours(line: tuple[Bench, Wire]) -> None:
    """Six pauses within a second, as older databases have them."""
    bench, _wire = line
    bench.clicks(Start("Website"), Pause())
    pause = bench.clicked[-1]
    repeats = [_again(pause, number) for number in range(1, 6)]
    with bench.core._queue.lock() as guard:
        guard.value.record(repeats, bench.clock.now())
    bench.clicks(Resume(), Stop())
    with bench.core._queue.lock() as guard:
        guard.value.run("UPDATE sync_queue SET status = 'failed', cause = 'unknown'")
    found = bench.core.discarder.discard(None, bench.clock.now())
    assert found.task_ids == (3, 4, 5, 6, 7)
    bench.retry_all()
    bench.work()
    assert arrived(bench) == list(EventKind)[:4]
    assert worked_there(bench) == WORKED


def _again(event: Event, number: int) -> Event:
    stamp = replace(event.stamp, at=event.at + number * timedelta(milliseconds=150))
    return replace(event, id=str(uuid.uuid4()), stamp=stamp)


def test_while_a_retry_is_under_way_nothing_is_discarded_for_it_would_count_as_sent(
    line: tuple[Bench, Wire],
) -> None:
    bench, wire = line
    a_refused_pause(bench, wire)
    bench.core.retrier.begin(bench.clock.now(), [])
    for request in (discard_request([2]), undo_request([2])):
        reply = discard_reply(bench.core, request)
        assert (reply.ok, reply.message[:22]) == (False, "A retry is under way. ")
    looked = discard_reply(bench.core, discard_request([2], look=True))
    assert (looked.ok, looked.changed, looked.value["count"]) == (True, False, 1)
    assert bench.failed[0].status is TaskStatus.FAILED


def test_more_ids_than_a_message_holds_are_counted_only(line: tuple[Bench, Wire]) -> None:
    bench, _wire = line
    bench.clicks(Start("Website"))
    pauses = [
        _again(replace(bench.clicked[0], kind=EventKind.PAUSE), number) for number in range(4002)
    ]
    with bench.core._queue.lock() as guard:
        guard.value.record(pauses, bench.clock.now())
        guard.value.run("UPDATE sync_queue SET status = 'failed', cause = 'refused'")
    reply = discard_reply(bench.core, discard_request(None))
    assert (reply.changed, reply.value["count"], reply.value["ids"]) == (True, 4001, None)
    assert reply.line()


# -- asked of the app ----------------------------------------------------------------------


def test_the_app_answers_and_drops_what_nobody_waits_for(tmp_path: Path) -> None:
    desk = Desk(made_paths(tmp_path))
    desk.click("start", "A")
    desk.click("pause")
    gone = desk.ask(discard_request([1]))
    gone.responder.leave()
    askers = [
        desk.ask(discard_request([1], look=True)),
        desk.ask(Request("discard", {"ids": [True, "1"]})),
        desk.ask(discard_request(None)),
        desk.ask(undo_request([1])),
        desk.ask(Request("undo_discard")),
    ]
    with lived(desk):
        answers = [asker.answer for asker in askers]
    assert not gone.has_answer
    assert [(answer.ok, answer.changed) for answer in answers] == [
        (False, False),
        (False, False),
        (True, False),
        (False, False),
        (True, False),
    ]
    assert answers[2].message == "There are no duplicates."
