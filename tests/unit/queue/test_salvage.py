"""Salvage: what one table lost is told by the others; what is gone is counted and named."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest

from tests.unit.queue.damage import (
    PAGE,
    a_used_file,
    overwrite,
    pages_of,
    rows_by_page,
    table,
)
from tests.unit.queue.support import a_queue, as_it_is, database_in, open_writer
from trayapp.queue import salvage_words
from trayapp.queue.errors import QueueUnreadableError
from trayapp.queue.salvaged import Salvage
from trayapp.tracking.entry import Edited, EventKind, Segment, TrackerState

LEGACY = Path(__file__).parents[2] / "data" / "legacy"
EVENTS = "SELECT * FROM event ORDER BY seq"
TASKS = "SELECT id, event, doubt, status FROM sync_queue ORDER BY id"
ALL = "SELECT id, event, payload, entity_type, entry, account FROM sync_queue ORDER BY id"
TALLY = "SELECT * FROM tally WHERE count > 0 AND status <> 'doubtful' ORDER BY 1, 2, 3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "used"
    a_used_file(made)
    return made


def lose(folder: Path, *names: str, first_leaf: bool = False) -> None:
    """Zero the pages of tables and indexes: all of them, or the first with rows on it."""
    path = database_in(folder)
    raw = bytearray(path.read_bytes())
    for name in names:
        pages = pages_of(path, name)
        if first_leaf:
            found = rows_by_page(path, name)
            pages = [min(page for page in pages if found[page])]
        for page in pages:
            overwrite(raw, page, bytes(PAGE))
    path.write_bytes(raw)


def brought_back(folder: Path) -> Salvage:
    with a_queue(folder) as queue:
        assert queue.sql("PRAGMA integrity_check") == [("ok",)]
        assert queue.sql("PRAGMA foreign_key_check") == []
        done = queue.reader.salvaged()
        assert done is not None
        with queue.writing() as writer:
            assert writer.salvaged() == done
    return done


def sql(folder: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(database_in(folder))) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def without_triggers(folder: Path, *statements: str) -> None:
    """As damage does it: past what guards the tables."""
    sql(
        folder,
        "DROP TRIGGER event_kept",
        "DROP TRIGGER event_unchanged",
        "PRAGMA ignore_check_constraints = ON",
        *statements,
    )


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
    lose(folder, "event", "event_entry", "event_account", "sqlite_autoindex_event_1")
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


@pytest.mark.parametrize(
    ("hurt", "look", "expected"),
    [
        pytest.param(
            "UPDATE event SET kind = 'time_entry_pbuse' WHERE seq = 2",
            "SELECT kind FROM event WHERE seq = 2",
            [("time_entry_pause",)],
            id="a letter of a kind",
        ),
        pytest.param(
            "UPDATE event SET at_ms = 7 WHERE seq = 30",
            "SELECT at_ms > 1000000000000 FROM event WHERE seq = 30",
            [(1,)],
            id="a time that the task shows",
        ),
        pytest.param(
            "UPDATE event SET id = CAST(x'80' AS TEXT) WHERE seq = 30",
            "SELECT COUNT(*) FROM event JOIN sync_queue AS task ON task.event = event.id"
            " WHERE task.id = 30 AND seq = 30",
            [(1,)],
            id="an id that the task has",
        ),
        pytest.param(
            "UPDATE event SET seq = 123456789 WHERE seq = 30",
            "SELECT task.id FROM event JOIN sync_queue AS task ON task.event = event.id"
            " WHERE seq = 30",
            [(30,)],
            id="a number that no click can have",
        ),
        pytest.param(
            "UPDATE event SET account = 77 WHERE seq = 30",
            "SELECT account FROM event WHERE seq = 30",
            [(2,)],
            id="an account that nobody has",
        ),
        pytest.param(
            "UPDATE event SET note = CAST(x'6180' AS TEXT) WHERE seq = 3",
            "SELECT note FROM event WHERE seq = 3",
            [("a\ufffd",)],
            id="a byte of a note",
        ),
        pytest.param(
            "UPDATE sync_queue SET payload = CAST(x'80' AS TEXT) WHERE id = 30",
            "SELECT json_extract(payload, '$.event') = event FROM sync_queue WHERE id = 30",
            [(1,)],
            id="a payload",
        ),
        pytest.param(
            "UPDATE sync_queue SET status = 'pxnding', entity_type = CAST(x'80' AS TEXT),"
            " doubt = 'x' WHERE id = 30",
            "SELECT status, entity_type, doubt FROM sync_queue WHERE id = 30",
            [("pending", "time_entry_pause", "unknown")],
            id="the words of a task",
        ),
        pytest.param(
            "UPDATE sync_queue SET event = 'gone', entity_type = 'screenshot' WHERE id = 30",
            "SELECT event, status, cause, error_message LIKE '%lost%'"
            " FROM sync_queue WHERE id = 30",
            [(None, "failed", "unknown", 1)],
            id="a task whose click nobody can tell",
        ),
        pytest.param(
            "UPDATE account SET gate = 'offline', gate_reason = NULL WHERE id = 2",
            "SELECT gate FROM account WHERE id = 2",
            [(None,)],
            id="half a gate",
        ),
        pytest.param(
            "UPDATE sync_queue SET payload = 'x', event = 'other' WHERE id = 30",
            "SELECT kind, zone FROM event WHERE id = 'other'",
            [("time_entry_pause", "Asia/Yekaterinburg")],
            id="a click that only a task without a payload knows",
        ),
    ],
)
def test_damaged_values_are_mended(
    folder: Path, hurt: str, look: str, expected: list[tuple[object, ...]]
) -> None:
    without_triggers(folder, hurt)
    lose(folder, "event_entry")
    brought_back(folder)
    assert table(database_in(folder), look) == expected


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
    lose(folder, "event", "event_entry", "event_account", "sqlite_autoindex_event_1")
    brought_back(folder)
    low = table(database_in(folder), "SELECT COUNT(*) FROM event WHERE seq < 0")
    assert low == [(4,)]


def test_two_files_in_one_second_are_both_kept(folder: Path) -> None:
    whole = database_in(folder).read_bytes()
    for _ in range(3):
        database_in(folder).write_bytes(b"\xff" * 100 + whole[100:])
        brought_back(folder)
    kept = [path for path in folder.glob("*.damaged-*") if not path.name.endswith(("wal", "shm"))]
    assert len(kept) == 3
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def test_a_file_with_nothing_in_it_is_kept_and_said_to_be_empty(tmp_path: Path) -> None:
    database_in(tmp_path).write_bytes(b"groceries" * 1000)
    with a_queue(tmp_path) as queue:
        done = queue.reader.salvaged()
        with queue.writing() as writer:
            writer.forget_salvage()
        assert queue.reader.salvaged() is None
        assert queue.reader.accounts()[0].kind == "embedded"
    assert done is not None
    assert salvage_words.text(done).startswith("No click could be read from it. The damaged file")


@pytest.mark.parametrize("name", ["_unfinished", "_exchange"])
def test_a_crash_between_the_files_is_finished_by_the_next_start(folder: Path, name: str) -> None:
    """As after a kill when the damaged file is aside, and the new one not yet in its place."""
    before = table(database_in(folder), EVENTS)
    raw = bytearray(database_in(folder).read_bytes())
    raw[:100] = bytes(100)
    database_in(folder).write_bytes(raw)
    brought_back(folder)
    new = database_in(folder)
    (kept,) = folder.glob("*.damaged-*[0-9]")
    waiting = new.with_name("queue.db.salvaging")
    new.rename(waiting)
    if name == "_unfinished":
        kept.rename(new)
        (kept,) = (new,)
        with a_queue(folder):
            pass
    else:
        with a_queue(folder) as queue:
            assert queue.reader.salvaged() is not None
    assert table(database_in(folder), EVENTS) == before
    assert not waiting.exists()


def test_an_unfinished_one_that_holds_nothing_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "queue.db.salvaging").touch()
    with a_queue(tmp_path) as queue:
        assert queue.reader.salvaged() is None
    assert not (tmp_path / "queue.db.salvaging").exists()


def header(place: int, value: bytes) -> Callable[[bytearray], None]:
    def hurt(raw: bytearray) -> None:
        raw[place : place + len(value)] = value

    return hurt


@pytest.mark.parametrize(
    "hurt",
    [
        pytest.param(header(68, b"\0\0\0\0"), id="whose"),
        pytest.param(header(60, b"\0\0\0\0"), id="no version"),
        pytest.param(header(60, b"\xff\0\0\0"), id="a version that cannot be"),
        pytest.param(header(18, b"\x07"), id="may not be written"),
        pytest.param(header(44, b"\0\0\0\x63"), id="unknown layout"),
        pytest.param(header(56, b"\0\0\0\x02"), id="other letters"),
        pytest.param(header(21, b"\x07"), id="fractions"),
    ],
)
def test_a_damaged_header_is_told_from_another_program(
    folder: Path, hurt: Callable[[bytearray], None]
) -> None:
    before = table(database_in(folder), EVENTS)
    raw = bytearray(database_in(folder).read_bytes())
    hurt(raw)
    database_in(folder).write_bytes(raw)
    brought_back(folder)
    assert table(database_in(folder), EVENTS) == before


def test_a_damaged_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    path = database_in(tmp_path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE places (a)")
        connection.execute("PRAGMA application_id = 7")
        connection.commit()
    raw = bytearray(path.read_bytes())
    raw[100:PAGE] = b"\xff" * (PAGE - 100)
    path.write_bytes(raw)
    with pytest.raises(QueueUnreadableError):
        open_writer(tmp_path)
    assert as_it_is(tmp_path)["queue.db"] == bytes(raw)


def damaged(path: Path) -> bytes:
    """Its second half is nothing any more."""
    raw = path.read_bytes()
    half = len(raw) // PAGE // 2 * PAGE
    path.write_bytes(raw[:half] + b"\xff" * (len(raw) - half))
    return path.read_bytes()


def test_a_damaged_database_of_the_older_app_is_left_as_it_is(tmp_path: Path) -> None:
    path = database_in(tmp_path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript((LEGACY / "incident_v1.sql").read_text(encoding="utf-8"))
    before = damaged(path)
    with pytest.raises(QueueUnreadableError):
        open_writer(tmp_path)
    assert path.read_bytes() == before


def test_a_damaged_upgrade_that_still_has_to_erase_is_left_as_it_is(folder: Path) -> None:
    sql(folder, "INSERT INTO meta VALUES ('scrub', '1')")
    before = damaged(database_in(folder))
    with pytest.raises(QueueUnreadableError):
        open_writer(folder)
    assert database_in(folder).read_bytes() == before


def test_a_large_file_is_checked_only_in_part(folder: Path) -> None:
    with a_queue(folder) as queue:
        events = [queue.event("large", EventKind.PAUSE, note="x" * 20_000) for _ in range(200)]
        queue.do(lambda writer: writer.record(events, queue.now))
    assert database_in(folder).stat().st_size > 1 << 22
    lose(folder, "event_entry")
    assert brought_back(folder).clicks == 248


# -- words ---------------------------------------------------------------------------------------

DONE = Salvage(
    kept="/data/trayapp.db.damaged-now",
    clicks=212,
    all_clicks=215,
    first_ms=1_772_528_400_000,
    last_ms=1_773_075_600_000,
    lost_after_ms=1_772_700_000_000,
    lost_before_ms=1_772_710_000_000,
    tasks=2,
)
ZONE = timezone(timedelta(hours=5))


def test_the_user_is_told_what_is_back_and_what_is_gone() -> None:
    assert salvage_words.title() == "The database was damaged"
    assert salvage_words.text(DONE, ZONE) == (
        "212 of 215 clicks, made from 2026-03-03 14:00 to 2026-03-09 22:00, are back."
        " 3 clicks made between 2026-03-05 13:40 and 2026-03-05 16:26 are gone: enter their hours"
        " again. 2 clicks may have been sent already: the server is asked before they are sent."
        " The damaged file is kept at /data/trayapp.db.damaged-now. It holds what was clicked, and"
        " neither passwords nor tokens; delete it when you miss nothing."
    )


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (Salvage(kept="x", all_clicks=1), "1 click is gone: enter its hours again."),
        (
            Salvage(kept="x", clicks=1, all_clicks=2, lost_after_ms=0),
            "1 click made after 1970-01-01 00:00 is gone: enter its hours again.",
        ),
        (Salvage(kept=""), "the WAL of the database) was taken away"),
    ],
)
def test_the_words_fit_what_is_known(done: Salvage, words: str) -> None:
    assert words in salvage_words.text(done, UTC)


def test_a_salvage_survives_as_text() -> None:
    assert Salvage.from_json(DONE.to_json()) == DONE
    assert json.loads(DONE.to_json())["clicks"] == 212
