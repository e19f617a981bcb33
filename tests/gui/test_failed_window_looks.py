"""How the failed-tasks window looks on a real desktop, by keyboard, and with ten thousand tasks."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui import failed_window as fixtures
from tests.gui.failed_window import LIGHT, Opener, into_list, is_list, keep
from tests.gui.failed_world import LONG, MANY, MIXED, FailedWorld
from tests.gui.window_program import WindowProgram
from tests.patience import wait_for

pytestmark = [pytest.mark.gui, pytest.mark.timeout(90)]

_BARE = """
import tkinter as tk
root = tk.Tk()
shown = tk.Label(root, text="x")
shown.pack()
shown.bind("<Expose>", lambda event: print("ready", flush=True))
root.mainloop()
"""
_OURS = """
import sys
from pathlib import Path
from trayapp.desktop.windows.main import run_window
run_window("failed", Path(sys.argv[1]), ready=lambda: print("ready", flush=True))
"""
_TIMES_BARE = 6.0
"""Well above what a quiet machine shows, so that a busy one does not fail the test."""
_LONG, _RUSSIAN = {"pseudo": True}, {"russian": True}
_LOOKS = [
    pytest.param(LIGHT, {}, id="light-100"),
    pytest.param({"TRAYAPP_THEME": "dark", "TRAYAPP_SCALE": "1"}, _RUSSIAN, id="dark-100-ru"),
    pytest.param({"TRAYAPP_THEME": "light", "TRAYAPP_SCALE": "2"}, _RUSSIAN, id="light-200-ru"),
    pytest.param({"TRAYAPP_THEME": "light", "TRAYAPP_SCALE": "2"}, _LONG, id="light-200-long"),
    pytest.param({"TRAYAPP_THEME": "dark", "TRAYAPP_SCALE": "2"}, {}, id="dark-200"),
]

home, world, app, opened = fixtures.home, fixtures.world, fixtures.app, fixtures.opened


@pytest.mark.parametrize(("env", "words"), _LOOKS)
def test_every_group_has_its_card_and_tab_reaches_everything(
    opened: Opener,
    world: FailedWorld,
    request: pytest.FixtureRequest,
    *,
    env: dict[str, str],
    words: dict[str, bool],
) -> None:
    world.fail(MIXED)
    world.close_gate()
    look = request.node.callspec.id
    with opened(env, **words) as shown:
        keep(shown, f"groups-{look}")
        _assert_nothing_is_cut(shown)
        _walk(shown)
        into_list(shown)
        shown.press_key("Down", "Down", "Down", "Return")
        assert wait_for(lambda: any(one.kind == "Text" for one in shown.widgets()))
        _assert_nothing_is_cut(shown)
        keep(shown, f"unfolded-{look}")
        if words == _LONG:
            assert shown.untranslated("Unauthorized") == []  # the reason is the server's


def _assert_nothing_is_cut(shown: WindowProgram) -> None:
    seen = [one for one in shown.widgets() if one.kind not in {"Canvas", "TScrollbar"}]
    cut = [one for one in seen if one.width < one.asks_width or one.height < one.asks_height]
    assert cut == []


def _walk(shown: WindowProgram) -> None:
    """Tab once round: every control once, in sight when it has the keyboard."""
    top = shown.widgets()[0]
    start, visited = shown.focus(), []
    for _ in range(40):
        visited.append(shown.focus())
        focused = next(one for one in shown.widgets() if one.path == visited[-1])
        assert top.y <= focused.y <= top.y + top.height - focused.height, focused
        shown.press_key("Tab")
        if shown.focus() == start:
            break
    assert len(visited) == len(set(visited)), visited
    assert {one.path for one in shown.controls()} <= set(visited)
    assert any(is_list(path) for path in visited)
    for path in (*reversed(visited[1:]), start):
        shown.press_key("shift+Tab")
        assert shown.focus() == path


def test_with_nothing_failed_it_says_so_and_what_waits(opened: Opener, world: FailedWorld) -> None:
    world.wait(3)
    with opened() as shown:
        assert shown.says("Nothing has failed.")
        assert shown.says("3 waiting")
        assert shown.find("Try now").enabled
        keep(shown, "empty-waiting")


def test_without_a_queue_it_can_still_import(opened: Opener) -> None:
    with opened({"TRAYAPP_THEME": "dark", "TRAYAPP_SCALE": "1"}) as shown:
        assert shown.says("Nothing has failed.")
        assert shown.find("Import…").enabled
        keep(shown, "empty-dark")
        shown.press_key("Escape")
        assert shown.wait_end() == 0


def test_a_long_reason_is_whole_when_its_row_is_unfolded(
    opened: Opener, world: FailedWorld
) -> None:
    world.fail(MIXED[1:2])
    with opened() as shown:
        into_list(shown)
        shown.press_key("space")
        assert shown.says(LONG)
        keep(shown, "long-reason")
        shown.press_key("Escape")
        assert wait_for(lambda: all(one.kind != "Text" for one in shown.widgets()))


# -- size ----------------------------------------------------------------------------------


def test_ten_thousand_tasks_are_all_there_and_only_the_seen_ones_are_built(
    opened: Opener, world: FailedWorld
) -> None:
    world.fail(MANY)
    with opened() as shown:
        assert shown.says("Failed tasks (10000)")
        assert shown.says("All of them: HTTP 401: Unauthorized.")  # diagnosed
        into_list(shown)
        before = len(shown.widgets())
        shown.press_key("End", "Return")
        assert shown.says("Reason was not stored (older task)")
        assert len(shown.widgets()) < before + 30
        keep(shown, "ten-thousand")


def test_ten_thousand_tasks_open_about_as_fast_as_an_empty_window(
    screen: VirtualDesktop, home: Mapping[str, str], world: FailedWorld, channel: Path
) -> None:
    world.fail(MANY)
    env = {**screen.env, **home, **LIGHT}
    bare = statistics.median(_seconds(env, _BARE) for _ in range(3))
    ours = statistics.median(_seconds(env, _OURS, str(channel)) for _ in range(3))
    assert ours < bare * _TIMES_BARE, (ours, bare)


def _seconds(env: dict[str, str], *words: str) -> float:
    """From the start of the process to its first content on the screen."""
    begun = time.monotonic()
    command = [sys.executable, "-c", *words]
    root = Path(__file__).parents[2]
    with subprocess.Popen(  # noqa: S603  # our own program
        command, env=env, cwd=root, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        took = time.monotonic() - begun
        process.kill()
    return took
