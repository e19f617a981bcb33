"""Servers and networks that lie for long: every click arrives once, and only what must fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import pytest

from tests import ram
from tests.fakes import FakeClock
from tests.integration.ledger import Diary
from tests.integration.lies import FAULTS, HASTY, is_write
from tests.integration.lives import life_of
from tests.integration.mutants import BlindWorker, Trusting
from tests.integration.rounds import (
    Round,
    is_one_request_in_doubt,
    play_round,
    told,
    tried,
    work_for,
)
from tests.integration.scenes import (
    ALL_SERVERS,
    EMBEDDED,
    HUBNITY_DEC,
    HUBNITY_FEB,
    PLAIN,
    TIMETAGGER,
    Scene,
)
from tests.soak import Soak
from trayapp.demo.proxy import Delay

tmp_path = ram.tmp_path
EVENTS = 100
FEW_EVENTS = 30
SEEDS = range(1, 8)
ENTRIES = 6
MOST_TRIED = 2
HOURS = 12
STORMS = (
    "dropped after",
    "reset before",
    "truncated",
    "404",
    "429",
    "502 after the act",
    "503",
    "unreadable",
)


@pytest.mark.slow
@pytest.mark.soak(10)
@pytest.mark.timeout(240)
@pytest.mark.parametrize("server", ALL_SERVERS)
def test_in_chaos_every_click_arrives_once_and_nothing_fails_that_heals(
    server: str, soak: Soak, tmp_path: Path
) -> None:
    meddled = 0
    for seed in soak.rounds(f"rounds of {EVENTS} events", ci=3, full=100):
        played = play_round(server, seed, tmp_path / str(seed), EVENTS)
        assert played.found == [], f"seed {seed}"
        assert played.too_early == [], f"seed {seed}"
        meddled += played.meddled
    assert bool(meddled) is (server == TIMETAGGER)


def trusting(server: str, seed: int, root: Path) -> Round:
    return play_round(server, seed, root, FEW_EVENTS, wrap=Trusting)


def blind(server: str, seed: int, root: Path) -> Round:
    return play_round(server, seed, root, FEW_EVENTS, worker=BlindWorker)


# Where a repeat is harmless (our ids, keys, a look of the client's own) only the other is wrong.
@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("server", "mutant", "word"),
    [
        pytest.param(PLAIN, blind, "twice", id="plain"),
        pytest.param(HUBNITY_DEC, blind, "twice", id="dec"),
        pytest.param(HUBNITY_FEB, trusting, "missing", id="feb"),
        pytest.param(EMBEDDED, trusting, "missing", id="embedded"),
        pytest.param(TIMETAGGER, trusting, "missing", id="timetagger"),
    ],
)
def test_chaos_does_not_forgive_who_repeats_blindly_or_takes_lost_for_delivered(
    server: str, mutant: Callable[[str, int, Path], Round], word: str, tmp_path: Path
) -> None:
    played = (mutant(server, seed, tmp_path / str(seed)) for seed in SEEDS)
    assert any(words.startswith(f"{word}: ") for one in played for words in one.found)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", STORMS)
@pytest.mark.parametrize("server", ALL_SERVERS)
def test_a_night_of_nothing_else_costs_two_tasks_their_attempts_and_heals_by_itself(
    server: str, name: str, tmp_path: Path
) -> None:
    clock, diary = FakeClock(), Diary()
    fault, reason = FAULTS[name]
    with (
        Scene(server, tmp_path, clock, timeouts=HASTY) as scene,
        life_of(scene, tmp_path, clock) as life,
    ):
        life.click(diary, "start", "a first one, so that the address is known to be good")
        life.rest()
        scene.proxy.play(repeat(fault))
        for number in range(ENTRIES):
            clock.advance(61.25)
            life.click(diary, "start", f"№ {number}")
            life.work(3)
        clock.advance(61.25)
        life.click(diary, "stop")
        work_for(life, HOURS)
        assert reason in told(life)
        assert life.core.status().failed <= 1
        assert tried(life) <= MOST_TRIED
        assert is_one_request_in_doubt(life, scene)
        scene.proxy.play(())
        life.rest()
        log = life.log()
        assert [*life.unsent(), *diary.complaints(log), *scene.complaints(log)] == []


def test_a_request_that_lands_after_two_looks_is_shown_as_a_possible_double(
    tmp_path: Path,
) -> None:
    clock, release, diary = FakeClock(), threading.Event(), Diary()
    with (
        Scene(PLAIN, tmp_path, clock, timeouts=HASTY) as scene,
        life_of(scene, tmp_path, clock) as life,
    ):
        for name in ("start", "stop"):
            clock.advance(61.25)
            life.click(diary, name, "late")
        scene.proxy.play([Delay(until=release)], only=is_write)
        life.rest()
        log = life.log()
        assert [*life.unsent(), *diary.complaints(log), *scene.complaints(log)] == []
        release.set()
        wait_until_landed(scene, 2)
        clock.advance(61.25)
        life.click(diary, "start", "the next contact")
        life.rest()
        assert life.core.status().possible_doubles == 1
        assert not life.core.status().all_sent
        assert life.unsent() == ["1 doubles"]
        assert [words.split(":")[0] for words in scene.complaints(life.log())] == ["twice"]


def wait_until_landed(scene: Scene, posts: int) -> None:
    deadline = time.monotonic() + 10
    pulse = threading.Event()
    while sum(seen.reached for seen in scene.proxy.ledger if seen.method == "POST") < posts:
        assert time.monotonic() < deadline, "the request that was held never landed"
        pulse.wait(0.01)
