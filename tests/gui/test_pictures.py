"""Pictures of windows have soft edges, so that Tk blends them instead of choosing among shades."""

from __future__ import annotations

import subprocess
import sys

import pytest
from virtual_desktop import VirtualDesktop

pytestmark = [pytest.mark.gui, pytest.mark.timeout(90)]

ALL_PICTURES = """
import io
import tkinter as tk
from PIL import Image
from trayapp.desktop.windows import controls, styles
from trayapp.desktop.windows.about import _icon
from trayapp.desktop.windows.failed_paint import Painter
from trayapp.desktop.windows.signs import Sign
from trayapp.desktop.windows.theme import Theme

BUTTONS = (styles.normal_button, styles.accent_button, styles.quiet_button, styles.danger_button)
CONTROLS = (
    controls.segments, controls.ticks, controls.fields,
    controls.progress, controls.scrollbar, controls.tables,
)


class Watched(Theme):
    def picture(self, name, png):
        alpha = Image.open(io.BytesIO(png)).convert("RGBA").getchannel("A")
        is_soft = any(0 < cover < 255 for _count, cover in alpha.getcolors())
        kind = "soft" if is_soft else "clear" if alpha.getextrema() == (0, 0) else "hard"
        print(name, self.scale, kind, sep="|")
        return super().picture(name, png)


for dark in (False, True):
    for scale in (0.75, 1, 1.25, 1.5, 1.75, 2, 3):
        root = tk.Tk()
        theme = Watched(root, dark=dark, scale=scale)
        styles.apply(theme)
        for make in BUTTONS + CONTROLS:
            theme.once(make)
        for sign in Sign:
            theme.sign(sign)
        Painter(tk.Canvas(root), theme)
        theme.picture("about", _icon(theme.px(48)))
        root.destroy()
"""


def test_all_have_a_soft_edge_or_are_clear(desktop: VirtualDesktop) -> None:
    ran = subprocess.run(  # noqa: S603  # our own text
        [sys.executable, "-c", ALL_PICTURES],
        env=desktop.env,
        capture_output=True,
        text=True,
        check=True,
    )
    drawn = [line.split("|") for line in ran.stdout.splitlines()]
    assert len({name for name, _scale, _kind in drawn}) > 30
    assert [one for one in drawn if one[2] not in {"soft", "clear"}] == []
