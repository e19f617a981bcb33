"""Damage, a restored copy and a held lock, as the user of the real program meets them."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest
from filelock import FileLock

from tests.integration.program import kinds, rows, run_sql, running_app, trayapp, until
from trayapp.config import Paths
from trayapp.queue import schema


def all_sent() -> bool:
    return not rows("SELECT 1 FROM sync_queue LIMIT 1")


def arrived() -> list[object]:
    """What the server inside has, in order of time."""
    with contextlib.closing(sqlite3.connect(Paths.of_user().embedded_database)) as found:
        return [row[0] for row in found.execute("SELECT id FROM event ORDER BY at_ms")]


def clicked() -> list[object]:
    return [row[0] for row in rows("SELECT id FROM event ORDER BY seq")]


def in_log(words: str) -> bool:
    return words in Paths.of_user().log.read_text(encoding="utf-8")


@pytest.mark.timeout(60)
def test_a_newer_database_is_refused_with_the_version_that_is_needed() -> None:
    trayapp("start", "Website")
    database = Paths.of_user().database
    run_sql("UPDATE meta SET value = '2.4.0' WHERE key = 'needs'")
    run_sql(f"PRAGMA user_version = {schema.SCHEMA_VERSION + 1}")
    before = database.read_bytes()
    for typed in (("pause",), ("status",), ("--no-tray",)):
        ran = trayapp(*typed)
        assert (ran.status, ran.out) == (1, ""), typed
        assert ran.err.count("\n") == 1
        assert "a newer Trayapp made the database" in ran.err
        assert "start Trayapp 2.4.0 or a newer one." in ran.err
    assert database.read_bytes() == before


@pytest.mark.timeout(60)
def test_a_damaged_file_of_the_server_inside_loses_and_doubles_nothing() -> None:
    embedded = Paths.of_user().embedded_database
    trayapp("start", "Website")
    with running_app():
        until(all_sent, "all is sent")
    embedded.write_bytes(b"\xff" * 8192)
    trayapp("pause")
    with running_app():
        until(all_sent, "all is sent")
        assert trayapp("stop").status == 0
        until(all_sent, "all is sent")
    assert arrived() == clicked()
    assert len(arrived()) == 3
    (kept,) = embedded.parent.glob("embedded.db.damaged-*")
    assert kept.read_bytes() == b"\xff" * 8192
    assert in_log(
        f"1 click was put back from the local log. No hours are missing, nothing is sent"
        f" twice. The damaged file is kept at {kept}"
    )


@pytest.mark.timeout(60)
def test_what_a_restored_copy_calls_unsent_is_looked_for_first(tmp_path: Path) -> None:
    database, copy = Paths.of_user().database, tmp_path / "copy.db"
    trayapp("start", "Website")
    shutil.copy(database, copy)
    with running_app():
        until(all_sent, "all is sent")
        trayapp("pause")
        until(all_sent, "all is sent")
    before = arrived()
    shutil.copy(copy, database)
    trayapp("stop")
    doubts = rows("SELECT doubt FROM sync_queue ORDER BY id")
    assert doubts == [("unknown",), ("none",)]
    with running_app():
        until(all_sent, "all is sent")
        assert in_log("It is not the one that Trayapp wrote last, but an older copy or another.")
    assert kinds() == ["time_entry_start", "time_entry_stop"]
    assert arrived()[:2] == before
    assert len(arrived()) == 3


@pytest.mark.timeout(60)
def test_while_another_process_holds_the_lock_a_click_is_refused_in_one_line() -> None:
    trayapp("start", "Website")
    with FileLock(Paths.of_user().writer_lock):
        ran = trayapp("pause")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert "the database is in use by another program" in ran.err
    assert kinds() == ["time_entry_start"]
    assert trayapp("pause").status == 0
    assert kinds() == ["time_entry_start", "time_entry_pause"]
