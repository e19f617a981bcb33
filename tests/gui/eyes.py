"""Eyes and a mouse for the virtual desktop: what the panel shows, and whether a menu is open."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageColor
from virtual_desktop import VirtualDesktop

from tests.patience import wait_for
from trayapp.desktop.badge import COLOURS, Colour

_ROOT = Path(__file__).parents[2]

PANEL = (0, 0, 1000, 32)
BELOW_PANEL = (0, 32, 1000, 700)
_TOLERANCE = 24
_ENOUGH_PIXELS = 10
# The smallest menu worth the name; a tooltip has far fewer.
_MENU_PIXELS = 30_000


def coloured(screen: Image.Image, colour: Colour) -> list[tuple[int, int]]:
    """Where the panel shows this colour of the icon."""
    wanted = ImageColor.getrgb(COLOURS[colour])[:3]
    panel = screen.crop(PANEL).convert("RGB")
    pixels = panel.tobytes()
    found = []
    for place in range(panel.width * panel.height):
        pixel = pixels[3 * place : 3 * place + 3]
        if all(abs(a - b) < _TOLERANCE for a, b in zip(pixel, wanted, strict=True)):
            found.append((place % panel.width, place // panel.width))
    return found


def sees(desktop: VirtualDesktop, colour: Colour) -> bool:
    """Whether the panel shows this colour, and no other of ours."""
    screen = desktop.shot()
    seen = {one for one in Colour if len(coloured(screen, one)) >= _ENOUGH_PIXELS}
    return seen == {colour}


def menu_is_open(desktop: VirtualDesktop) -> bool:
    """Whether something as large as a menu hangs below the panel."""
    below = desktop.shot().crop(BELOW_PANEL).convert("RGB")
    counts = [count for count, _colour in below.getcolors(maxcolors=1 << 24) or []]
    return sum(counts) - max(counts) > _MENU_PIXELS


def press(desktop: VirtualDesktop, *, x: int, y: int, button: int) -> None:
    """Press and release a mouse button there."""
    move = ["xdotool", "mousemove", str(x), str(y), "sleep", "0.15"]
    click = ["mousedown", str(button), "sleep", "0.05", "mouseup", str(button)]
    assert desktop.run([*move, *click]).returncode == 0


def open_menu(desktop: VirtualDesktop, colour: Colour) -> None:
    """Right-click the icon that has this colour."""
    assert wait_for(lambda: sees(desktop, colour))
    x, y = coloured(desktop.shot(), colour)[0]
    press(desktop, x=x + 2, y=y + 2, button=3)
    assert wait_for(lambda: menu_is_open(desktop)), "the menu did not open"


def keep_shot(desktop: VirtualDesktop, name: str) -> None:
    """Keep a picture of the screen for people to look at."""
    desktop.shot(_ROOT / "build" / "screenshots" / f"{name}.png")
