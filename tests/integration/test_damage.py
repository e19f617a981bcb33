"""Damage of every kind, by seeds: the app starts, what can be read is back, the rest is told."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.integration.core_support import Bench, made_paths
from tests.integration.scenes import EMBEDDED, PLAIN, Scene
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
from trayapp.queue.salvaged import Salvage
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.tracking.tracker import Pause, Resume, Start, Stop

SEEDS = 1000 if os.environ.get("TRAYAPP_SOAK_MINUTES") else 100
BATCHES = 10
EVENTS = "SELECT seq, id, entry, kind, at_ms FROM event ORDER BY seq"
TASKS = "SELECT id, event, payload FROM sync_queue ORDER BY id"
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


@pytest.mark.timeout(600)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_what_lies_on_pages_left_alone_is_back(whole: Path, tmp_path: Path, batch: int) -> None:
    original = whole.read_bytes()
    places = {name: rows_by_page(whole, name) for name in ("event", "sync_queue", "segment")}
    for seed in range(batch, SEEDS, BATCHES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        raw = bytearray(original)
        HURTS[seed // BATCHES % len(HURTS)](raw, random.Random(seed))  # noqa: S311
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


@pytest.mark.parametrize("seed", range(40))
def test_a_wal_may_be_damaged_too(tmp_path: Path, seed: int) -> None:
    source, folder = tmp_path / "source", tmp_path / "damaged"
    source.mkdir()
    folder.mkdir()
    with a_queue(source) as queue:
        used(queue)
        files = as_it_is(source)
        acknowledged = queue.sql(EVENTS)
    dice = random.Random(seed)  # noqa: S311  # the same damage in every run
    raw = bytearray(files["queue.db" if seed % 4 == 3 else "queue.db-wal"])
    HURTS[seed % len(HURTS)](raw, dice)
    files["queue.db" if seed % 4 == 3 else "queue.db-wal"] = bytes(raw)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    opened(folder)
    back = table(database_in(folder), EVENTS)
    if HURTS[seed % len(HURTS)] is not flipped_bits:
        assert set(back[:-1]) <= set(acknowledged)


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


def shell_that_recovers(tmp_path: Path) -> str:
    """A sqlite3 shell whose `.recover` works: Debian's has been built without what it needs."""
    shell = os.environ.get("SQLITE3_SHELL") or shutil.which("sqlite3")
    if not shell:
        pytest.skip("there is no sqlite3 shell")
    sound = tmp_path / "sound.db"
    subprocess.run([shell, sound, "CREATE TABLE t (a); INSERT INTO t VALUES (7);"], check=True)  # noqa: S603
    if "7" not in recover(shell, sound):
        pytest.skip("this sqlite3 shell cannot recover")
    return shell


def recover(shell: str, path: Path) -> str:
    ran = subprocess.run([shell, path, ".recover"], capture_output=True, check=False)  # noqa: S603
    return ran.stdout.decode(errors="replace")


@pytest.mark.timeout(600)
def test_at_least_what_the_shell_recovers_is_back(whole: Path, tmp_path: Path) -> None:
    shell = shell_that_recovers(tmp_path)
    original = {row[1]: row for row in table(whole, EVENTS)}
    tasks = {row[1]: row for row in table(whole, TASKS)}
    for seed in range(SEEDS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        raw = bytearray(whole.read_bytes())
        HURTS[seed % len(HURTS)](raw, random.Random(seed))  # noqa: S311
        path, found = database_in(folder), folder / "found.db"
        path.write_bytes(raw)
        script = recover(shell, path)
        subprocess.run([shell, found], input=script.encode(), capture_output=True, check=False)  # noqa: S603
        path.write_bytes(raw)
        opened(folder)
        for sql, known in ((EVENTS, original), (TASKS, tasks)):
            try:
                recovered = table(found, sql)
            except sqlite3.OperationalError:  # no such table: the shell did not find its name
                continue
            # Where two places name one click differently, it is back under one of the names.
            back = {row[2:] for row in table(path, sql)}
            assert {row[2:] for row in recovered if known.get(row[1]) == row} <= back, seed
        shutil.rmtree(folder)


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
