"""Banner: the place of a page where it says what goes on and how it ended.

Runs on Tk's thread. A sign goes with the words, so that no colour has to say anything alone.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from trayapp.desktop.windows.looks import RING
from trayapp.desktop.windows.signs import Sign
from trayapp.desktop.windows.widgets import Role, Widgets
from trayapp.desktop.windows.window import CONTENT_UNITS
from trayapp.light import dataclass

_SIGN_UNITS = 24
_GAP = 8
_TICK_MS = 20
_TEXT_UNITS = CONTENT_UNITS - 2 * (RING + 16) - (_SIGN_UNITS + 2 * RING) - _GAP
"""What the rest of the card leaves: the words must not make the page wider."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One click that helps."""

    label: str
    accept: Callable[[], None]


class Banner:
    """Nothing, progress, or a result, with a picture that says the same as the words."""

    def __init__(self, parent: tk.Misc, widgets: Widgets, *, row: int) -> None:
        px = widgets.theme.px
        self._widgets = widgets
        self._slot = widgets.frame(parent)
        self._slot.columnconfigure(0, weight=1)
        self._slot.grid(row=row, column=0, sticky="we")
        self._card = widgets.card(self._slot)
        self._card.columnconfigure(1, weight=1)
        self._sign = widgets.label(self._card)
        self._sign.grid(row=0, column=0, sticky="n", padx=(0, px(_GAP - RING)))
        self._words = widgets.label(self._card, wrap=_TEXT_UNITS)
        self._words.grid(row=0, column=1, sticky="we", pady=(px(2), 0))
        self._offer: Offer | None = None
        self._button = widgets.button(self._card, "", self._accept)
        self._busy = widgets.frame(self._slot)
        self._busy.columnconfigure(0, weight=1)
        self._doing = widgets.label(self._busy, role=Role.MUTED, wrap=CONTENT_UNITS)
        self._doing.grid(row=0, column=0, sticky="we")
        self._bar = widgets.progress(self._busy)
        self._bar.grid(row=1, column=0, sticky="we", padx=px(RING), pady=(px(8), 0))

    def lift(self) -> None:
        """Let the Tab key come here after everything made so far."""
        self._slot.lift()

    def busy(self, text: str) -> None:
        """Something goes on."""
        # As high as what it said before: the buttons below stay where the pointer is.
        self._slot.rowconfigure(0, minsize=self._slot.winfo_height())
        self._card.grid_remove()
        self._slot.grid()
        self._doing.configure(text=text)
        self._busy.grid(row=0, column=0, sticky="nwe", pady=(self._widgets.theme.px(12), 0))
        self._bar.start(_TICK_MS)

    def say(self, sign: Sign, text: str, offer: Offer | None = None) -> None:
        """How it ended, and perhaps what helps."""
        px = self._widgets.theme.px
        self._quiet()
        self._slot.grid()
        self._sign.configure(image=self._widgets.theme.sign(sign))
        self._words.configure(text=text)
        self._offer = offer
        self._button.grid_remove()
        if offer is not None:
            self._button.configure(text=offer.label)
            self._button.grid(row=1, column=1, sticky="w", pady=(px(8), 0))
        self._card.grid(row=0, column=0, sticky="nwe", pady=(px(12), 0))
        self._slot.rowconfigure(0, minsize=0)

    def clear(self) -> None:
        """Say nothing any more."""
        self._quiet()
        self._card.grid_remove()
        self._slot.rowconfigure(0, minsize=0)
        self._slot.grid_remove()  # an empty frame would keep its height

    def _quiet(self) -> None:
        self._bar.stop()
        self._busy.grid_remove()

    def _accept(self) -> None:
        if self._offer is not None:
            self._offer.accept()
