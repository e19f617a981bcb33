"""Accounts, their gates; events; what the server confirmed about segments."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.queue.support import Queue
from trayapp.queue.rows import detail_shown, edited_of, payload_of
from trayapp.queue.task import Account, Gate, GateKind, Known, Refusal
from trayapp.tracking.entry import Edited, Event, EventKind, Segment, TrackerState

EMBEDDED = 1


def gate(queue: Queue, kind: GateKind = GateKind.OFFLINE, *, by_server: bool = False) -> Gate:
    return Gate(
        kind=kind,
        reason="Network error: no route",
        since=queue.now,
        due_at=queue.now + timedelta(minutes=5),
        tries=3,
        task_id=7,
        seeks_other=True,
        by_server=by_server,
    )


def close(queue: Queue, closed: Gate | None) -> None:
    queue.do(lambda writer: writer.accounts.set_gate(EMBEDDED, closed))


def confirm(queue: Queue, segment: str, known: Known, entry: str = "e1") -> None:
    queue.do(lambda writer: writer.segments.confirm(EMBEDDED, entry, segment, queue.now, known))


# -- accounts ------------------------------------------------------------------------------------


def test_without_a_question_there_is_the_account_inside(queue: Queue) -> None:
    inside = Account(id=EMBEDDED, kind="embedded", url="", user="")
    with queue.writing() as writer:
        assert writer.accounts.active() == inside
    assert queue.reader.accounts() == (inside,)


def test_an_account_that_comes_back_is_the_same_one(queue: Queue) -> None:
    with queue.writing() as writer:
        ann = writer.accounts.use("hubnity", "https://example.org/api", "ann")
        bob = writer.accounts.use("hubnity", "https://example.org/api", "bob")
        assert writer.accounts.use("hubnity", "https://example.org/api", "ann") == ann
        assert writer.accounts.active() == ann
    assert [account.id for account in queue.reader.accounts()] == [ann.id, EMBEDDED, bob.id]


def test_the_last_yes_is_remembered(queue: Queue) -> None:
    queue.do(lambda writer: writer.accounts.delivered(EMBEDDED, queue.now))
    assert queue.reader.accounts()[0].last_delivery_at == queue.now


def test_a_gate_is_closed_and_opened(queue: Queue) -> None:
    assert queue.reader.gate(EMBEDDED) is None
    for closed in (gate(queue), gate(queue, GateKind.THROTTLED, by_server=True)):
        close(queue, closed)
        with queue.writing() as writer:
            assert writer.accounts.gate(EMBEDDED) == closed
        assert queue.reader.gate(EMBEDDED) == closed
    close(queue, None)
    assert queue.reader.gate(EMBEDDED) is None


def test_a_refusal_is_remembered_and_forgotten(queue: Queue) -> None:
    refusal = Refusal(entry_id="e1", words="http #: project closed")
    with queue.writing() as writer:
        assert writer.accounts.standing(EMBEDDED).refusal is None
        writer.accounts.set_refusal(EMBEDDED, refusal)
        assert writer.accounts.standing(EMBEDDED).refusal == refusal
        writer.accounts.set_refusal(EMBEDDED, None)
        assert writer.accounts.standing(EMBEDDED).refusal is None


def test_an_outcome_is_judged_by_whether_anything_failed_or_waits_for_another(
    queue: Queue,
) -> None:
    def standing() -> tuple[bool, bool]:
        with queue.writing() as writer:
            found = writer.accounts.standing(EMBEDDED)
        return found.has_failed, found.has_blocked

    assert standing() == (False, False)
    queue.click("e1")
    queue.click("e2")
    assert standing() == (False, False)
    queue.fail(1, "blocked")
    assert standing() == (True, False)
    queue.sql("UPDATE sync_queue SET cause = 'blocked' WHERE id = 2")
    assert standing() == (True, True)
    queue.sql("DELETE FROM sync_queue")
    assert standing() == (False, False)


@pytest.mark.parametrize(
    ("kind", "by_server", "probes"),
    [
        pytest.param(GateKind.OFFLINE, False, True, id="offline"),
        pytest.param(GateKind.UNTRUSTED, False, True, id="untrusted"),
        pytest.param(GateKind.SERVER_TROUBLE, False, False, id="a server in trouble"),
        pytest.param(GateKind.OFFLINE, True, False, id="the server named the time"),
    ],
)
def test_a_click_gives_a_probe_to_a_gate_that_waits_for_the_network(
    queue: Queue, kind: GateKind, *, by_server: bool, probes: bool
) -> None:
    closed = gate(queue, kind, by_server=by_server)
    close(queue, closed)
    queue.click("e1")
    found = queue.reader.gate(EMBEDDED)
    assert found is not None
    assert found.due_at == (queue.now if probes else closed.due_at)


def test_an_open_gate_stays_open_when_hurried(queue: Queue) -> None:
    queue.do(lambda writer: writer.accounts.hurry(EMBEDDED, queue.now, kinds=list(GateKind)))
    assert queue.reader.gate(EMBEDDED) is None


# -- events --------------------------------------------------------------------------------------


def test_nothing_was_ever_clicked(queue: Queue) -> None:
    with queue.writing() as writer:
        assert writer.events.newest_entry() == ()
        assert writer.events.account_of("e1") is None
        assert writer.events.of_entry("e1") == ()


def test_the_newest_entry_is_the_one_begun_last(queue: Queue) -> None:
    first = queue.click("e1", note="nul \x00, «ё», 𝄞")
    queue.click("e1", EventKind.STOP)
    start = queue.click("e2")
    queue.click("e1", EventKind.EDIT)
    pause = queue.click("e2", EventKind.PAUSE)
    with queue.writing() as writer:
        assert writer.events.newest_entry() == (start, pause)
        assert writer.events.of_entry("e1")[0] == first
        assert writer.events.account_of("e1") == EMBEDDED
    assert queue.reader.newest_entry() == (start, pause)


def test_a_deleted_entry_is_not_the_newest_until_it_is_brought_back(queue: Queue) -> None:
    queue.click("e1")
    queue.click("e2")
    newest: list[set[str]] = []
    for kind in (EventKind.DELETE, EventKind.EDIT):
        queue.click("e2", kind)
        with queue.writing() as writer:
            newest.append({event.entry_id for event in writer.events.newest_entry()})
        assert {event.entry_id for event in queue.reader.newest_entry()} == newest[-1]
    assert newest == [{"e1"}, {"e2"}]
    queue.click("e1", EventKind.DELETE)
    queue.click("e2", EventKind.DELETE)
    assert queue.reader.newest_entry() == ()


def test_the_events_recorded_last_are_told_in_order(queue: Queue) -> None:
    events = [queue.click(name) for name in ("e1", "e2", "e3")]
    with queue.writing() as writer:
        assert writer.events.newest(2) == tuple(events[1:])
        assert writer.events.newest(9) == tuple(events)


def test_an_edit_is_kept_whole_and_its_payload_shows_it(queue: Queue) -> None:
    click = queue.event("e1", EventKind.EDIT, note="мир")
    edited = Edited(
        (
            Segment(id="s1", began_at=click.at, ended_at=click.at + timedelta(milliseconds=1)),
            Segment(id="s2", began_at=click.at + timedelta(hours=1), ended_at=None),
        ),
        TrackerState.RUNNING,
    )
    event = replace(click, edited=edited)
    queue.do(lambda writer: writer.record([event], queue.now))
    assert queue.reader.events("e1") == (event,)
    shown = json.loads(queue.task(1).payload)
    assert (shown["note"], shown["state"]) == ("мир", "running")
    assert shown["segments"] == [
        {"id": "s1", "begin": "2026-01-08T09:00:01.000Z", "end": "2026-01-08T09:00:01.001Z"},
        {"id": "s2", "begin": "2026-01-08T10:00:01.000Z", "end": None},
    ]


def test_what_is_kept_of_an_edit_can_be_told_from_what_is_shown_of_it(queue: Queue) -> None:
    click = queue.event("e1", EventKind.EDIT)
    segments = (
        Segment(id="s1", began_at=click.at, ended_at=click.at + timedelta(milliseconds=1)),
        Segment(id="s2", began_at=click.at + timedelta(hours=1), ended_at=None),
    )
    edited = Edited(segments, TrackerState.RUNNING)
    assert edited_of(detail_shown(payload_of(replace(click, edited=edited)))) == edited
    for payload in (payload_of(click), "", "[]", '{"segments": [1], "state": "running"}'):
        assert detail_shown(payload) == ""


@pytest.mark.parametrize(
    "detail",
    [
        "{",
        "[]",
        '{"state": "running"}',
        '{"state": "tired", "segments": []}',
        '{"state": "stopped", "segments": []}',
        '{"state": "stopped", "segments": [{"id": "s", "began_ms": 1, "ended_ms": 1e400}]}',
        '{"state": "stopped", "segments": [{"id": "s", "began_ms": 5, "ended_ms": 1}]}',
    ],
)
def test_the_times_of_a_damaged_edit_are_lost_and_nothing_else(detail: str) -> None:
    assert edited_of(detail) is None


def test_what_is_discarded_is_left_out_of_what_is_sent(queue: Queue) -> None:
    kinds = (EventKind.START, EventKind.PAUSE, EventKind.RESUME, EventKind.STOP)
    events: list[Event] = [queue.click("e1", kind) for kind in kinds]
    queue.click("e2")
    queue.sql("UPDATE sync_queue SET status = 'discarded' WHERE id = 2")
    with queue.writing() as writer:
        assert writer.events.until("e1", [events[2].id]) == (events[0], events[2])
        assert writer.events.until("e1", ["unknown"]) == ()


# -- segments ------------------------------------------------------------------------------------


def test_what_the_server_confirmed_is_kept_and_never_forgotten(queue: Queue) -> None:
    confirm(queue, "s1", Known())
    confirm(queue, "s2", Known(remote_id="r2"), entry="e2")
    confirm(queue, "s1", Known(remote_id="r1", base="{}"))
    confirm(queue, "s1", Known(base="{1}"))
    with queue.writing() as writer:
        assert writer.segments.known("e1") == {"s1": Known(remote_id="r1", base="{1}")}
    confirm(queue, "s1", Known(removed=True))
    confirm(queue, "s1", Known())
    with queue.writing() as writer:
        assert writer.segments.known("e1") == {
            "s1": Known(remote_id="r1", base="{1}", removed=True)
        }


def test_remote_ids_of_other_entries_of_that_day_are_taken(queue: Queue) -> None:
    confirm(queue, "s1", Known(remote_id="r1"), entry="e1")
    confirm(queue, "s2", Known(remote_id="r2"), entry="e2")
    confirm(queue, "s3", Known(), entry="e3")
    around = queue.now
    queue.clock.advance(timedelta(days=2))
    confirm(queue, "s4", Known(remote_id="r4"), entry="e4")
    with queue.writing() as writer:
        assert writer.segments.taken(EMBEDDED, "e1", around) == {"r2"}
        assert writer.segments.taken(EMBEDDED, "e9", around) == {"r1", "r2"}
        assert writer.segments.taken(2, "e9", around) == frozenset()


def test_a_twin_is_looked_for_until_it_is_found_or_the_time_is_over(queue: Queue) -> None:
    until = queue.now + timedelta(minutes=10)
    for number in (1, 2, 3):
        segment = Segment(id=f"s{number}", began_at=queue.now, ended_at=None)
        queue.do(
            lambda writer, segment=segment: writer.segments.watch(  # type: ignore[misc]
                EMBEDDED, "e1", segment, until
            )
        )
    confirm(queue, "s1", Known(remote_id="r1"))
    confirm(queue, "s2", Known(remote_id="r2"))
    with queue.writing() as writer:
        assert writer.segments.watched(EMBEDDED, until) == (("e1", "s1"), ("e1", "s2"))
        writer.segments.set_twin("s2", "r9")
        assert writer.segments.watched(EMBEDDED, until) == (("e1", "s1"),)
        assert writer.segments.watched(2, until) == ()
        late = until + timedelta(milliseconds=1)
        assert writer.segments.watched(EMBEDDED, late) == ()
        assert writer.segments.watched(EMBEDDED, until) == ()
    assert queue.reader.twins() == 1
