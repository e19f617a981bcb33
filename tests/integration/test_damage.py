"""Damage of every kind, by seeds: the app starts, what can be read is back, the rest is told."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.integration.core_support import Bench, made_paths
from tests.integration.scenes import EMBEDDED, PLAIN, Scene
from tests.soak import Soak
from tests.unit.queue.damage import (
    HURTS,
    PAGE,
    a_used_file,
    flipped_bits,
    overwrite,
    pages_of,
    rows_by_page,
    table,
    used,
)
from tests.unit.queue.support import a_queue, as_it_is, database_in
from trayapp.queue import schema
from trayapp.queue.pages import Pages
from trayapp.queue.salvaged import Salvage
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.tracking.tracker import Pause, Resume, Start, Stop

WAL, SHM = "queue.db-wal", "queue.db-shm"
EVENTS = "SELECT seq, id, entry, kind, at_ms FROM event ORDER BY seq"
NOT_IN_DOUBT = "SELECT id FROM sync_queue WHERE status <> 'discarded' AND doubt = 'none'"


def kept_in(folder: Path) -> list[bytes]:
    paths = folder.glob("*.damaged-*")
    return [path.read_bytes() for path in paths if not path.name.endswith(("-wal", "-shm"))]


def opened(folder: Path) -> Salvage | None:
    """Start on it; what the user is told."""
    with a_queue(folder) as queue:
        assert queue.sql("PRAGMA integrity_check") == [("ok",)]
        assert queue.sql("PRAGMA foreign_key_check") == []
        counted = queue.sql("SELECT COUNT(*) FROM sync_queue WHERE status = 'pending'")
        assert queue.sql("SELECT SUM(count) FROM tally WHERE status = 'pending'") in (
            counted,
            [(None,)],
        )
        assert queue.sql("SELECT entry FROM event WHERE id = ''") == []
        queue.reader.newest_entry()
        queue.reader.failed(limit=1000)
        done = queue.reader.salvaged()
        if done is not None:
            assert queue.sql(NOT_IN_DOUBT) == []
        queue.click("new")
        return done


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "queue"
    a_used_file(folder)
    return database_in(folder)


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_lies_on_pages_left_alone_is_back(whole: Path, tmp_path: Path, soak: Soak) -> None:
    original = whole.read_bytes()
    places = {name: rows_by_page(whole, name) for name in ("event", "sync_queue", "segment")}
    for seed in soak.rounds("damaged files", ci=100, full=1000):
        folder = tmp_path / str(seed)
        folder.mkdir()
        raw = bytearray(original)
        HURTS[seed % len(HURTS)](raw, random.Random(seed))  # noqa: S311
        database_in(folder).write_bytes(raw)
        done = opened(folder)
        for name, pages in places.items():
            # A task may have a new number, so that those of its entry are in order.
            key = 10 if name == "sync_queue" else 0
            back = {row[key] for row in table(database_in(folder), f"SELECT * FROM {name}")}  # noqa: S608
            for page, rows in pages.items():
                untouched = slice((page - 1) * PAGE, page * PAGE)
                if raw[untouched] == original[untouched]:
                    assert {row[key] for row in rows} <= back, (seed, name, page)
        if done is not None:
            assert kept_in(folder) == [bytes(raw)], seed
        shutil.rmtree(folder)


NUMBERS = "sqlite_autoindex_event_1"
"""The index that tells the number of a click whose row is lost."""


@dataclass(frozen=True, slots=True)
class Torn:
    """What a crash leaves. `clicks`: acknowledged; `settled`: of these, not only in the WAL."""

    files: dict[str, bytes]
    clicks: list[tuple[object, ...]]
    settled: list[tuple[object, ...]]


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Torn, Torn]:
    """Two of them: the WAL of the second is foreign to the first."""
    return a_torn_one(tmp_path_factory.mktemp("one")), a_torn_one(tmp_path_factory.mktemp("other"))


def a_torn_one(folder: Path) -> Torn:
    with a_queue(folder) as queue:
        used(queue)
        queue.sql("PRAGMA wal_checkpoint")
        settled = queue.sql(EVENTS)
        queue.click_many("newest", 8)
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        return Torn(files, queue.sql(EVENTS), settled)


MadeWal = Callable[[tuple[Torn, Torn], random.Random], bytes | None]


def no_wal(_torn: tuple[Torn, Torn], _dice: random.Random) -> bytes | None:
    return None


def a_foreign_wal(torn: tuple[Torn, Torn], _dice: random.Random) -> bytes | None:
    return torn[1].files[WAL]


def a_damaged_wal(torn: tuple[Torn, Torn], dice: random.Random) -> bytes | None:
    raw = bytearray(torn[0].files[WAL])
    dice.choice([hurt for hurt in HURTS if hurt is not flipped_bits])(raw, dice)
    return bytes(raw)


def a_flipped_wal(torn: tuple[Torn, Torn], dice: random.Random) -> bytes | None:
    raw = bytearray(torn[0].files[WAL])
    flipped_bits(raw, dice)
    return bytes(raw)


WALS: tuple[MadeWal, ...] = (no_wal, a_foreign_wal, a_damaged_wal, a_flipped_wal)


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_wal_that_is_gone_foreign_or_damaged_takes_nothing_else_along(
    torn: tuple[Torn, Torn], tmp_path: Path, soak: Soak
) -> None:
    for seed in soak.rounds("damaged WALs", ci=100, full=1000):
        folder, dice = tmp_path / str(seed), random.Random(seed)  # noqa: S311
        folder.mkdir()
        kind = WALS[seed % len(WALS)]
        files: dict[str, bytes | None] = {**torn[0].files, WAL: kind(torn, dice)}
        if dice.randrange(2):
            files[SHM] = None  # as after a restart of the machine
        for name, raw in files.items():
            if raw is not None:
                (folder / name).write_bytes(raw)
        done = opened(folder)
        back = table(database_in(folder), EVENTS)
        assert {row[1] for row in torn[0].settled} <= {row[1] for row in back}, seed
        if kind in {no_wal, a_damaged_wal}:
            made_up = set(back) - set(torn[0].clicks)
            assert {row[2] for row in made_up} == {"new"}, seed
        if kind is no_wal and files[SHM] is not None:
            assert done is not None, seed
        shutil.rmtree(folder)


def pages_with_numbers(torn: Torn, folder: Path) -> set[int]:
    """Those of the file, and not of its WAL, that tell a click's number without its row."""
    folder.mkdir()
    for name in ("queue.db", WAL):
        (folder / name).write_bytes(torn.files[name])
    with Pages(database_in(folder), folder / WAL) as pages:
        images = [pages.newest(number) for number in pages.numbers()]
        # The schema names the index and its root; without that nobody knows what its pages are.
        naming = {
            page.number for page in images if any(NUMBERS in cell.values for cell in page.cells)
        }
        assert naming
        return {*naming, *pages_of(database_in(folder), NUMBERS)} - set(pages.in_wal())


@pytest.mark.parametrize("seed", range(10))
def test_a_database_may_be_damaged_under_its_wal(
    torn: tuple[Torn, Torn], tmp_path: Path, seed: int
) -> None:
    hurt, raw = HURTS[seed % len(HURTS)], bytearray(torn[0].files["queue.db"])
    hurt(raw, random.Random(seed))  # noqa: S311  # the same damage in every run
    database_in(tmp_path).write_bytes(raw)
    (tmp_path / WAL).write_bytes(torn[0].files[WAL])
    opened(tmp_path)
    back = table(database_in(tmp_path), EVENTS)
    if hurt is flipped_bits:
        return
    sound = torn[0].files["queue.db"]
    pages = pages_with_numbers(torn[0], tmp_path / "sound")
    at = [slice((page - 1) * PAGE, page * PAGE) for page in pages]
    first = 0 if all(raw[place] == sound[place] for place in at) else 1  # else they get new numbers
    made_up = {row[first:] for row in back} - {row[first:] for row in torn[0].clicks}
    assert {row[2 - first] for row in made_up} == {"new"}
    in_order = [row[1] for row in torn[0].clicks if row[1] in {one[1] for one in back}]
    assert [row[1] for row in back if row[2] != "new"] == in_order


def test_a_database_that_was_replaced_by_its_wal_alone_is_back(tmp_path: Path) -> None:
    source, folder = tmp_path / "source", tmp_path / "damaged"
    source.mkdir()
    folder.mkdir()
    with a_queue(source) as queue:
        queue.click_many("e1", 20)
        shutil.copy(source / "queue.db-wal", folder)
        acknowledged = queue.sql(EVENTS)
    done = opened(folder)
    assert done is not None
    assert (done.clicks, done.all_clicks, done.tasks) == (20, 20, 20)
    assert table(database_in(folder), EVENTS)[:-1] == acknowledged


def test_a_wal_of_another_database_hides_nothing(whole: Path, tmp_path: Path) -> None:
    other, folder = tmp_path / "other", tmp_path / "damaged"
    other.mkdir()
    folder.mkdir()
    shutil.copy(whole, database_in(folder))
    with a_queue(other) as queue:
        queue.click("elsewhere")
        shutil.copy(other / "queue.db-wal", folder)
    before = set(table(whole, "SELECT id, at_ms FROM event"))
    done = opened(folder)
    assert done is not None
    assert before <= set(table(database_in(folder), "SELECT id, at_ms FROM event"))


def test_a_wal_that_was_taken_away_leaves_nothing_that_is_sent_without_a_look(
    tmp_path: Path,
) -> None:
    source, folder = tmp_path / "source", tmp_path / "damaged"
    source.mkdir()
    folder.mkdir()
    with a_queue(source) as queue:
        used(queue)
        queue.sql("PRAGMA wal_checkpoint")
        queue.click("newest")
        for name in ("queue.db", "queue.db-shm"):
            shutil.copy(source / name, folder)
    done = opened(folder)
    assert done is not None
    assert done.kept == ""
    assert done.clicks == 48


@pytest.mark.parametrize("kind", [EMBEDDED, PLAIN])
@pytest.mark.parametrize(
    "lost",
    [
        pytest.param(("sync_queue",), id="the tasks"),
        pytest.param(("sync_queue", "sqlite_autoindex_sync_queue_1"), id="tasks and their names"),
        pytest.param(("event",), id="the clicks"),
        pytest.param(("segment", "account"), id="what the server confirmed"),
    ],
)
def test_nothing_that_was_delivered_is_sent_again_without_a_look(
    tmp_path: Path, kind: str, lost: tuple[str, ...]
) -> None:
    paths = made_paths(tmp_path)
    store = EmbeddedStore(tmp_path / "unused.db")
    with Scene(kind, tmp_path, FakeClock()) as scene:
        before = Bench(paths, store, scene.client)
        for _ in range(3):
            before.clicks(Start("Website"), Pause(), Resume(), Stop())
            before.work()
        before.clicks(Start("Elsewhere"), Stop())  # not yet sent
        clicked = before.clicked
        before.close()
        raw = bytearray(paths.database.read_bytes())
        for name in lost:
            for page in pages_of(paths.database, name):
                overwrite(raw, page, bytes(PAGE))
        paths.database.write_bytes(raw)
        after = Bench(paths, store, scene.client)
        after.clock.advance(before.clock.now() - after.clock.now())
        after.live(timedelta(hours=2))
        assert after.failed == ()
        assert after.status.all_sent
        assert scene.complaints(clicked) == []
        if "event" not in lost:
            assert after.clicked == clicked
        after.close()
    store.close()


def test_a_newer_schema_is_refused_with_its_version_and_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "queue"
    raw = bytearray(a_used_file(folder))
    raw[60:64] = (schema.SCHEMA_VERSION + 3).to_bytes(4)
    database_in(folder).write_bytes(raw)
    with pytest.raises(Exception, match=f"schema {schema.SCHEMA_VERSION + 3}"):
        opened(folder)
    assert as_it_is(folder) == {"queue.db": bytes(raw)}
