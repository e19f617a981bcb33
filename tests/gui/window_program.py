"""A window under test: the app it asks (a real channel, answers by the test), its eyes and keys."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO

import pytest
from PIL import Image
from virtual_desktop import VirtualDesktop

from tests.patience import DEADLINE_SECONDS, wait_for
from tests.pseudo import untranslated
from trayapp.control.channel import ControlServer
from trayapp.control.connection import Responder
from trayapp.control.messages import JSON, Reply, Request

ROOT = Path(__file__).parents[2]
_ONE_ROW_PIXELS = 6
CONTROLS = frozenset({"TButton", "TEntry", "TCheckbutton", "TRadiobutton", "TCombobox"})

HUBNITY: Mapping[str, JSON] = {
    "name": "hubnity",
    "label": "Hubnity",
    "takes_password": True,
    "takes_token": False,
}
TIMETAGGER: Mapping[str, JSON] = {
    "name": "timetagger",
    "label": "TimeTagger",
    "takes_password": True,
    "takes_token": True,
}

_PATIENCE_SECONDS = 5.0


def account(
    *, signed_in: bool = False, pending: int = 0, failed: int = 0, kinds: tuple[JSON, ...] = ()
) -> Reply:
    """The app's answer to "account"."""
    who = ("hubnity", "Hubnity", "https://time.example.org/api", "anna@example.org")
    names = ("kind", "label", "url", "user")
    return Reply(
        ok=True,
        value={
            "account": dict(
                zip(names, who if signed_in else ("embedded", "", "", ""), strict=True)
            ),
            "signed_in": signed_in,
            "pending": pending,
            "failed": failed,
            "earlier": 0,
            "kinds": kinds or (HUBNITY, TIMETAGGER),
        },
    )


class FakeApp:
    """Behind the channel: answers what it was told to; what it was not told stays unanswered."""

    def __init__(self, answers: Mapping[str, Reply]) -> None:
        self.answers = dict(answers)
        self._asked: SimpleQueue[Request] = SimpleQueue()

    def handle(self, request: Request, responder: Responder) -> None:
        if request.name in self.answers:
            responder.reply(self.answers[request.name])
        self._asked.put(request)

    def next(self, name: str) -> Request:
        """The next question of this name."""
        while True:
            request = self._asked.get(timeout=DEADLINE_SECONDS)
            if request.name == name:
                return request


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A widget as it stands on the screen."""

    path: str
    kind: str
    text: str
    x: int
    y: int
    width: int
    height: int
    asks_width: int
    asks_height: int
    enabled: bool

    @property
    def middle(self) -> int:
        """Where it is, from the top."""
        return self.y + self.height // 2

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Its place on the screen."""
        return self.x, self.y, self.x + self.width, self.y + self.height


class WindowProgram:
    """A running window."""

    def __init__(self, desktop: VirtualDesktop, process: subprocess.Popen[str]) -> None:
        self.desktop = desktop
        self._process = process
        self._said: SimpleQueue[str] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, args=(process.stdout,))
        self._reader.start()

    def _read(self, output: IO[str]) -> None:
        for line in output:
            self._said.put(line)

    def hear(self) -> object:
        """What it says next."""
        try:
            return json.loads(self._said.get(timeout=DEADLINE_SECONDS))
        except Empty:
            pytest.fail("the window said nothing")

    def _tell(self, word: str) -> object:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self.hear()

    def widgets(self) -> list[Seen]:
        """All that can be seen now."""
        found = self._tell("widgets")
        assert isinstance(found, list)
        return [Seen(**one) for one in found]

    def controls(self) -> list[Seen]:
        """What the keyboard can reach, as the eye goes: down, then to the right."""
        found = [one for one in self.widgets() if one.kind in CONTROLS and one.enabled]
        rows: list[list[Seen]] = []
        for one in sorted(found, key=lambda one: one.middle):
            if not rows or one.middle - rows[-1][0].middle > _ONE_ROW_PIXELS:
                rows.append([])
            rows[-1].append(one)
        return [one for row in rows for one in sorted(row, key=lambda one: one.x)]

    def focus(self) -> str:
        """The path of the focused widget."""
        return str(self._tell("focus"))

    def says(self, text: str) -> bool:
        """Whether these words can be read within a moment."""
        return wait_for(lambda: any(text in one.text for one in self.widgets()))

    def find(self, text: str) -> Seen:
        """The control that says so."""
        for one in self.controls():
            if one.text == text:
                return one
        pytest.fail(f"no {text!r} among {[one.text for one in self.controls()]}")

    def press_key(self, *keys: str) -> None:
        """As on the keyboard."""
        assert self.desktop.run(["xdotool", "key", *keys]).returncode == 0

    def type(self, text: str) -> None:
        """As on the keyboard, into the focused widget."""
        assert self.desktop.run(["xdotool", "type", text]).returncode == 0

    def click(self, one: Seen) -> None:
        """With the mouse, in its middle."""
        x, y = one.x + one.width // 2, one.y + one.height // 2
        move = ["xdotool", "mousemove", str(x), str(y), "click", "1"]
        assert self.desktop.run(move).returncode == 0

    def untranslated(self, *known: str) -> list[str]:
        """The texts that needed a translator and had none; what the user typed is theirs."""
        shown = (one.text for one in self.widgets() if one.kind not in {"TEntry", "Treeview"})
        return [text for text in shown if untranslated(text, known)]

    def picture(self, path: Path) -> Image.Image:
        """The window as it looks now."""
        shown = self.desktop.shot().crop(self.widgets()[0].box)
        path.parent.mkdir(parents=True, exist_ok=True)
        shown.save(path)
        return shown

    def wait_end(self) -> int:
        """Its exit status; it ends by itself."""
        return self._process.wait(DEADLINE_SECONDS)

    def close(self) -> None:
        """End it, whatever it does."""
        assert self._process.stdin is not None
        self._process.stdin.close()  # that is its end, unless it hangs
        try:
            self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait(DEADLINE_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._reader.join(DEADLINE_SECONDS)


@contextmanager
def serving(directory: Path, app: Callable[[Request, Responder], None]) -> Iterator[None]:
    """A channel that is stopped at the end."""
    server = ControlServer(directory, app)
    server.start()
    try:
        yield
    finally:
        server.stop()


@contextmanager
def window(
    desktop: VirtualDesktop,
    name: str,
    channel_dir: Path,
    *,
    env: Mapping[str, str] | None = None,
    pseudo: bool = False,
    russian: bool = False,
) -> Iterator[WindowProgram]:
    """A window, ready, ended at the end."""
    words = [word for word, wanted in (("pseudo", pseudo), ("russian", russian)) if wanted]
    process = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "tests.gui.window_host", name, str(channel_dir), *words],
        cwd=ROOT,
        env={**desktop.env, **(env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    program = WindowProgram(desktop, process)
    try:
        assert program.hear() == "ready"
        yield program
    finally:
        program.close()
