"""What tests on the virtual desktop share: the program with the tray, and a screen for windows."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from queue import Empty, Queue
from typing import IO

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.failed_app import FailedApp
from tests.gui.tray_client import TrayClient
from tests.gui.tray_host import Scene
from tests.gui.window_program import FakeApp, serving
from tests.patience import DEADLINE_SECONDS

ROOT = Path(__file__).parents[2]

RUNNING = Scene(tracker="running", minutes=84, delivered=True)
FAILED = Scene(tracker="running", minutes=84, pending=99, failed=1)

StartTray = Callable[..., "TrayProgram"]


class TrayProgram:
    """A running tray host: tells it what to show, hears what it says."""

    def __init__(self, env: dict[str, str], scene: Scene, errors: Path) -> None:
        self._errors = errors
        with errors.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-m", "tests.gui.tray_host", json.dumps(asdict(scene))],
                cwd=ROOT,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._said: Queue[str] = Queue()
        self._heard: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()

    def show(self, scene: Scene) -> None:
        """Have the tray show this."""
        self._send({"show": asdict(scene)})

    def ask(self, command: str) -> None:
        """Have it do what needs no scene."""
        self._send({command: {}})

    def expect(self, start: str) -> str:
        """The next line that starts so; others stay to be asked for."""
        for index, line in enumerate(self._heard):
            if line.startswith(start):
                return self._heard.pop(index)
        while True:
            try:
                line = self._said.get(timeout=DEADLINE_SECONDS)
            except Empty:
                pytest.fail(f"{start!r} was never said, but {self._heard}; {self.errors()}")
            if line.startswith(start):
                return line
            self._heard.append(line)

    def said(self, start: str) -> list[str]:
        """All lines so far that start so; they stay."""
        while not self._said.empty():
            self._heard.append(self._said.get())
        return [line for line in self._heard if line.startswith(start)]

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def errors(self) -> str:
        """What it wrote on its error output."""
        return self._errors.read_text()

    def finish(self) -> int:
        """Let it end by itself; its exit status."""
        self._pipe().close()
        try:
            return self._process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._reader.join()

    def close(self) -> None:
        """End it unless it has ended; a tray that crashed fails the test."""
        if not self._pipe().closed:
            assert self.finish() == 0, self.errors()

    def _send(self, command: dict[str, dict[str, object]]) -> None:
        pipe = self._pipe()
        pipe.write(json.dumps(command) + "\n")
        pipe.flush()

    def _pipe(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _read(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self._said.put(line.rstrip("\n"))


@pytest.fixture
def desktop() -> Iterator[VirtualDesktop]:
    """A desktop of the test's own, with panel and notifications."""
    with VirtualDesktop(keyring=False) as up:
        yield up


@pytest.fixture(scope="module")
def screen() -> Iterator[VirtualDesktop]:
    """A large screen with a window manager and nothing else."""
    with VirtualDesktop(panel=False, notifier=False, keyring=False, size="2000x1700") as up:
        yield up


@pytest.fixture
def channel(app: FakeApp | FailedApp, runtime: Path) -> Iterator[Path]:
    """Where the module's app answers its windows."""
    with serving(runtime / "channel", app.handle):
        yield runtime / "channel"


@pytest.fixture
def client(desktop: VirtualDesktop) -> Iterator[TrayClient]:
    """The bus of that desktop."""
    with TrayClient(desktop) as one:
        yield one


@pytest.fixture
def start_tray(tmp_path: Path) -> Iterator[StartTray]:
    """Start a tray in an environment; it is ended with the test."""
    with ExitStack() as stack:

        def start(env: dict[str, str], scene: Scene | None = None) -> TrayProgram:
            program = TrayProgram(env, scene or Scene(), tmp_path / "tray.log")
            stack.callback(program.close)
            return program

        yield start


@pytest.fixture
def tray(desktop: VirtualDesktop, start_tray: StartTray, client: TrayClient) -> TrayProgram:
    """A tray that shows RUNNING."""
    program = start_tray(desktop.env, RUNNING)
    program.expect("ready")
    client.properties()
    return program
