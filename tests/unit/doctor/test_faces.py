"""Tray, notifications, windows and the start at login: what is there, and what to do if not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from trayapp.desktop.needs import tray_lack
from trayapp.doctor.check import Finding, State
from trayapp.doctor.faces import look_at_autostart, look_at_faces, look_at_windows
from trayapp.doctor.running import Seen

NOWHERE = "unix:path=/nowhere/bus"
RUNS = Seen(version="1", has_host=True)


@pytest.fixture(autouse=True)
def _no_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_DIRS", "/nowhere/xdg")  # here Trayapp may be installed
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", NOWHERE)


def tray(seen: Seen | None = None, *, lack: str = "") -> Finding:
    return look_at_faces(seen, lambda: lack)["tray"]


def notifications(seen: Seen | None = None) -> Finding:
    return look_at_faces(seen, lambda: "")["notifications"]


def test_without_a_display_nothing_can_be_told_and_nobody_is_needed() -> None:
    assert tray().state is State.UNKNOWN
    assert tray().advice == "For the icon, try this inside a desktop session."
    assert notifications().state is State.UNKNOWN


@pytest.mark.parametrize("address", [NOWHERE, "", "nonsense", "tcp:host=x"])
def test_a_display_without_a_bus_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    for found in (tray(), notifications()):
        assert found.state is State.PROBLEM
        assert found.message.startswith("There is no session bus.")
        assert found.advice == "Log in to the desktop, or start it with dbus-run-session."


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    found = tray(lack="AppIndicator3")
    assert found.state is State.PROBLEM
    assert "a library is missing (AppIndicator3)" in found.message
    assert found.advice.startswith("Install python3-gi and gir1.2-ayatanaappindicator3-0.1")


@pytest.mark.skipif(sys.platform != "linux", reason="the libraries of Linux")
def test_here_the_icon_lacks_nothing() -> None:
    assert tray_lack() == ""


@pytest.mark.parametrize(
    ("seen", "state", "words"),
    [
        pytest.param(RUNS, State.OK, "The icon is shown.", id="shown"),
        pytest.param(
            Seen(version="1", has_host=False),
            State.WARNING,
            "Nothing on this desktop shows tray icons.",
            id="no host",
        ),
        pytest.param(
            Seen(version="1", tray_trouble="No tray icon: why. What to do."),
            State.PROBLEM,
            "No tray icon: why. What to do.",
            id="trouble",
        ),
        pytest.param(
            Seen(version="1", wants_tray=False), State.OK, "Trayapp was started without", id="none"
        ),
        pytest.param(Seen(version="1"), State.UNKNOWN, "There is no display here", id="not said"),
        pytest.param(Seen(), State.UNKNOWN, "There is no display here", id="an older app"),
    ],
)
def test_the_running_app_knows_best_about_its_icon(seen: Seen, state: State, words: str) -> None:
    found = tray(seen)
    assert (found.state, found.message.startswith(words)) == (state, True)


def test_a_notification_that_could_not_be_shown_is_told() -> None:
    found = notifications(Seen(version="1", notify_trouble="no such service"))
    assert found.state is State.WARNING
    assert "could not be shown (no such service)" in found.message


def test_the_library_for_windows_is_there() -> None:
    assert look_at_windows()["windows"].state is State.OK


# -- start at login ------------------------------------------------------------------------


def autostart(home: Path, content: str | None, *, name: str = "trayapp.desktop") -> Finding:
    if content is not None:
        path = home / "xdg_config_home" / "autostart" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"[Desktop Entry]\n# Exec=nothing\n{content}")
    return look_at_autostart()["autostart"]


@pytest.mark.parametrize(
    ("content", "state", "message"),
    [
        pytest.param(None, State.OK, "Trayapp does not start at login.", id="no file"),
        pytest.param(
            f'Exec="{sys.executable}" -m trayapp\n', State.OK, "Trayapp starts at login.", id="on"
        ),
        pytest.param("Exec=env\n", State.OK, "Trayapp starts at login.", id="by the path"),
        pytest.param(
            "Exec=/gone/trayapp\nHidden=true\n",
            State.OK,
            "Trayapp does not start at login.",
            id="off",
        ),
        pytest.param(
            "Exec=env\nX-GNOME-Autostart-enabled=false\n",
            State.OK,
            "Trayapp does not start at login.",
            id="off in GNOME",
        ),
        pytest.param('Exec="half\n', State.OK, "Trayapp starts at login.", id="unreadable"),
    ],
)
def test_a_start_at_login_is_as_its_file_says(
    home: Path, content: str | None, state: State, message: str
) -> None:
    assert autostart(home, content) == Finding(state, message)


def test_a_start_of_what_is_gone_is_told_with_its_file(home: Path) -> None:
    found = autostart(home, "Exec=/gone/trayapp --quiet\n")
    assert found.state is State.WARNING
    assert "/gone/trayapp, named in" in found.message
    assert "xdg_config_home/autostart/trayapp.desktop, is not there." in found.message
    assert found.advice == "Correct that file, or remove it."


def test_another_programs_start_is_not_ours_and_a_users_off_stands_for_the_systems(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = home / "system" / "autostart"
    system.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(home / "system"))
    (system / "trayapp.desktop").write_text("[Desktop Entry]\nExec=env trayapp\n")
    on = Finding(State.OK, "Trayapp starts at login.")
    assert autostart(home, "Exec=/gone/other\n", name="other.desktop") == on
    assert autostart(home, "Hidden=true\n").message == "Trayapp does not start at login."


def test_one_file_that_is_off_says_nothing_of_another(home: Path) -> None:
    autostart(home, "Exec=env\nHidden=true\n", name="a-trayapp.desktop")
    assert autostart(home, "Exec=env\n").message == "Trayapp starts at login."
