"""Salvage: damaged files are kept, crashes are finished, and what is not ours is left alone."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.queue.damage import PAGE, a_used_file, brought_back, lose, sql, table
from tests.unit.queue.support import a_queue, as_it_is, database_in, open_writer
from trayapp.queue import salvage_words
from trayapp.queue.errors import QueueUnreadableError
from trayapp.tracking.entry import EventKind

LEGACY = Path(__file__).parents[2] / "data" / "legacy"
EVENTS = "SELECT * FROM event ORDER BY seq"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "used"
    a_used_file(made)
    return made


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
