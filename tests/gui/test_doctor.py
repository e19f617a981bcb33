"""doctor on a real desktop: panel, notifications and keyring there, not there, locked, hanging."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from virtual_desktop import VirtualDesktop
from virtual_keyring import VirtualKeyring

from tests.patience import stopwatch, wait_for

pytestmark = [pytest.mark.gui, pytest.mark.timeout(90)]

_OURSELVES = (sys.executable, "-m", "trayapp")
_HANGING_SECONDS = 5.0
_MORE_SECONDS = 10.0


def doctor(desktop: VirtualDesktop) -> dict[str, tuple[str, str]]:
    """State and message of each check."""
    ran = desktop.run([*_OURSELVES, "doctor", "--json"])
    assert ran.stderr == ""
    found = json.loads(ran.stdout)["checks"]
    needs_user = any(one["state"] in {"warning", "problem"} for one in found)
    assert ran.returncode == int(needs_user)
    return {one["name"]: (one["state"], one["message"]) for one in found}


@contextlib.contextmanager
def app_on(desktop: VirtualDesktop) -> Iterator[None]:
    app = desktop.spawn(_OURSELVES, name="app")
    try:
        yield
    finally:
        desktop.run([*_OURSELVES, "quit"])
        app.wait(_MORE_SECONDS)


def test_what_shows_trayapp_is_looked_for_and_told_when_it_is_gone(desktop: VirtualDesktop) -> None:
    found = doctor(desktop)
    assert found["tray"] == ("ok", "This desktop shows tray icons.")
    assert found["notifications"] == ("ok", "This desktop shows notifications.")
    desktop.stop_one("panel")
    desktop.stop_one("notifier")
    found = doctor(desktop)
    assert found["tray"][0] == found["notifications"][0] == "warning"
    assert found["tray"][1].startswith("Nothing on this desktop shows tray icons. What you track")
    assert found["notifications"][1].startswith("This desktop shows no notifications.")


def test_the_running_app_says_whether_its_icon_is_shown(desktop: VirtualDesktop) -> None:
    def tray() -> tuple[str, str]:
        return doctor(desktop)["tray"]

    with app_on(desktop):
        assert wait_for(lambda: tray() == ("ok", "The icon is shown.")), doctor(desktop)
        assert doctor(desktop)["app"] == ("ok", "Trayapp runs.")
        desktop.stop_one("panel")
        assert wait_for(lambda: tray()[0] == "warning"), doctor(desktop)


def test_an_app_without_a_display_says_why_it_has_no_icon(desktop: VirtualDesktop) -> None:
    desktop.env["DISPLAY"] = ":987"
    with app_on(desktop):
        assert wait_for(lambda: doctor(desktop)["app"] == ("ok", "Trayapp runs."))
        assert wait_for(lambda: doctor(desktop)["tray"][0] == "problem"), doctor(desktop)
        assert "there is no display" in doctor(desktop)["tray"][1]


@pytest.fixture
def signed_in() -> Iterator[VirtualDesktop]:
    """A desktop with a keyring, on which somebody is signed in to a server that is away."""
    with VirtualDesktop(panel=False, notifier=False) as up:
        assert up.run([*_OURSELVES, "start", "Website"]).returncode == 0
        database = Path(up.env["XDG_DATA_HOME"]) / "trayapp" / "trayapp.db"
        with contextlib.closing(sqlite3.connect(database)) as found, found:
            found.execute("UPDATE account SET kind = 'hubnity', url = 'http://127.0.0.1:9'")
        yield up


def test_a_keyring_is_looked_at_and_never_opened(signed_in: VirtualDesktop) -> None:
    keyring = VirtualKeyring(signed_in)
    assert doctor(signed_in)["keyring"] == ("ok", "There is a keyring, and it is open.")
    keyring.lock()
    locked = doctor(signed_in)["keyring"]
    assert locked[0] == "warning"
    assert locked[1].startswith("The keyring is locked. What you track is recorded")
    assert keyring.refused_prompts() == 0
    keyring.freeze()
    with stopwatch() as taken:
        found = doctor(signed_in)
    assert taken.wall_seconds >= _HANGING_SECONDS
    assert taken.seconds < _HANGING_SECONDS + _MORE_SECONDS
    assert found["keyring"][0] == "warning"
    assert found["keyring"][1].startswith("It did not answer within 5 seconds.")
    assert found["database"][0] == found["disk"][0] == "ok"
    keyring.thaw()
    keyring.stop()
    absent = doctor(signed_in)["keyring"]
    assert absent[0] == "warning"
    assert absent[1].startswith("There is no keyring, so a sign-in lasts only until Trayapp quits.")
