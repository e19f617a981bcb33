"""Draw every kind of tray icon at every size on every panel into one picture, to be looked at.

Usage: python packaging/contact_sheet.py PATH.png [ZOOM]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from trayapp.desktop.badge import MANY, Colour, IconKey
from trayapp.desktop.icon import draw
from trayapp.tracking.entry import TrackerState

SIZES = (16, 22, 24, 32, 44, 48)
PANELS = ("#1e1e1e", "#31363b", "#3d6fb5", "#f6f5f4", "#ffffff")
TEMPLATE_PANELS = ("#f6f5f4",)
_STATES = (
    (Colour.GREY, 0, False),
    (Colour.GREEN, 0, False),
    *((Colour.AMBER, count, False) for count in range(1, MANY + 1)),
    *((Colour.AMBER, count, True) for count in (7, MANY)),
    *((Colour.RED, count, False) for count in (1, 2, 3, 8, MANY)),
    (Colour.RED, 5, True),
)
KEYS = tuple(
    IconKey(tracker, colour, count, offline)
    for colour, count, offline in _STATES
    for tracker in (TrackerState.RUNNING, TrackerState.PAUSED, TrackerState.STOPPED)
)
_MARGIN = 4


def sheet(sizes: Sequence[int] = SIZES, *, zoom: int = 1) -> Image.Image:
    """All icons: a strip for each size and panel, then the templates."""
    strips = [_strip(size, panel, template=False) for size in sizes for panel in PANELS]
    strips += [_strip(size, panel, template=True) for size in sizes for panel in TEMPLATE_PANELS]
    whole = Image.new(
        "RGB", (max(s.width for s in strips), sum(s.height for s in strips)), "#808080"
    )
    top = 0
    for strip in strips:
        whole.paste(strip, (0, top))
        top += strip.height
    return whole.resize((whole.width * zoom, whole.height * zoom), Image.Resampling.NEAREST)


def _strip(size: int, panel: str, *, template: bool) -> Image.Image:
    step = size + _MARGIN
    strip = Image.new("RGB", (step * len(KEYS) + _MARGIN, step), panel)
    for column, key in enumerate(KEYS):
        picture = draw(key, size, template=template)
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
