"""Compared with SQLite's own `.recover`: what that finds in a damaged database is back, too."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.soak import Soak
from tests.tools import missing
from tests.unit.queue.damage import HURTS, a_used_file, table
from tests.unit.queue.support import a_queue, database_in

SHELLS = (("fossil", "sql", "--no-repository"), ("sqlite3",))
"""Debian's own sqlite3 has been built without what `.recover` needs; fossil brings one that has."""
WHAT = {
    "event": ("id", "entry", "kind", "at_ms", "zone", "boot_id", "project", "note"),
    "sync_queue": ("event", "entity_type", "payload", "entry"),
    "segment": ("id", "account", "entry", "began_ms", "remote_id"),
    "account": ("id", "kind", "url", "user"),
    "project": ("account", "remote_id", "name"),
    "attempt": ("task", "at_ms", "outcome", "reason"),
}
"""What is compared: a number of a click or a task may be another one."""
Row = tuple[object, ...]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "queue"
    a_used_file(folder)
    return database_in(folder)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """A shell whose `.recover` works."""
    folder = tmp_path_factory.mktemp("shell")
    with contextlib.closing(sqlite3.connect(folder / "sound.db")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 'seven' AS a")
        connection.commit()
    sound = folder / "sound.db"
    can = (one for one in SHELLS if shutil.which(one[0]) and b"seven" in recover(one, sound))
    return next(can, ()) or missing("fossil")


def recover(shell: Sequence[str], path: Path) -> bytes:
    home = {**os.environ, "HOME": str(path.parent)}
    ran = subprocess.run([*shell, path, ".recover"], capture_output=True, check=False, env=home)  # noqa: S603
    return ran.stdout


def recovered(script: bytes, found: Path) -> Path:
    """A database made by what the shell wrote; a statement that fails is left out."""
    with contextlib.closing(sqlite3.connect(found, isolation_level=None)) as connection:
        lines: list[str] = []
        for line in script.decode(errors="replace").splitlines(keepends=True):
            lines.append(line)
            if sqlite3.complete_statement("".join(lines)):
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("".join(lines))
                lines.clear()
    return found


def rows_of(path: Path, name: str) -> set[Row]:
    try:
        return set(table(path, f"SELECT {', '.join(WHAT[name])} FROM {name}"))  # noqa: S608
    except sqlite3.Error:  # the shell did not find the table's name, or only half of it
        return set()


def nameless(path: Path) -> set[object]:
    """All texts in rows whose table the shell could not tell."""
    try:
        rows = table(path, "SELECT * FROM lost_and_found")
    except sqlite3.Error:
        return set()
    return {value for row in rows for value in row if isinstance(value, str)}


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_at_least_what_the_shell_recovers_is_back(
    whole: Path, shell: Sequence[str], tmp_path: Path, soak: Soak
) -> None:
    original = {name: rows_of(whole, name) for name in WHAT}
    clicks = {str(row[0]) for row in original["event"]}
    compared, sorted_out = 0, 0
    for seed in soak.rounds("damaged files", ci=100, full=1000):
        folder = tmp_path / str(seed)
        folder.mkdir()
        raw = bytearray(whole.read_bytes())
        HURTS[seed % len(HURTS)](raw, random.Random(seed))  # noqa: S311
        path = folder / "damaged.db"
        path.write_bytes(raw)
        found = recovered(recover(shell, path), folder / "found.db")
        database_in(folder).write_bytes(raw)
        with a_queue(folder):
            pass
        for name, known in original.items():
            theirs = rows_of(found, name) & known
            if name == "attempt":  # the history of a task that is here
                tasks = {row[0] for row in table(database_in(folder), "SELECT id FROM sync_queue")}
                theirs = {row for row in theirs if row[0] in tasks}
            assert theirs <= rows_of(database_in(folder), name), (seed, name)
            compared += len(theirs)
        lost = nameless(found) & clicks
        ours = {row[0] for row in rows_of(database_in(folder), "event")}
        assert lost <= ours | {row[0] for row in rows_of(database_in(folder), "sync_queue")}, seed
        sorted_out += len(lost)
        shutil.rmtree(folder)
    assert compared
    assert sorted_out or soak.seconds is not None
