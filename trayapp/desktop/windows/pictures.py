"""Drawing without a toolkit: anti-aliased rounded boxes and signs at any scale, as PNG.

Pure and of the standard library: a few hundred pixels a picture, so that a window need not load an
imaging library before it shows itself.
"""

from __future__ import annotations

import itertools
import math
import struct
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache

from trayapp.desktop.windows.palette import channels
from trayapp.light import dataclass

Distance = Callable[[float, float], float]
"""How far a point lies outside a shape; negative inside."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BIT_RGBA = b"\x08\x06\x00\x00\x00"
_CLEAR = b"\x00\x00\x00\x00"


@dataclass(frozen=True, slots=True)
class Layer:
    """A rounded box, `inset` pixels inside the picture; without a colour it cuts a hole."""

    inset: int
    radius: float
    colour: str | None


def nine_patch(corner: int, layers: Sequence[Layer], *, middle: tuple[int, int]) -> bytes:
    """A box whose edges keep their width when everything but `corner` is repeated.

    `middle`: pixels across and down of what is repeated. Tk blends each repetition with what is on
    the screen, which takes a while: the larger the middle, the faster a wide box is drawn.
    """
    across, down = middle
    size = corner + 1  # one quarter; its last row and column are the ones to stretch
    masks = [_quarter(size, layer.inset, layer.radius) for layer in layers]
    blend = _Blend([layer.colour for layer in layers])
    rows = []
    for y in range(size):
        left = blend.row([mask[y] for mask in masks])
        inner = left.pop()
        rows.append(b"".join(left) + inner * across + b"".join(reversed(left)))
    row = rows.pop()
    return _png(2 * corner + across, [*rows, *[row] * down, *reversed(rows)])


def painted(size: int, units: float, strokes: Sequence[tuple[Distance, str | None]]) -> bytes:
    """A square picture of shapes given in `units` across; the later ones lie on top."""
    masks = [_covered(size, units, shape) for shape, _ink in strokes]
    blend = _Blend([ink for _shape, ink in strokes])
    rows = [b"".join(blend.row([mask[y] for mask in masks])) for y in range(size)]
    return _png(size, rows)


@lru_cache(maxsize=64)
def disc(x: float, y: float, radius: float) -> Distance:
    """A filled circle."""
    return lambda px, py: math.hypot(px - x, py - y) - radius


@lru_cache(maxsize=64)
def box(inset: float, units: float, radius: float) -> Distance:
    """A filled rounded square in the middle."""
    half = units / 2
    reach = half - inset - radius

    def distance(px: float, py: float) -> float:
        dx, dy = abs(px - half) - reach, abs(py - half) - reach
        return math.hypot(max(dx, 0.0), max(dy, 0.0)) + min(max(dx, dy), 0.0) - radius

    return distance


@lru_cache(maxsize=64)
def octagon(x: float, y: float, radius: float) -> Distance:
    """A filled stop sign."""

    def distance(px: float, py: float) -> float:
        dx, dy = abs(px - x), abs(py - y)
        return max(dx, dy, (dx + dy) * math.sqrt(0.5)) - radius

    return distance


@lru_cache(maxsize=64)
def path(width: float, *points: tuple[float, float]) -> Distance:
    """A line through the points, with round ends."""
    pieces = list(itertools.pairwise(points))

    def distance(px: float, py: float) -> float:
        return min(_to_piece(px, py, piece) for piece in pieces) - width / 2

    return distance


def _to_piece(
    px: float, py: float, piece: tuple[tuple[float, float], tuple[float, float]]
) -> float:
    (ax, ay), (bx, by) = piece
    dx, dy = bx - ax, by - ay
    along = ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy)
    along = min(1.0, max(0.0, along))
    return math.hypot(px - ax - along * dx, py - ay - along * dy)


@lru_cache(maxsize=64)
def _covered(size: int, units: float, shape: Distance) -> tuple[tuple[float, ...], ...]:
    """How much of each pixel a shape covers; the same shape is drawn in several colours."""
    scale = size / units
    places = [(pixel + 0.5) / scale for pixel in range(size)]
    return tuple(tuple(_cover(shape(x, y) * scale) for x in places) for y in places)


@lru_cache(maxsize=64)
def _quarter(size: int, inset: int, radius: float) -> tuple[tuple[float, ...], ...]:
    """How much of each pixel of the top left quarter a rounded box covers."""
    centre = inset + radius
    rows = []
    for row in range(size):
        dy = centre - (row + 0.5)
        rows.append(
            tuple(_cover(_to_corner(centre - (column + 0.5), dy, radius)) for column in range(size))
        )
    return tuple(rows)


def _to_corner(dx: float, dy: float, radius: float) -> float:
    if dx > 0 and dy > 0:
        return math.hypot(dx, dy) - radius
    return max(dx, dy) - radius


def _cover(distance: float) -> float:
    return min(1.0, max(0.0, 0.5 - distance))


class _Blend:
    """Colours laid over each other; most pixels of a picture are one of a few."""

    def __init__(self, colours: Sequence[str | None]) -> None:
        self._inks = [None if colour is None else channels(colour) for colour in colours]
        self._known: dict[tuple[float, ...], bytes] = {}

    def row(self, masks: Sequence[tuple[float, ...]]) -> list[bytes]:
        """The pixels of a row, by how much each layer covers each of them."""
        known = self._known
        pixels = []
        for covers in zip(*masks, strict=True):
            pixel = known.get(covers)
            if pixel is None:
                pixel = known[covers] = _pixel(list(zip(covers, self._inks, strict=True)))
            pixels.append(pixel)
        return pixels


def _pixel(layers: Sequence[tuple[float, tuple[int, int, int] | None]]) -> bytes:
    red = green = blue = alpha = 0.0
    for cover, ink in layers:
        if not cover:
            continue
        kept = 1.0 - cover
        red, green, blue, alpha = red * kept, green * kept, blue * kept, alpha * kept
        if ink is not None:
            red += ink[0] * cover
            green += ink[1] * cover
            blue += ink[2] * cover
            alpha += cover
    if not alpha:
        return _CLEAR
    return bytes(
        (round(red / alpha), round(green / alpha), round(blue / alpha), round(alpha * 255))
    )


def _png(width: int, rows: Sequence[bytes]) -> bytes:
    head = struct.pack(">II", width, len(rows)) + _EIGHT_BIT_RGBA
    pixels = zlib.compress(b"".join(b"\x00" + row for row in rows), 1)
    return _SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check
