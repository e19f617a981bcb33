"""What is written can be read, and what can be pressed can be seen, in light and in dark."""

from __future__ import annotations

import pytest

from trayapp.desktop.windows.palette import DARK, LIGHT, Palette, contrast

_TEXT, _SHAPE = 4.5, 3.0
_PAIRS = [
    ("text", "background", _TEXT),
    ("text", "card", _TEXT),
    ("text", "selection", _TEXT),
    ("text", "hover", _TEXT),
    ("muted", "background", _TEXT),
    ("muted", "card", _TEXT),
    ("on_accent", "accent", _TEXT),
    ("on_accent", "accent_hover", _TEXT),
    ("accent", "background", _TEXT),  # the words of a quiet button
    ("accent", "hover", _TEXT),
    ("accent", "card", _SHAPE),
    ("edge", "background", _SHAPE),
    ("edge", "card", _SHAPE),
    ("needs_you", "card", _TEXT),  # the words of a danger button
    ("heals", "card", _SHAPE),
    ("duplicate", "card", _SHAPE),
    ("good", "card", _SHAPE),
    ("good", "background", _SHAPE),
]


@pytest.mark.parametrize(
    "palette", [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")]
)
@pytest.mark.parametrize(("colour", "ground", "least"), _PAIRS)
def test_a_colour_stands_out_from_its_ground(
    palette: Palette, colour: str, ground: str, least: float
) -> None:
    assert contrast(getattr(palette, colour), getattr(palette, ground)) >= least


def test_the_ratio_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#1a5fb4", "#ffffff") == contrast("#ffffff", "#1a5fb4")
