"""The boxes that controls are made of, drawn in a theme's colours. Runs on Tk's thread.

Every box keeps a free ring of `RING` units: two of focus ring and one of gap.
"""

from __future__ import annotations

from collections.abc import Sequence

from trayapp.desktop.windows.pictures import Layer, nine_patch
from trayapp.desktop.windows.signs import draw_tick
from trayapp.desktop.windows.theme import MIDDLE, Theme

RING = 3
RADIUS = 6
CARD_RADIUS = 8
CORNER = RING + RADIUS + 1
FACE_CORNER = RADIUS + 1
CHIP_CORNER = RADIUS + 1
TICK_UNITS = 18
FILL = "nswe"

LINE = 0.5
"""Past a whole inset: one hairline further in, at any scale."""

Look = tuple[str, str]
"""Edge and ground of a box; the same colour twice draws no edge."""

States = list[str | tuple[str, ...]]
"""The picture at rest, then pairs of states and picture; the first that fits is shown."""


Part = tuple["str | Part", ...]
"""One element of a layout as Tcl has it: its name, its options, what is inside it."""


def element(
    theme: Theme,
    name: str,
    states: States,
    *,
    corner: float = 0,
    least: tuple[float, float] = (0, 0),
    sticky: str = FILL,
) -> None:
    """A ttk element out of pictures; what is within `corner` of its corners is not stretched.

    `least` is its width and height, where that should be more than the picture's.
    """
    options: list[object] = ["-border", theme.px(corner), "-padding", 0]
    # Without them it would be at least as large as its picture.
    for option, units in zip(("-width", "-height"), least, strict=True):
        options += [option, max(theme.px(units), 2 * theme.px(corner))]
    theme.call("element", "create", name, "image", _spec(states), *options, "-sticky", sticky)


def _spec(states: States) -> tuple[object, ...]:
    rest, *others = states
    pictures: list[object] = [rest]
    for other in others:
        pictures += [tuple(other[:-1]), other[-1]]
    return tuple(pictures)


def part(
    name: str, *inside: Part, side: str = "", sticky: str = FILL, expand: bool = False
) -> Part:
    """A part of a layout, with the parts inside it."""
    made: Part = (name, "-sticky", sticky)
    if side:
        made += ("-side", side)
    if expand:
        made += ("-expand", "1")
    if inside:  # an empty list of children is refused
        made += ("-children", tuple(word for child in inside for word in child))
    return made


def lay_out(theme: Theme, style: str, *parts: Part) -> None:
    """Build this style's widgets out of these parts."""
    theme.call("layout", style, tuple(word for one in parts for word in one))


def box(
    theme: Theme,
    name: str,
    look: Look,
    *,
    radius: float = RADIUS,
    middle: tuple[int, int] = MIDDLE,
) -> str:
    """A box with the free ring round it."""
    edge, ground = look
    layers = ((RING, radius, edge), (RING + LINE, radius - 1, ground))
    return theme.nine(name, RING + radius + 1, *layers, middle=middle)


def focused_box(theme: Theme, name: str) -> str:
    """The same with a thick edge, half of it in the free ring."""
    accent, ground = theme.palette.accent, theme.palette.card
    return theme.nine(name, CORNER, (RING - 1, RADIUS + 1, accent), (RING + 1, RADIUS - 1, ground))


def face(theme: Theme, name: str, look: Look) -> str:
    """A button's face; its free ring is the element `ring`."""
    edge, ground = look
    return theme.nine(name, FACE_CORNER, (0, RADIUS, edge), (LINE, RADIUS - 1, ground))


def clear(theme: Theme, name: str, corner: float) -> str:
    """Nothing, as large as the others."""
    return theme.nine(name, corner, (0, 0, None))


def ring(theme: Theme) -> None:
    """The element round a focused control, outside of it: seen on any face."""
    outer = (0, RADIUS + RING, theme.palette.accent)
    shown = theme.nine("ring", CORNER, outer, (2, RADIUS + RING - 2, None))
    states: States = [clear(theme, "ring idle", CORNER), ("focus", shown)]
    options = ("-padding", theme.px(RING), "-width", 1, "-height", 1)
    border = ("-border", theme.px(CORNER), "-sticky", FILL)
    theme.call("element", "create", "Ring", "image", _spec(states), *border, *options)


def chip(theme: Theme, name: str, look: Look | None, *, focused: bool = False) -> str:
    """One choice of several in a trough."""
    layers: list[tuple[float, float, str | None]] = []
    if focused:
        layers += [(0, RADIUS, theme.palette.accent), (2, RADIUS - 2, None)]
    if look is not None:
        edge, ground = look
        layers += [] if focused else [(0, RADIUS - 1, edge)]
        layers += [(2 if focused else LINE, RADIUS - 2, ground)]
    return theme.nine(name, CHIP_CORNER, *layers)


def mark(theme: Theme, name: str, look: Look, *, radius: float) -> str:
    """An empty box or circle to choose."""
    edge, ground = look
    return _small(theme, name, ((0, radius, edge), (theme.hairline, radius - 1, ground)))


def dot(theme: Theme, name: str, look: Look) -> str:
    """A chosen circle."""
    edge, ground = look
    hole = theme.px(5)
    return _small(theme, name, ((0, TICK_UNITS / 2, edge), (hole, TICK_UNITS / 2 - 5, ground)))


def tick(theme: Theme, name: str, look: Look) -> str:
    """A chosen box."""
    ground, ink = look
    drawn = draw_tick(ground, ink, pixels=_even(theme), units=TICK_UNITS)
    return str(theme.picture(name, drawn))


def _small(theme: Theme, name: str, layers: Sequence[tuple[int, float, str]]) -> str:
    drawn = [Layer(inset, radius * theme.scale, colour) for inset, radius, colour in layers]
    return str(theme.picture(name, nine_patch(_even(theme) // 2, drawn, middle=(0, 0))))


def _even(theme: Theme) -> int:
    return theme.px(TICK_UNITS) // 2 * 2
