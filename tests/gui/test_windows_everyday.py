"""A day with the windows: start, correct, settle; the real windows and the real app."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.window_program import WindowProgram, window
from tests.integration.program import running_app, trayapp, until
from tests.patience import wait_for
from trayapp.config import Paths

pytestmark = [pytest.mark.gui, pytest.mark.timeout(90)]


@pytest.fixture(scope="module")
def screen() -> Iterator[VirtualDesktop]:
    with VirtualDesktop(panel=False, notifier=False, keyring=False) as up:
        yield up


def _open(screen: VirtualDesktop, name: str) -> AbstractContextManager[WindowProgram]:
    home = {name: os.environ[name] for name in os.environ if name.startswith(("HOME", "XDG_"))}
    return window(screen, name, Paths.of_user().channel_dir, env=home)


def _status(name: str) -> object:
    return trayapp("status", "--json").json[name]


def _entry() -> dict[str, object]:
    entry = _status("entry")
    assert isinstance(entry, dict)
    return entry


def test_start_correct_and_take_back(screen: VirtualDesktop) -> None:
    with running_app():
        with _open(screen, "start") as shown:
            shown.type("front page")
            shown.press_key("Tab")
            shown.type("Website")
            shown.press_key("Return")
            assert shown.wait_end() == 0
        assert (_entry()["project"], _entry()["note"]) == ("Website", "front page")
        earlier = datetime.now(UTC).astimezone() - timedelta(minutes=2)
        with _open(screen, "started-at") as shown:
            assert shown.says("Website – front page")
            shown.type(f"{earlier:%Y-%m-%d %H:%M:%S}")
            shown.press_key("Return")
            assert shown.wait_end() == 0
        begun = datetime.fromisoformat(str(_entry()["started_at"]))
        assert begun == earlier.replace(microsecond=0)
        until(lambda: _status("all_sent") is True, "the correction is sent")
        week = _status("week_seconds")
        assert isinstance(week, int)
        assert week >= 120
        assert trayapp("undo").status == 0
        assert datetime.fromisoformat(str(_entry()["started_at"])) > begun
        with _open(screen, "start") as shown:
            shown.type("fro")
            shown.press_key("Down", "Return")
            assert wait_for(lambda: "Website" in [one.text for one in shown.controls()])
            shown.press_key("Return")
            assert shown.says("Already running: Website – front page")


def test_settings_are_saved_to_the_file_that_was_there(screen: VirtualDesktop) -> None:
    paths = Paths.of_user()
    paths.make()
    paths.settings.write_text("# mine\nmax_attempts = 3 # few\n", encoding="utf-8")
    with running_app(), _open(screen, "settings") as shown:
        shown.click(shown.find("Русский"))
        shown.click(next(one for one in shown.controls() if one.text == "3"))
        shown.press_key("ctrl+a")
        shown.type("many")
        shown.press_key("Return")
        assert shown.says("The number of attempts must be a whole number, 1 or more.")
        shown.type("4")
        shown.press_key("Return")
        assert shown.wait_end() == 0
        # The running app answers in the new language already.
        assert trayapp("start").status == 0
        assert trayapp("start").out == "Уже идёт.\n"
    assert paths.settings.read_text(encoding="utf-8") == (
        '# mine\nmax_attempts = 4 # few\nlanguage = "ru"\n'
    )
