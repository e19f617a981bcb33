"""Finding the icon on a picture of the screen, and a screen that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from trayapp.desktop.badge import Colour, IconKey
from trayapp.desktop.camera import OWN_DESKTOP, Camera, find_icon
from trayapp.desktop.icon import draw
from trayapp.tracking.entry import TrackerState

_SIZE = 22


def _screen(colour: Colour, *, left: int, top: int) -> Image.Image:
    screen = Image.new("RGB", (400, 200), "#2e3340")
    key = IconKey(tracker=TrackerState.RUNNING, colour=colour, count=0, offline=False)
    icon = draw(key, 2 * _SIZE).reduce(2)
    screen.paste(icon, (left, top), icon)
    return screen


@pytest.mark.parametrize("colour", Colour)
def test_the_icon_is_found_by_its_colour(colour: Colour) -> None:
    place = find_icon(_screen(colour, left=300, top=5))
    assert place is not None
    assert abs(place[0] - 311) <= _SIZE // 4
    assert abs(place[1] - 16) <= _SIZE // 4


def test_there_is_no_icon_on_an_empty_panel_nor_below_it() -> None:
    assert find_icon(Image.new("RGB", (400, 200), "#2e3340")) is None
    assert find_icon(_screen(Colour.GREEN, left=300, top=100)) is None


@pytest.mark.parametrize("own", [False, True], ids=["a user's desktop", "our own"])
def test_where_there_is_no_screen_there_is_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, own: bool
) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    if own:
        monkeypatch.setenv(OWN_DESKTOP, "1")
    camera = Camera(tmp_path / "pictures")
    assert camera.photograph("one") is None
    assert list((tmp_path / "pictures").iterdir()) == []
