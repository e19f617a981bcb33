"""The icon's file: what a reader of PNG finds in it is the picture."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from PIL import Image

from trayapp.desktop.badge import Colour, IconKey
from trayapp.desktop.icon import draw
from trayapp.desktop.png import encoded
from trayapp.tracking.entry import TrackerState


@pytest.mark.parametrize("size", [16, 22, 44])
@pytest.mark.parametrize("count", [0, 3])
def test_it_is_read_as_it_was_drawn(size: int, count: int) -> None:
    key = IconKey(TrackerState.RUNNING, Colour.AMBER, count, offline=True)
    picture = draw(key, size)
    with Image.open(io.BytesIO(encoded(picture))) as read:
        assert (read.format, read.mode, read.size) == ("PNG", "RGBA", (size, size))
        assert read.tobytes() == picture.tobytes()


def test_a_wide_picture_keeps_its_sides() -> None:
    picture = Image.frombytes("RGBA", (3, 2), bytes(range(24)))
    with Image.open(io.BytesIO(encoded(picture))) as read:
        assert (read.size, read.tobytes()) == ((3, 2), bytes(range(24)))


def test_another_kind_of_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="L is not RGBA"):
        encoded(Image.new("L", (1, 1)))


def test_it_loads_no_formats_of_pillow() -> None:
    program = (
        "import sys; from PIL import Image; from trayapp.desktop.png import encoded;"
        "encoded(Image.new('RGBA', (2, 2))); sys.exit('PIL.PngImagePlugin' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603  # our own
