"""Tokens in a real Secret Service: locked, unlocked, restarted, taken away, asking the user."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from queue import Queue

import pytest
from virtual_desktop import KEYRING_OWNER, VirtualDesktop
from virtual_keyring import VirtualKeyring

from tests.unit.accounts.keyring_contract import KEPT, A, B, KeyringContract

pytestmark = [pytest.mark.gui, pytest.mark.timeout(60)]

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 20.0
PATIENCE_SECONDS = 2.0
"""The deadline that the program gives the keyring when it is meant to be short."""


class Programs:
    """One run of the program after the other, each a process on the desktop."""

    def __init__(self, env: dict[str, str], errors: Path, patience: float) -> None:
        self._env = env
        self._errors = errors
        self._patience = patience
        self._said: Queue[list[object]] = Queue()
        self._start()

    def ask(self, order: str) -> str:
        return self.timed(order)[0]

    def timed(self, order: str) -> tuple[str, float, float]:
        """The answer, how long the program took for it while the machine ran, and by the clock."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self.hear()

    def hear(self) -> tuple[str, float, float]:
        """The next line it prints."""
        said, seconds, wall = self._said.get(timeout=DEADLINE_SECONDS)
        assert isinstance(said, str)
        assert isinstance(seconds, float)
        assert isinstance(wall, float)
        return said, seconds, wall

    def again(self) -> None:
        self.close()
        self._start()

    def close(self) -> None:
        """End the program; one that crashed fails the test."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(DEADLINE_SECONDS) == 0, self.errors()
        self._reader.join(DEADLINE_SECONDS)

    def errors(self) -> str:
        """What all runs wrote on their error output."""
        return self._errors.read_text()

    def _start(self) -> None:
        with self._errors.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-m", "tests.gui.keyring_program", str(self._patience)],
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._reader = threading.Thread(target=self._read, args=(self._process,))
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                self._said.put(json.loads(line))


class RealHand:
    """Locks the real keyring and takes it away."""

    def __init__(self, keyring: VirtualKeyring) -> None:
        self._keyring = keyring

    def lock(self) -> None:
        self._keyring.lock()

    def unlock(self) -> None:
        self._keyring.unlock()

    def stop(self) -> None:
        self._keyring.stop(signal.SIGKILL)

    def start(self, *, locked: bool) -> None:
        self._keyring.start(locked=locked)

    def prompts(self) -> int:
        return self._keyring.refused_prompts()


@pytest.fixture
def desktop() -> Iterator[VirtualDesktop]:
    with VirtualDesktop(panel=False, notifier=False) as up:
        yield up


@pytest.fixture
def keyring(desktop: VirtualDesktop) -> VirtualKeyring:
    return VirtualKeyring(desktop)


@pytest.fixture
def errors(tmp_path: Path) -> Path:
    return tmp_path / "keyring_program.log"


class TestSecretService(KeyringContract):
    @pytest.fixture
    def hand(self, keyring: VirtualKeyring) -> RealHand:
        return RealHand(keyring)

    @pytest.fixture
    def lives(self, desktop: VirtualDesktop, errors: Path) -> Iterator[Programs]:
        lives = Programs(desktop.env, errors, patience=10)
        yield lives
        lives.close()
        assert "canary" not in lives.errors()


@pytest.fixture
def program(desktop: VirtualDesktop, errors: Path) -> Iterator[Programs]:
    """A program with little patience, and A in the keyring."""
    program = Programs(desktop.env, errors, PATIENCE_SECONDS)
    assert program.ask(f"save {A}") == KEPT
    yield program
    program.close()
    assert "canary" not in program.errors()


def test_a_prompt_delays_nobody_twice_and_its_answer_is_not_lost(
    program: Programs, keyring: VirtualKeyring
) -> None:
    keyring.stop()
    keyring.start(locked=True)
    keyring.offer_prompts()
    program.again()
    answer, seconds, wall = program.timed("load")
    assert answer == "locked: it does not answer"
    assert wall >= PATIENCE_SECONDS
    assert seconds < PATIENCE_SECONDS + 1
    keyring.see_prompt()
    for _ in range(20):
        answer, seconds, _wall = program.timed("load")
        assert answer == "locked: it does not answer"
        assert seconds < 0.5
    keyring.answer_prompt()
    assert program.hear()[0] == "opened"
    assert program.ask("load") == A
    assert program.ask(f"save {B}") == KEPT


def test_a_dismissed_prompt_does_not_come_back(
    program: Programs, keyring: VirtualKeyring, desktop: VirtualDesktop
) -> None:
    keyring.lock()
    keyring.offer_prompts()
    program.again()
    assert program.ask("load") == "locked: it does not answer"
    keyring.see_prompt()
    keyring.dismiss_prompt()
    assert program.hear()[0] == "opened"
    for _ in range(20):
        answer, seconds, _wall = program.timed("load")
        assert answer == "locked: locked"
        assert seconds < 1
    assert windows(desktop) == []
    keyring.unlock()
    assert program.ask("load") == A


def test_one_that_stands_still_delays_nobody_twice(
    program: Programs, keyring: VirtualKeyring
) -> None:
    keyring.freeze()
    answer, seconds, _wall = program.timed(f"save {B}")
    assert answer == "session only: locked"
    assert seconds < PATIENCE_SECONDS + 1
    answer, seconds, _wall = program.timed("ready")
    assert answer == "locked: it does not answer"
    assert seconds < 0.5
    keyring.thaw()
    assert program.hear()[0] == "opened"
    program.again()
    assert program.ask("load") == B


def test_what_the_keyring_shows_of_an_item_is_no_secret(
    program: Programs, desktop: VirtualDesktop
) -> None:
    assert program.ask("load") == A
    assert desktop.owner(KEYRING_OWNER)
    files = [path.read_bytes() for path in desktop.root.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not any(b"canary" in content for content in files)


def test_a_keyring_that_is_still_to_be_made_is_asked_for_once(errors: Path) -> None:
    with VirtualDesktop(panel=False, notifier=False, keyring=False) as bare, ExitStack() as stack:
        keyring = VirtualKeyring(bare)
        keyring.start(locked=True)  # there is no file yet: nothing is there to be unlocked
        program = stack.enter_context(closing(Programs(bare.env, errors, patience=10)))
        for _ in range(3):
            assert program.ask("load") == "nobody"
        assert keyring.refused_prompts() == 0
        program.ask("allow")
        assert program.ask(f"save {A}") == "session only: locked"
        for _ in range(5):
            assert program.ask("keep") == "False"
        assert keyring.refused_prompts() == 1
        assert program.ask("load") == A


def windows(desktop: VirtualDesktop) -> list[str]:
    """The prompts that are on the screen."""
    command = ["xdotool", "search", "--onlyvisible", "--class", "gcr-prompter"]
    return desktop.run(command).stdout.split()
