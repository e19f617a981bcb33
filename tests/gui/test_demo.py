"""`trayapp demo`: the story is told in order, photographed, and its verdict is the exit status."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from virtual_desktop import VirtualDesktop

from tests.gui.app_eyes import MENU_AREA
from tests.gui.eyes import coloured
from trayapp.desktop.badge import Colour

pytestmark = [pytest.mark.gui, pytest.mark.slow, pytest.mark.timeout(120)]

_ROOT = Path(__file__).parents[2]
_SCENES = 8
_END = "The server's ledger equals the clicks: each once, in order, on time."
_PICTURES = {
    "01-all-sent": Colour.GREEN,
    "02-offline": Colour.AMBER,
    "03-signed-out": Colour.RED,
    "04-wrong-address": Colour.AMBER,
    "05-server-trouble": Colour.RED,
    "06-all-sent-again": Colour.GREEN,
}
_BACKGROUND_SHARE = 0.9


@pytest.fixture(scope="module")
def desktop() -> Iterator[VirtualDesktop]:
    with VirtualDesktop(keyring=False) as up:
        yield up


def _play(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", *words],
        cwd=_ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def _assert_told_whole(done: subprocess.CompletedProcess[str]) -> None:
    """All scenes in order, each followed by what it came to, and the verdict at the end."""
    lines = done.stdout.splitlines()
    scenes = [line[:2] for line in lines if line[:1].isdecimal()]
    assert scenes == [f"{number}." for number in range(1, _SCENES + 1)], done.stdout
    assert lines[-1] == _END
    titles = [line for line in lines if line.startswith("   ") and " · " in line]
    assert len(titles) > _SCENES
    assert titles[0].endswith("all sent")
    assert titles[-1] == "   Not tracking · all sent"


def test_on_a_desktop_it_is_played_to_a_good_end_and_photographed(
    desktop: VirtualDesktop, tmp_path: Path
) -> None:
    done = _play(desktop.env, "trayapp", "demo", "--screenshots", str(tmp_path / "shots"))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    _assert_told_whole(done)
    assert {path.stem for path in (tmp_path / "shots").iterdir()} == set(_PICTURES)
    for name, colour in _PICTURES.items():
        path = tmp_path / "shots" / f"{name}.png"
        assert f"   Picture: {path}" in done.stdout.splitlines()
        picture = Image.open(path).convert("RGB")
        assert coloured(picture, colour), name
        assert _shows_a_menu(picture), name
    assert not list((desktop.root / "data").iterdir()), "the user's own files were touched"


def _shows_a_menu(picture: Image.Image) -> bool:
    area = picture.crop(MENU_AREA)
    counts = [count for count, _colour in area.getcolors(maxcolors=1 << 24) or []]
    return max(counts) < _BACKGROUND_SHARE * area.width * area.height


def test_without_a_display_it_is_played_to_a_good_end(
    desktop: VirtualDesktop, tmp_path: Path
) -> None:
    env = {**desktop.env, "DISPLAY": ""}
    done = _play(env, "trayapp", "demo", "--screenshots", str(tmp_path / "shots"))
    assert done.returncode == 0, done.stdout + done.stderr
    _assert_told_whole(done)
    (line,) = done.stderr.splitlines()
    assert line.startswith("trayapp: No tray icon: there is no display (")
    assert not (tmp_path / "shots").exists()


def test_a_server_that_loses_a_click_makes_it_exit_with_1(desktop: VirtualDesktop) -> None:
    done = _play({**desktop.env, "DISPLAY": ""}, "tests.gui.forgetful_demo")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("FAILED: ")
    assert "they differ" in done.stdout
