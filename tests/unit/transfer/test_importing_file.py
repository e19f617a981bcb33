"""The file of an import is only read, however it was left, and no token is kept."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.unit.queue.support import Queue
from tests.unit.transfer.support import (
    V1,
    V2,
    V5,
    all_bytes,
    bring,
    dumped,
    old_file,
    queue_in,
    start,
    step,
)
from trayapp.transfer.importing import import_database


@pytest.mark.parametrize("dump", [V1, V2, V5])
def test_the_file_is_only_read_and_no_byte_of_a_token_is_written(
    queue: Queue, tmp_path: Path, temporary: Path, dump: str
) -> None:
    path = dumped(tmp_path, dump)
    before = (path.read_bytes(), path.stat())
    bring(queue, path)
    after = path.stat()
    assert path.read_bytes() == before[0]
    assert (after.st_mtime_ns, after.st_ino) == (before[1].st_mtime_ns, before[1].st_ino)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert b"CANARY" not in all_bytes(tmp_path / "ours")
    assert list(temporary.iterdir()) == []


def test_no_copy_lies_about_even_while_it_is_written_to_the_queue(
    tmp_path: Path, temporary: Path
) -> None:
    seen: list[bytes] = []
    path = dumped(tmp_path, V1)

    def look(_reason: str) -> str:
        seen.append(all_bytes(temporary))
        return "unknown"

    with queue_in(tmp_path) as queue:
        import_database(path, queue.mutex, cause_of=look)
    assert len(seen) == 100
    assert set(seen) == {b""}


def test_what_lies_in_a_wal_is_imported_and_the_wal_is_left_alone(
    queue: Queue, tmp_path: Path
) -> None:
    path = old_file(tmp_path, start(), step("stop", 60))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(
            "INSERT INTO sync_queue SELECT NULL, 'time_entry_pause', payload, status, 5,"
            " created_at - 30, NULL, NULL FROM sync_queue WHERE id = 2"
        )
        connection.commit()
        before = {one.name: one.read_bytes() for one in path.parent.iterdir()}
        assert len(before) == 3
        summary = bring(queue, path)
        assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == before
    assert sum(summary.imported.values()) == 3
    assert b"CANARY" not in all_bytes(tmp_path / "ours")


def test_a_write_that_a_crash_left_half_done_is_undone_in_the_copy_only(
    queue: Queue, tmp_path: Path
) -> None:
    path = dumped(tmp_path, V1)
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    whole = path.read_bytes()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE sync_queue SET status = 'sent', payload = payload || ' '")
        for one in path.parent.iterdir():
            (crashed / one.name).write_bytes(one.read_bytes())
    before = {one.name: one.read_bytes() for one in crashed.iterdir()}
    assert len(before) == 2
    assert before[path.name] != whole
    assert sum(bring(queue, crashed / path.name).imported.values()) == 100
    assert {one.name: one.read_bytes() for one in crashed.iterdir()} == before
