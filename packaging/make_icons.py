"""Render the icon files from the drawings in `icons/`, or install them for a desktop to find.

Usage: python packaging/make_icons.py                    render; once more gives the same bytes
       python packaging/make_icons.py --install PREFIX   into PREFIX/share/icons/hicolor

What is rendered lies in the tree, so that only who changes a drawing needs resvg-py. The tray's
own pictures are drawn while the program runs: a drawing has no whole pixels at 22 and 24.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
ICONS = ROOT / "icons"
RENDERED = ICONS / "rendered"
OVERVIEW = ROOT / "packaging" / "pictures" / "icons.png"
NAME = "trayapp"

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
WINDOWS_SIZES = (16, 20, 24, 32, 40, 48, 64, 256)
MACOS_SIZES = (32, 64, 128, 256, 512, 1024)
_SMALL_BELOW = 40
"""The drawing with the dial's ticks and knob is mush in fewer pixels."""


def rasterised(name: str, size: int) -> Image.Image:
    """A drawing of `icons/` as a picture."""
    import resvg_py  # noqa: PLC0415  # a developer's; installing must do without
    from PIL import Image  # noqa: PLC0415  # the same

    svg = (ICONS / f"{name}.svg").read_text(encoding="utf-8")
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True)
    return Image.open(io.BytesIO(png)).convert("RGBA")


def app_picture(size: int) -> Image.Image:
    """The application's icon at this size."""
    return rasterised("app-small" if size < _SMALL_BELOW else "app", size)


def files() -> Mapping[str, bytes]:
    """Each rendered file's name and content."""
    made = {f"{NAME}-{size}.png": _encoded([app_picture(size)], "PNG") for size in SIZES}
    made[f"{NAME}.ico"] = _encoded([app_picture(size) for size in WINDOWS_SIZES], "ICO")
    made[f"{NAME}.icns"] = _encoded([app_picture(size) for size in MACOS_SIZES], "ICNS")
    return made


def _encoded(pictures: Sequence[Image.Image], kind: str) -> bytes:
    """One file of these pictures, the largest last."""
    *others, largest = pictures
    out = io.BytesIO()
    if kind == "PNG":
        largest.save(out, kind, optimize=True)
    elif kind == "ICO":
        sizes = [picture.size for picture in pictures]
        largest.save(out, kind, sizes=sizes, append_images=others)
    else:
        largest.save(out, kind, append_images=others)
    return out.getvalue()


def render() -> None:
    """Write what is rendered, and the README's picture."""
    from contact_sheet import overview  # noqa: PLC0415  # Pillow again

    RENDERED.mkdir(exist_ok=True)
    for old in RENDERED.iterdir():
        old.unlink()
    for name, content in files().items():
        (RENDERED / name).write_bytes(content)
    app = [app_picture(size) for size in (128, 64, 48, 32, 24, 16)]
    overview([*app, rasterised("app-symbolic", 48)]).save(OVERVIEW, optimize=True)


def install(prefix: Path) -> list[Path]:
    """Put the application's icons into the theme below `prefix`, and say where they are."""
    theme = prefix / "share" / "icons" / "hicolor"
    places = {
        theme / f"{size}x{size}" / "apps" / f"{NAME}.png": RENDERED / f"{NAME}-{size}.png"
        for size in SIZES
    }
    places[theme / "scalable" / "apps" / f"{NAME}.svg"] = ICONS / "app.svg"
    places[theme / "symbolic" / "apps" / f"{NAME}-symbolic.svg"] = ICONS / "app-symbolic.svg"
    for place, source in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
        place.chmod(0o644)
    return list(places)


def main(arguments: Sequence[str]) -> int:
    match list(arguments):
        case []:
            render()
            print(f"wrote {RENDERED.relative_to(ROOT)} and {OVERVIEW.relative_to(ROOT)}")
        case ["--install", prefix]:
            for place in install(Path(prefix)):
                print(place)
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
