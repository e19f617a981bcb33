"""The file of the server inside."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from trayapp.servers.embedded_store import EmbeddedStore, Put, StoredEvent


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path / "embedded.db")
    yield store
    store.close()


def test_it_is_closed_to_others_and_durable(tmp_path: Path, store: EmbeddedStore) -> None:
    assert store.put(_event()) == [Put.STORED]
    files = sorted(tmp_path.glob("embedded.db*"))
    assert len(files) == 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "again.db"
    for wanted in (Put.STORED, Put.KNOWN):
        store = EmbeddedStore(path)
        assert store.put(_event()) == [wanted]
        store.close()


def test_a_file_from_before_there_were_edits_takes_them(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    with closing(sqlite3.connect(path)) as older:
        older.execute(
            "CREATE TABLE event (entry_id TEXT NOT NULL, id TEXT NOT NULL UNIQUE,"
            " kind TEXT NOT NULL, at_ms INTEGER NOT NULL, offset_s INTEGER NOT NULL,"
            " zone TEXT NOT NULL, project TEXT NOT NULL, note TEXT NOT NULL,"
            " PRIMARY KEY (entry_id, at_ms)) STRICT, WITHOUT ROWID"
        )
    edit = replace(_event(), detail="{}")
    with closing(EmbeddedStore(path)) as store:
        assert store.put(edit) == [Put.STORED]
        assert store.events(edit.entry_id) == (edit,)


def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(b"precious" * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        EmbeddedStore(path)
    assert path.read_bytes() == b"precious" * 1000


def test_fifty_threads_that_put_one_event_store_it_once(store: EmbeddedStore) -> None:
    results: list[Put] = []
    barrier = threading.Barrier(50)

    def put() -> None:
        barrier.wait(10)
        results.extend(store.put(_event()))

    threads = [threading.Thread(target=put) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(result.name for result in results) == ["KNOWN"] * 49 + ["STORED"]


def _event() -> StoredEvent:
    return StoredEvent(
        id="event",
        entry_id="entry",
        kind="time_entry_start",
        at_ms=1,
        offset_s=0,
        zone="UTC",
        project="",
        note="",
    )
