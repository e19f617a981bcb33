"""The picture of our windows in title bars and task lists: what a running tracker's tray shows."""

from __future__ import annotations

import io

from trayapp.desktop.badge import Colour, IconKey
from trayapp.desktop.icon import draw
from trayapp.tracking.entry import TrackerState

_SIZES = (64, 32, 16)


def app_icons() -> list[bytes]:
    """PNGs, the largest first."""
    key = IconKey(tracker=TrackerState.RUNNING, colour=Colour.GREEN, count=0, offline=False)
    found = []
    for size in _SIZES:
        png = io.BytesIO()
        draw(key, size).save(png, "PNG")
        found.append(png.getvalue())
    return found
