"""Theme: colours, fonts, measures and pictures at the scale the window is shown at.

Runs on Tk's thread. Make one per process before the first widget; it keeps the pictures alive.
`styles` and `controls` put it on ttk's widgets.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from trayapp.desktop.windows.fonts import make_fonts
from trayapp.desktop.windows.palette import DARK, LIGHT
from trayapp.desktop.windows.pictures import Layer, nine_patch
from trayapp.desktop.windows.signs import UNITS, Sign, draw_sign

POINTS_PER_INCH = 72
DOTS_PER_INCH = 96
_FEW_SHADES = "2/2/2"
_BLENDED_FROM_BITS = 15
MIDDLE = (64, 64)
"""Pixels of a box that are repeated; about a button's."""


class Theme:
    """What a window is drawn with."""

    def __init__(self, root: tk.Tk, *, dark: bool, scale: float) -> None:
        self._root = root
        self.scale = scale
        self.palette = DARK if dark else LIGHT
        # Tk's order: the scale, then the fonts, then what is measured with them.
        root.tk.call("tk", "scaling", scale * DOTS_PER_INCH / POINTS_PER_INCH)
        self.fonts = make_fonts(root)
        self.style = ttk.Style(root)
        self._palette = _shades(root)
        # Each picture asks for both, unless somebody has them.
        root.configure(background="white", highlightcolor="black")
        self._pictures: dict[str, tk.PhotoImage] = {}
        self._made: set[Callable[[Theme], None]] = set()

    def once(self, make: Callable[[Theme], None]) -> None:
        """Make these styles, unless they are made: drawing all takes as long as Tk's own start."""
        if make not in self._made:
            self._made.add(make)
            make(self)

    def px(self, units: float) -> int:
        """Pixels for a length in units."""
        return round(units * self.scale)

    @property
    def hairline(self) -> int:
        """The thinnest line that is sharp."""
        return max(1, int(self.scale))

    def call(self, *words: object) -> None:
        """`ttk::style`, for what its Python face cannot say with types."""
        self._root.tk.call("ttk::style", *words)

    def picture(self, name: str, png: bytes) -> tk.PhotoImage:
        """`png` as Tk has it, kept as long as the theme. It needs a soft edge: see `_shades`."""
        made = tk.PhotoImage(master=self._root, data=png, palette=self._palette)
        self._pictures[name] = made
        return made

    def part_of(self, picture: object, size: tuple[int, int], *how: object) -> tk.PhotoImage:
        """A part of a picture, chosen by what Tk's `copy` can do."""
        width, height = size
        root, palette = self._root, self._palette
        made = tk.PhotoImage(master=root, width=width, height=height, palette=palette)
        made.tk.call(made, "copy", picture, *how)
        return made

    def nine(
        self,
        name: str,
        corner: float,
        *layers: tuple[float, float, str | None],
        middle: tuple[int, int] = MIDDLE,
    ) -> str:
        """A stretchable box of layers (inset, radius, colour) in units; the picture's name."""
        drawn = [
            Layer(self._inset(inset), max(0.0, radius * self.scale), colour)
            for inset, radius, colour in layers
        ]
        return str(self.picture(name, nine_patch(self.px(corner), drawn, middle=middle)))

    def sign(self, sign: Sign, units: float = UNITS) -> tk.PhotoImage:
        """The picture of a sign, drawn the first time it is asked for."""
        name = f"{sign} {units}"
        known = self._pictures.get(name)
        if known is not None:
            return known
        return self.picture(name, draw_sign(sign, self.palette, pixels=self.px(units)))

    def dress(self, widget: tk.Text | tk.Toplevel) -> None:
        """Colours for a classic widget, which no ttk style reaches."""
        palette = self.palette
        if isinstance(widget, tk.Toplevel):
            widget.configure(background=palette.background)
            return
        widget.configure(
            background=palette.card,
            foreground=palette.text,
            insertbackground=palette.text,
            selectbackground=palette.selection,
            selectforeground=palette.text,
            highlightthickness=self.px(2),
            highlightcolor=palette.accent,
            highlightbackground=palette.line,
            borderwidth=0,
            padx=self.px(8),
            pady=self.px(8),
            font=self.fonts.mono,
        )

    def _inset(self, units: float) -> int:
        """Whole pixels, so that straight edges are sharp; a fraction is one hairline further in."""
        whole = int(units)
        return self.px(whole) if units == whole else self.px(whole) + self.hairline


def _shades(root: tk.Tk) -> str:
    """How many shades of red, green and blue Tk prepares for pictures; "" is its own choice.

    It asks the X server for each of 256 before the first picture: 20 ms in which no window is
    shown. They are not used where a picture is half transparent somewhere: it is blended.
    """
    is_x11 = root.tk.call("tk", "windowingsystem") == "x11"
    return _FEW_SHADES if is_x11 and root.winfo_screendepth() >= _BLENDED_FROM_BITS else ""
