"""The tray where parts of the desktop are missing, come late, or die."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.conftest import FAILED, RUNNING, StartTray, TrayProgram
from tests.gui.eyes import coloured, sees
from tests.gui.tray_client import TrayClient
from tests.gui.tray_host import Scene
from tests.patience import wait_for
from trayapp.desktop.badge import Colour

pytestmark = pytest.mark.gui


def test_a_panel_that_starts_late_shows_the_current_state(start_tray: StartTray) -> None:
    with VirtualDesktop(panel=False, keyring=False) as desktop, TrayClient(desktop) as client:
        tray = start_tray(desktop.env, RUNNING)
        tray.expect("ready")
        tray.expect("host False")
        tray.ask("has_host")
        tray.expect("has_host False")
        tray.show(FAILED)
        desktop.start_panel()
        tray.expect("host True")
        assert wait_for(lambda: sees(desktop, Colour.RED))
        assert client.shows(FAILED.view().rows)
        assert tray.finish() == 0


def test_a_panel_that_was_killed_shows_the_current_state_when_it_is_back(
    tray: TrayProgram, desktop: VirtualDesktop, client: TrayClient
) -> None:
    tray.expect("host True")
    desktop.stop_one("panel", signal.SIGKILL)
    tray.expect("host False")
    tray.show(FAILED)
    desktop.start_panel()
    tray.expect("host True")
    assert wait_for(lambda: sees(desktop, Colour.RED))
    client.click("Stop")
    assert tray.expect("action") == "action stop tray"


def test_a_picture_that_could_not_be_written_keeps_no_later_one_away(
    tray: TrayProgram, desktop: VirtualDesktop
) -> None:
    assert wait_for(lambda: sees(desktop, Colour.GREEN))
    pictures, away = desktop.root / "tmp", desktop.root / "away"
    pictures.rename(away)
    tray.show(FAILED)
    assert wait_for(lambda: "does not show what it should" in tray.errors()), tray.errors()
    away.rename(pictures)
    tray.show(FAILED)
    assert wait_for(lambda: sees(desktop, Colour.RED))
    assert tray.finish() == 0


def test_stop_takes_the_icon_off_the_screen_and_may_be_said_twice(
    tray: TrayProgram, desktop: VirtualDesktop
) -> None:
    assert wait_for(lambda: sees(desktop, Colour.GREEN))
    tray.ask("stop")
    tray.expect("stopped")
    assert wait_for(lambda: not coloured(desktop.shot(), Colour.GREEN))
    tray.ask("stop")
    tray.show(FAILED)
    tray.expect("stopped")
    assert tray.finish() == 0
    assert not list((desktop.root / "tmp").iterdir())
    assert "Traceback" not in tray.errors()


def test_a_desktop_without_notifications_has_a_tray_all_the_same(start_tray: StartTray) -> None:
    with VirtualDesktop(notifier=False, keyring=False) as desktop, TrayClient(desktop) as client:
        tray = start_tray(desktop.env, RUNNING)
        tray.expect("ready")
        assert wait_for(client.is_registered)
        client.click("Pause")
        tray.expect("action pause")
        assert tray.finish() == 0
        assert "Traceback" not in tray.errors()


def test_a_session_bus_that_dies_takes_the_icon_and_nothing_else(
    tray: TrayProgram, desktop: VirtualDesktop
) -> None:
    desktop.stop_one("bus", signal.SIGKILL)
    assert wait_for(lambda: "The session bus went away" in tray.errors())
    tray.show(FAILED)
    tray.ask("has_host")
    tray.expect("has_host False")
    assert tray.finish() == 0
    assert "Traceback" not in tray.errors()


def test_pystrays_own_menu_is_built_from_the_same_rows(
    desktop: VirtualDesktop, start_tray: StartTray, client: TrayClient
) -> None:
    scene = replace(RUNNING, note="this & that")
    tray = start_tray({**desktop.env, "TRAY_HOST_STOCK": "1"}, Scene())
    tray.expect("ready")
    tray.show(scene)
    assert wait_for(lambda: client.shows(scene.view().rows)), client.rows()
    assert wait_for(lambda: sees(desktop, Colour.GREEN))
    tray.ask("has_host")
    tray.expect("has_host True")
    client.click("Resume")
    client.click("Pause")
    assert tray.expect("action").split()[1] == "pause"
    assert tray.finish() == 0


def test_without_a_session_bus_the_tray_says_why_it_is_unavailable(start_tray: StartTray) -> None:
    with VirtualDesktop(bus=False) as desktop:
        gone = {**desktop.env, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
        tray = start_tray(gone)
        assert "session bus" in tray.expect("unavailable")
        assert tray.finish() == 0


@pytest.mark.parametrize("display", ["", ":987"], ids=["none", "wrong"])
def test_without_a_display_the_tray_says_why_it_is_unavailable(
    display: str, start_tray: StartTray, desktop: VirtualDesktop
) -> None:
    tray = start_tray({**desktop.env, "DISPLAY": display})
    assert "display" in tray.expect("unavailable")
    assert tray.finish() == 0
