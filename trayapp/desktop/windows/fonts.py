"""The fonts of all windows: the desktop's own family, in the few sizes we use.

Runs on Tk's thread, after the scale is set and before the first widget is made.
"""

from __future__ import annotations

import tkinter as tk
from tkinter import font

from trayapp.light import dataclass

TEXT_POINTS = 10
HEADING_POINTS = 11
TITLE_POINTS = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Fonts:
    """Named fonts; keep the object, or Tk forgets them."""

    text: font.Font
    bold: font.Font
    heading: font.Font
    title: font.Font
    mono: font.Font


def make_fonts(root: tk.Tk) -> Fonts:
    """The fonts, and Tk's own named ones brought in line."""
    text = font.nametofont("TkDefaultFont", root)
    text.configure(size=TEXT_POINTS)
    family = text.actual("family")
    for name in ("TkTextFont", "TkMenuFont", "TkHeadingFont"):
        font.nametofont(name, root).configure(family=family, size=TEXT_POINTS, weight="normal")
    mono = font.nametofont("TkFixedFont", root)
    mono.configure(size=TEXT_POINTS)

    def bold(points: int) -> font.Font:
        return font.Font(root, family=family, size=points, weight="bold")

    return Fonts(
        text=text,
        bold=bold(TEXT_POINTS),
        heading=bold(HEADING_POINTS),
        title=bold(TITLE_POINTS),
        mono=mono,
    )
