"""The tray icons in one picture, to be looked at: the README's, or every kind on every panel.

Usage: python packaging/contact_sheet.py PATH.png [ZOOM]      every kind on every panel
       (packaging/make_icons.py draws the README's.)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from trayapp.desktop.badge import MANY, Colour, IconKey, IconStyle
from trayapp.desktop.icon import draw
from trayapp.tracking.entry import TrackerState

SIZES = (16, 20, 22, 24, 32, 44, 48)
PANELS = ("#1e1e1e", "#31363b", "#3d6fb5", "#f6f5f4", "#ffffff")
PALE_PANEL = "#f6f5f4"
_STATES = (
    (Colour.GREY, 0, False),
    (Colour.GREEN, 0, False),
    *((Colour.AMBER, count, False) for count in range(1, MANY + 1)),
    *((Colour.AMBER, count, True) for count in (7, MANY)),
    *((Colour.RED, count, False) for count in (1, 2, 3, 8, MANY)),
    (Colour.RED, 5, True),
)
TRACKERS = (TrackerState.RUNNING, TrackerState.PAUSED, TrackerState.STOPPED)
KEYS = tuple(
    IconKey(tracker, colour, count, offline)
    for colour, count, offline in _STATES
    for tracker in TRACKERS
)
_MARGIN = 4

# The README's picture.
_COLUMNS = (
    ("nothing to send yet", Colour.GREY, 0, False),
    ("all sent", Colour.GREEN, 0, False),
    ("3 waiting", Colour.AMBER, 3, False),
    ("offline, 7 waiting", Colour.AMBER, 7, True),
    ("2 failed", Colour.RED, 2, False),
)
_ROWS = (
    ("Running", TrackerState.RUNNING),
    ("Paused", TrackerState.PAUSED),
    ("Stopped", TrackerState.STOPPED),
)
_LINES = ((48, 44, 32), (24, 22, 20, 16))
_GROUNDS = (("#f6f5f4", "#2b2b2b"), ("#2b2b2b", "#f6f5f4"))
_APP_GROUND, _APP_TEXT = "#ffffff", "#2b2b2b"
_LEFT, _GAP, _CELL_WIDTH, _CELL_HEIGHT, _HEAD, _APP_HEIGHT = 86, 7, 150, 92, 34, 152
_WIDTH = _LEFT + len(_COLUMNS) * _CELL_WIDTH
_PANEL_HEIGHT = _HEAD + len(_ROWS) * _CELL_HEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One icon of the README's picture: which, how large, on what, and where its corner is."""

    key: IconKey
    size: int
    ground: str
    left: int
    top: int


def overview(app: Sequence[Image.Image]) -> Image.Image:
    """The README's picture: each state at each size on a light and a dark panel; `app` above."""
    whole = Image.new("RGB", (_WIDTH, _APP_HEIGHT + len(_GROUNDS) * _PANEL_HEIGHT), _APP_GROUND)
    _show_app(whole, app)
    for number, (ground, text) in enumerate(_GROUNDS):
        _label_panel(whole, _APP_HEIGHT + number * _PANEL_HEIGHT, ground, text)
    for one in placed():
        picture = draw(one.key, one.size)
        whole.paste(picture, (one.left, one.top), picture)
    return whole


def placed() -> Iterator[Placed]:
    """Where every icon is on the README's picture."""
    for panel, (ground, _text) in enumerate(_GROUNDS):
        for row, (_name, tracker) in enumerate(_ROWS):
            top = _APP_HEIGHT + panel * _PANEL_HEIGHT + _HEAD + row * _CELL_HEIGHT
            for column, (_name, colour, count, offline) in enumerate(_COLUMNS):
                key = IconKey(tracker, colour, count, offline)
                left = _LEFT + column * _CELL_WIDTH
                yield from _cell(key, ground, left=left, top=top)


def _cell(key: IconKey, ground: str, *, left: int, top: int) -> Iterator[Placed]:
    for line in _LINES:
        x = left
        for size in line:
            yield Placed(key=key, size=size, ground=ground, left=x, top=top + line[0] - size)
            x += size + _GAP
        top += line[0] + _GAP


def _show_app(whole: Image.Image, app: Sequence[Image.Image]) -> None:
    x = _LEFT
    for picture in app:
        whole.paste(picture, (x, 140 - picture.height), picture)
        x += picture.width + 2 * _GAP
    pen = ImageDraw.Draw(whole)
    pen.text((12, 76), "Trayapp", fill=_APP_TEXT, font=_font(15), anchor="lm")


def _label_panel(whole: Image.Image, top: int, ground: str, text: str) -> None:
    pen = ImageDraw.Draw(whole)
    pen.rectangle((0, top, _WIDTH, top + _PANEL_HEIGHT), fill=ground)
    for column, (label, *_sync) in enumerate(_COLUMNS):
        at = (_LEFT + column * _CELL_WIDTH, top + _HEAD // 2)
        pen.text(at, label, fill=text, font=_font(13), anchor="lm")
    for row, (label, _tracker) in enumerate(_ROWS):
        at = (12, top + _HEAD + row * _CELL_HEIGHT + _LINES[0][0] // 2)
        pen.text(at, label, fill=text, font=_font(15), anchor="lm")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)  # comes with Pillow, so the same everywhere


def sheet(sizes: Sequence[int] = SIZES, *, zoom: int = 1) -> Image.Image:
    """All icons: a strip for each size and panel, then the templates."""
    strips = [_strip(size, panel, IconStyle.COLOUR) for size in sizes for panel in PANELS]
    strips += [_strip(size, panel, IconStyle.SYMBOLIC) for size in sizes for panel in PANELS]
    strips += [_strip(size, PALE_PANEL, IconStyle.TEMPLATE) for size in sizes]
    whole = Image.new(
        "RGB", (max(s.width for s in strips), sum(s.height for s in strips)), "#808080"
    )
    top = 0
    for strip in strips:
        whole.paste(strip, (0, top))
        top += strip.height
    return whole.resize((whole.width * zoom, whole.height * zoom), Image.Resampling.NEAREST)


def _strip(size: int, panel: str, style: IconStyle) -> Image.Image:
    step = size + _MARGIN
    strip = Image.new("RGB", (step * len(KEYS) + _MARGIN, step), panel)
    for column, key in enumerate(KEYS):
        picture = draw(key, size, style)
        strip.paste(picture, (_MARGIN + column * step, _MARGIN // 2), picture)
    return strip


def main(arguments: Sequence[str]) -> int:
    if not arguments:
        print(__doc__)
        return 2
    zoom = int(arguments[1]) if len(arguments) > 1 else 1
    sheet(zoom=zoom).save(arguments[0])
    print(f"wrote {arguments[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
