"""The older app's database, opened in place."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import pytest

from tests.unit.queue.support import (
    SOON,
    OopsError,
    Queue,
    a_queue,
    as_it_is,
    database_in,
    everything_in,
    open_writer,
)
from trayapp.queue.errors import QueueError, QueueUnreadableError
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
    assert {task.event_id for task in tasks} == {None}
    reasons = [task.reason for task in tasks]
    assert {reason: reasons.count(reason) for reason in set(reasons)} == old.reasons


def test_times_become_milliseconds_and_entries_are_named(folder: Path) -> None:
    load(folder, V1.dump)
    with a_queue(folder) as queue:
        first, second = queue.reader.failed(limit=2)
    assert first.created_at == from_ms(1767844931_000)
    assert first.last_retry_at == from_ms(1767845862_000)
    assert (first.entry_id, first.retry_count) == ("", 5)
    assert second.entry_id == "e4b06ce6-0741-47a8-bce4-2c8218072e8c"


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


@pytest.mark.parametrize(
    ("sql", "user"),
    [
        pytest.param(
            'UPDATE sync_queue SET payload = \'{"userId": "other"}\' WHERE id = 5', "", id="two"
        ),
        pytest.param("DELETE FROM sync_queue WHERE entity_type LIKE '%start'", "", id="none"),
    ],
)
def test_an_account_that_is_not_certain_has_no_user(folder: Path, sql: str, user: str) -> None:
    load(folder, V1.dump, sql)
    with a_queue(folder) as queue:
        assert queue.reader.accounts()[1].user == user


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


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        pytest.param("CAST(x'2d80' AS TEXT)", "-\ufffd", id="no UTF-8"),
        pytest.param("CAST('{\"id\": 7}' AS BLOB)", '{"id": 7}', id="bytes"),
        pytest.param("'[\"\\ud800\"]'", '["?"]', id="half a character"),
        pytest.param("'[' || replace(hex(zeroblob(5000)), '00', '[')", None, id="deep"),
        pytest.param("'q29kZQ==' ", "q29kZQ==", id="encrypted"),
        pytest.param("'a' || char(0) || 'b'", "a\x00b", id="NUL"),
    ],
)
def test_no_row_is_left_behind_for_a_strange_payload(
    folder: Path, payload: str, shown: str | None
) -> None:
    load(folder, V2.dump, f"UPDATE sync_queue SET payload = {payload} WHERE id = 7")  # noqa: S608
    with a_queue(folder) as queue:
        task = queue.task(7)
    assert task.payload == (shown or "[" * 5001)


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


# -- what goes wrong -----------------------------------------------------------------------------


class Fault:
    """Raises before the `number`th call of SQLite that the upgrade makes in this thread."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.calls = 0

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        called = isinstance(getattr(arg, "__self__", None), sqlite3.Connection)
        if event == "c_call" and called and frame.f_code.co_filename.endswith("legacy.py"):
            self.calls += 1
            if self.calls == self.number:
                raise OopsError


@contextlib.contextmanager
def profiled(fault: Fault) -> Iterator[None]:
    sys.setprofile(fault)
    try:
        yield
    finally:
        sys.setprofile(None)


def count_calls(folder: Path) -> int:
    load(folder, V2.dump)
    fault = Fault(0)
    with profiled(fault):
        writer = open_writer(folder)
    writer.close()
    return fault.calls


def test_an_upgrade_that_breaks_off_anywhere_is_finished_by_the_next_opening(
    folder: Path,
) -> None:
    trial = folder / "trial"
    trial.mkdir()
    calls = count_calls(trial)
    assert calls > 80
    rows = range(20, 70)  # while one row after the other is moved, two points will do
    for number in (n for n in range(1, calls + 1) if n not in rows or n in {30, 60}):
        here = folder / str(number)
        here.mkdir()
        before = load(here, V2.dump)
        with profiled(Fault(number)), pytest.raises(OopsError):
            open_writer(here)
        assert_upgraded(here, before)


def test_a_name_that_is_taken_refuses_the_upgrade_and_changes_nothing(folder: Path) -> None:
    before = load(folder, V2.dump, "CREATE TABLE account (id)")
    with pytest.raises(QueueError, match="account"):
        open_writer(folder)
    with contextlib.closing(sqlite3.connect(database_in(folder))) as connection:
        rows = connection.execute(TASKS).fetchall()
        connection.execute("DROP TABLE account")
    assert rows == before
    assert_upgraded(folder, before)


def test_a_damaged_older_database_is_not_upgraded(folder: Path) -> None:
    load(folder, V2.dump)
    path = database_in(folder)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'idx_sync_queue_status'"
        page = connection.execute(sql).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    raw = path.read_bytes()
    start, end = (page - 1) * size, page * size
    path.write_bytes(raw[:start] + raw[start:end].replace(b"failed", b"fooled") + raw[end:])
    with pytest.raises(QueueUnreadableError, match="nothing was changed"):
        open_writer(folder)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
        assert connection.execute("SELECT COUNT(*) FROM sync_queue").fetchone() == (60,)
    assert not copy_path(path).exists()


def test_the_copy_is_kept_as_it_was_when_the_new_database_is_damaged(folder: Path) -> None:
    load(folder, V2.dump)
    path = database_in(folder)
    with profiled(StopAt("_squeeze")), pytest.raises(OopsError):
        open_writer(folder)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'task_failed'"
        page = connection.execute(sql).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    raw = bytearray(path.read_bytes())
    end = page * size
    raw[end - 40 : end] = b"\x03" * 40
    path.write_bytes(bytes(raw))
    copy = copy_path(path).read_bytes()
    with pytest.raises(QueueUnreadableError, match="before the upgrade"):
        open_writer(folder)
    assert copy_path(path).read_bytes() == copy


class StopAt(Fault):
    """Raises when this function of the upgrade is entered."""

    def __init__(self, name: str) -> None:
        super().__init__(0)
        self.name = name

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        del arg
        if event == "call" and frame.f_code.co_name == self.name:
            raise OopsError


def test_pages_that_somebody_still_reads_are_erased_by_the_next_opening(folder: Path) -> None:
    before = load(folder, V2.dump)
    path = database_in(folder)
    with contextlib.closing(sqlite3.connect(path)) as first:
        first.execute("PRAGMA journal_mode = WAL")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as stranger:
        stranger.execute("BEGIN")
        stranger.execute("SELECT COUNT(*) FROM sync_queue").fetchone()
        writer = open_writer(folder, busy_seconds=SOON)
        assert writer.rows("SELECT value FROM meta WHERE key = 'scrub'")[0][0] == "1"
        assert b"CANARY" in everything_in(folder)
        stranger.execute("COMMIT")
    writer.close()
    assert_upgraded(folder, before)


def test_a_copy_that_the_user_moved_away_is_not_missed(folder: Path) -> None:
    load(folder, V2.dump)
    with profiled(StopAt("_squeeze")), pytest.raises(OopsError):
        open_writer(folder)
    copy_path(database_in(folder)).unlink()
    with a_queue(folder) as queue:
        assert queue.sql("SELECT * FROM meta WHERE key = 'scrub'") == []
    assert b"CANARY" not in everything_in(folder)


@pytest.mark.parametrize("make", [lambda path: path.write_bytes(b"left over" * 1000)])
def test_what_an_earlier_copy_left_behind_does_no_harm(
    folder: Path, make: Callable[[Path], object]
) -> None:
    before = load(folder, V2.dump)
    for suffix in ("", "-journal", "-wal", "-shm"):
        path = copy_path(database_in(folder))
        make(path.with_name(path.name + suffix))
    assert_upgraded(folder, before)
