"""What the systems differ in is asked in few places, each of them known."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import trayapp
from trayapp.desktop import system

ASKS = {
    "accounts/credentials.py": "how long an item of the keyring may be",
    "accounts/system_keyring.py": "which keyrings there are",
    "config.py": "whether files have modes",
    "demo/loopback.py": "how a socket is cut",
    "desktop/autostart/choice.py": "what starts programs at login",
    "desktop/autostart/program.py": "how a command is written for it",
    "desktop/autostart/registry.py": "the registry's own module",
    "desktop/system.py": "tray, notifications, and what opens a file",
    "doctor/faces.py": "whether there is a bus to look at",
    "doctor/machine.py": "only to name it",
}
"""The modules that ask which system this is, and what for."""


def test_the_system_is_asked_for_in_the_places_we_know_only() -> None:
    root = Path(trayapp.__file__).parent
    asking = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in ("sys.platform", "os.name"))
    }
    assert asking == set(ASKS)


@pytest.mark.parametrize(
    ("platform", "found"),
    [
        pytest.param("linux", system.LINUX, id="Linux"),
        pytest.param("freebsd14", system.LINUX, id="another free desktop"),
        pytest.param("win32", system.WINDOWS, id="Windows"),
        pytest.param("darwin", system.MACOS, id="macOS"),
    ],
)
def test_each_system_is_known_by_its_name(
    platform: str, found: system.System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert system.this_system() is found
