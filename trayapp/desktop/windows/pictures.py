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
from dataclasses import dataclass
from functools import lru_cache

from trayapp.desktop.windows.palette import channels

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
    inks = [None if layer.colour is None else channels(layer.colour) for layer in layers]
    rows = []
    for y in range(size):
        left = [
            _pixel([(mask[y][x], ink) for mask, ink in zip(masks, inks, strict=True)])
            for x in range(size)
        ]
        inner = left.pop()
        rows.append(b"".join(left) + inner * across + b"".join(reversed(left)))
    row = rows.pop()
    return _png(2 * corner + across, [*rows, *[row] * down, *reversed(rows)])


def painted(size: int, units: float, strokes: Sequence[tuple[Distance, str | None]]) -> bytes:
    """A square picture of shapes given in `units` across; the later ones lie on top."""
    scale = size / units
    inks = [(shape, None if ink is None else channels(ink)) for shape, ink in strokes]
    rows = []
    for row in range(size):
        y = (row + 0.5) / scale
        pixels = []
        for column in range(size):
            x = (column + 0.5) / scale
            pixels.append(_pixel([(_cover(shape(x, y) * scale), ink) for shape, ink in inks]))
        rows.append(b"".join(pixels))
    return _png(size, rows)


def disc(x: float, y: float, radius: float) -> Distance:
    """A filled circle."""
    return lambda px, py: math.hypot(px - x, py - y) - radius


def box(inset: float, units: float, radius: float) -> Distance:
    """A filled rounded square in the middle."""
    half = units / 2
    reach = half - inset - radius

    def distance(px: float, py: float) -> float:
        dx, dy = abs(px - half) - reach, abs(py - half) - reach
        return math.hypot(max(dx, 0.0), max(dy, 0.0)) + min(max(dx, dy), 0.0) - radius

    return distance


def octagon(x: float, y: float, radius: float) -> Distance:
    """A filled stop sign."""

    def distance(px: float, py: float) -> float:
        dx, dy = abs(px - x), abs(py - y)
        return max(dx, dy, (dx + dy) * math.sqrt(0.5)) - radius

    return distance


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
