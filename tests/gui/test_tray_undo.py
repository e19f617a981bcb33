"""The row that takes the last command back, and a picture drawn anew, on a real panel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.conftest import RUNNING, StartTray, TrayProgram
from tests.gui.tray_client import TrayClient
from tests.patience import wait_for

pytestmark = [pytest.mark.gui, pytest.mark.timeout(90)]


def _undo(client: TrayClient) -> list[tuple[int, str, bool]]:
    rows = client.rows()
    return [(row.id, row.label, row.enabled) for row in rows if row.label.startswith("Undo")]


def test_the_row_keeps_its_place_while_what_it_takes_back_changes(
    tray: TrayProgram, client: TrayClient
) -> None:
    [(ident, label, enabled)] = _undo(client)
    assert (label, enabled) == ("Undo", False)
    for event in ("e1", "e2", "e3"):
        tray.show(replace(RUNNING, undo=event))
        assert wait_for(lambda: _undo(client) == [(ident, "Undo: pause 14:00", True)])
    ids = [row.id for row in client.rows()]
    tray.show(RUNNING)
    assert wait_for(lambda: _undo(client) == [(ident, "Undo", False)])
    assert [row.id for row in client.rows()] == ids


def test_a_click_names_the_very_event_it_is_about(tray: TrayProgram, client: TrayClient) -> None:
    tray.show(replace(RUNNING, undo="e7"))
    assert wait_for(lambda: _undo(client)[0][2])
    client.click("Undo: pause 14:00")
    assert tray.expect("action undo ").split() == ["action", "undo", "tray", "e7"]


@pytest.mark.parametrize("stock", [False, True], ids=["live", "stock"])
def test_another_style_is_drawn_at_once(
    desktop: VirtualDesktop, start_tray: StartTray, client: TrayClient, *, stock: bool
) -> None:
    env = {**desktop.env, **({"TRAY_HOST_STOCK": "1"} if stock else {})}
    tray = start_tray(env, RUNNING)
    tray.expect("ready")
    before = client.properties()["IconName"]
    tray.ask("restyle")
    assert wait_for(lambda: client.properties()["IconName"] != before)
