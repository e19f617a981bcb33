"""A copy of the database and its WAL, taken at any moment, holds every acknowledged click.

A real process is traced while it clicks and delivers; its files are put together again as they
were after each of its writes. A copy takes time: what is read of a file first is older than what
is read of it last, and one file is older than the other.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

import tests
from tests.integration.crash_host import FileTokenStore
from tests.integration.ledger import Script
from tests.integration.scenes import EMBEDDED, Scene
from tests.integration.traced import Did, Past, calls_in, under_strace
from tests.soak import Soak
from trayapp.clock import SystemClock
from trayapp.config import Paths
from trayapp.queue.salvaged import Salvage
from trayapp.queue.store import QueueWriter

CLICKS = 200
FRAME_HEAD = 24
STEPS = (0, 0, 1, 5, 50)
GAPS = (0, 10, 100, 500, 2000)
CHUNKS = (4096, 65_536, 1 << 30)
INDEX = bytes(32_768)  # whatever was copied of it: SQLite makes it anew
ROOT = Path(tests.__file__).parents[1]
EVENTS, TASKS = "SELECT id FROM event", "SELECT event FROM sync_queue WHERE status = 'pending'"


@dataclass(frozen=True, slots=True)
class Told:
    """A click that was acknowledged once so many writes were made."""

    moment: int
    event_id: str


@dataclass(frozen=True, slots=True)
class Copy:
    """What somebody copied, and from which moment to which that took; an empty file is none."""

    begun: int
    ended: int
    database: bytes
    wal: bytes

    def put(self, folder: Path, *, with_index: bool) -> Path:
        folder.mkdir()
        database = folder / "trayapp.db"
        database.write_bytes(self.database)
        if self.wal:
            database.with_name("trayapp.db-wal").write_bytes(self.wal)
        if self.wal and with_index:
            database.with_name("trayapp.db-shm").write_bytes(INDEX)
        return database


class Recording:
    """What a process wrote while it clicked and delivered."""

    def __init__(self, root: Path) -> None:
        trace, home, tokens = root / "trace", root / "home", root / "tokens.json"
        with Scene(EMBEDDED, root, SystemClock()) as scene:
            scene.sign_in(FileTokenStore(tokens))
            module = "tests.integration.crash_host"
            host = [sys.executable, "-m", module, EMBEDDED, scene.proxy.url, str(home), str(tokens)]
            script = Script(1)
            subprocess.run(  # noqa: S603  # our own program
                [*under_strace(trace), *host],
                cwd=ROOT,
                input="".join(script.next().to_line() + "\n" for _ in range(CLICKS)),
                stdout=subprocess.PIPE,
                text=True,
                check=True,
                timeout=60,
            )
        self.calls = calls_in(trace)
        trace.unlink()
        self._database = str(Paths.under(home).database)
        self._wal = self._database + "-wal"
        self._past = Past(self.calls, [Path(self._database), Path(self._wal)])
        self.moments = self._past.moments
        self.told = tuple(self._tell())
        self.first = self.told[0].moment

    def _tell(self) -> Iterator[Told]:
        for moment, call in self._past.others():
            if call.did is Did.WRITE and call.data.startswith(b"[["):
                yield from (Told(moment, fact[0]) for fact in json.loads(call.data))

    def told_until(self, moment: int) -> set[str]:
        return {one.event_id for one in self.told if one.moment <= moment}

    def begins_anew(self, begun: int, ended: int) -> int:
        """How often the WAL was begun anew, or removed, between two moments."""
        return sum(
            call.path == self._wal and call.at == 0 and call.did is not Did.TRUNCATE
            for call in self._past.between(begun, ended)
        )

    def half_commits(self) -> Iterator[int]:
        """The moments when a transaction's last frame has its head, and not yet its page."""
        for moment, call in enumerate(self._past.between(0, self.moments), start=1):
            is_head = call.path == self._wal and len(call.data) == FRAME_HEAD
            if moment > self.first and is_head and any(call.data[4:8]):
                yield moment

    def at(self, moment: int) -> Copy:
        """As if copied in no time: what a kill leaves."""
        files = self._past.at(moment)
        return Copy(moment, moment, files.content(self._database), files.content(self._wal))

    def copied(self, begun: int, dice: random.Random, *, wal_first: bool) -> Copy:
        """File after file, piece by piece, while the process goes on."""
        chunk, gap = dice.choice(CHUNKS), dice.choice(GAPS)
        paths = [self._wal, self._database] if wal_first else [self._database, self._wal]
        one, until = self._read(paths[0], begun, chunk, dice)
        then = min(self.moments - 1, until + dice.randint(0, gap))
        other, ended = self._read(paths[1], then, chunk, dice)
        database, wal = (other, one) if wal_first else (one, other)
        return Copy(begun, ended, database, wal)

    def _read(self, path: str, moment: int, chunk: int, dice: random.Random) -> tuple[bytes, int]:
        found = bytearray()
        content = self._past.at(moment).content(path)
        while len(found) < len(content):
            found += content[len(found) : len(found) + chunk]
            if step := min(dice.choice(STEPS), self.moments - 1 - moment):
                moment += step
                content = self._past.at(moment).content(path) or content
        return bytes(found), moment


@dataclass(frozen=True, slots=True)
class Opened:
    """What our program makes of a copy."""

    lost: frozenset[str]
    unsent_lost: frozenset[str]
    salvaged: Salvage | None


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    made = Recording(tmp_path_factory.mktemp("recording"))
    assert len(made.told) >= CLICKS * 3 // 4
    assert made.moments > 10 * len(made.told)
    assert made.begins_anew(0, made.moments - 2) >= 3
    return made


def opened(recording: Recording, copy: Copy, folder: Path, *, with_index: bool = False) -> Opened:
    database = copy.put(folder, with_index=with_index)
    writer = QueueWriter(database, folder / "lock")
    try:
        events = {str(row[0]) for row in writer.rows(EVENTS)}
        tasks = {str(row[0]) for row in writer.rows(TASKS)}
        salvaged = writer.salvaged()
        assert [row[0] for row in writer.rows("PRAGMA integrity_check")] == ["ok"]
    finally:
        writer.close()
        shutil.rmtree(folder)
    told = recording.told_until(copy.begun)
    unsent = told & _unsent(recording.at(copy.ended), folder)
    return Opened(frozenset(told - events), frozenset(unsent - tasks), salvaged)


def _unsent(copy: Copy, folder: Path) -> set[str]:
    """What has not been delivered, by SQLite alone."""
    database = copy.put(folder, with_index=False)
    with closing(sqlite3.connect(database)) as connection:
        found = {str(row[0]) for row in connection.execute(TASKS)}
    shutil.rmtree(folder)
    return found


WHOLE = Opened(frozenset(), frozenset(), None)


@pytest.mark.slow
@pytest.mark.soak(2)
@pytest.mark.timeout(120)
def test_what_a_kill_leaves_after_any_write_is_whole(
    recording: Recording, tmp_path: Path, soak: Soak
) -> None:
    for seed in soak.rounds("moments", ci=50, full=10_000):
        dice = random.Random(seed)  # noqa: S311  # the same moments in every run
        copy = recording.at(dice.randrange(recording.first, recording.moments))
        found = opened(recording, copy, tmp_path / "copy", with_index=seed % 2 == 0)
        assert found == WHOLE, (seed, copy.begun)


@pytest.mark.slow
@pytest.mark.soak(2)
@pytest.mark.timeout(120)
def test_a_copy_of_the_wal_and_then_the_database_holds_every_acknowledged_click(
    recording: Recording, tmp_path: Path, soak: Soak
) -> None:
    for seed in soak.rounds("copies", ci=100, full=10_000):
        dice = random.Random(seed)  # noqa: S311  # the same copies in every run
        begun = dice.randrange(recording.first, recording.moments)
        copy = recording.copied(begun, dice, wal_first=True)
        found = opened(recording, copy, tmp_path / "copy", with_index=seed % 2 == 0)
        assert (found.lost, found.unsent_lost) == (frozenset(), frozenset()), (seed, copy.begun)


@pytest.mark.slow
@pytest.mark.soak(2)
@pytest.mark.timeout(120)
def test_a_copy_of_the_database_and_then_the_wal_does_unless_the_wal_was_begun_anew_meanwhile(
    recording: Recording, tmp_path: Path, soak: Soak
) -> None:
    """What SQLite then has written over is in neither file: who copies must stop the app first."""
    whole = lossy = 0
    for seed in soak.rounds("copies", ci=50, full=10_000):
        dice = random.Random(seed)  # noqa: S311  # the same copies in every run
        begun = dice.randrange(recording.first, recording.moments)
        copy = recording.copied(begun, dice, wal_first=False)
        found = opened(recording, copy, tmp_path / "copy", with_index=seed % 2 == 0)
        if recording.begins_anew(copy.begun, copy.ended):
            lossy += bool(found.lost)
            continue
        whole += 1
        assert (found.lost, found.unsent_lost) == (frozenset(), frozenset()), (seed, copy.begun)
    assert whole
    assert lossy


@pytest.mark.timeout(60)
def test_a_commit_that_was_cut_off_between_head_and_page_is_no_damage(
    recording: Recording, tmp_path: Path
) -> None:
    moments = list(recording.half_commits())
    assert len(moments) > 100
    for moment in moments[:: len(moments) // 15]:
        found = opened(recording, recording.at(moment), tmp_path / "copy")
        assert found == WHOLE, moment
