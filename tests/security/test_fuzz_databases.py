"""Databases that hold anything: an older one to import, and our own read back."""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
import tempfile
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.core_support import Bench, Plug, bench_inside
from tests.security.chance import TEXTS, VALUES, fuzzed, names, patient
from tests.soak import Soak
from tests.unit.queue.support import Queue
from tests.unit.transfer.support import AT, TABLE, USER, bring, queue_in, scripted
from trayapp.desktop.menu import tray_view
from trayapp.shapes import failed_lines, failed_shape, recent_lines, status_shape
from trayapp.sync.diagnosis import cause_of, diagnose, events_of
from trayapp.tracking.tracker import Pause, Resume, Start, Stop
from trayapp.transfer.importing import UserNeededError
from trayapp.transfer.old_file import ImportRefusedError

pytestmark = [pytest.mark.soak, pytest.mark.slow, pytest.mark.timeout(120)]

KINDS = ("time_entry_start", "time_entry_pause", "time_entry_resume", "time_entry_stop")
OLD_TIMES = st.one_of(
    st.integers(1_767_000_000, 1_768_000_000), st.just(1_767_844_800_000), st.just("2026-01-08")
)
CELLS = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    TEXTS.filter(lambda text: "\ud800" not in text),
    st.binary(max_size=20),
    VALUES.map(json.dumps),
    OLD_TIMES,
)
PAYLOADS = st.one_of(
    CELLS,
    st.dictionaries(
        names("id", "userId", "projectId", "description", "accessToken", "_queueId"),
        st.one_of(VALUES, st.just(USER)),
        max_size=5,
    ).map(json.dumps),
    st.sampled_from(["[" * 50_000, '{"id":' + "9" * 5000 + "}", '{"userId": "\\ud800"}']),
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "entity_type": st.one_of(st.sampled_from(KINDS), CELLS),
            "payload": PAYLOADS,
            "status": st.one_of(st.sampled_from(["pending", "failed", "sent"]), CELLS),
            "retry_count": CELLS,
            "created_at": st.one_of(OLD_TIMES, CELLS),
            "last_retry_at": CELLS,
            "error_message": CELLS,
        }
    ),
    max_size=6,
)
COLUMNS = st.lists(
    st.sampled_from(
        [
            "id INTEGER PRIMARY KEY",
            "entity_type TEXT",
            "entity_type BLOB",
            "payload",
            "payload TEXT COLLATE NOCASE",
            "status INTEGER DEFAULT (random())",
            "retry_count REAL",
            "created_at TEXT",
            "created_at INTEGER GENERATED ALWAYS AS (own) VIRTUAL",
            "error_message CHECK (length(error_message) < 5)",
            '"; DROP TABLE event; --"',
            "last_retry_at DATETIME",
        ]
    ),
    min_size=1,
    max_size=9,
    unique_by=lambda column: column.split()[0],
)
EXTRAS = st.sampled_from(
    [
        "",
        "CREATE VIEW event AS SELECT * FROM sync_queue",
        "CREATE TRIGGER t AFTER UPDATE ON sync_queue BEGIN SELECT RAISE(ABORT, 'no'); END",
        "CREATE TABLE app_meta (key, value); INSERT INTO app_meta VALUES (x'ff', NULL)",
        "CREATE TABLE time_entries (id, user_id); INSERT INTO time_entries VALUES (1.5, x'00')",
        "PRAGMA user_version = 99; PRAGMA application_id = 7",
        "PRAGMA encoding = 'UTF-16'; CREATE TABLE x (y)",
        "CREATE TABLE sync_queue2 (a); CREATE UNIQUE INDEX i ON sync_queue (payload)",
    ]
)


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with queue_in(tmp_path) as made:
        yield made


def _imported_and_unchanged(queue: Queue, path: Path, user: str) -> None:
    before = {one.name: one.read_bytes() for one in path.parent.iterdir()}
    with contextlib.suppress(ImportRefusedError, UserNeededError):
        bring(queue, path, user)
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == before


def _made(folder: Path, table: str, rows: list[dict[str, object]], extra: str) -> Path:
    path = folder / "old" / "hubnity.db"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(table)
        for row in rows:
            fields = ", ".join(row)
            marks = ", ".join("?" * len(row))
            with contextlib.suppress(sqlite3.Error):
                connection.execute(
                    f"INSERT INTO sync_queue ({fields}) VALUES ({marks})",  # noqa: S608  # ours
                    tuple(row.values()),
                )
        connection.commit()
        with contextlib.suppress(sqlite3.Error):
            connection.executescript(extra)
    return path


def test_an_older_database_with_any_rows(soak: Soak, queue: Queue, tmp_path: Path) -> None:
    @patient(60)
    @given(rows=ROWS, extra=EXTRAS, user=st.sampled_from(["", USER, "\0", "x" * 9000]))
    def proof(rows: list[dict[str, object]], extra: str, user: str) -> None:
        path = _made(tmp_path, TABLE.replace(" NOT NULL", ""), rows, extra)
        _imported_and_unchanged(queue, path, user)
        tasks = queue.reader.failed(limit=10_000)
        diagnose(tasks, history=events_of(tasks))
        for task in tasks:
            cause_of(task)

    fuzzed(soak, proof, what="rounds of 60 files", full=300)


def test_an_older_database_of_any_shape(soak: Soak, queue: Queue, tmp_path: Path) -> None:
    @patient(40)
    @given(columns=COLUMNS, rows=ROWS, extra=EXTRAS)
    def proof(columns: list[str], rows: list[dict[str, object]], extra: str) -> None:
        table = f"CREATE TABLE sync_queue (own, {', '.join(columns)})"
        known = {column.split()[0] for column in columns}
        fitting = [{key: row[key] for key in row if key in known} for row in rows]
        fitting = [row for row in fitting if row]
        path = _made(tmp_path, table, fitting, extra)
        _imported_and_unchanged(queue, path, USER)

    fuzzed(soak, proof, what="rounds of 40 files", full=300)


ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
COLUMN_NAMES = "id, entity_type, payload, status, retry_count, created_at, last_retry_at"
VALUES_OF_ONE = f"'time_entry_start', '{{}}', 'failed', 0, {AT}, NULL FROM c"


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            f"CREATE VIEW sync_queue ({COLUMN_NAMES}) AS {ENDLESS} SELECT x, {VALUES_OF_ONE}",
            id="tasks",
        ),
        pytest.param(
            f"{TABLE}; CREATE VIEW App_Meta (key, value) AS {ENDLESS} SELECT x, x FROM c",  # noqa: S608  # ours
            id="its user",
        ),
    ],
)
@pytest.mark.timeout(10)
def test_a_file_that_never_ends_is_refused(queue: Queue, tmp_path: Path, script: str) -> None:
    with pytest.raises(ImportRefusedError):
        bring(queue, scripted(tmp_path, script), USER)


def test_a_value_of_any_size_costs_little(queue: Queue, tmp_path: Path) -> None:
    bomb = "error_message TEXT GENERATED ALWAYS AS (hex(zeroblob(400000000))) VIRTUAL"
    path = scripted(tmp_path, TABLE.replace("error_message TEXT", bomb))
    tracemalloc.start()
    try:
        _imported_and_unchanged(queue, path, USER)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_a_file_of_any_bytes(soak: Soak, queue: Queue, tmp_path: Path) -> None:
    sound = _made(tmp_path, TABLE, [], "").read_bytes()

    @patient(60)
    @given(
        start=st.sampled_from([0, 16, 100, len(sound)]),
        junk=st.binary(max_size=300),
        wal=st.one_of(st.none(), st.binary(max_size=100)),
    )
    def proof(start: int, junk: bytes, wal: bytes | None) -> None:
        path = tmp_path / "old" / "hubnity.db"
        path.write_bytes(sound[:start] + junk + sound[start + len(junk) :])
        beside = path.with_name(path.name + "-wal")
        beside.unlink(missing_ok=True)
        if wal is not None:
            beside.write_bytes(wal)
        _imported_and_unchanged(queue, path, USER)

    fuzzed(soak, proof, what="rounds of 60 files", full=300)


OURS = (
    ("sync_queue", "payload"),
    ("sync_queue", "wire_body"),
    ("sync_queue", "error_message"),
    ("sync_queue", "cause"),
    ("segment", "remote_base"),
    ("segment", "remote_id"),
    ("event", "detail"),
    ("event", "project"),
    ("event", "note"),
    ("event", "zone"),
)
WORDS = st.one_of(
    TEXTS.filter(lambda text: "\ud800" not in text),
    VALUES.map(json.dumps),
    st.dictionaries(
        names("body", "settles", "segment_id", "repeatable", "more", "segments", "state", "at"),
        VALUES,
        max_size=4,
    ).map(json.dumps),
    st.sampled_from(
        [
            "[" * 20_000,
            '{"segments": [{"id": 1, "began_ms": 1e99, "ended_ms": null}], "state": "running"}',
            '{"body": "{}", "settles": [], "segment_id": 7, "repeatable": "yes"}',
            '{"begin": ' + "9" * 4400 + "}",
        ]
    ),
)


def test_what_our_own_database_holds_is_read_back_whatever_it_says(
    soak: Soak, tmp_path: Path
) -> None:
    folders = itertools.count()

    @patient(25)
    @given(changes=st.lists(st.tuples(st.sampled_from(OURS), WORDS), min_size=1, max_size=4))
    def proof(changes: list[tuple[tuple[str, str], str]]) -> None:
        with bench_inside(tmp_path / str(next(folders))) as (bench, plug):
            _live_with(bench, plug, changes)

    fuzzed(soak, proof, what="rounds of 25 databases", full=300)


def _live_with(bench: Bench, plug: Plug, changes: list[tuple[tuple[str, str], str]]) -> None:
    bench.clicks(Start("Website", "Calls"), Pause())
    bench.work()
    plug.is_in = False
    bench.clicks(Resume(), Stop(), Start("Other"))
    bench.work()
    with contextlib.closing(sqlite3.connect(bench.paths.database)) as connection:
        connection.execute("DROP TRIGGER event_unchanged")
        for (table, column), words in changes:
            connection.execute(f"UPDATE {table} SET {column} = ?", (words,))  # noqa: S608  # ours
        connection.commit()
    _show(bench)
    plug.is_in = True
    bench.live(timedelta(hours=3))
    bench.retry_all()
    bench.work()
    _show(bench)


def _show(bench: Bench) -> None:
    """Everything that is shown anywhere."""
    now, status = bench.clock.now(), bench.status
    tray_view(status)
    tasks = bench.core.reader.failed(limit=100)
    events = events_of(tasks)
    diagnosis = diagnose(tasks, history=events)
    assert diagnosis is not None
    json.dumps(status_shape(status, app_runs=True), default=dict)
    json.dumps(failed_shape(tasks, (), max_attempts=5), default=dict)
    assert failed_lines(tasks, (), now=now, max_attempts=5)
    assert recent_lines(bench.core.reader.recent(10), now=now)
