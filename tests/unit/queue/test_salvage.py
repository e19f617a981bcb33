"""Salvage: what one table lost is told by the others; what is gone is counted and named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.queue.damage import (
    PAGE,
    a_used_file,
    brought_back,
    lose,
    overwrite,
    rows_by_page,
    sql,
    table,
    without_triggers,
)
from tests.unit.queue.support import a_queue, database_in
from trayapp.tracking.entry import Edited, EventKind, Segment, TrackerState

EVENTS = "SELECT * FROM event ORDER BY seq"
TASKS = "SELECT id, event, doubt, status FROM sync_queue ORDER BY id"
ALL = "SELECT id, event, payload, entity_type, entry, account FROM sync_queue ORDER BY id"
TALLY = "SELECT * FROM tally WHERE count > 0 AND status <> 'doubtful' ORDER BY 1, 2, 3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "used"
    a_used_file(made)
    return made


def test_a_lost_index_loses_nothing(folder: Path) -> None:
    before = [table(database_in(folder), one) for one in (EVENTS, ALL, TALLY)]
    lose(folder, "event_entry")
    done = brought_back(folder)
    assert [table(database_in(folder), one) for one in (EVENTS, ALL, TALLY)] == before
    assert (done.clicks, done.lost_clicks, done.rebuilt_clicks, done.rebuilt_tasks) == (48, 0, 0, 0)


def test_everything_unsent_is_in_doubt(folder: Path) -> None:
    lose(folder, "event_entry")
    brought_back(folder)
    doubts = {row[2] for row in table(database_in(folder), TASKS) if row[3] != "discarded"}
    assert doubts == {"unknown"}


def test_what_went_out_stays_in_doubt_with_its_body(folder: Path) -> None:
    sql(folder, "UPDATE sync_queue SET doubt = 'sent', wire_body = '{}', sent_at = 7 WHERE id = 30")
    lose(folder, "event_entry")
    brought_back(folder)
    found = table(database_in(folder), "SELECT doubt, wire_body FROM sync_queue WHERE id = 30")
    assert found == [("sent", "{}")]


def test_clicks_that_wait_come_back_from_their_tasks(folder: Path) -> None:
    before = table(database_in(folder), "SELECT id, entry, kind, at_ms FROM event WHERE seq > 24")
    lose(folder, "event")
    done = brought_back(folder)
    path = database_in(folder)
    assert table(path, "SELECT id, entry, kind, at_ms FROM event ORDER BY seq") == before
    assert (done.clicks, done.all_clicks, done.rebuilt_clicks) == (24, 48, 24)
    assert table(path, "SELECT seq FROM event ORDER BY seq") == [(n,) for n in range(25, 49)]


def test_a_correction_that_waits_comes_back_whole_from_its_task(folder: Path) -> None:
    with a_queue(folder) as queue:
        (newest,) = queue.sql("SELECT entry FROM event ORDER BY seq DESC LIMIT 1")
        click = queue.event(str(newest[0]), EventKind.EDIT, note="corrected")
        segment = Segment(id="s", began_at=click.at, ended_at=click.at + timedelta(hours=1))
        edit = replace(click, project="Other", edited=Edited((segment,), TrackerState.STOPPED))
        queue.do(lambda writer: writer.record([edit], queue.now))
    lose(folder, "event")
    brought_back(folder)
    with a_queue(folder) as queue:
        found = queue.reader.events(edit.entry_id)[-1]
    assert (found.id, found.edited) == (edit.id, edit.edited)
    assert (found.project, found.note) == ("Other", "corrected")


def test_without_any_index_they_come_back_in_the_order_of_their_times(folder: Path) -> None:
    before = table(database_in(folder), "SELECT id FROM event WHERE seq > 24 ORDER BY seq")
    lose(folder, "event", "event_entry", "sqlite_autoindex_event_1")
    done = brought_back(folder)
    assert table(database_in(folder), "SELECT id FROM event ORDER BY seq") == before
    assert (done.clicks, done.all_clicks) == (24, 24)


def test_delivered_clicks_on_a_lost_page_are_counted_and_their_time_is_told(folder: Path) -> None:
    lose(folder, "event", first_leaf=True)
    done = brought_back(folder)
    gone = done.lost_clicks
    assert 0 < gone <= 24
    first = table(database_in(folder), "SELECT MIN(at_ms), COUNT(*) FROM event")
    assert first == [(done.lost_before_ms, 48 - gone)]
    assert done.lost_after_ms is None


def test_tasks_that_an_index_names_come_back_under_their_numbers(folder: Path) -> None:
    before = {row[0]: row[1] for row in table(database_in(folder), ALL)}
    lose(folder, "sync_queue")
    done = brought_back(folder)
    assert {row[0]: row[1] for row in table(database_in(folder), ALL)} == before
    assert (done.rebuilt_tasks, done.lost_tasks) == (24, 0)


def test_without_their_names_all_that_may_be_unsent_is_looked_for(folder: Path) -> None:
    lose(folder, "sync_queue", "sqlite_autoindex_sync_queue_1")
    done = brought_back(folder)
    tasks = table(
        database_in(folder),
        "SELECT task.doubt, task.id FROM sync_queue AS task JOIN event ON event.id = task.event"
        " ORDER BY event.entry, event.seq",
    )
    assert len(tasks) == done.rebuilt_tasks == 48
    assert {row[0] for row in tasks} == {"unknown"}
    assert min(int(str(row[1])) for row in tasks) > 48  # no number twice
    for start in range(0, 48, 4):
        numbers = [int(str(row[1])) for row in tasks[start : start + 4]]
        assert numbers == sorted(numbers)


def test_half_the_tasks_go_behind_those_that_are_put_together(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    with a_queue(folder) as queue:
        queue.click_many("e1", 40)
    path = database_in(folder)
    lose(folder, "sqlite_autoindex_sync_queue_1")
    lose_first = min(page for page, rows in rows_by_page(path, "sync_queue").items() if rows)
    raw = bytearray(path.read_bytes())
    overwrite(raw, lose_first, bytes(PAGE))
    path.write_bytes(raw)
    brought_back(folder)
    ordered = table(
        path,
        "SELECT task.id FROM event JOIN sync_queue AS task ON task.event = event.id"
        " ORDER BY event.seq",
    )
    assert len(ordered) == 40
    assert ordered == sorted(ordered, key=lambda row: int(str(row[0])))


def test_lost_accounts_are_told_by_their_index(folder: Path) -> None:
    lose(folder, "account")
    brought_back(folder)
    found = table(database_in(folder), "SELECT id, kind, url, user FROM account ORDER BY id")
    assert found == [(1, "embedded", "", ""), (2, "hubnity", "https://example.org", "ann")]
    assert table(database_in(folder), "SELECT value FROM meta WHERE key = 'active_account'") == [
        ("2",)
    ]


def test_accounts_that_nothing_tells_of_keep_what_is_theirs(folder: Path) -> None:
    lose(folder, "account", "sqlite_autoindex_account_1", "meta", "event_entry")
    brought_back(folder)
    found = table(database_in(folder), "SELECT id, kind, url, user FROM account ORDER BY id")
    assert found == [(1, "embedded", "", ""), (2, "lost", "", "account 2")]
    assert table(database_in(folder), "SELECT DISTINCT account FROM event") == [(2,)]
    assert table(database_in(folder), "SELECT value FROM meta WHERE key = 'active_account'") == [
        ("2",)
    ]


def test_imported_clicks_come_back_below_the_others(folder: Path) -> None:
    without_triggers(
        folder,
        "PRAGMA foreign_keys = OFF",
        "UPDATE event SET id = substr(id, 1, 14) || '5' || substr(id, 16) WHERE entry = 'entry-11'",
        "UPDATE sync_queue SET event = substr(event, 1, 14) || '5' || substr(event, 16)"
        " WHERE entry = 'entry-11'",
        "UPDATE event SET seq = -4611686018427387000 + seq WHERE entry = 'entry-11'",
        "INSERT INTO imported SELECT event, id FROM sync_queue WHERE entry = 'entry-11'",
    )
    lose(folder, "event", "event_entry", "sqlite_autoindex_event_1")
    brought_back(folder)
    low = table(database_in(folder), "SELECT COUNT(*) FROM event WHERE seq < 0")
    assert low == [(4,)]
