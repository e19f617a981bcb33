"""The digits and the broken link of the tray icon, as bitmaps: no font file, no smoothing.

Pure. Any two digits of a font differ in at least three pixels, so that none is read as another.
"""

from __future__ import annotations

from typing import TypeAlias

from trayapp.light import dataclass

Bitmap: TypeAlias = tuple[str, ...]
"""Rows from the top, "1" is ink."""


def _rows(text: str) -> Bitmap:
    return tuple(text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Font:
    """Bitmaps that belong together: the digits 1 to 9, the plus sign, the broken link."""

    digits: tuple[Bitmap, ...]
    plus: Bitmap
    link: Bitmap

    def text(self, count: int) -> Bitmap:
        """`count` as a bitmap: "1" to "9", and "9+" for all above."""
        if count <= len(self.digits):
            return self.digits[count - 1]
        return tuple(
            f"{nine}0{plus}" for nine, plus in zip(self.digits[-1], self.plus, strict=True)
        )


SMALL = Font(
    digits=(
        _rows("010 110 010 010 111"),
        _rows("110 001 010 100 111"),
        _rows("111 001 011 001 111"),
        _rows("100 101 101 111 001"),
        _rows("111 100 110 001 110"),
        _rows("100 100 111 101 111"),
        _rows("111 001 001 010 010"),
        _rows("111 101 111 101 111"),
        _rows("111 101 111 001 001"),
    ),
    plus=_rows("000 010 111 010 000"),
    link=_rows("0000110 0110001 1000001 1000110 0110000"),
)

LARGE = Font(
    digits=(
        _rows("0010 0110 0010 0010 0010 0010 0111"),
        _rows("0110 1001 0001 0010 0100 1000 1111"),
        _rows("1110 0001 0001 0110 0001 0001 1110"),
        _rows("0010 0110 1010 1010 1111 0010 0010"),
        _rows("1111 1000 1000 1110 0001 0001 1110"),
        _rows("0110 1000 1000 1110 1001 1001 0110"),
        _rows("1111 0001 0001 0010 0010 0100 0100"),
        _rows("0110 1001 1001 0110 1001 1001 0110"),
        _rows("0110 1001 1001 0111 0001 0001 0110"),
    ),
    plus=_rows("000 000 010 111 010 000 000"),
    link=_rows("000001110 011100001 100000001 100000001 100001110 011100000"),
)
