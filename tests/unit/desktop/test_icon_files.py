"""The drawn icon files belong to the same family as the tray's pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trayapp.desktop.badge import COLOURS, Colour
from trayapp.tracking.entry import TrackerState

ICONS = Path(__file__).parents[3] / "icons"
_TRAY, _APP = {"#ffffff", COLOURS[Colour.GREEN]}, {"#2a3f5f", "#16233a", "#ffffff"}
_ENTRIES = {"#f2a33a", "#5bb8e8", "#35c46a"}
SVG_COLOURS = {
    "app": _APP | _ENTRIES | _TRAY,
    "app-small": _APP | _ENTRIES,
    **{f"tray-{tracker}": _TRAY for tracker in TrackerState},
    **{f"tray-{tracker}-symbolic": {"#2e3436"} for tracker in TrackerState},
}


def svg_colours(svg: str) -> set[str]:
    return set(re.findall(r"#[0-9a-fA-F]{3,8}\b", svg))


@pytest.mark.parametrize("name", SVG_COLOURS)
def test_an_svg_file_uses_the_tray_s_colours(name: str) -> None:
    svg = (ICONS / f"{name}.svg").read_text(encoding="utf-8")

    assert svg_colours(svg) == SVG_COLOURS[name]


def test_another_green_in_an_svg_file_is_noticed() -> None:
    svg = (ICONS / "tray-running.svg").read_text(encoding="utf-8")
    mutant = svg.replace(COLOURS[Colour.GREEN], "#1f8a45")

    assert svg_colours(mutant) != SVG_COLOURS["tray-running"]


def test_every_svg_file_is_known_here() -> None:
    assert {path.stem for path in ICONS.glob("*.svg")} == set(SVG_COLOURS)
