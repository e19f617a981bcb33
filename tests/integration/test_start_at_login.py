"""The app as it is really started mends what starts it at login."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.program import running_app, until

pytestmark = pytest.mark.timeout(60)


def test_the_app_mends_an_entry_whose_program_is_gone(home: Path) -> None:
    entry = home / "xdg_config_home" / "autostart" / "trayapp.desktop"
    entry.parent.mkdir(parents=True)
    entry.write_text("[Desktop Entry]\nName=Mine\nExec=/gone/trayapp\n", encoding="utf-8")

    with running_app():
        until(lambda: "/gone/" not in entry.read_text(encoding="utf-8"), "it is mended")

    assert "Name=Mine" in entry.read_text(encoding="utf-8")


def test_the_app_leaves_the_user_s_no_and_makes_no_entry_of_its_own(home: Path) -> None:
    autostart = home / "xdg_config_home" / "autostart"
    with running_app():
        pass
    assert not autostart.exists()

    text = "[Desktop Entry]\nHidden=true\nExec=/gone/trayapp\n"
    autostart.mkdir(parents=True)
    (autostart / "trayapp.desktop").write_text(text, encoding="utf-8")
    with running_app():
        pass
    assert (autostart / "trayapp.desktop").read_text(encoding="utf-8") == text
