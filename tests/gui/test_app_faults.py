"""The whole app where parts of the desktop are missing, come late or die, and how it ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest
from virtual_desktop import PANEL_OWNER, VirtualDesktop

from tests.gui.app_eyes import shown_icon, shows_icon
from tests.gui.app_program import AppProgram, World, is_notified, notifications, world_at
from tests.gui.eyes import coloured
from tests.gui.tray_client import TrayClient
from tests.patience import stopwatch, wait_for
from trayapp.control.messages import Request
from trayapp.demo.proxy import Delay
from trayapp.desktop.badge import Colour, IconKey
from trayapp.tracking.entry import TrackerState

pytestmark = [pytest.mark.gui, pytest.mark.timeout(60)]

_END_SECONDS = 5.0
_NO_HOST = "This desktop shows no tray icons"
_STOPPED = IconKey(tracker=TrackerState.STOPPED, colour=Colour.GREY, count=0, offline=False)
_RUNNING = IconKey(tracker=TrackerState.RUNNING, colour=Colour.GREEN, count=0, offline=False)
_PAUSED = IconKey(tracker=TrackerState.PAUSED, colour=Colour.GREEN, count=0, offline=False)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_at(tmp_path / "world") as one:
        yield one


def _tracks(app: AppProgram, world: World) -> None:
    """A whole entry, from elsewhere than the tray, reaches the server."""
    for name in ("start", "pause", "stop"):
        app.click(name)
    assert wait_for(lambda: world.arrived() == ["start", "pause", "stop"]), world.arrived()


# -- the panel -----------------------------------------------------------------------------


def test_without_a_panel_it_says_so_once_and_the_icon_appears_with_the_panel(
    world: World,
) -> None:
    with (
        VirtualDesktop(panel=False, keyring=False) as desktop,
        world.app(desktop, patience=0.2) as app,
    ):
        assert is_notified(desktop, _NO_HOST)
        app.click("start")
        assert wait_for(lambda: world.arrived() == ["start"])
        desktop.start_panel()
        assert shows_icon(desktop, _RUNNING), shown_icon(desktop)
        desktop.stop_one("panel")
        assert wait_for(lambda: app.log().count("Nothing here shows tray icons now") == 2)
        desktop.start_panel()
        assert shows_icon(desktop, _RUNNING), shown_icon(desktop)
        assert [title for title, _ in notifications(desktop)] == [_NO_HOST]


def test_a_panel_that_starts_a_little_later_than_the_app_is_no_news(world: World) -> None:
    with VirtualDesktop(panel=False, keyring=False) as desktop, world.app(desktop) as app:
        assert wait_for(lambda: "Nothing here shows tray icons now" in app.log())
        desktop.start_panel()
        assert wait_for(lambda: "Tray icons are shown here" in app.log())
        assert shows_icon(desktop, _STOPPED), shown_icon(desktop)
        assert notifications(desktop) == []


def test_a_panel_that_was_killed_shows_the_current_state_when_it_is_back(
    world: World, desktop: VirtualDesktop
) -> None:
    with world.app(desktop) as app:
        app.click("start")
        assert shows_icon(desktop, _RUNNING), shown_icon(desktop)
        desktop.stop_one("panel", signal.SIGKILL)
        desktop.wait_owner(PANEL_OWNER, present=False)
        app.click("pause")
        assert wait_for(lambda: world.arrived() == ["start", "pause"])
        desktop.start_panel()
        assert shows_icon(desktop, _PAUSED), shown_icon(desktop)
        with TrayClient(desktop) as client:
            client.click("Resume")
        assert wait_for(lambda: world.arrived() == ["start", "pause", "resume"])
        assert notifications(desktop) == []


# -- what else may be missing --------------------------------------------------------------


def test_without_a_notification_service_everything_else_works(world: World) -> None:
    with (
        VirtualDesktop(notifier=False, keyring=False) as desktop,
        TrayClient(desktop) as client,
        world.app(desktop) as app,
    ):
        _tracks(app, world)
        world.auth.revoke()
        app.click("start")
        assert app.comes_to(lambda s: s.failed == 1)
        client.click("Failed tasks (1)…")
        assert wait_for(lambda: "No notifications for now: " in app.log())
        app.ask(Request("quit"))
        assert app.wait() == 0
        assert app.log().count("No notifications for now: ") == 1
        assert "Traceback" not in app.log()


def test_without_a_session_bus_one_line_says_so_and_the_rest_works(world: World) -> None:
    with VirtualDesktop(bus=False) as desktop, world.app(desktop) as app:
        _tracks(app, world)
        (line,) = app.errors().splitlines()
        assert line.startswith("trayapp: No tray icon: there is no session bus (")


@pytest.mark.parametrize("display", ["", ":987"], ids=["none", "wrong"])
def test_without_a_display_one_line_says_so_and_the_rest_works(
    display: str, world: World, desktop: VirtualDesktop
) -> None:
    with world.app(desktop, DISPLAY=display) as app:
        _tracks(app, world)
        (line,) = app.errors().splitlines()
        assert line.startswith("trayapp: No tray icon: there is no display (")
        assert "What you track is recorded and sent all the same." in line


def test_a_session_bus_that_dies_takes_the_icon_and_nothing_else(
    world: World, desktop: VirtualDesktop
) -> None:
    with world.app(desktop) as app:
        assert shows_icon(desktop, _STOPPED), shown_icon(desktop)
        desktop.stop_one("bus", signal.SIGKILL)
        assert wait_for(lambda: "The session bus went away" in app.log())
        _tracks(app, world)


# -- the end -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0_and_takes_the_icon_away(
    number: signal.Signals, world: World, desktop: VirtualDesktop
) -> None:
    with world.app(desktop) as app:
        app.click("start")
        assert shows_icon(desktop, _RUNNING), shown_icon(desktop)
        with stopwatch() as taken:
            app.signal(number)
            assert app.wait() == 0
        assert taken.seconds < _END_SECONDS
        assert wait_for(lambda: not coloured(desktop.shot(), Colour.GREEN))
        assert not list((desktop.root / "tmp").iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_the_middle_of_a_hanging_request_and_nothing_is_lost(
    number: signal.Signals, world: World, desktop: VirtualDesktop
) -> None:
    reached = threading.Event()

    def hanging() -> Iterator[Delay]:
        for delay in repeat(Delay(seconds=60)):
            reached.set()
            yield delay

    with world.app(desktop) as app:
        assert shows_icon(desktop, _STOPPED), shown_icon(desktop)
        world.proxy.play(hanging())
        app.click("start")
        assert reached.wait(_END_SECONDS)
        with stopwatch() as taken:
            app.signal(number)
            assert app.wait() == 0
        assert taken.seconds < _END_SECONDS
        assert wait_for(lambda: not coloured(desktop.shot(), Colour.AMBER))
        assert app.status().doubtful == 1
    world.proxy.stop()
    world.proxy.play([])
    world.proxy.start()
    with world.app(desktop) as app:
        assert app.comes_to(lambda s: s.all_sent)
        assert world.arrived() == ["start"]
