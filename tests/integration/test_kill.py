"""Real processes, killed at random moments while a script clicks and the proxy misbehaves."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tests
from tests.integration.crash_host import FileTokenStore, core_at
from tests.integration.ledger import Click, Diary, Script, facts_from_line, log_of
from tests.integration.scenes import EMBEDDED, PLAIN, SERVERS, Scene
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
CLICK_SECONDS = 0.015  # about what a click takes, with its fsync
SEED = 8
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


class Host:
    """One life of the program in a process of its own, and the user before it."""

    def __init__(self, scene: Scene, root: Path, tokens: Path, *flags: str) -> None:
        module = "tests.integration.crash_host"
        self._process = subprocess.Popen(  # noqa: S603  # our own
            [sys.executable, "-m", module, scene.kind, scene.proxy.url, root, tokens, *flags],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._gone = threading.Event()

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
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _click(self, diary: Diary, click: Click) -> bool:
        """Whether the click was acknowledged."""
        try:
            self._ask(diary, click)
        except BrokenPipeError:
            return False
        return self._hear(diary)

    def _ask(self, diary: Diary, click: Click) -> None:
        assert self._process.stdin is not None
        diary.begin(click)
        self._process.stdin.write(click.to_line() + "\n")
        self._process.stdin.flush()

    def _hear(self, diary: Diary) -> bool:
        line = self._line()
        if line:
            diary.answer(facts_from_line(line))
        return bool(line)

    def _line(self) -> str:
        """A whole line of what it said; empty when it died before the end of one."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return line.rstrip("\n") if line.endswith("\n") else ""

    def _kill(self) -> None:
        self._process.kill()
        self._gone.set()


@contextlib.contextmanager
def hosts(scene: Scene, root: Path, tokens: Path, *flags: str) -> Iterator[Callable[[], Host]]:
    """Hosts that are buried in the end, whatever happens."""
    born: list[Host] = []

    def next_host() -> Host:
        born.append(Host(scene, root, tokens, *flags))
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


def play(
    scene: Scene, tmp_path: Path, *, kills: int, patience: float, blind: bool = False
) -> tuple[Diary, list[str]]:
    """Click and kill, then let it come to rest; the diary, and what is wrong in the end."""
    root, tokens = tmp_path / "home", tmp_path / "tokens.json"
    scene.sign_in(FileTokenStore(tokens))
    script, diary = Script(SEED), Diary()
    dice = random.Random(SEED)  # noqa: S311  # a repeatable choice of moments
    scene.proxy.play(chaos(SEED, share=0.4, faults=FAULTS_OF[scene.kind]))
    flags = ("--blind",) if blind else ()
    with hosts(scene, root, tokens, *flags) as next_host:
        for number in range(kills):
            host = next_host()
            host.ready()
            if number % 5 == 4:
                scene.auth.expire_access()
            killed = host.killed_during_a_click if number % 2 else host.killed_at_any_moment
            killed(diary, script, dice)
    scene.proxy.play(())
    unsent = run_to_rest(scene, root, tokens, patience=patience)
    log = log_of(Paths.under(root).database)
    return diary, [*unsent, *diary.complaints(log), *scene.complaints(log)]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("server", SERVERS)
def test_killed_at_random_moments_every_acknowledged_click_arrives_once(
    server: str, tmp_path: Path
) -> None:
    with Scene(server, tmp_path, SystemClock()) as scene:
        diary, complaints = play(scene, tmp_path, kills=KILLS, patience=120)
        spoilt = [seen for seen in scene.proxy.ledger if not isinstance(seen.fault, Pass)]
    assert complaints == []
    assert diary.recorded > 2 * KILLS
    assert len(spoilt) > KILLS


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_worker_that_repeats_without_looking_does_not_survive_the_kills(tmp_path: Path) -> None:
    with Scene(PLAIN, tmp_path, SystemClock()) as scene:
        _diary, complaints = play(scene, tmp_path, kills=6, patience=5, blind=True)
    assert any(complaint.startswith("twice") for complaint in complaints)
