"""The file of the server inside: damaged or gone, it is made anew from the local log."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from trayapp.servers.embedded_inside import rebuilt_text, rebuilt_title
from trayapp.servers.embedded_store import EmbeddedStore, Past, Put, Rebuilt, StoredEvent

PAGE = 4096


def event(number: int) -> StoredEvent:
    return StoredEvent(
        id=f"event-{number}",
        entry_id=f"entry-{number // 2}",
        kind="time_entry_stop" if number % 2 else "time_entry_start",
        at_ms=1000 + number,
        offset_s=0,
        zone="UTC",
        project="",
        note="n" * 500,
    )


EVENTS = tuple(map(event, range(40)))
PAST = Past(events=EVENTS, removed=("entry-77",))


class Told:
    """Whoever tells the user."""

    def __init__(self, *, listens: bool = True) -> None:
        self.listens = listens
        self.done: list[Rebuilt] = []

    def __call__(self, done: Rebuilt) -> bool:
        self.done.append(done)
        return self.listens


def garbage(path: Path) -> None:
    path.write_bytes(b"\xff" * PAGE)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 2 * PAGE])


def hurt(path: Path) -> None:
    """Every page but the first."""
    raw = path.read_bytes()
    path.write_bytes(raw[:PAGE] + b"\xff" * (len(raw) - PAGE))


def filled(path: Path) -> bytes:
    with closing(EmbeddedStore(path)) as store:
        for one in EVENTS:
            assert store.put(one) == [Put.STORED]
    return path.read_bytes()


def assert_whole(store: EmbeddedStore) -> None:
    assert [one for at in range(20) for one in store.events(f"entry-{at}")] == list(EVENTS)
    assert store.is_removed("entry-77")
    assert store.put(EVENTS[-1]) == [Put.KNOWN]
    assert store.put(event(41)) == [Put.NOT_STARTED]
    assert store.put(event(42)) == [Put.STORED]


@pytest.mark.parametrize("damage", [garbage, cut, hurt])
def test_a_damaged_file_is_kept_and_made_anew(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path, told = tmp_path / "embedded.db", Told()
    filled(path)
    damage(path)
    before = path.read_bytes()
    with closing(EmbeddedStore(path, past=lambda: PAST, tell=told)) as store:
        assert_whole(store)
    (done,) = told.done
    assert done.clicks == 40
    assert Path(done.kept).read_bytes() == before
    with closing(EmbeddedStore(path, past=lambda: PAST, tell=told)):
        assert len(told.done) == 1


def test_damage_that_is_met_while_it_is_used_is_mended_too(tmp_path: Path) -> None:
    path, told = tmp_path / "embedded.db", Told()
    filled(path)
    with closing(EmbeddedStore(path, past=lambda: PAST, tell=told)) as store:
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            hurt(path)
            other.execute("PRAGMA user_version = 7")  # what is remembered of it is outdated
        assert_whole(store)
    assert [done.clicks for done in told.done] == [40]


def test_a_file_that_is_gone_is_made_anew(tmp_path: Path) -> None:
    told = Told()
    with closing(EmbeddedStore(tmp_path / "e.db", past=lambda: PAST, tell=told)) as store:
        assert_whole(store)
    assert told.done == [Rebuilt(clicks=40, kept="")]


def test_the_first_file_of_all_is_no_news(tmp_path: Path) -> None:
    told = Told()
    with closing(EmbeddedStore(tmp_path / "e.db", past=Past, tell=told)) as store:
        assert store.put(event(0)) == [Put.STORED]
    assert told.done == []


def test_where_nobody_listens_the_next_one_is_told(tmp_path: Path) -> None:
    path, deaf, told = tmp_path / "e.db", Told(listens=False), Told()
    for tell in (deaf, told):
        EmbeddedStore(path, past=lambda: PAST, tell=tell).close()
    assert deaf.done == told.done == [Rebuilt(clicks=40, kept="")]


def test_what_cannot_be_opened_is_tried_again_by_what_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "e.db"
    store = EmbeddedStore(path, past=Past)
    with pytest.raises(FileNotFoundError):
        store.put(event(0))
    path.parent.mkdir()
    assert store.put(event(0)) == [Put.STORED]
    store.close()


def test_the_user_is_told_that_nothing_is_missing() -> None:
    assert rebuilt_title() == "The file of sent clicks was made anew"
    assert rebuilt_text(Rebuilt(clicks=1, kept="")) == (
        "It was damaged or gone: 1 click was put back from the local log. No hours are missing,"
        " nothing is sent twice."
    )
    assert rebuilt_text(Rebuilt(clicks=2, kept="/data/x")).endswith(
        "The damaged file is kept at /data/x; it may be deleted."
    )
