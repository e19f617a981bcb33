"""Tests of the tests: workers that are wrong on purpose must be caught by the same checks."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.integration.ledger import Click, Diary, Script, facts_of
from tests.integration.lives import Relay, Worker, Wrap, life_of
from tests.integration.mutants import (
    BlindWorker,
    Impatient,
    Retiming,
    Trusting,
    Unseeing,
)
from tests.integration.scenes import EMBEDDED, PLAIN, SERVERS, Scene
from tests.integration.test_fault_points import ALL, Plot, Told, tell
from trayapp.demo.proxy import DropAfter, DropBefore, Fault, chaos
from trayapp.sync.worker import SyncWorker
from trayapp.tracking.entry import Event
from trayapp.tracking.tracker import Changed, state_of, step

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


def test_the_diary_notices_half_a_click_a_lost_one_and_another_time() -> None:
    clock = FakeClock()
    log: list[Event] = []
    diary = Diary()
    for note in ("one", "another"):
        clock.advance(61.25)
        click = Click(name="start", at=clock.now(), note=note)
        result = step(state_of(log), click.command, click.stamp, new_id=lambda: str(uuid.uuid4()))
        assert isinstance(result, Changed)
        log += result.events
        diary.begin(click)
        if note == "one":
            diary.answer(facts_of(result.events))
    started, stopped, started_another = log
    assert diary.complaints(log) == []
    assert diary.complaints([started]) == []  # the second was never answered
    assert diary.complaints([started, stopped])
    assert diary.complaints([started, started_another])
    assert diary.complaints([stopped, started_another])
    assert diary.complaints([*log, started_another])
    later = replace(started.stamp, at=clock.now())
    assert diary.complaints([replace(started, stamp=later), stopped, started_another])


def test_chaos_does_not_forgive_a_worker_that_repeats_without_looking(tmp_path: Path) -> None:
    clock, script, diary = FakeClock(), Script(1), Diary()
    with (
        Scene(PLAIN, tmp_path, clock) as scene,
        life_of(scene, tmp_path, clock, worker=BlindWorker) as life,
    ):
        scene.proxy.play(chaos(1))
        for _ in range(30):
            click = script.next()
            clock.advance(30)
            life.click(diary, click.name, click.note)
            life.work(10)
        words = scene.complaints(life.log())
    assert "twice" in {word.split(":")[0] for word in words}
