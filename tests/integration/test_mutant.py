"""Tests of the tests: workers that are wrong on purpose must be caught by the same checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.integration.ledger import Diary
from tests.integration.mutants import (
    BlindWorker,
    Impatient,
    Retiming,
    Trusting,
    Unseeing,
)
from tests.integration.scenes import EMBEDDED, PLAIN, SERVERS, Relay, Scene, Worker, Wrap, life_of
from tests.integration.test_fault_points import ALL, Plot, Told, tell
from trayapp.demo.proxy import DropAfter, DropBefore, Fault
from trayapp.sync.worker import SyncWorker

SHORT: Plot = ((61.25, "start", "an entry", 0), (61.25, "stop", "", ALL))


def caught(
    server: str,
    tmp_path: Path,
    fault: Fault,
    *,
    wrap: Wrap = Relay,
    worker: Worker = SyncWorker,
) -> set[str]:
    """What the checks say after a start and a stop whose first request is spoilt."""
    clock, diary = FakeClock(), Diary()
    with (
        Scene(server, tmp_path, clock) as scene,
        life_of(scene, tmp_path, clock, wrap=wrap, worker=worker) as life,
    ):
        for name in ("start", "stop"):
            clock.advance(61.25)
            life.click(diary, name, "an entry")
        scene.proxy.play([fault], only=lambda method, _path: method != "GET")
        life.rest()
        log = life.log()
        words = [*life.unsent(), *diary.complaints(log), *scene.complaints(log)]
    return {word.split(":")[0] for word in words}


@pytest.mark.parametrize("fault", [DropAfter(), DropBefore()], ids=["arrived", "lost"])
@pytest.mark.parametrize("server", SERVERS)
def test_the_worker_that_looks_first_passes_the_checks(
    server: str, fault: Fault, tmp_path: Path
) -> None:
    assert caught(server, tmp_path, fault) == set()


def test_a_worker_that_repeats_without_looking_is_caught(tmp_path: Path) -> None:
    assert caught(PLAIN, tmp_path, DropAfter(), worker=BlindWorker) == {"twice"}


def test_a_look_that_sees_nothing_is_caught(tmp_path: Path) -> None:
    assert "twice" in caught(PLAIN, tmp_path, DropAfter(), wrap=Unseeing)


def test_a_client_that_repeats_at_once_is_caught(tmp_path: Path) -> None:
    assert "twice" in caught(PLAIN, tmp_path, DropAfter(), wrap=Impatient)


@pytest.mark.parametrize("server", SERVERS)
def test_a_worker_that_settles_without_an_answer_is_caught(server: str, tmp_path: Path) -> None:
    assert caught(server, tmp_path, DropBefore(), wrap=Trusting)


def test_a_worker_that_tells_the_time_of_delivery_is_caught(tmp_path: Path) -> None:
    late = FakeClock()
    late.advance(7200)
    words = caught(EMBEDDED, tmp_path, DropAfter(), wrap=lambda server: Retiming(server, late))
    assert words >= {"missing", "strange"}


def tell_at_every_point(tmp_path: Path, worker: Worker) -> dict[str, list[Told]]:
    """The short story, killed at each of its points; what came of it by where that was."""
    told: dict[str, list[Told]] = {}
    with Scene(PLAIN, tmp_path, FakeClock()) as scene:
        points = tell(scene, tmp_path, plot=SHORT, worker=worker).points
        for point in range(1, points + 1):
            one = tell(scene, tmp_path, [point], plot=SHORT, worker=worker)
            told.setdefault(one.deaths[0], []).append(one)
    return told


def test_a_worker_that_repeats_without_looking_does_not_survive_the_fault_points(
    tmp_path: Path,
) -> None:
    sound = tell_at_every_point(tmp_path / "sound", SyncWorker)
    blind = tell_at_every_point(tmp_path / "blind", BlindWorker)
    assert not any(told.complaints for where in sound.values() for told in where)
    (after_send,) = blind["after send"]
    assert [words.split(":")[0] for words in after_send.complaints] == ["twice"]
