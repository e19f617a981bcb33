"""The icon files: of one family with the tray's pictures, rendered from the drawings, installed."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

import contact_sheet
import make_icons
import pytest
from PIL import Image, ImageChops, ImageStat
from PIL.IcoImagePlugin import IcoImageFile

from trayapp.desktop.badge import COLOURS, Colour, IconKey
from trayapp.desktop.icon import draw, paint
from trayapp.tracking.entry import TrackerState

ICONS = Path(__file__).parents[3] / "icons"
_TRAY, _APP = {"#ffffff", COLOURS[Colour.GREEN]}, {"#2a3f5f", "#16233a", "#ffffff"}
_ENTRIES = {"#f2a33a", "#5bb8e8", "#35c46a"}
_SYMBOLIC = {"#2e3436"}
SVG_COLOURS = {
    "app": _APP | _ENTRIES | _TRAY,
    "app-small": _APP | _ENTRIES,
    "app-symbolic": _SYMBOLIC,
    **{f"tray-{tracker}": _TRAY for tracker in TrackerState},
    **{f"tray-{tracker}-symbolic": _SYMBOLIC for tracker in TrackerState},
}
WHOLE_UNITS = (16, 32, 48)
"""Sizes at which a sixteenth is a whole number of pixels; at others the tray's picture snaps."""


def svg_colours(svg: str) -> set[str]:
    return set(re.findall(r"#[0-9a-fA-F]{3,8}\b", svg))


def apart(one: Image.Image, other: Image.Image) -> float:
    """The mean difference (0 to 255) of what is seen of two pictures."""
    return max(ImageStat.Stat(ImageChops.difference(_shown(one), _shown(other))).mean)


def _shown(picture: Image.Image) -> Image.Image:
    ground = Image.new("RGBA", picture.size, "#2b2b2b")
    return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")


def furthest(one: Image.Image, other: Image.Image) -> int:
    """The largest difference (0 to 255) of any pixel of two pictures."""
    difference = ImageChops.difference(one.convert("RGBA"), other.convert("RGBA"))
    return max(max(band.tobytes()) for band in difference.split())


def opened(path: Path) -> Image.Image:
    return Image.open(io.BytesIO(path.read_bytes()))


# The drawings


@pytest.mark.parametrize("name", SVG_COLOURS)
def test_an_svg_file_uses_the_tray_s_colours(name: str) -> None:
    svg = (ICONS / f"{name}.svg").read_text(encoding="utf-8")

    assert svg_colours(svg) == SVG_COLOURS[name]


def test_another_green_in_an_svg_file_is_noticed() -> None:
    svg = (ICONS / "tray-running.svg").read_text(encoding="utf-8")
    mutant = svg.replace(COLOURS[Colour.GREEN], "#1f8a45")

    assert svg_colours(mutant) != SVG_COLOURS["tray-running"]


def test_every_svg_file_is_known_here() -> None:
    assert {path.stem for path in ICONS.glob("*.svg")} == set(SVG_COLOURS)


@pytest.mark.parametrize("size", WHOLE_UNITS)
@pytest.mark.parametrize("tracker", TrackerState)
def test_a_tray_drawing_is_the_tray_s_picture(tracker: TrackerState, size: int) -> None:
    drawing = make_icons.rasterised(f"tray-{tracker}", size)

    # Each smooths curves in its own way.
    assert apart(drawing, paint(IconKey(tracker, Colour.GREEN, 0, offline=False), size)) < 4
    assert apart(drawing, paint(IconKey(tracker, Colour.GREY, 0, offline=False), size)) > 12


@pytest.mark.parametrize("tracker", TrackerState)
def test_a_symbolic_drawing_has_the_shape_of_the_coloured_one(tracker: TrackerState) -> None:
    symbolic = make_icons.rasterised(f"tray-{tracker}-symbolic", 64).getchannel("A")
    silhouette = make_icons.rasterised(f"tray-{tracker}", 64).getchannel("A")

    outside = ImageChops.subtract(symbolic, silhouette)
    assert ImageStat.Stat(outside).mean[0] < 1
    assert ImageStat.Stat(symbolic).mean[0] > 100


# What is rendered


@pytest.fixture(scope="module")
def fresh() -> Mapping[str, bytes]:
    return make_icons.files()


def test_rendering_twice_gives_the_same_bytes(fresh: Mapping[str, bytes]) -> None:
    assert make_icons.files() == fresh


def test_what_is_rendered_is_what_is_drawn(fresh: Mapping[str, bytes]) -> None:
    assert {path.name for path in make_icons.RENDERED.iterdir()} == set(fresh)
    for name, content in fresh.items():
        kept = opened(make_icons.RENDERED / name)
        assert furthest(kept, Image.open(io.BytesIO(content))) <= 1


def test_a_rendered_file_of_another_drawing_is_noticed() -> None:
    assert furthest(make_icons.rasterised("app", 32), make_icons.rasterised("app-small", 32)) > 1


@pytest.mark.parametrize("size", make_icons.SIZES)
def test_a_rendered_picture_has_the_size_of_its_name(size: int) -> None:
    assert opened(make_icons.RENDERED / f"trayapp-{size}.png").size == (size, size)


@pytest.mark.parametrize("size", make_icons.WINDOWS_SIZES)
def test_the_file_for_windows_holds_every_size_drawn_for_it(size: int) -> None:
    picture = opened(make_icons.RENDERED / "trayapp.ico")

    assert isinstance(picture, IcoImageFile)
    picture.size = (size, size)
    assert furthest(picture, make_icons.app_picture(size)) <= 1


@pytest.mark.parametrize("size", make_icons.MACOS_SIZES)
def test_the_file_for_macos_holds_every_size_drawn_for_it(size: int) -> None:
    pictures = _pngs((make_icons.RENDERED / "trayapp.icns").read_bytes())

    assert {picture.width for picture in pictures} == set(make_icons.MACOS_SIZES)
    for picture in pictures:
        if picture.width == size:
            assert furthest(picture, make_icons.app_picture(size)) <= 1


def _pngs(icns: bytes) -> list[Image.Image]:
    """The pictures of the file: after a head, each chunk is a name, its length, and a PNG."""
    found: list[Image.Image] = []
    at = 8
    while at < len(icns):
        length = int.from_bytes(icns[at + 4 : at + 8])
        if icns[at : at + 4] != b"TOC ":
            found.append(Image.open(io.BytesIO(icns[at + 8 : at + length])))
        at += length
    return found


# The README's picture


def test_the_readme_s_picture_shows_the_icons_as_they_are_drawn_now() -> None:
    picture = opened(make_icons.OVERVIEW).convert("RGB")

    assert {one.size for one in contact_sheet.placed()} == {16, 20, 22, 24, 32, 44, 48}
    assert [one for one in contact_sheet.placed() if not _is_shown(one, picture)] == []


def test_an_icon_that_the_readme_s_picture_shows_otherwise_is_noticed() -> None:
    picture = opened(make_icons.OVERVIEW).convert("RGB")
    picture.paste("#2b2b2b", (0, 0, 400, picture.height))

    assert any(not _is_shown(one, picture) for one in contact_sheet.placed())


def _is_shown(one: contact_sheet.Placed, picture: Image.Image) -> bool:
    box = (one.left, one.top, one.left + one.size, one.top + one.size)
    wanted = Image.new("RGBA", (one.size, one.size), one.ground)
    wanted = Image.alpha_composite(wanted, draw(one.key, one.size)).convert("RGB")
    return furthest(picture.crop(box), wanted) <= 1


def test_the_readme_s_picture_is_small_enough_for_a_page() -> None:
    assert make_icons.OVERVIEW.stat().st_size <= 150_000


# What is installed


def test_the_icons_are_installed_where_a_desktop_looks_for_them(tmp_path: Path) -> None:
    theme = tmp_path / "usr" / "share" / "icons" / "hicolor"

    told = make_icons.install(tmp_path / "usr")

    names = sorted(path.relative_to(theme).as_posix() for path in theme.rglob("*.*g"))
    sizes = [f"{size}x{size}/apps/trayapp.png" for size in make_icons.SIZES]
    drawings = ["scalable/apps/trayapp.svg", "symbolic/apps/trayapp-symbolic.svg"]
    assert names == sorted(sizes + drawings)
    assert sorted(told) == sorted(theme / name for name in names)
    for size in make_icons.SIZES:
        assert opened(theme / f"{size}x{size}" / "apps" / "trayapp.png").size == (size, size)
    assert {path.stat().st_mode & 0o777 for path in told} == {0o644}


def test_installing_again_replaces_what_is_there(tmp_path: Path) -> None:
    place = make_icons.install(tmp_path)[0]
    place.write_bytes(b"old")

    make_icons.install(tmp_path)

    assert opened(place).format == "PNG"
