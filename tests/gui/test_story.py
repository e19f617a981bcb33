"""The incident on the real desktop: from expired tokens to all sent, without a developer."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageColor
from virtual_desktop import VirtualDesktop

from tests.gui.app_eyes import shows_icon
from tests.gui.app_program import notifications
from tests.gui.tray_client import TrayClient
from tests.hubnity_server import FEB, FakeHubnity
from tests.integration.program import Ran, trayapp
from tests.patience import wait_for
from trayapp.clock import SystemClock
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import Delay, MisbehavingProxy
from trayapp.desktop.badge import Colour, IconKey
from trayapp.desktop.windows.palette import LIGHT
from trayapp.tracking.entry import TrackerState

pytestmark = [pytest.mark.gui, pytest.mark.slow, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
_BUTTON_PIXELS = 1_000
SHOTS = ROOT / "build" / "screenshots"
ANNA, PASSWORD = "anna@hubnity.example", "correct horse"  # the fake server's


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A desktop, the app of a user on it, and the user's server."""

    desktop: VirtualDesktop
    server: FakeHubnity
    proxy: MisbehavingProxy
    url: str
    env: Mapping[str, str]

    def type(self, *words: str, stdin: str | None = None) -> Ran:
        return trayapp(*words, env=self.env, stdin=stdin)

    def status(self) -> Mapping[str, object]:
        return self.type("status", "--json").json

    def comes_to(self, **wanted: object) -> bool:
        return wait_for(lambda: wanted.items() <= dict(self.status()).items())

    def icon(self, tracker: TrackerState, colour: Colour, count: int = 0) -> bool:
        key = IconKey(tracker=tracker, colour=colour, count=count, offline=False)
        return shows_icon(self.desktop, key)

    def keep(self, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.desktop.shot().save(SHOTS / f"story-{name}.png")

    def window(self, title: str) -> bool:
        """Whether a window with this title gets the keyboard, and shows what it is for."""
        active = ["xdotool", "getactivewindow", "getwindowname"]
        # While it waits for the app, which takes a while on a busy machine, it has no such button.
        return wait_for(
            lambda: (
                title in self.desktop.run(active).stdout
                and _pixels(self.desktop.shot(), LIGHT.accent) > _BUTTON_PIXELS
            )
        )

    def keys(self, *keys: str) -> None:
        self.desktop.run(["xdotool", "key", "--delay", "30", *keys])


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    server = FakeHubnity(SystemClock(), FEB)
    server.add_user(ANNA)
    with (
        VirtualDesktop(keyring=False) as desktop,
        Loopback(server) as loopback,
        MisbehavingProxy(loopback.url) as proxy,
    ):
        env = {
            **desktop.env,
            "PYTHONPATH": str(ROOT),
            "PYTHON_KEYRING_BACKEND": "tests.file_keyring.FileKeyring",
            "FILE_KEYRING": str(tmp_path / "keyring.json"),
            "TRAYAPP_THEME": "light",
        }
        url = proxy.url + server.prefix
        stage = Stage(desktop=desktop, server=server, proxy=proxy, url=url, env=env)
        with _app(stage):
            yield stage


@contextmanager
def _app(stage: Stage) -> Iterator[None]:
    process = subprocess.Popen(  # our own program
        [sys.executable, "-m", "trayapp"],
        cwd=ROOT,
        env=dict(stage.env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert stage.icon(TrackerState.STOPPED, Colour.GREY)
        yield
        assert stage.type("quit").status == 0
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_from_expired_tokens_to_all_sent(stage: Stage) -> None:
    ran = stage.type(
        *("login", "--server", "hubnity", "--url", stage.url, "--user", ANNA),
        "--password-stdin",
        stdin=PASSWORD,
    )
    assert ran.status == 0, ran.err
    stage.type("start", "Website", "--note", "front page")
    assert stage.comes_to(pending=0, link="online")
    assert stage.icon(TrackerState.RUNNING, Colour.GREEN)
    stage.keep("1-all-sent")

    # The tokens expire, and the refresh is refused; the first answer waits for all three clicks.
    all_clicked = threading.Event()
    stage.proxy.play([Delay(until=all_clicked)])
    stage.server.tokens.revoke()
    for click in ("pause", "resume", "stop"):
        stage.type(click)
    all_clicked.set()
    assert stage.comes_to(failed=1, pending=2, link="signed_out")
    assert stage.icon(TrackerState.STOPPED, Colour.RED, 1)
    assert wait_for(lambda: _titles(stage) == ["Sign in again to send 3 events"])
    stage.keep("2-signed-out")

    # The menu's row opens the window, which says what to do and has one button for it.
    with TrayClient(stage.desktop) as client:
        assert wait_for(lambda: "Failed tasks (1)…" in [row.label for row in client.rows()])
        client.click("Failed tasks (1)…")
    assert stage.window("Failed tasks")
    stage.keep("3-failed-tasks")
    stage.keys("Return")  # the keyboard is on the button that helps most
    assert stage.window("Sign in")
    stage.keep("4-sign-in")
    stage.desktop.run(["xdotool", "type", "--delay", "20", PASSWORD])
    stage.keys("Return")

    assert stage.comes_to(failed=0, pending=0, link="online")
    assert stage.icon(TrackerState.STOPPED, Colour.GREEN)
    stage.keep("5-all-sent-again")
    assert [entry.status for entry in stage.server.books.entries.values()] == ["STOPPED"]
    assert len(_titles(stage)) <= 2  # the trouble, and that it is over


def _pixels(screen: Image.Image, colour: str) -> int:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    raw = screen.convert("RGB").tobytes()
    return list(zip(raw[0::3], raw[1::3], raw[2::3], strict=True)).count((red, green, blue))


def _titles(stage: Stage) -> list[str]:
    return [title for title, _body in notifications(stage.desktop)]
