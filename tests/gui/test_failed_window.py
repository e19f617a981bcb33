"""The failed-tasks window on a real desktop: its looks, the keyboard, what it asks of the app."""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.failed_app import EFFECT, FailedApp
from tests.gui.failed_world import LONG, MANY, MIXED, SIGNED_OUT, FailedWorld, paths_of
from tests.gui.tray_client import wait_for
from tests.gui.window_program import Seen, WindowProgram, serving, window
from trayapp.queue.reader import QueueReader

pytestmark = [pytest.mark.gui, pytest.mark.timeout(90)]

_PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
_INCIDENT = Path(__file__).parents[1] / "data" / "legacy" / "incident_v1.sql"
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
_LIGHT = {"TRAYAPP_THEME": "light", "TRAYAPP_SCALE": "1"}
_LONG, _RUSSIAN = {"pseudo": True}, {"russian": True}
_LOOKS = [
    pytest.param(_LIGHT, {}, id="light-100"),
    pytest.param({"TRAYAPP_THEME": "dark", "TRAYAPP_SCALE": "1"}, _RUSSIAN, id="dark-100-ru"),
    pytest.param({"TRAYAPP_THEME": "light", "TRAYAPP_SCALE": "2"}, _RUSSIAN, id="light-200-ru"),
    pytest.param({"TRAYAPP_THEME": "light", "TRAYAPP_SCALE": "2"}, _LONG, id="light-200-long"),
    pytest.param({"TRAYAPP_THEME": "dark", "TRAYAPP_SCALE": "2"}, {}, id="dark-200"),
]


@pytest.fixture(scope="module")
def screen() -> Iterator[VirtualDesktop]:
    """A large screen with a window manager and nothing else."""
    with VirtualDesktop(panel=False, notifier=False, keyring=False, size="2000x1700") as up:
        yield up


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


@pytest.fixture
def channel(app: FailedApp, runtime: Path) -> Iterator[Path]:
    with serving(runtime / "channel", app.handle):
        yield runtime / "channel"


class Opener:
    """Opens the window in the test's home."""

    def __init__(self, screen: VirtualDesktop, channel: Path, home: Mapping[str, str]) -> None:
        self._screen, self._channel, self._home = screen, channel, home

    def __call__(
        self, env: Mapping[str, str] | None = None, *, pseudo: bool = False, russian: bool = False
    ) -> AbstractContextManager[WindowProgram]:
        every = {**self._home, **(env or _LIGHT)}
        return window(
            self._screen, "failed", self._channel, env=every, pseudo=pseudo, russian=russian
        )


@pytest.fixture
def opened(screen: VirtualDesktop, channel: Path, home: Mapping[str, str]) -> Opener:
    return Opener(screen, channel, home)


def _keep(shown: WindowProgram, name: str) -> None:
    shown.picture(_PICTURES / f"failed-{name}.png")


def _into_list(shown: WindowProgram) -> None:
    """Tab until the list has the keyboard."""
    for _ in range(30):
        if _is_list(shown.focus()):
            return
        shown.press_key("Tab")
    pytest.fail("Tab never reaches the list")


def _is_list(path: str) -> bool:
    """The widget that takes the list's keys is the one plain frame on the canvas."""
    return path.rpartition(".")[2].startswith("!frame") and "!canvas" in path


def _button(shown: WindowProgram, text: str) -> Seen:
    assert shown.says(text)
    return shown.find(text)


# -- how it looks --------------------------------------------------------------------------


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
        _keep(shown, f"groups-{look}")
        _assert_nothing_is_cut(shown)
        _walk(shown)
        _into_list(shown)
        shown.press_key("Down", "Down", "Down", "Return")
        assert wait_for(lambda: any(one.kind == "Text" for one in shown.widgets()))
        _assert_nothing_is_cut(shown)
        _keep(shown, f"unfolded-{look}")
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
    assert any(_is_list(path) for path in visited)
    for path in (*reversed(visited[1:]), start):
        shown.press_key("shift+Tab")
        assert shown.focus() == path


def test_with_nothing_failed_it_says_so_and_what_waits(opened: Opener, world: FailedWorld) -> None:
    world.wait(3)
    with opened() as shown:
        assert shown.says("Nothing has failed.")
        assert shown.says("3 waiting")
        assert shown.find("Try now").enabled
        _keep(shown, "empty-waiting")


def test_without_a_queue_it_can_still_import(opened: Opener) -> None:
    with opened({"TRAYAPP_THEME": "dark", "TRAYAPP_SCALE": "1"}) as shown:
        assert shown.says("Nothing has failed.")
        assert shown.find("Import…").enabled
        _keep(shown, "empty-dark")
        shown.press_key("Escape")
        assert shown.wait_end() == 0


def test_a_long_reason_is_whole_when_its_row_is_unfolded(
    opened: Opener, world: FailedWorld
) -> None:
    world.fail(MIXED[1:2])
    with opened() as shown:
        _into_list(shown)
        shown.press_key("space")
        assert shown.says(LONG)
        _keep(shown, "long-reason")
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
        _into_list(shown)
        before = len(shown.widgets())
        shown.press_key("End", "Return")
        assert shown.says("Reason was not stored (older task)")
        assert len(shown.widgets()) < before + 30
        _keep(shown, "ten-thousand")


def test_ten_thousand_tasks_open_about_as_fast_as_an_empty_window(
    screen: VirtualDesktop, home: Mapping[str, str], world: FailedWorld, channel: Path
) -> None:
    world.fail(MANY)
    env = {**screen.env, **home, **_LIGHT}
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


# -- retry ---------------------------------------------------------------------------------


def test_a_retry_shows_its_progress_and_its_honest_result(
    opened: Opener, world: FailedWorld, app: FailedApp, home: Mapping[str, str]
) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        shown.click(_button(shown, "Retry all (16)"))
        assert app.next("retry").arguments == {"ids": None, "wait": True}
        assert shown.says("0 of 16 sent")
        reader = QueueReader(paths_of(home).database)
        world.deliver(reader.failed(limit=7))
        assert shown.says("7 of 16 sent")
        app.tell_watchers()
        assert shown.says("Failed tasks (9)")
        _keep(shown, "retrying")
        world.deliver(reader.failed(limit=7))
        reader.close()
        app.end_retry(sent=14, failed=2, reason="HTTP 422: project closed")
        assert shown.says("14 sent, 2 failed: HTTP 422: project closed")
        assert shown.says("Retry all (2)")
        _keep(shown, "retried")


def test_a_retry_can_be_cancelled(opened: Opener, world: FailedWorld, app: FailedApp) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        shown.click(_button(shown, "Retry all (16)"))
        shown.click(_button(shown, "Cancel"))
        app.next("cancel_retry")
        assert wait_for(lambda: any(one.text == "Retry all (16)" for one in shown.controls()))
        assert wait_for(lambda: _button(shown, "Retry all (16)").enabled)


def test_the_rows_of_a_group_are_retried_alone(
    opened: Opener, world: FailedWorld, app: FailedApp
) -> None:
    world.fail(MIXED)
    with opened() as shown:
        shown.click(_button(shown, "Show 8 tasks"))
        assert shown.says("Show all")
        shown.click(shown.find("Retry these"))
        ids = app.next("retry").arguments["ids"]
        assert isinstance(ids, tuple)
        assert len(ids) == 8
        _keep(shown, "one-group")


# -- discard -------------------------------------------------------------------------------


def test_a_discard_says_first_what_it_does_and_can_be_undone(
    opened: Opener, world: FailedWorld, app: FailedApp
) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        _into_list(shown)
        shown.press_key("Down", "Delete")
        assert app.next("discard").arguments == {"ids": (2,), "look": True}
        assert shown.says(EFFECT)
        _keep_screen(shown, "discard-asks")
        shown.click(_button(shown, "Do not send"))
        assert app.next("discard").arguments == {"ids": (2,), "look": False}
        assert shown.says("1 task is not sent.")
        _keep(shown, "discarded")
        shown.click(_button(shown, "Undo"))
        assert app.next("undo_discard").arguments == {"ids": (2,)}
        assert shown.says("1 task is back.")


def test_escape_leaves_a_task_where_it_is(
    opened: Opener, world: FailedWorld, app: FailedApp
) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        _into_list(shown)
        shown.press_key("Delete")
        assert app.next("discard").arguments["look"] is True
        assert shown.says(EFFECT)
        shown.press_key("Escape")
        assert wait_for(lambda: all(one.text != EFFECT for one in shown.widgets()))
        assert wait_for(lambda: _is_list(shown.focus()))


def _keep_screen(shown: WindowProgram, name: str) -> None:
    shown.desktop.shot(_PICTURES / f"failed-{name}.png")


def test_duplicates_are_removed_by_their_card(
    opened: Opener, world: FailedWorld, app: FailedApp
) -> None:
    world.fail(MIXED[:1])
    with opened() as shown:
        shown.click(_button(shown, "Remove duplicates"))
        assert app.next("discard").arguments == {"ids": None, "look": True}
        assert shown.says("Remove 2 repeated clicks?")
        _keep_screen(shown, "duplicates-ask")
        shown.press_key("shift+Tab", "Return")
        assert app.next("discard").arguments == {"ids": None, "look": False}


# -- repair --------------------------------------------------------------------------------


def test_what_was_refused_is_fixed_with_another_text(
    opened: Opener, world: FailedWorld, app: FailedApp
) -> None:
    world.fail(MIXED[1:2])
    with opened() as shown:
        shown.click(_button(shown, "Fix…"))
        assert shown.says("What should be sent instead?")
        shown.press_key("ctrl+a")
        shown.type("Maintenance")
        _keep_screen(shown, "fix")
        shown.press_key("Return")
        arguments = app.next("fix").arguments
        assert arguments["project"] == "Maintenance"
        assert arguments["note"] is None
        assert shown.says("It is sent again.")


def test_a_conflict_is_answered_with_what_the_server_has(
    opened: Opener, world: FailedWorld, app: FailedApp
) -> None:
    world.fail(MIXED[2:3])
    with opened() as shown:
        shown.click(_button(shown, "Choose…"))
        assert shown.says("Which one is right?")
        _keep_screen(shown, "choose")
        shown.click(_button(shown, "Keep the server's"))
        assert app.next("resolve").arguments == {"ids": (1, 2, 3, 4), "keep": "server"}


def test_its_button_opens_the_sign_in_window(opened: Opener, world: FailedWorld) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        shown.click(_button(shown, "Sign in…"))
        search = ["xdotool", "search", "--name", "Sign in"]
        assert wait_for(lambda: shown.desktop.run(search).returncode == 0)
        assert wait_for(lambda: _is_gone(shown, search))


def _is_gone(shown: WindowProgram, search: list[str]) -> bool:
    """The other window, which may not have the keyboard at once, closed by its key."""
    if shown.desktop.run(search).returncode == 0:
        shown.press_key("Escape")
    return shown.desktop.run(search).returncode != 0


# -- the rest ------------------------------------------------------------------------------


def test_the_report_is_shown_before_it_is_saved_or_copied(
    opened: Opener, world: FailedWorld
) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        shown.click(_button(shown, "Report…"))
        assert shown.says("Report for a support desk")
        assert {"Save…", "Copy", "Close"} <= {one.text for one in shown.controls()}
        _keep_screen(shown, "report")


def test_a_task_is_copied_as_text(opened: Opener, world: FailedWorld) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        _into_list(shown)
        shown.press_key("ctrl+c")
        assert shown.says("1 task copied.")
        reading = "import tkinter; print(tkinter.Tk().clipboard_get())"
        copied = shown.desktop.run([sys.executable, "-c", reading]).stdout
        assert "HTTP 401: Unauthorized" in copied
        assert '"project": "Сопровождение"' in copied


def test_an_older_database_is_imported_and_explained(opened: Opener, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(_INCIDENT.read_text())
    with opened() as shown:
        shown.click(_button(shown, "Import…"))
        file_dialog = ["xdotool", "search", "--name", "Import the tasks"]
        assert wait_for(lambda: shown.desktop.run(file_dialog).returncode == 0)
        shown.type(str(old))
        shown.press_key("Return")
        assert shown.says("100 tasks imported")
        assert shown.says("Failed tasks (100)")
        assert shown.says("29 repeated clicks")
        assert shown.find("Sign in…").enabled  # they belong to that user
        _keep(shown, "imported")


def test_it_follows_what_the_app_tells(opened: Opener, world: FailedWorld, app: FailedApp) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        assert shown.says("Failed tasks (16)")
        world.fail(MIXED[2:3])
        app.tell_watchers()
        assert shown.says("Failed tasks (20)")
        assert shown.find("Choose…").enabled
