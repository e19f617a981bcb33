"""The incident, mended: the hundred failed tasks meet a server that has them already, or a part.

What the server has is not changed without a word, nothing is doubled, and what it contradicts is
the user's to decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.hubnity_server import DIALECTS
from tests.integration.hubnity_past import Past, is_as_clicked, past_of
from tests.unit.transfer.support import V1, dumped, old_file, start, step
from trayapp.demo.proxy import SAY_500, DropAfter, DropBefore, Fault
from trayapp.sync.cause import Cause
from trayapp.sync.resolve import CannotResolve, Keep

OWN_NAME = "temp-1767844800000"


@pytest.fixture(params=[pytest.param(name, id=name) for name in DIALECTS])
def past(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Past]:
    with past_of(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def incident(past: Past, tmp_path: Path) -> Past:
    past.bring(dumped(tmp_path, V1))
    assert past.bench.status.failed == 100
    return past


def named_by_the_app(past: Past, tmp_path: Path) -> None:
    """An entry that the older app never learned the server's name of."""
    rows = (start(), step("pause", 600, entry=OWN_NAME), step("stop", 900, entry=OWN_NAME))
    past.bring(old_file(tmp_path, *rows))
    past.house.app.add_project("p-1")


def test_what_the_server_has_already_is_neither_doubled_nor_changed(incident: Past) -> None:
    for events in incident.entries().values():
        incident.arrive(events)
    before = incident.shown()
    incident.sign_in()
    assert incident.remove_duplicates() == 29
    incident.retry_all()
    assert incident.bench.status.all_sent
    assert (incident.shown(), incident.writes()) == (before, [])


def test_it_is_the_same_with_the_duplicates_still_there(incident: Past) -> None:
    for events in incident.entries().values():
        incident.arrive(events)
    before = incident.shown()
    incident.sign_in()
    incident.retry_all()
    assert incident.bench.status.all_sent
    assert (incident.shown(), incident.writes()) == (before, [])


def test_one_task_retried_alone_confirms_what_the_server_shows_of_its_entry(
    incident: Past,
) -> None:
    for events in incident.entries().values():
        incident.arrive(events)
    before = incident.shown()
    incident.sign_in()
    bench = incident.bench
    bench.core.retrier.begin(bench.clock.now(), [1])
    bench.core.retrier.next_chunk()
    bench.live(timedelta(hours=1))
    assert [task.id for task in bench.failed] == list(range(5, 101))
    assert (incident.shown(), incident.writes()) == (before, [])


@pytest.mark.parametrize("fault", [None, DropAfter(), DropBefore(), SAY_500])
def test_of_what_the_server_has_in_part_the_rest_arrives_once(
    incident: Past, fault: Fault | None
) -> None:
    entries = incident.entries()
    missing, *others = entries
    for length, name in enumerate(others, start=1):
        incident.arrive(entries[name][:length])
    names = set(incident.shown())
    incident.sign_in()
    incident.remove_duplicates()
    if fault is not None:
        incident.house.proxy.play([fault] * 3, only=lambda verb, _: verb != "GET")
    incident.retry_all()
    assert fault is None or was_met(incident, fault)
    records = incident.house.app.books.entries
    assert set(records) == names
    assert [is_as_clicked(records[name], entries[name]) for name in others] == [True] * 4
    status = incident.bench.status
    assert (status.failed, status.pending) == (0, 0)
    # What was deleted there is told, and not made again.
    removed = incident.bench.rows("SELECT entry FROM segment WHERE removed")
    assert removed == [(missing,)]


def was_met(past: Past, fault: Fault) -> bool:
    return any(seen.fault is fault for seen in past.house.proxy.ledger)


def contradicted(past: Past) -> tuple[str, dict[str, bytes]]:
    entries = past.entries()
    for events in entries.values():
        past.arrive(events)
    name = next(iter(entries))
    past.house.app.books.entries[name].duration += 3600
    before = past.shown()
    past.sign_in()
    past.remove_duplicates()
    past.retry_all()
    return name, before


def test_what_the_server_contradicts_is_a_conflict_and_is_not_changed(incident: Past) -> None:
    name, before = contradicted(incident)
    (task,) = incident.bench.failed
    assert (task.cause, task.entry_id) == (Cause.CONFLICT, name)
    assert task.reason.startswith("Conflict: the server shows stopped, 2026-01-08T")
    incident.retry_all()
    assert [one.id for one in incident.bench.failed] == [task.id]
    assert (incident.shown(), incident.writes()) == (before, [])


def test_send_what_was_clicked_corrects_that_record_and_no_other(incident: Past) -> None:
    name, before = contradicted(incident)
    (task,) = incident.bench.failed
    resolved = incident.resolve(task, Keep.CLICKED)
    assert resolved.overrules
    incident.bench.live(timedelta(hours=1))
    assert incident.bench.status.all_sent
    after = incident.shown()
    assert is_as_clicked(incident.house.app.books.entries[name], incident.entries()[name])
    assert {one for one in after if after[one] != before[one]} == {name}


def test_send_what_was_clicked_is_a_conflict_again_when_it_changed_meanwhile(
    incident: Past,
) -> None:
    name, _before = contradicted(incident)
    (task,) = incident.bench.failed
    incident.resolve(task, Keep.CLICKED)
    incident.house.app.books.entries[name].duration += 60
    changed = incident.shown()
    incident.bench.live(timedelta(hours=1))
    (again,) = incident.bench.failed
    assert (again.id, again.cause) == (task.id, Cause.CONFLICT)
    assert again.reason != task.reason
    assert incident.shown() == changed


@pytest.mark.parametrize("status", ["PAUSED", "RUNNING"])
def test_send_what_was_clicked_ends_what_is_still_open_there(incident: Past, status: str) -> None:
    entries = incident.entries()
    name = next(iter(entries))
    entry = incident.arrive(entries[name])
    entry.status, entry.end_ms, entry.duration = status, None, 7
    incident.sign_in()
    incident.remove_duplicates()
    incident.retry_all()
    (task,) = incident.bench.failed
    incident.resolve(task, Keep.CLICKED)
    incident.bench.live(timedelta(hours=1))
    assert incident.bench.status.failed == 0
    assert is_as_clicked(entry, entries[name])


def test_keep_the_servers_sends_nothing_of_the_entry_and_can_be_undone(incident: Past) -> None:
    name, before = contradicted(incident)
    bench = incident.bench
    (task,) = bench.failed
    clicked = bench.core.reader.events(name)
    resolved = incident.resolve(task, Keep.SERVER)
    assert len(resolved.task_ids) == 4
    bench.live(timedelta(hours=1))
    assert bench.status.all_sent
    assert (incident.shown(), incident.writes()) == (before, [])
    assert bench.core.reader.events(name) == clicked
    kept = bench.rows("SELECT error_message FROM sync_queue WHERE cause = 'conflict'")
    assert kept == [(task.reason,)]
    with pytest.raises(CannotResolve):
        incident.resolve(task, Keep.CLICKED)

    bench.core.discarder.undo(resolved.task_ids, bench.clock.now())
    incident.retry_all()
    assert [one.cause for one in bench.failed] == [Cause.CONFLICT]
    assert incident.shown() == before


def test_a_start_without_a_name_there_is_found_by_its_begin_and_text(
    past: Past, tmp_path: Path
) -> None:
    named_by_the_app(past, tmp_path)
    past.arrive(past.entries()[OWN_NAME], remote_id="the-server's-own")
    before = past.shown()
    past.sign_in()
    past.retry_all()
    assert past.bench.status.all_sent
    assert (past.shown(), past.writes()) == (before, [])
    assert past.bench.rows("SELECT remote_id FROM segment") == [("the-server's-own",)]


def test_a_start_without_a_name_there_and_its_first_pause_are_gone_on_with(
    past: Past, tmp_path: Path
) -> None:
    named_by_the_app(past, tmp_path)
    events = past.entries()[OWN_NAME]
    record = past.arrive(events[:2], remote_id="the-server's-own")
    past.sign_in()
    past.retry_all()
    assert past.bench.status.all_sent
    assert is_as_clicked(record, events)
    assert list(past.shown()) == [record.id]


@pytest.mark.parametrize("fault", [None, DropAfter(), DropBefore()])
def test_a_start_that_is_not_there_on_two_looks_is_made_once(
    past: Past, tmp_path: Path, fault: Fault | None
) -> None:
    named_by_the_app(past, tmp_path)
    events = past.entries()[OWN_NAME]
    past.house.app.books.projects = {}
    past.house.app.add_project("p-1")
    past.sign_in()
    past.bench.retry_all()
    past.bench.work()
    past.bench.clock.advance(9)
    past.bench.work()
    assert past.writes() == []  # one look, and no second one yet
    if fault is not None:
        past.house.proxy.play([fault], only=lambda verb, _: verb != "GET")
    past.bench.live(timedelta(days=1))
    assert past.bench.status.all_sent
    assert fault is None or was_met(past, fault)
    (record,) = past.house.app.books.entries.values()
    assert is_as_clicked(record, events)


def test_a_start_without_a_name_that_is_contradicted_is_not_made_anew_by_a_retry(
    past: Past, tmp_path: Path
) -> None:
    named_by_the_app(past, tmp_path)
    record = past.arrive(past.entries()[OWN_NAME], remote_id="the-server's-own")
    record.duration += 3600
    before = past.shown()
    past.sign_in()
    past.retry_all()
    past.retry_all()
    (task,) = past.bench.failed
    assert task.cause == Cause.CONFLICT
    assert (past.shown(), past.writes()) == (before, [])
    past.resolve(task, Keep.CLICKED)
    past.bench.live(timedelta(hours=1))
    assert past.bench.status.all_sent
    assert is_as_clicked(record, past.entries()[OWN_NAME])
