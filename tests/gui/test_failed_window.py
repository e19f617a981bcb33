"""What the failed-tasks window asks of the app, and what it says of the answers."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.gui import failed_window as fixtures
from tests.gui.failed_app import EFFECT, FailedApp
from tests.gui.failed_window import Opener, button, into_list, is_list, keep, keep_screen
from tests.gui.failed_world import MIXED, SIGNED_OUT, FailedWorld, paths_of
from tests.gui.window_program import WindowProgram
from tests.patience import wait_for
from trayapp.queue.reader import QueueReader

pytestmark = [pytest.mark.gui, pytest.mark.timeout(90)]

_INCIDENT = Path(__file__).parents[1] / "data" / "legacy" / "incident_v1.sql"

home, world, app, opened = fixtures.home, fixtures.world, fixtures.app, fixtures.opened


# -- retry ---------------------------------------------------------------------------------


def test_a_retry_shows_its_progress_and_its_honest_result(
    opened: Opener, world: FailedWorld, app: FailedApp, home: Mapping[str, str]
) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        shown.click(button(shown, "Retry all (16)"))
        assert app.next("retry").arguments == {"ids": None, "wait": True}
        assert shown.says("0 of 16 sent")
        reader = QueueReader(paths_of(home).database)
        world.deliver(reader.failed(limit=7))
        assert shown.says("7 of 16 sent")
        app.tell_watchers()
        assert shown.says("Failed tasks (9)")
        keep(shown, "retrying")
        world.deliver(reader.failed(limit=7))
        reader.close()
        app.end_retry(sent=14, failed=2, reason="HTTP 422: project closed")
        assert shown.says("14 sent, 2 failed: HTTP 422: project closed")
        assert shown.says("Retry all (2)")
        keep(shown, "retried")


def test_a_retry_can_be_cancelled(opened: Opener, world: FailedWorld, app: FailedApp) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        shown.click(button(shown, "Retry all (16)"))
        shown.click(button(shown, "Cancel"))
        app.next("cancel_retry")
        assert wait_for(lambda: any(one.text == "Retry all (16)" for one in shown.controls()))
        assert wait_for(lambda: all(one.text != "Cancel" for one in shown.controls()))
        assert wait_for(lambda: button(shown, "Retry all (16)").enabled)


def test_the_rows_of_a_group_are_retried_alone(
    opened: Opener, world: FailedWorld, app: FailedApp
) -> None:
    world.fail(MIXED)
    with opened() as shown:
        shown.click(button(shown, "Show 8 tasks"))
        assert shown.says("Show all")
        shown.click(shown.find("Retry these"))
        ids = app.next("retry").arguments["ids"]
        assert isinstance(ids, tuple)
        assert len(ids) == 8
        keep(shown, "one-group")


# -- discard -------------------------------------------------------------------------------


def test_a_discard_says_first_what_it_does_and_can_be_undone(
    opened: Opener, world: FailedWorld, app: FailedApp
) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        into_list(shown)
        shown.press_key("Down", "Delete")
        assert app.next("discard").arguments == {"ids": (2,), "look": True}
        assert shown.says(EFFECT)
        keep_screen(shown, "discard-asks")
        shown.click(button(shown, "Do not send"))
        assert app.next("discard").arguments == {"ids": (2,), "look": False}
        assert shown.says("1 task is not sent.")
        keep(shown, "discarded")
        shown.click(button(shown, "Undo"))
        assert app.next("undo_discard").arguments == {"ids": (2,)}
        assert shown.says("1 task is back.")


def test_escape_leaves_a_task_where_it_is(
    opened: Opener, world: FailedWorld, app: FailedApp
) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        into_list(shown)
        shown.press_key("Delete")
        assert app.next("discard").arguments["look"] is True
        assert shown.says(EFFECT)
        shown.press_key("Escape")
        assert wait_for(lambda: all(one.text != EFFECT for one in shown.widgets()))
        assert wait_for(lambda: is_list(shown.focus()))


def test_duplicates_are_removed_by_their_card(
    opened: Opener, world: FailedWorld, app: FailedApp
) -> None:
    world.fail(MIXED[:1])
    with opened() as shown:
        shown.click(button(shown, "Remove duplicates"))
        assert app.next("discard").arguments == {"ids": None, "look": True}
        assert shown.says("Remove 2 repeated clicks?")
        keep_screen(shown, "duplicates-ask")
        shown.press_key("shift+Tab", "Return")
        assert app.next("discard").arguments == {"ids": None, "look": False}


# -- repair --------------------------------------------------------------------------------


def test_what_was_refused_is_fixed_with_another_text(
    opened: Opener, world: FailedWorld, app: FailedApp
) -> None:
    world.fail(MIXED[1:2])
    with opened() as shown:
        shown.click(button(shown, "Fix…"))
        assert shown.says("What should be sent instead?")
        shown.press_key("ctrl+a")
        shown.type("Maintenance")
        keep_screen(shown, "fix")
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
        shown.click(button(shown, "Choose…"))
        assert shown.says("Which one is right?")
        keep_screen(shown, "choose")
        shown.click(button(shown, "Keep the server's"))
        assert app.next("resolve").arguments == {"ids": (1, 2, 3, 4), "keep": "server"}


def test_its_button_opens_the_sign_in_window(opened: Opener, world: FailedWorld) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        shown.click(button(shown, "Sign in…"))
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
        shown.click(button(shown, "Report…"))
        assert shown.says("Report for a support desk")
        assert {"Save…", "Copy", "Close"} <= {one.text for one in shown.controls()}
        keep_screen(shown, "report")


def test_a_task_is_copied_as_text(opened: Opener, world: FailedWorld) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        into_list(shown)
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
        shown.click(button(shown, "Import…"))
        file_dialog = ["xdotool", "search", "--name", "Import the tasks"]
        assert wait_for(lambda: shown.desktop.run(file_dialog).returncode == 0)
        assert wait_for(lambda: shown.focus().endswith(".ent")), shown.focus()
        shown.type(str(old))
        shown.press_key("Return")
        assert shown.says("100 tasks imported")
        assert shown.says("Failed tasks (100)")
        assert shown.says("29 repeated clicks")
        assert shown.find("Sign in…").enabled  # they belong to that user
        keep(shown, "imported")


def test_it_follows_what_the_app_tells(opened: Opener, world: FailedWorld, app: FailedApp) -> None:
    world.fail([SIGNED_OUT])
    with opened() as shown:
        assert shown.says("Failed tasks (16)")
        world.fail(MIXED[2:3])
        app.tell_watchers()
        assert shown.says("Failed tasks (20)")
        assert shown.find("Choose…").enabled
