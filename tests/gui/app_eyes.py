"""Reading our icon and our menu from the screen of a virtual desktop, notifications left aside."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageChops, ImageStat
from virtual_desktop import VirtualDesktop

from tests.gui.eyes import PANEL, press
from tests.patience import wait_for
from trayapp.desktop.badge import Colour, IconKey
from trayapp.desktop.icon import draw
from trayapp.tracking.entry import TrackerState

PANEL_COLOUR = (46, 51, 64)
ICON_MIDDLE = (984, 16)

_ICON_PIXELS = 22
_REACH = 2
_ALIKE = 12.0
_BACKGROUND_AT = (10, 690)
# The upper half only: below it stand the notifications.
MENU_AREA = (0, PANEL[3], 1000, 380)
_MENU_PIXELS = 30_000
_WHITE = 200


def shown_icon(desktop: VirtualDesktop) -> IconKey | None:
    """The picture of ours that the panel shows; None: none of them."""
    screen = desktop.shot().convert("RGB")
    apart, key = min(
        ((_apart(screen, picture), key) for key, picture in _pictures().items()),
        key=lambda found: found[0],
    )
    return key if apart < _ALIKE else None


def shows_icon(desktop: VirtualDesktop, key: IconKey) -> bool:
    """Whether the panel comes to show this picture before the deadline."""
    return wait_for(lambda: shown_icon(desktop) == key)


def icon_area(desktop: VirtualDesktop) -> Image.Image:
    """The pixels of our icon's place in the panel."""
    x, y = ICON_MIDDLE
    half = _ICON_PIXELS // 2
    return desktop.shot().convert("RGB").crop((x - half, y - half, x + half, y + half))


def menu_hangs(desktop: VirtualDesktop) -> bool:
    """Whether our menu is open."""
    return _menu(desktop) is not None


def menu_width(desktop: VirtualDesktop) -> int:
    """The width of the open menu in pixels."""
    menu = _menu(desktop)
    assert menu is not None, "the menu is closed"
    return menu.width


def right_click(desktop: VirtualDesktop) -> None:
    """Open the menu with the mouse."""
    x, y = ICON_MIDDLE
    press(desktop, x=x, y=y, button=3)
    assert wait_for(lambda: menu_hangs(desktop)), "the menu did not open"


def enabled_rows(desktop: VirtualDesktop) -> list[int]:
    """The heights on the screen at which the open menu has a row that can be clicked."""
    menu = _menu(desktop)
    assert menu is not None, "the menu is closed"
    bright = menu.convert("L").point(lambda value: 255 * (value > _WHITE))
    lines = [y for y in range(bright.height) if bright.crop((0, y, bright.width, y + 1)).getbbox()]
    starts = [y for y in lines if not {y - 1, y - 2, y - 3} & set(lines)]
    return [MENU_AREA[1] + y + 5 for y in starts]


def click_row(desktop: VirtualDesktop, number: int) -> None:
    """Click an enabled row of the open menu with the mouse; the first is 0."""
    press(desktop, x=ICON_MIDDLE[0] - 40, y=enabled_rows(desktop)[number], button=1)


def _menu(desktop: VirtualDesktop) -> Image.Image | None:
    screen = desktop.shot().convert("RGB")
    background = Image.new("RGB", screen.size, screen.getpixel(_BACKGROUND_AT))
    area = screen.crop(MENU_AREA)
    box = ImageChops.difference(area, background.crop(MENU_AREA)).getbbox()
    if box is None or (box[2] - box[0]) * (box[3] - box[1]) < _MENU_PIXELS:
        return None
    return area.crop((box[0], 0, box[2], box[3]))


def _apart(screen: Image.Image, picture: Image.Image) -> float:
    """The mean difference of a channel, where the picture fits best."""
    x, y = (middle - _ICON_PIXELS // 2 for middle in ICON_MIDDLE)
    shifts = range(-_REACH, _REACH + 1)
    places = ((x + dx, y + dy) for dx in shifts for dy in shifts)
    return min(
        sum(ImageStat.Stat(ImageChops.difference(screen.crop(_box(place)), picture)).mean) / 3
        for place in places
    )


def _box(place: tuple[int, int]) -> tuple[int, int, int, int]:
    return (*place, place[0] + _ICON_PIXELS, place[1] + _ICON_PIXELS)


@lru_cache(maxsize=1)
def _pictures() -> dict[IconKey, Image.Image]:
    """How the panel shows each picture the tests bring about, halved on its own colour."""
    kinds = [(colour, 0, False) for colour in (Colour.GREY, Colour.GREEN)]
    for colour in (Colour.AMBER, Colour.RED):
        kinds += [(colour, count, offline) for count in (1, 2, 3) for offline in (False, True)]
    pictures = {}
    for tracker in TrackerState:
        for colour, count, offline in kinds:
            key = IconKey(tracker=tracker, colour=colour, count=count, offline=offline)
            icon = draw(key, 2 * _ICON_PIXELS)
            ground = Image.new("RGBA", icon.size, PANEL_COLOUR)
            shown = Image.alpha_composite(ground, icon)
            pictures[key] = shown.convert("RGB").reduce(2)
    return pictures
