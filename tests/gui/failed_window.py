"""The failed-tasks window under test: its app, its world, its list, and pictures of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.failed_app import FailedApp
from tests.gui.failed_world import FailedWorld, paths_of
from tests.gui.window_looks import PICTURES
from tests.gui.window_program import Seen, WindowProgram, window

LIGHT = {"TRAYAPP_THEME": "light", "TRAYAPP_SCALE": "1"}


@pytest.fixture
def home(tmp_path: Path) -> Mapping[str, str]:
    """Directories of the test's own, in the environment."""
    names = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
    return {**{name: str(tmp_path / name) for name in names}, "HOME": str(tmp_path)}


@pytest.fixture
def world(home: Mapping[str, str]) -> Iterator[FailedWorld]:
    one = FailedWorld(paths_of(home))
    yield one
    one.close()


@pytest.fixture
def app() -> FailedApp:
    return FailedApp()


class Opener:
    """Opens the window in the test's home."""

    def __init__(self, screen: VirtualDesktop, channel: Path, home: Mapping[str, str]) -> None:
        self._screen, self._channel, self._home = screen, channel, home

    def __call__(
        self, env: Mapping[str, str] | None = None, *, pseudo: bool = False, russian: bool = False
    ) -> AbstractContextManager[WindowProgram]:
        every = {**self._home, **(env or LIGHT)}
        return window(
            self._screen, "failed", self._channel, env=every, pseudo=pseudo, russian=russian
        )


@pytest.fixture
def opened(screen: VirtualDesktop, channel: Path, home: Mapping[str, str]) -> Opener:
    return Opener(screen, channel, home)


def keep(shown: WindowProgram, name: str) -> None:
    shown.picture(PICTURES / f"failed-{name}.png")


def into_list(shown: WindowProgram) -> None:
    """Tab until the list has the keyboard."""
    for _ in range(30):
        if is_list(shown.focus()):
            return
        shown.press_key("Tab")
    pytest.fail("Tab never reaches the list")


def is_list(path: str) -> bool:
    """The widget that takes the list's keys is the one plain frame on the canvas."""
    return path.rpartition(".")[2].startswith("!frame") and "!canvas" in path


def button(shown: WindowProgram, text: str) -> Seen:
    assert shown.says(text)
    return shown.find(text)


def keep_screen(shown: WindowProgram, name: str) -> None:
    shown.desktop.shot(PICTURES / f"failed-{name}.png")
