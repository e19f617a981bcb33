"""The colours of all windows, light and dark, by what they are for.

Pure. Text keeps a contrast of 4.5 to what it stands on, edges and signs one of 3; `line` is
decoration and may have less. Colour never says anything alone.
"""

from __future__ import annotations

from trayapp.light import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """One set of colours, each "#rrggbb"."""

    background: str
    card: str
    line: str
    """Around cards: decoration."""
    edge: str
    """Around controls, and the text of disabled ones."""
    text: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    selection: str
    hover: str
    needs_you: str
    heals: str
    duplicate: str
    good: str


LIGHT = Palette(
    background="#f6f7f9",
    card="#ffffff",
    line="#dcdfe5",
    edge="#868c97",
    text="#1b1e24",
    muted="#59606b",
    accent="#1a5fb4",
    accent_hover="#164f96",
    on_accent="#ffffff",
    selection="#dbe8fa",
    hover="#eef1f5",
    needs_you="#b3261e",
    heals="#8a5200",
    duplicate="#59606b",
    good="#1d6f42",
)
DARK = Palette(
    background="#1b1c1f",
    card="#26282c",
    line="#3a3d44",
    edge="#7c828d",
    text="#eceef1",
    muted="#a9afb9",
    accent="#78aeff",
    accent_hover="#9bc3ff",
    on_accent="#0b1f3a",
    selection="#2c4468",
    hover="#31343a",
    needs_you="#ff8a80",
    heals="#f2b33d",
    duplicate="#a9afb9",
    good="#6fcf97",
)


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, 1 to 21, by the formula of WCAG 2."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255 each."""
    value = int(colour[1:], 16)
    return value >> 16, value >> 8 & 255, value & 255


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    if channel <= 0.03928:  # noqa: PLR2004  # the formula's own number
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)
