"""The picture in the tray: shape = tracker, colour and fill = sync, plate = how many.

Imports Pillow, so import this module late. Pure apart from the cache; any thread may draw.

All measures are in pixels, and what makes an edge is a whole number of them; u is a sixteenth of
the size. A picture is drawn eight times too large and reduced by averaging: any other filter
blurs the edges that lie on whole pixels, and a rim one pixel wide is then lost on blue panels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from PIL import Image, ImageDraw

from trayapp.desktop.badge import COLOURS, Colour, IconKey, IconStyle
from trayapp.desktop.glyphs import LARGE, SMALL, Bitmap, Font
from trayapp.light import dataclass
from trayapp.tracking.entry import TrackerState

__all__ = ["COLOURS", "STYLE", "STYLES", "SYMBOLIC", "TEMPLATE", "Style", "draw", "paint", "sketch"]

OVERSAMPLING = 8

_CLEAR = "#00000000"
_WHITE = "#ffffff"
_BLACK = "#000000"

_DISC_SLICE, _HOLLOW_SLICE = 7.6, 6.2
_SLICE_APEX = 0.58
_SLICE_HALF_ANGLE = 36
_BAR_CORNER, _BLOCK_CORNER = 2.4, 3.2
_CORNER_SHRINK = 0.8
_PLATE_CORNER = 1.5
_LARGE_FROM, _DOUBLE_FROM, _LARGE_DOUBLE_FROM = 20, 30, 44


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Everything about the picture that is a choice. Colours are "#rrggbb" or "#rrggbbaa"."""

    fills: Mapping[Colour, str]
    rim: str = _WHITE
    """Round every shape: it shows on dark and blue panels, where no fill does."""
    hole: str = _WHITE
    """The slice, and the inside of a hollow shape."""
    ink: str = "#18181b"
    paper: str = _WHITE
    hollow: frozenset[Colour] = frozenset({Colour.GREY})
    """Grey and green are equally bright; hollow and filled tell them apart without colour."""
    framed: frozenset[Colour] = frozenset({Colour.RED})
    """Whose plate is paper in a frame of ink; the others' plate is round and all ink."""
    gap: int = 2
    """Between the two bars, in rims."""
    small: Font = SMALL
    large: Font = LARGE


STYLE = Style(fills=COLOURS)

TEMPLATE = Style(
    fills=dict.fromkeys(Colour, _BLACK), rim=_BLACK, hole=_CLEAR, ink=_CLEAR, paper=_BLACK
)

SYMBOLIC = Style(fills=dict.fromkeys(Colour, COLOURS[Colour.GREY]))
"""The tray does not say how light its panel is, so the white rim is needed here, too."""

STYLES: Mapping[IconStyle, Style] = MappingProxyType(
    {IconStyle.COLOUR: STYLE, IconStyle.SYMBOLIC: SYMBOLIC, IconStyle.TEMPLATE: TEMPLATE}
)


@lru_cache(maxsize=256)
def draw(key: IconKey, size: int, style: IconStyle = IconStyle.COLOUR) -> Image.Image:
    """The icon, `size` pixels square. The picture is shared: never draw into it."""
    return paint(key, size, STYLES[style])


def paint(key: IconKey, size: int, style: Style = STYLE) -> Image.Image:
    """The icon in `style`, made anew."""
    return sketch(key, size, style).reduce(OVERSAMPLING)


def sketch(key: IconKey, size: int, style: Style = STYLE) -> Image.Image:
    """The icon before it is reduced, `OVERSAMPLING` times too large."""
    image = Image.new("RGBA", (size * OVERSAMPLING, size * OVERSAMPLING), _CLEAR)
    pen = _Pen(ImageDraw.Draw(image), size, style)
    if key.tracker is TrackerState.RUNNING:
        _disc(pen, key.colour)
    elif key.tracker is TrackerState.PAUSED:
        _bars(pen, key.colour)
    else:
        _block(pen, key.colour)
    if key.offline:
        _link(pen)
    if key.count:
        _plate(pen, key)
    return image


class _Pen:
    """Draws in pixels of the finished icon, replacing what was there (also by transparency)."""

    def __init__(self, canvas: ImageDraw.ImageDraw, size: int, style: Style) -> None:
        self._canvas = canvas
        self.size = size
        self.style = style
        self.u = size / 16
        self.rim = max(1, int(self.u))
        self.wall = max(2, round(1.4 * self.u))
        self.font, self.dot = _lettering(size, style)

    def layers(self, colour: Colour, *, wall: int) -> Iterator[tuple[int, str]]:
        """The shape from outside in: how far each layer is inset, and its colour."""
        yield 0, self.style.rim
        yield self.rim, self.style.fills[colour]
        if colour in self.style.hollow:
            yield self.rim + wall, self.style.hole

    def box(self, left: int, top: int, right: int, bottom: int, *, corner: float, ink: str) -> None:
        """A rectangle; `right` and `bottom` are the first pixels outside."""
        n = OVERSAMPLING
        self._canvas.rounded_rectangle(
            (left * n, top * n, right * n - 1, bottom * n - 1), max(0.0, corner) * n, fill=ink
        )

    def circle(self, inset: int, ink: str) -> None:
        """A disc in the middle, `inset` pixels smaller than the icon on every side."""
        n = OVERSAMPLING
        far = (self.size - inset) * n - 1
        self._canvas.ellipse((inset * n, inset * n, far, far), fill=ink)

    def slice(self, radius: float, ink: str) -> None:
        """A slice of the dial that points right, as a play sign does."""
        n = OVERSAMPLING
        apex, middle = self.size / 2 + _SLICE_APEX * radius, self.size / 2
        near, far = (
            ((apex - radius) * n, (middle - radius) * n),
            ((apex + radius) * n, (middle + radius) * n),
        )
        self._canvas.pieslice(
            (near, far),
            180 - _SLICE_HALF_ANGLE,
            180 + _SLICE_HALF_ANGLE,
            fill=ink,
        )

    def bitmap(self, rows: Bitmap, *, left: int, top: int, ink: str) -> None:
        """Each "1" as a square dot."""
        q = self.dot
        for y, row in enumerate(rows):
            for x, bit in enumerate(row):
                if bit == "1":
                    at = (left + x * q, top + y * q, left + x * q + q, top + y * q + q)
                    self.box(*at, corner=0, ink=ink)


def _lettering(size: int, style: Style) -> tuple[Font, int]:
    """The largest letters that leave the shape visible, and the pixels across one of their dots."""
    if size < _LARGE_FROM:
        return style.small, 1
    if size < _DOUBLE_FROM:
        return style.large, 1
    if size < _LARGE_DOUBLE_FROM:
        return style.small, 2
    return style.large, round(size / 24)


def _disc(pen: _Pen, colour: Colour) -> None:
    for inset, ink in pen.layers(colour, wall=pen.wall):
        pen.circle(inset, ink)
    if colour in pen.style.hollow:
        pen.slice(_HOLLOW_SLICE * pen.u, pen.style.fills[colour])
    else:
        pen.slice(_DISC_SLICE * pen.u, pen.style.hole)


def _bars(pen: _Pen, colour: Colour) -> None:
    r, size = pen.rim, pen.size
    inner = (size - pen.style.gap * r) // 2
    for left, right in ((r, inner), (size - inner, size - r)):
        for inset, ink in pen.layers(colour, wall=r):
            corner = _BAR_CORNER * pen.u - _CORNER_SHRINK * inset
            box = (left + inset, r + inset, right - inset, size - r - inset)
            pen.box(*box, corner=corner, ink=ink)


def _block(pen: _Pen, colour: Colour) -> None:
    for inset, ink in pen.layers(colour, wall=pen.wall):
        near, far = pen.rim + inset, pen.size - pen.rim - inset
        corner = _BLOCK_CORNER * pen.u - _CORNER_SHRINK * inset
        pen.box(near, near, far, far, corner=corner, ink=ink)


def _link(pen: _Pen) -> None:
    """A link snapped in two, top left."""
    rows, q = pen.font.link, pen.dot
    width, height = (len(rows[0]) + 2) * q, (len(rows) + 2) * q
    pen.box(0, 0, width, height, corner=_PLATE_CORNER * q, ink=pen.style.ink)
    pen.bitmap(rows, left=q, top=q, ink=pen.style.paper)


def _plate(pen: _Pen, key: IconKey) -> None:
    """How many, bottom right, flush with the corner."""
    rows, q, style = pen.font.text(key.count), pen.dot, pen.style
    framed = key.colour in style.framed
    border = 2 * q if framed else q
    left = pen.size - len(rows[0]) * q - 2 * border
    top = pen.size - len(rows) * q - 2 * border
    edge = (left, top, pen.size, pen.size)
    if framed:
        pen.box(*edge, corner=0, ink=style.ink)
        inside = (left + q, top + q, pen.size - q, pen.size - q)
        pen.box(*inside, corner=0, ink=style.paper)
    else:
        pen.box(*edge, corner=_PLATE_CORNER * q, ink=style.ink)
    ink = style.ink if framed else style.paper
    pen.bitmap(rows, left=left + border, top=top + border, ink=ink)
