"""A damaged file: every row that can be read comes, the rest is counted and said."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from pathlib import Path

import pytest

from tests.unit.queue.support import Queue
from tests.unit.transfer.support import (
    USER,
    V1,
    V5,
    all_bytes,
    bring,
    dumped,
    old_file,
    queue_in,
    start,
    step,
)
from trayapp.queue.errors import QueueError
from trayapp.transfer.importing import UserNeededError
from trayapp.transfer.old_file import ImportRefusedError, open_copy
from trayapp.transfer.salvage import salvage
from trayapp.transfer.summary import Summary

PAGE = 4096


def leaves_of(path: Path, table: str) -> list[int]:
    """The numbers of a table's pages, root first; empty where it is not known."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        root = int(connection.execute(sql, (table,)).fetchone()[0])
    raw = path.read_bytes()[(root - 1) * PAGE :][:PAGE]
    if raw[0] == 13:
        return [root]
    cells = [int.from_bytes(raw[12 + 2 * n : 14 + 2 * n]) for n in range(int.from_bytes(raw[3:5]))]
    children = [int.from_bytes(raw[cell : cell + 4]) for cell in cells]
    return [root, *children, int.from_bytes(raw[8:12])]


def overwrite(path: Path, page: int, content: bytes) -> None:
    raw = bytearray(path.read_bytes())
    raw[(page - 1) * PAGE : (page - 1) * PAGE + len(content)] = content
    path.write_bytes(bytes(raw))


def brought(summary: Summary) -> int:
    return sum(summary.imported.values())


@pytest.mark.parametrize("position", [0, 2, -1], ids=["first", "middle", "last"])
@pytest.mark.parametrize("content", [b"\0" * PAGE, b"\xff" * PAGE], ids=["zeroed", "ones"])
def test_all_rows_but_those_of_a_broken_page_come(
    queue: Queue, tmp_path: Path, position: int, content: bytes
) -> None:
    path = dumped(tmp_path, V1)
    _root, *leaves = leaves_of(path, "sync_queue")
    assert len(leaves) > 4
    overwrite(path, leaves[position], content)
    before = path.read_bytes()
    summary = bring(queue, path, user=USER)  # all starts lie on the first page
    assert path.read_bytes() == before
    assert summary.damaged
    assert brought(summary) + summary.lost == 100
    assert 1 <= summary.lost <= 25
    assert f"at least {summary.lost} rows could not be read" in " ".join(summary.lines())
    assert b"CANARY" not in all_bytes(tmp_path / "ours")


def test_several_broken_pages_take_nothing_else_along(queue: Queue, tmp_path: Path) -> None:
    path = dumped(tmp_path, V1)
    _root, *leaves = leaves_of(path, "sync_queue")
    for page in leaves[1::2]:
        overwrite(path, page, b"\0" * PAGE)
    summary = bring(queue, path)
    assert brought(summary) + summary.lost == 100
    assert brought(summary) > 40


@pytest.mark.parametrize("pages", range(1, 8))
def test_a_file_that_was_cut_short_gives_what_is_left(
    queue: Queue, tmp_path: Path, pages: int
) -> None:
    path = dumped(tmp_path, V1)
    whole = path.read_bytes()
    path.write_bytes(whole[: pages * PAGE + 100])
    try:
        summary = bring(queue, path, user="me")
    except ImportRefusedError:
        assert pages < 3  # the table itself is gone
        return
    assert summary.damaged
    assert brought(summary) < 100
    if pages > 4:
        assert brought(summary) > 0


def test_rows_are_missing_and_nobody_can_tell_how_many(queue: Queue, tmp_path: Path) -> None:
    path = dumped(tmp_path, V1, "DROP INDEX idx_sync_queue_status")
    _root, *leaves = leaves_of(path, "sync_queue")
    overwrite(path, leaves[1], b"\0" * PAGE)
    summary = bring(queue, path)
    assert (summary.damaged, summary.lost) == (True, 0)
    assert 70 < brought(summary) < 100
    assert any("rows may be missing" in line for line in summary.lines())


def test_a_broken_index_loses_no_row(queue: Queue, tmp_path: Path) -> None:
    path = dumped(tmp_path, V1)
    root, *_leaves = leaves_of(path, "idx_sync_queue_status")
    overwrite(path, root, b"\0" * PAGE)
    summary = bring(queue, path)
    assert (brought(summary), summary.damaged) == (100, True)


def test_a_table_whose_every_page_is_broken_is_said_to_be_lost(
    queue: Queue, tmp_path: Path
) -> None:
    path = dumped(tmp_path, V1)
    root, *_leaves = leaves_of(path, "sync_queue")
    overwrite(path, root, b"\0" * PAGE)
    summary = bring(queue, path)
    assert (brought(summary), summary.lost) == (0, 100)
    assert summary.lines()[0] == "There was nothing in it to import."


def test_a_broken_count_of_ids_is_no_obstacle(queue: Queue, tmp_path: Path) -> None:
    path = dumped(tmp_path, V1)
    _root, *leaves = leaves_of(path, "sync_queue")
    overwrite(path, leaves[-1], b"\0" * PAGE)
    (sequence,) = leaves_of(path, "sqlite_sequence")
    overwrite(path, sequence, b"\0" * PAGE)
    summary = bring(queue, path)
    assert summary.damaged
    assert brought(summary) > 70


def test_what_the_file_says_of_its_user_may_be_broken_too(queue: Queue, tmp_path: Path) -> None:
    path = dumped(tmp_path, V5, "DELETE FROM sync_queue WHERE entity_type = 'time_entry_start'")
    overwrite(path, leaves_of(path, "app_meta")[0], b"\0" * PAGE)
    with pytest.raises(UserNeededError):
        bring(queue, path)


@pytest.mark.parametrize("seed", range(40))
def test_bytes_flipped_anywhere_never_do_more_than_lose_rows(tmp_path: Path, seed: int) -> None:
    path = dumped(tmp_path, V1)
    dice = random.Random(seed)  # noqa: S311  # the same damage in every run
    raw = bytearray(path.read_bytes())
    for _ in range(dice.choice((1, 5, 50, 500))):
        raw[dice.randrange(100, len(raw))] ^= 1 << dice.randrange(8)
    path.write_bytes(bytes(raw))
    with queue_in(tmp_path) as queue:
        # Text that looks like another user's id is taken at its word.
        with contextlib.suppress(ImportRefusedError, UserNeededError):
            summary = bring(queue, path)
            assert brought(summary) <= 100
            assert bring(queue, path).changed is False
        assert queue.sql("PRAGMA integrity_check") == [("ok",)]
        assert queue.sql("PRAGMA foreign_key_check") == []
    assert path.read_bytes() == bytes(raw)


def test_screenshots_are_not_even_read(tmp_path: Path) -> None:
    path = dumped(tmp_path, V5)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE sync_queue SET payload = zeroblob(90000) WHERE id = 12")
        connection.commit()
    raw = path.read_bytes()
    path.write_bytes(raw[:-PAGE] + b"\xff" * PAGE)  # the end of that picture
    with open_copy(path) as connection:
        found = salvage(connection)
    assert [row.id for row in found.rows] == list(range(1, 18))
    assert {row.payload for row in found.rows if row.kind == "screenshot"} == {""}


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("UPDATE sync_queue SET payload = 'no JSON' WHERE id = 2", id="no JSON"),
        pytest.param("UPDATE sync_queue SET payload = '[1]' WHERE id = 2", id="a list"),
        pytest.param("UPDATE sync_queue SET payload = NULL WHERE id = 2", id="nothing"),
        pytest.param("UPDATE sync_queue SET created_at = 17 WHERE id = 2", id="1970"),
        pytest.param("UPDATE sync_queue SET created_at = 'now' WHERE id = 2", id="no number"),
        pytest.param("UPDATE sync_queue SET created_at = 1e18 WHERE id = 2", id="no year"),
    ],
)
def test_a_row_that_tells_nothing_is_counted(queue: Queue, tmp_path: Path, sql: str) -> None:
    path = old_file(tmp_path, start(), step("pause", 30), step("stop", 60))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '')")
        connection.commit()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(sql)
        connection.commit()
    summary = bring(queue, path)
    assert (brought(summary), summary.to_json()["left"]) == (2, {"unreadable": 1})
    assert summary.users == (USER,)


def test_a_queue_that_cannot_be_written_is_told_and_the_next_import_goes_on(
    queue: Queue, tmp_path: Path
) -> None:
    path = dumped(tmp_path, V1)
    queue.sql(
        "CREATE TRIGGER full BEFORE INSERT ON sync_queue WHEN NEW.created_at > 1767850000000"
        " BEGIN SELECT RAISE (ABORT, 'disk full'); END"
    )
    with pytest.raises(QueueError, match="disk full"):
        bring(queue, path)
    queue.sql("DROP TRIGGER full")
    bring(queue, path)
    assert len(queue.reader.failed(limit=1000)) == 100
