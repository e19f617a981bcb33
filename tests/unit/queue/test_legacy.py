"""The older app's database, opened in place."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.queue.support import (
    Queue,
    a_queue,
    as_it_is,
    database_in,
    everything_in,
)
from trayapp.queue.legacy import copy_path, redact, redact_text
from trayapp.queue.task import Doubt, TaskStatus
from trayapp.tracking.entry import from_ms

DUMPS = Path(__file__).parents[2] / "data" / "legacy"
TASKS = (
    "SELECT id, entity_type, status, retry_count, created_at, last_retry_at, payload"
    " FROM sync_queue ORDER BY id"
)
SECRETS = ("accessToken", "refreshToken")


@dataclass(frozen=True)
class Old:
    """A dump, and what has to come out of it."""

    dump: str
    user: str
    tasks: int
    reasons: dict[str, int]


V1 = Old("incident_v1.sql", "cd613e30-d8f1-4adf-91b7-584a2265b1f5", 100, {"": 100})
V2 = Old(
    "incident_v2_reasons.sql",
    "d95bafc8-f2a4-427b-9cf4-bb99f4bea973",
    60,
    {
        "HTTP 401: Unauthorized": 46,
        "HTTP 500: Internal Server Error": 5,
        "Network error: connection refused": 4,
        "Token refresh failed: 400 Bad Request": 5,
    },
)


def load(folder: Path, dump: str, *more: str) -> list[tuple[object, ...]]:
    """Make the older app's file; its tasks as it keeps them."""
    with contextlib.closing(sqlite3.connect(database_in(folder))) as connection:
        connection.text_factory = lambda raw: raw.decode(errors="replace")
        connection.executescript((DUMPS / dump).read_text(encoding="utf-8"))
        for sql in more:
            connection.execute(sql)
        connection.commit()
        return connection.execute(TASKS).fetchall()


def without_secrets(payload: object) -> object:
    fields = json.loads(str(payload))
    return {key: value for key, value in fields.items() if key not in SECRETS}


def moved(queue: Queue) -> list[tuple[object, ...]]:
    rows = queue.sql(TASKS)
    return [(*row[:-1], json.loads(str(row[-1]))) for row in rows]


def expected(before: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for task, kind, status, tries, created, retried, payload in before:
        times = (int(str(created)) * 1000, int(str(retried)) * 1000)
        found.append((task, kind, status, tries, *times, without_secrets(payload)))
    return found


def assert_upgraded(folder: Path, before: list[tuple[object, ...]]) -> None:
    with a_queue(folder) as queue:
        assert moved(queue) == expected(before)
        assert queue.sql("PRAGMA integrity_check") == [("ok",)]
        assert queue.sql("SELECT * FROM meta WHERE key = 'scrub'") == []
        assert queue.sql("SELECT seq FROM sqlite_sequence WHERE name = 'sync_queue'") == [
            (len(before),)
        ]
        assert queue.sql("SELECT COUNT(*) FROM legacy_time_entries") == [(1,)]
        assert b"CANARY" not in everything_in(folder)
    copy = copy_path(database_in(folder))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        kept = connection.execute(TASKS).fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert [(*row[:-1], json.loads(row[-1])) for row in kept] == [
        (*row[:-1], without_secrets(row[-1])) for row in before
    ]
    assert b"CANARY" not in everything_in(folder)
    names = {path.name for path in folder.iterdir()}
    assert names == {"queue.db", "queue.db.before-upgrade", "queue.lock"}


# -- what comes out ------------------------------------------------------------------------------


@pytest.mark.parametrize("old", [V1, V2], ids=lambda old: old.dump)
def test_every_row_is_kept_and_no_byte_of_a_token(folder: Path, old: Old) -> None:
    before = load(folder, old.dump)
    assert b"CANARY" in everything_in(folder)
    assert len(before) == old.tasks
    with a_queue(folder):
        assert b"CANARY" not in everything_in(folder)
    assert_upgraded(folder, before)


@pytest.mark.parametrize("old", [V1, V2], ids=lambda old: old.dump)
def test_they_are_failed_doubtful_and_of_their_own_account(folder: Path, old: Old) -> None:
    load(folder, old.dump)
    with a_queue(folder) as queue:
        tasks = queue.reader.failed(limit=1000)
        active, theirs = queue.reader.accounts()
        counts = {(t.account_id, t.status, t.cause): t.count for t in queue.reader.tallies()}
        with queue.writing() as writer:
            held = [writer.tasks.next_task(theirs.id, queue.now), writer.tasks.next_due(theirs.id)]
    assert (theirs.kind, theirs.url, theirs.user) == ("hubnity", "", old.user)
    assert (active.kind, active.url, active.user) == ("embedded", "", "")
    assert counts == {
        (theirs.id, "failed", "unknown"): old.tasks,
        (theirs.id, "doubtful", ""): old.tasks,
    }
    assert held == [None, None]
    assert {task.account_id for task in tasks} == {theirs.id}
    assert {task.doubt for task in tasks} == {Doubt.UNKNOWN}
    assert {task.status for task in tasks} == {TaskStatus.FAILED}
    assert None not in {task.event_id for task in tasks}
    reasons = [task.reason for task in tasks]
    assert {reason: reasons.count(reason) for reason in set(reasons)} == old.reasons


def test_times_become_milliseconds_and_entries_are_named(folder: Path) -> None:
    load(folder, V1.dump)
    with a_queue(folder) as queue:
        first, second = queue.reader.failed(limit=2)
    assert first.created_at == from_ms(1767844931_000)
    assert first.last_retry_at == from_ms(1767845862_000)
    assert first.retry_count == 5
    assert {first.entry_id, second.entry_id} == {"e4b06ce6-0741-47a8-bce4-2c8218072e8c"}


def test_clicks_become_events_that_the_tracker_does_not_go_on_from(folder: Path) -> None:
    load(folder, V1.dump, "DELETE FROM sync_queue WHERE entity_type = 'time_entry_stop'")
    with a_queue(folder) as queue:
        assert queue.reader.newest_entry() == ()
        first = queue.reader.failed(limit=1)[0]
        start, *_others = queue.reader.events(first.entry_id)
        assert (start.id, start.at, start.note) == (
            first.event_id,
            first.created_at,
            "Вёрстка главной",
        )
        assert start.project == "1e2feb89-414c-443c-9027-c4d1c386bbc4"
        with queue.writing() as writer:
            assert writer.events.newest_entry() == ()
        event = queue.click("e1")
        assert queue.reader.newest_entry() == (event,)


def test_tokens_of_tasks_deleted_long_ago_are_erased_too(folder: Path) -> None:
    load(folder, V1.dump, "PRAGMA secure_delete = OFF", "DELETE FROM sync_queue WHERE id > 9")
    assert everything_in(folder).count(b"CANARY") > 50
    with a_queue(folder) as queue:
        assert len(queue.reader.failed(limit=100)) == 9
        assert b"CANARY" not in everything_in(folder)
    assert b"CANARY" not in everything_in(folder)


def test_time_entries_are_kept_under_another_name(folder: Path) -> None:
    load(folder, V1.dump)
    with a_queue(folder) as queue:
        assert queue.sql("SELECT * FROM legacy_time_entries") == [
            (1, "2026-01-08", 23412, "stopped", 1767885372)
        ]


def test_ids_go_on_after_the_highest_that_was_ever_used(folder: Path) -> None:
    load(folder, V1.dump, "UPDATE sqlite_sequence SET seq = 4711 WHERE name = 'sync_queue'")
    with a_queue(folder) as queue:
        queue.click("e1")
        assert queue.reader.oldest_open(1) == queue.task(4712)


def test_ids_go_on_where_nothing_was_ever_counted(folder: Path) -> None:
    load(folder, V1.dump, "DELETE FROM sqlite_sequence")
    with a_queue(folder) as queue:
        queue.click("e1")
        assert queue.reader.oldest_open(1) == queue.task(101)


def test_what_is_clicked_afterwards_goes_to_the_active_account(folder: Path) -> None:
    load(folder, V1.dump)
    with a_queue(folder) as queue:
        event = queue.click("e1")
        with queue.writing() as writer:
            found = writer.tasks.next_task(1, queue.now)
    assert found is not None
    assert (found.event_id, found.account_id) == (event.id, 1)


def test_opening_twice_is_harmless(folder: Path) -> None:
    before = load(folder, V2.dump)
    with a_queue(folder):
        pass
    first = as_it_is(folder)
    assert_upgraded(folder, before)
    assert as_it_is(folder) == first


def test_tasks_are_split_by_the_user_their_entry_names(folder: Path) -> None:
    payload = json.dumps({"userId": "other", "projectId": "p", "description": "d"})
    load(folder, V1.dump, f"UPDATE sync_queue SET payload = '{payload}' WHERE id = 5")  # noqa: S608
    with a_queue(folder) as queue:
        users = {account.id: account.user for account in queue.reader.accounts()}
        tasks = queue.reader.failed(limit=1000)
    other = {task.id for task in tasks if users[task.account_id] == "other"}
    assert other == {5, 6, 7, 8}
    assert {users[task.account_id] for task in tasks} == {V1.user, "other"}


def test_an_account_that_is_not_certain_has_no_user(folder: Path) -> None:
    load(folder, V1.dump, "DELETE FROM sync_queue WHERE entity_type LIKE '%start'")
    with a_queue(folder) as queue:
        assert queue.reader.accounts()[1].user == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("pending", "pending", id="waiting"),
        pytest.param("processing", "pending", id="under way when it died"),
        pytest.param("sent", "discarded", id="sent"),
        pytest.param("cancelled", "discarded", id="cancelled"),
    ],
)
def test_every_status_has_a_place(folder: Path, old: str, new: str) -> None:
    sql = f"UPDATE sync_queue SET status = '{old}', last_retry_at = NULL WHERE id = 7"  # noqa: S608
    load(folder, V1.dump, sql)
    with a_queue(folder) as queue:
        task = queue.task(7)
    assert (task.status.value, task.last_retry_at) == (new, None)


def test_a_file_without_time_entries_is_upgraded_too(folder: Path) -> None:
    load(folder, V1.dump, "DROP TABLE time_entries")
    with a_queue(folder) as queue:
        assert len(queue.reader.failed(limit=1000)) == 100


def test_a_reason_that_shows_a_token_is_cleaned_in_the_copy_too(folder: Path) -> None:
    sql = "UPDATE sync_queue SET error_message = 'refused: token=CANARY-7' WHERE id = 7"
    load(folder, V2.dump, sql, "UPDATE sync_queue SET error_message = NULL WHERE id = 8")
    with a_queue(folder) as queue:
        assert queue.task(7).reason == "refused: token=***"
        assert queue.task(8).reason == ""
    assert b"CANARY" not in everything_in(folder)


# -- secrets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        pytest.param({"id": "1", "accessToken": "S", "api-key": "S"}, {"id": "1"}, id="plain"),
        pytest.param([{"a": [{"password": "S", "b": 1}]}], [{"a": [{"b": 1}]}], id="deep"),
        pytest.param({"url": "https://x/?token=S"}, {"url": "https://x/?token=***"}, id="url"),
        pytest.param({"note": "Вёрстка"}, {"note": "Вёрстка"}, id="the user's words"),
        pytest.param({"note": "password reset"}, {"note": "password reset"}, id="mere words"),
        pytest.param(7, 7, id="a number"),
    ],
)
def test_a_payload_loses_its_secrets_and_nothing_else(payload: object, shown: object) -> None:
    assert json.loads(redact(json.dumps(payload))) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Token refresh failed: 400 Bad Request",
        "Token expired (401)",
        "HTTP 401: Unauthorized",
        "Network error: connection refused",
    ],
)
def test_a_reason_is_kept_word_for_word(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "text",
    ["Authorization: Bearer CANARY-1", '{"accessToken": "CANARY-1"', "access_token=CANARY-1"],
)
def test_a_reason_loses_what_calls_itself_a_secret(text: str) -> None:
    assert "CANARY" not in redact_text(text)
