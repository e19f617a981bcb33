"""The small pictures that say with a shape what a colour says too. Pure: PNG out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from trayapp.desktop.windows.palette import Palette
from trayapp.desktop.windows.pictures import Distance, box, disc, octagon, painted, path

UNITS = 24.0
"""Across a sign, before scaling."""


class Sign(StrEnum):
    """What a picture says."""

    GOOD = "good"
    NEEDS_YOU = "needs you"
    HEALS = "heals by itself"
    DUPLICATE = "duplicate"
    NOTE = "note"


_Strokes = tuple[tuple[Distance, str | None], ...]


def sign_colour(sign: Sign, palette: Palette) -> str:
    """The colour that goes with the sign; also for words beside it."""
    return {
        Sign.GOOD: palette.good,
        Sign.NEEDS_YOU: palette.needs_you,
        Sign.HEALS: palette.heals,
        Sign.DUPLICATE: palette.duplicate,
        Sign.NOTE: palette.muted,
    }[sign]


def draw_sign(sign: Sign, palette: Palette, *, pixels: int) -> bytes:
    """The sign on a transparent ground; what is cut out shows the ground."""
    return painted(pixels, UNITS, _SHAPES[sign](sign_colour(sign, palette)))


def draw_tick(ground: str, ink: str, *, pixels: int, units: float) -> bytes:
    """A ticked box."""
    shapes: _Strokes = (
        (box(0, units, 4), ground),
        (path(2, (5, 9.4), (7.7, 12.1), (13, 6.2)), ink),
    )
    return painted(pixels, units, shapes)


def draw_chevron(colour: str, *, pixels: int) -> bytes:
    """Points down: there is a list to open."""
    return painted(pixels, 16, ((path(1.7, (4, 6.3), (8, 10.3), (12, 6.3)), colour),))


def _good(colour: str) -> _Strokes:
    return (disc(12, 12, 10), colour), (path(2.2, (7.4, 12.4), (10.6, 15.6), (16.6, 9)), None)


def _needs_you(colour: str) -> _Strokes:
    return (
        (octagon(12, 12, 10), colour),
        (path(2.4, (12, 7), (12, 12.6)), None),
        (disc(12, 16.6, 1.4), None),
    )


def _heals(colour: str) -> _Strokes:
    return (disc(12, 12, 10), colour), (path(2.2, (12, 6.6), (12, 12), (15.6, 14.4)), None)


def _duplicate(colour: str) -> _Strokes:
    return (
        (box(3, UNITS, 2), colour),
        (path(2.2, (8, 9.6), (16, 9.6)), None),
        (path(2.2, (8, 14.4), (16, 14.4)), None),
    )


def _note(colour: str) -> _Strokes:
    return (
        (disc(12, 12, 10), colour),
        (disc(12, 7.6, 1.4), None),
        (path(2.4, (12, 11.4), (12, 17)), None),
    )


_SHAPES: Mapping[Sign, Callable[[str], _Strokes]] = MappingProxyType(
    {
        Sign.GOOD: _good,
        Sign.NEEDS_YOU: _needs_you,
        Sign.HEALS: _heals,
        Sign.DUPLICATE: _duplicate,
        Sign.NOTE: _note,
    }
)
