"""A picture as a PNG file's bytes, for the one kind that the tray icon is. Pure.

Pillow can do it too, after it has loaded five formats and what they need: a tenth of the start.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_MAGIC = b"\x89PNG\r\n\x1a\n"
_RGBA = 8, 6, 0, 0, 0
"""Eight bits for each of four colours; packed, filtered and ordered as always."""
_NO_FILTER = b"\0"


def encoded(image: Image) -> bytes:
    """This RGBA picture. Raises ValueError for one of another mode."""
    if image.mode != "RGBA":
        msg = f"{image.mode} is not RGBA"
        raise ValueError(msg)
    pixels, line = image.tobytes(), 4 * image.width
    lines = (pixels[at : at + line] for at in range(0, len(pixels), line))
    packed = zlib.compress(b"".join(_NO_FILTER + one for one in lines))
    header = struct.pack(">IIBBBBB", *image.size, *_RGBA)
    return _MAGIC + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
