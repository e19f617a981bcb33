"""The tray icon on a real panel keeps what the fakes of the other systems keep."""

from __future__ import annotations

import json

import pytest

from tests.gui.conftest import TrayProgram
from tests.gui.tray_client import TrayClient
from tests.gui.tray_host import Scene
from tests.patience import wait_for
from tests.tray_contract import Told, keep_the_contract
from trayapp.desktop.menu import Action, Choice, Click

pytestmark = pytest.mark.gui


class PanelBench:
    """Our icon as the panel has it."""

    def __init__(self, tray: TrayProgram, client: TrayClient) -> None:
        self._tray, self._client = tray, client

    def show(self, scene: Scene) -> None:
        self._tray.show(scene)
        view = scene.view()
        assert wait_for(lambda: self._client.shows(view.rows)), self._client.rows()
        assert wait_for(lambda: self.title() == view.title)

    def title(self) -> str:
        return self._client.properties()["Title"]

    def rows(self) -> list[Told]:
        return [
            (row.label, row.enabled)
            for top in self._client.rows()
            for row in (top, *top.below)
            if row.label
        ]

    def click(self, label: str, *below: str) -> None:
        self._client.click(label, *below)

    def posted(self) -> Click:
        _word, name, _thread, *chosen = self._tray.expect("action").split(" ", 3)
        if not chosen:
            return Action(name)
        project, note = json.loads(chosen[0])
        return Choice(Action(name), project, note)


def test_on_a_real_panel_the_icon_keeps_the_contract(tray: TrayProgram, client: TrayClient) -> None:
    keep_the_contract(PanelBench(tray, client))
