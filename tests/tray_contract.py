"""What every system's tray icon keeps: the real one on a panel, and the fakes of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from tests.gui.tray_host import Scene
from trayapp.desktop.menu import Action, Choice, Click, Item, Row, Separator, Submenu

Told = tuple[str, bool]
"""A row: its label, and whether it can be clicked."""

_RUNNING = Scene(tracker="running", minutes=84, delivered=True, note="R & D_x 🐈")
_LISTS = replace(_RUNNING, recent=("second", "third"), projects=("App", "Shop"), signed_in=True)
_SCENES = (
    Scene(),
    _RUNNING,
    replace(_RUNNING, failed=1, pending=99, gap=True, clock_set=True),
    Scene(tracker="paused", pending=3, offline=True),
    replace(_RUNNING, note="long " * 100),
    _LISTS,
)


class TrayBench(Protocol):
    """One icon under test, seen as its system shows it."""

    def show(self, scene: Scene) -> None:
        """Have it show this, and wait until it does."""
        ...

    def title(self) -> str: ...
    def rows(self) -> list[Told]:
        """The rows of the menu but for the lines between them, and below each list its own."""
        ...

    def click(self, label: str, *below: str) -> None:
        """Click the row with this label, or one in its list."""
        ...

    def posted(self) -> Click:
        """The next click that was posted."""
        ...


def keep_the_contract(bench: TrayBench) -> None:
    """Fails where the icon shows or posts anything else than it should."""
    for scene in (*_SCENES, *reversed(_SCENES)):
        bench.show(scene)
        view = scene.view()
        assert bench.title() == view.title
        assert bench.rows() == _told(view.rows)
    bench.show(_LISTS)
    bench.click("Resume")  # disabled: posts nothing
    bench.click("Pause")
    assert bench.posted() is Action.PAUSE
    bench.click("Projects", "Shop")
    assert bench.posted() == Choice(Action.START_CHOSEN, "Shop")
    bench.click("Continue", "Shop – third")
    assert bench.posted() == Choice(Action.START_CHOSEN, "Shop", "third")


def _told(rows: tuple[Row, ...]) -> list[Told]:
    found: list[Told] = []
    for row in rows:
        if isinstance(row, Separator):
            continue
        found.append((row.label, row.enabled))
        if isinstance(row, Submenu):
            found += _told(row.rows)
        assert isinstance(row, Item | Submenu)
    return found
