"""How the rows of the failed-tasks list are drawn: columns, ellipses, the card they lie on.

Runs on Tk's thread. A row has two lines: what it is and when; below it, its reason.
"""

from __future__ import annotations

import tkinter as tk
from datetime import date
from tkinter import font
from typing import Literal

from trayapp.desktop.windows.failed_row import Row, kind_words
from trayapp.desktop.windows.looks import CARD_RADIUS, RING
from trayapp.desktop.windows.signs import draw_chevron
from trayapp.desktop.windows.theme import Theme
from trayapp.i18n import _, day_words
from trayapp.light import dataclass
from trayapp.tracking.entry import EventKind

ROWS = "rows"
SIGN_UNITS = 16
_PAD, _GAP, _INNER = 14, 18, 9
_LEAST_ENTRY = 150
_MOST_LETTERS = 400
_ANCHORS: tuple[Literal["nw", "ne", "sw", "se"], ...] = ("nw", "ne", "sw", "se")
_MOST_FITTED = 2000
_MONTHS = [date(2000, month, 28) for month in range(1, 13)]


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    heading: str
    left: int
    width: int


@dataclass(frozen=True, slots=True)
class Look:
    """How a row is shown."""

    selected: bool = False
    hovered: bool = False
    focused: bool = False
    unfolded: bool = False


class Painter:
    """Draws on one canvas; `layout` first, and again at another width."""

    def __init__(self, canvas: tk.Canvas, theme: Theme) -> None:
        self._canvas = canvas
        self._theme = theme
        self._text, self._bold = theme.fonts.text, theme.fonts.bold
        self._line = self._text.metrics("linespace")
        self.row_height = 2 * self._line + theme.px(18)
        self.heading_height = self._line + theme.px(20)
        ink = theme.palette.muted
        down = theme.picture("fold down", draw_chevron(ink, pixels=theme.px(SIGN_UNITS)))
        self._down, self._up = down, _flipped(down, theme)
        self._corners = _corners(theme)
        self._columns: dict[str, _Column] = {}
        self._fitted: dict[tuple[str, int, bool], str] = {}
        self._right = 0
        self.left, self.reason_width = 0, 0

    def layout(self, width: int) -> None:
        """Where the columns are: as wide as their words, the entry takes what is left."""
        px = self._theme.px
        ring, gap = px(RING), px(_GAP)
        self._right = width - ring
        self.left = ring + px(_PAD) + px(SIGN_UNITS) + px(10)
        end = self._right - px(_PAD) - px(SIGN_UNITS) - px(8)
        kind = max(self._bold.measure(kind_words(one.value)) for one in EventKind)
        begin = self.left + max(kind, self._bold.measure("#100000")) + gap
        days = (day_words(one, with_year=True) for one in _MONTHS)
        day = max(days, key=self._text.measure)
        named = [
            ("attempts", _("Attempts"), "5 / 5"),
            ("created", _("Created"), f"{day} 00:00:00"),
            ("last", _("Last attempt"), f"{day} 00:00"),
            ("next", _("Next attempt"), _("after sign-in")),
        ]
        found = [
            (name, heading, max(self._text.measure(heading), self._text.measure(sample)))
            for name, heading, sample in named
        ]
        # What does not fit is told when the row is unfolded.
        while found and end - begin - sum(w + gap for *_rest, w in found) < px(_LEAST_ENTRY):
            found.pop()
        self._columns = {}
        right = end
        for name, heading, wide in reversed(found):
            self._columns[name] = _Column(name, heading, right - wide, wide)
            right -= wide + gap
        self._columns["kind"] = _Column("kind", _("Kind"), self.left, begin - gap - self.left)
        heading = _("Entry and reason")
        self._columns["entry"] = _Column("entry", heading, begin, right - begin)
        self.reason_width = end - begin

    def card(self, top: int, bottom: int) -> None:
        """The ground the list lies on; only as much of it as is near what is seen."""
        canvas, palette, ring = self._canvas, self._theme.palette, self._theme.px(RING)
        hair = self._theme.hairline
        canvas.create_rectangle(
            ring, top, self._right, bottom, fill=palette.line, width=0, tags=ROWS
        )
        canvas.create_rectangle(
            ring + hair,
            top + hair,
            self._right - hair,
            bottom - hair,
            fill=palette.card,
            width=0,
            tags=ROWS,
        )
        places = ((ring, top), (self._right, top), (ring, bottom), (self._right, bottom))
        for (x, y), anchor, picture in zip(places, _ANCHORS, self._corners, strict=True):
            canvas.create_image(x, y, image=picture, anchor=anchor, tags=ROWS)

    def headings(self, top: int) -> None:
        """The names of the columns."""
        y = top + self.heading_height // 2
        for column in self._columns.values():
            self._write(column, column.heading, y, ink=self._theme.palette.muted)
        self.rule(top + self.heading_height)

    def row(self, row: Row | None, top: int, look: Look) -> None:
        """One task; None: not known yet."""
        px, palette = self._theme.px, self._theme.palette
        self._band(top, look)
        if look.unfolded:
            self.rule(top + self.row_height)
        if row is None:
            return
        upper = top + px(_INNER) + self._line // 2
        lower = upper + self._line
        middle = top + self.row_height // 2
        picture = self._theme.sign(row.sign, SIGN_UNITS)
        sign_left = self._theme.px(RING) + px(_PAD)
        self._canvas.create_image(sign_left, upper, image=picture, anchor="w", tags=ROWS)
        self._canvas.create_image(
            self._right - px(_PAD),
            middle,
            image=self._up if look.unfolded else self._down,
            anchor="e",
            tags=ROWS,
        )
        for name, text in (
            ("kind", row.kind),
            ("entry", row.entry),
            ("attempts", row.attempts),
            ("created", row.created),
            ("last", row.last),
            ("next", row.next),
        ):
            column = self._columns.get(name)
            if column is not None:
                self._write(column, text, upper, bold=name == "kind")
        muted = palette.text if look.selected else palette.muted
        self._write(self._columns["kind"], row.number, lower, ink=muted)
        entry = self._columns["entry"]
        whole = _Column("reason", "", entry.left, self.reason_width)
        self._write(whole, row.reason, lower, ink=muted)

    def _band(self, top: int, look: Look) -> None:
        px, palette = self._theme.px, self._theme.palette
        if not (look.selected or look.hovered or look.focused):
            return
        inset = px(RING) + self._theme.hairline
        ground = palette.selection if look.selected else palette.hover
        bottom = top + self.row_height
        box = (inset, top, self._right - self._theme.hairline, bottom)
        self._canvas.create_rectangle(*box, fill=ground, width=0, tags=ROWS)
        if look.focused:
            half = px(2) / 2
            left, above, right, below = box
            self._canvas.create_rectangle(
                left + half,
                above + half,
                right - half,
                below - half,
                outline=palette.accent,
                width=px(2),
                tags=ROWS,
            )

    def rule(self, y: int) -> None:
        """The line below a row."""
        inset = self._theme.px(RING)
        self._canvas.create_rectangle(
            inset,
            y - self._theme.hairline,
            self._right,
            y,
            fill=self._theme.palette.line,
            width=0,
            tags=ROWS,
        )

    def _write(
        self, column: _Column, text: str, y: int, *, ink: str = "", bold: bool = False
    ) -> None:
        used = self._bold if bold else self._text
        self._canvas.create_text(
            column.left,
            y,
            text=self._fitting(text, column.width, bold=bold),
            font=str(used),
            fill=ink or self._theme.palette.text,
            anchor="w",
            tags=ROWS,
        )

    def _fitting(self, text: str, width: int, *, bold: bool) -> str:
        key = (text, width, bold)
        known = self._fitted.get(key)
        if known is None:
            if len(self._fitted) >= _MOST_FITTED:
                self._fitted.clear()
            known = self._fitted[key] = _fit(text, width, self._bold if bold else self._text)
        return known


def _fit(text: str, width: int, used: font.Font) -> str:
    """As much of it as has room, with … where something is missing."""
    text = text[:_MOST_LETTERS]
    if used.measure(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if used.measure(text[:middle].rstrip() + "…") <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def _corners(theme: Theme) -> tuple[tk.PhotoImage, ...]:
    """The four corners of a card, to be laid over a rectangle's."""
    palette = theme.palette
    name = theme.nine(
        "list corners",
        CARD_RADIUS,
        (0, 0, palette.background),
        (0, CARD_RADIUS, palette.line),
        (0.5, CARD_RADIUS - 1, None),
    )
    size = theme.px(CARD_RADIUS) + 1
    far = int(theme.style.master.tk.call("image", "width", name)) - size
    return tuple(
        theme.part_of(name, (size, size), "-from", x, y, x + size, y + size)
        for x, y in ((0, 0), (far, 0), (0, far), (far, far))
    )


def _flipped(picture: tk.PhotoImage, theme: Theme) -> tk.PhotoImage:
    return theme.part_of(picture, (picture.width(), picture.height()), "-subsample", 1, -1)
