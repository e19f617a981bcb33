"""Killed at every fault point: before and after each commit, each request and each look.

A story is told once without a kill to count the points, then once for each of them, and then for
pairs of them. What counts afterwards is what the user was told: every acknowledged click is on
the server once, with its own time, in order.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import ram
from tests.fakes import FakeClock
from tests.integration.ledger import Diary
from tests.integration.lives import Killed, Life, Reaper, Worker
from tests.integration.scenes import EMBEDDED, SERVERS, Scene
from trayapp.config import Paths
from trayapp.demo.proxy import DropAfter, DropBefore, Fault, Pass, Truncate
from trayapp.sync.worker import SyncWorker

tmp_path = ram.tmp_path
ALL = 1_000
PAIRS = 40

# Seconds since the step before, what is clicked, for what, steps of the worker afterwards.
Plot = tuple[tuple[float, str, str, int], ...]
STORY: Plot = (
    (61.257, "start", "Ночь 🌙", ALL),
    (120.5, "pause", "", 2),
    (0.4, "pause", "", 0),
    (33.301, "resume", "", ALL),
    (0.25, "pause", "", 0),
    (0.25, "resume", "", 1),
    (600, "start", "another thing", 3),
    (45.9, "pause", "", ALL),
    (5.004, "start", "a third, while paused", 0),
    (9.5, "pause", "", 0),
    (9.5, "stop", "", ALL),
    (70, "start", "clicked offline", 0),
    (70, "stop", "", 2),
    (3, "start", "the last one runs on", ALL),
)
# The answers to some writes are lost, so that there are looks to be killed at.
FAULTS: tuple[Fault, ...] = (Pass(), DropAfter(), Pass(), DropBefore(), Pass(), Pass(), Truncate())
# Several entries at once, twice, for a server that takes them in one request.
BACKLOG: Plot = (
    (61.257, "start", "Ночь 🌙", 0),
    (120.5, "pause", "", 0),
    (33.301, "resume", "", 0),
    (9.5, "start", "another thing", 0),
    (45.9, "pause", "", 0),
    (5.004, "stop", "", 0),
    (70, "start", "a third runs on", ALL),
    (70, "pause", "", 0),
    (0.25, "resume", "", 0),
    (70, "start", "the last one", ALL),
)
LOST_BATCHES: tuple[Fault, ...] = (DropAfter(), DropBefore())


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a story ended. `points` is how many were passed in the last life."""

    points: int
    deaths: tuple[str, ...]
    recorded: int
    complaints: tuple[str, ...]


class Telling:
    """The story with kills: the first at a point of the first life, the next of the second."""

    def __init__(
        self,
        scene: Scene,
        root: Path,
        plot: Plot,
        kills: Sequence[int],
        *,
        worker: Worker,
        faults: Sequence[Fault],
    ) -> None:
        self._scene = scene
        self._plot = plot
        self._faults = faults
        self._clock = FakeClock()
        self._kills = list(kills)
        self._worker = worker
        self._diary = Diary()
        self._deaths: list[str] = []
        self._be_born(root / "life")

    def tell(self) -> Told:
        self._scene.renew()
        self._scene.proxy.play(self._faults, only=lambda method, _path: method != "GET")
        try:
            for seconds, name, note, steps in self._plot:
                self._clock.advance(seconds)
                self._step(name, note, steps)
            self._rest()
            return self._told()
        finally:
            self._bury()

    def _be_born(self, home: Path) -> None:
        paths = Paths.under(home)
        kill_at = self._kills.pop(0) if self._kills else 0
        self._reaper = Reaper(paths.data_dir, kill_at=kill_at)
        self._life = Life(self._scene, paths, self._clock, worker=self._worker, reaper=self._reaper)

    def _step(self, name: str, note: str, steps: int) -> None:
        try:
            self._life.click(self._diary, name, note)
            self._life.work(steps)
        except Killed as killed:
            self._rise(killed)
            self._rest()

    def _rest(self) -> None:
        while True:
            try:
                self._life.rest()
            except Killed as killed:
                self._rise(killed)
            else:
                return

    def _rise(self, killed: Killed) -> None:
        self._deaths.append(str(killed))
        self._bury()
        self._clock.advance(3)
        self._be_born(self._reaper.remains)

    def _bury(self) -> None:
        self._reaper.let_go()
        self._life.end()

    def _told(self) -> Told:
        log = self._life.log()
        complaints = (
            *self._life.unsent(),
            *self._diary.complaints(log),
            *self._scene.complaints(log),
        )
        return Told(
            points=self._reaper.count,
            deaths=tuple(self._deaths),
            recorded=self._diary.recorded,
            complaints=complaints,
        )


def tell(
    scene: Scene,
    root: Path,
    kills: Sequence[int] = (),
    *,
    plot: Plot = STORY,
    worker: Worker = SyncWorker,
    faults: Sequence[Fault] = FAULTS,
) -> Told:
    home = root / "telling"
    try:
        return Telling(scene, home, plot, kills, worker=worker, faults=faults).tell()
    finally:
        shutil.rmtree(home)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("server", SERVERS)
def test_killed_at_any_point_every_acknowledged_click_arrives_once(
    server: str, tmp_path: Path
) -> None:
    with Scene(server, tmp_path, FakeClock()) as scene:
        unharmed = tell(scene, tmp_path)
        assert (unharmed.complaints, unharmed.recorded) == ((), len(STORY) - 1)
        deaths: set[str] = set()
        for point in range(1, unharmed.points + 1):
            told = tell(scene, tmp_path, [point])
            assert told.complaints == (), f"killed {told.deaths} at point {point}"
            assert len(told.deaths) == 1
            deaths.update(told.deaths)
    moments = ("commit", "send", "look")
    assert deaths == {f"{when} {what}" for when in ("before", "after") for what in moments}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_at_any_point_of_a_batch_every_acknowledged_click_arrives_once(
    tmp_path: Path,
) -> None:
    with Scene(EMBEDDED, tmp_path, FakeClock()) as scene:
        unharmed = tell(scene, tmp_path, plot=BACKLOG, faults=LOST_BATCHES)
        assert (unharmed.complaints, unharmed.recorded) == ((), len(BACKLOG))
        sent = [len(json.loads(seen.content)["events"]) for seen in scene.proxy.ledger[:1]]
        assert sent == [8]  # the start of another ends the first
        deaths: set[str] = set()
        for point in range(1, unharmed.points + 1):
            told = tell(scene, tmp_path, [point], plot=BACKLOG, faults=LOST_BATCHES)
            assert told.complaints == (), f"killed {told.deaths} at point {point}"
            assert len(told.deaths) == 1
            deaths.update(told.deaths)
    moments = ("commit", "send", "look")
    assert deaths == {f"{when} {what}" for when in ("before", "after") for what in moments}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("server", SERVERS)
def test_killed_again_while_it_recovers_every_acknowledged_click_arrives_once(
    server: str, tmp_path: Path
) -> None:
    dice = random.Random(20260108)  # noqa: S311  # a repeatable choice of pairs
    with Scene(server, tmp_path, FakeClock()) as scene:
        points = tell(scene, tmp_path).points
        for _ in range(PAIRS):
            kills = [dice.randint(1, points), dice.randint(1, 12), dice.randint(1, 12)]
            told = tell(scene, tmp_path, kills)
            assert told.complaints == (), f"killed {told.deaths} at {kills}"
            assert told.deaths
