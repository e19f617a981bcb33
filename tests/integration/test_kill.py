"""Real processes, killed at random moments while a script clicks and the proxy misbehaves."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import tests
from tests.integration.crash_host import FileTokenStore, core_at
from tests.integration.ledger import Click, Diary, Script, facts_from_line, log_of
from tests.integration.scenes import EMBEDDED, PLAIN, SERVERS, Scene
from tests.soak import Soak
from trayapp.clock import SystemClock
from trayapp.config import Paths
from trayapp.core import Core, Listener
from trayapp.demo.proxy import (
    SAY_500,
    Delay,
    Double,
    DropAfter,
    DropBefore,
    Fault,
    Pass,
    Say,
    Truncate,
    chaos,
)

KILLS = 50
LIFE_SECONDS = 0.7
OPENING_SECONDS = 0.05
CLICK_EVERY_SECONDS = 0.04
DEATH_SECONDS = 10
CLICK_SECONDS = 0.015  # about what a click takes, with its fsync
SEED = 8
_MOST_LIVES = 8
ROOT = Path(tests.__file__).parents[1]

# A delay is shorter than the time between two looks (`crash_host.RULES`): a PlainServer has
# neither ids nor keys of ours, so that a first request that lands after two looks becomes a
# double that no client can prevent. That one window remains, and is told as "possible double".
# For the same reason no request is doubled by the proxy itself there.
FAULTS: tuple[Fault, ...] = (
    DropBefore(),
    DropAfter(),
    Delay(seconds=0.05),
    Delay(seconds=0.05, after=True),
    Truncate(),
    SAY_500,
    Say(status=502, body="<html>Bad Gateway</html>", content_type="text/html", after=True),
    Say(status=503, headers={"Retry-After": "0"}),
    Say(status=429, headers={"Retry-After": "0"}),
)
FAULTS_OF = {EMBEDDED: (*FAULTS, Double()), PLAIN: FAULTS}


class Nursery:
    """Bears processes that have loaded the program already: a third of the time of each."""

    def __init__(self) -> None:
        self._peer, other = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.crash_host", "--nursery"],
            cwd=ROOT,
            stdin=other.fileno(),
        )
        other.close()

    def bear(self, arguments: Sequence[str], stdin: int, stdout: int) -> int:
        """A process with these; its number."""
        socket.send_fds(self._peer, [json.dumps(arguments).encode()], [stdin, stdout])
        return int(self._peer.recv(32))

    def close(self) -> None:
        self._peer.close()
        assert self._process.wait(10) == 0


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


class Host:
    """One life of the program in a process of its own, and the user before it."""

    def __init__(self, nursery: Nursery, arguments: Sequence[str]) -> None:
        its_input, our_output = os.pipe()
        our_input, its_output = os.pipe()
        self._process = os.pidfd_open(nursery.bear(arguments, its_input, its_output))
        os.close(its_input)
        os.close(its_output)
        self._said = os.fdopen(our_input, encoding="utf-8")
        self._told = os.fdopen(our_output, "w", encoding="utf-8")
        self._gone = threading.Event()
        self._is_buried = False

    def ready(self) -> None:
        """Wait until it is about to open its files."""
        assert self._line() == "ready"

    def killed_at_any_moment(self, diary: Diary, script: Script, dice: random.Random) -> None:
        longest = dice.choice((OPENING_SECONDS, LIFE_SECONDS, LIFE_SECONDS, LIFE_SECONDS))
        killer = threading.Timer(dice.uniform(0, longest), self._kill)
        killer.start()
        try:
            while self._click(diary, script.next()):
                self._gone.wait(dice.uniform(0, 2 * CLICK_EVERY_SECONDS))
        finally:
            killer.join()
            self.bury()

    def killed_during_a_click(self, diary: Diary, script: Script, dice: random.Random) -> None:
        for _ in range(dice.randint(0, 12)):
            assert self._click(diary, script.next())
        self._ask(diary, script.next())
        self._gone.wait(dice.uniform(0, CLICK_SECONDS))
        self._kill()
        self._hear(diary)
        self.bury()

    def bury(self) -> None:
        if self._is_buried:
            return
        self._is_buried = True
        self._kill()
        ended, _, _ = select.select([self._process], [], [], DEATH_SECONDS)
        assert ended
        os.close(self._process)
        self._said.close()
        with contextlib.suppress(BrokenPipeError):
            self._told.close()

    def _click(self, diary: Diary, click: Click) -> bool:
        """Whether the click was acknowledged."""
        try:
            self._ask(diary, click)
        except BrokenPipeError:
            return False
        return self._hear(diary)

    def _ask(self, diary: Diary, click: Click) -> None:
        diary.begin(click)
        self._told.write(click.to_line() + "\n")
        self._told.flush()

    def _hear(self, diary: Diary) -> bool:
        line = self._line()
        if line:
            diary.answer(facts_from_line(line))
        return bool(line)

    def _line(self) -> str:
        """A whole line of what it said; empty when it died before the end of one."""
        line = self._said.readline()
        return line.rstrip("\n") if line.endswith("\n") else ""

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
        self._gone.set()


@contextlib.contextmanager
def hosts(nursery: Nursery, arguments: Sequence[str]) -> Iterator[Callable[[], Host]]:
    """Hosts that are buried in the end, whatever happens."""
    born: list[Host] = []

    def next_host() -> Host:
        born.append(Host(nursery, arguments))
        return born[-1]

    try:
        yield next_host
    finally:
        for host in born:
            host.bury()


def run_to_rest(scene: Scene, root: Path, tokens: Path, *, patience: float) -> list[str]:
    """The last life, in this process, on a network that works; what it could not send."""
    rested = threading.Event()
    core = core_at(scene.kind, scene.proxy.url, root, tokens, Listener(rested=rested.set))
    core.worker.start()
    deadline = time.monotonic() + patience
    try:
        while time.monotonic() < deadline:
            rested.wait(max(0.0, deadline - time.monotonic()))
            rested.clear()
            status = core.status()
            if not status.pending or status.next_attempt_at is None:
                break
        return _open(core)
    finally:
        assert core.worker.stop(10)
        core.close()


def _open(core: Core) -> list[str]:
    status = core.status()
    failed = [f"failed: {task.reason}" for task in core.reader.failed(limit=100)]
    return failed + ([] if status.all_sent else [f"not all sent: {status}"])


def spoilt_by(scene: Scene) -> int:
    """How many requests the proxy has spoilt."""
    return sum(not isinstance(seen.fault, Pass) for seen in scene.proxy.ledger)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """How many kills at least, by which seed, and for how long it may come to rest afterwards."""

    seed: int = SEED
    kills: int = KILLS
    patience: float = 120
    blind: bool = False


def play(nursery: Nursery, scene: Scene, root: Path, wanted: Round) -> tuple[Diary, list[str]]:
    """Click and kill, then let it come to rest; the diary, and what is wrong in the end."""
    home, tokens = root / "home", root / "tokens.json"
    scene.sign_in(FileTokenStore(tokens))
    script, diary = Script(wanted.seed), Diary()
    dice = random.Random(wanted.seed)  # noqa: S311  # a repeatable choice of moments
    scene.proxy.play(chaos(wanted.seed, share=0.4, faults=FAULTS_OF[scene.kind]))
    arguments = [scene.kind, scene.proxy.url, str(home), str(tokens)]
    with hosts(nursery, [*arguments, *(["--blind"] if wanted.blind else [])]) as next_host:
        for number in range(_MOST_LIVES * wanted.kills):
            if number >= wanted.kills and spoilt_by(scene) > wanted.kills:
                break  # on a busy machine a life sends little before its end
            host = next_host()
            host.ready()
            if number % 5 == 4:
                scene.auth.expire_access()
            killed = host.killed_during_a_click if number % 2 else host.killed_at_any_moment
            killed(diary, script, dice)
    scene.proxy.play(())
    unsent = run_to_rest(scene, home, tokens, patience=wanted.patience)
    log = log_of(Paths.under(home).database)
    return diary, [*unsent, *diary.complaints(log), *scene.complaints(log)]


@pytest.mark.slow
@pytest.mark.soak(40)
@pytest.mark.timeout(300)
@pytest.mark.parametrize("server", SERVERS)
def test_killed_at_random_moments_every_acknowledged_click_arrives_once(
    server: str, nursery: Nursery, tmp_path: Path, soak: Soak
) -> None:
    for seed in soak.rounds(f"rounds of {KILLS} kills", ci=1, full=100):
        root = tmp_path / str(seed)
        root.mkdir()
        with Scene(server, root, SystemClock()) as scene:
            diary, complaints = play(nursery, scene, root, Round(seed=seed))
            spoilt = spoilt_by(scene)
        assert complaints == [], seed
        assert diary.recorded > 2 * KILLS, seed
        assert spoilt > KILLS, seed
        shutil.rmtree(root)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_worker_that_repeats_without_looking_does_not_survive_the_kills(
    nursery: Nursery, tmp_path: Path
) -> None:
    with Scene(PLAIN, tmp_path, SystemClock()) as scene:
        wanted = Round(kills=6, patience=5, blind=True)
        _diary, complaints = play(nursery, scene, tmp_path, wanted)
    assert any(complaint.startswith("twice") for complaint in complaints)
