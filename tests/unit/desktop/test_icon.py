"""The tray icon, judged by its pixels; every judge is also shown pictures that it must refuse."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, product

import pytest
from PIL import Image, ImageChops, ImageColor, ImageOps, ImageStat

from trayapp.config import ICON_STYLES
from trayapp.desktop.badge import COLOURS, MANY, Colour, IconKey, IconStyle
from trayapp.desktop.glyphs import LARGE, SMALL, Font
from trayapp.desktop.icon import STYLE, SYMBOLIC, TEMPLATE, Style, draw, paint, sketch
from trayapp.desktop.tray import Tray
from trayapp.tracking.entry import TrackerState

SIZES = (16, 20, 22, 24, 32, 44, 48)
PANELS = ("#1e1e1e", "#2b2b2b", "#31363b", "#3d6fb5", "#0a84ff", "#f6f5f4", "#ffffff")

Rgb = tuple[int, int, int]
Painter = Callable[[IconKey, int], Image.Image]
Views = Callable[[Image.Image], list[Image.Image]]

PLAIN = ((Colour.GREY, 0, False), (Colour.GREEN, 0, False), (Colour.AMBER, 1, False))
FAILED = ((Colour.RED, 1, False), (Colour.RED, 1, True), (Colour.RED, MANY, False))
WAITING = ((Colour.AMBER, 1, True), (Colour.AMBER, MANY, False), (Colour.AMBER, MANY, True))
KEYS = tuple(
    IconKey(tracker, *sync) for tracker in TrackerState for sync in PLAIN + FAILED + WAITING
)
RUNNING, PAUSED = TrackerState.RUNNING, TrackerState.PAUSED

# How wide and high a plate is: waiting 1 to 9, waiting 9+, failed 1 to 9, failed 9+.
PLATES = {
    16: ((5, 7), (9, 7), (7, 9), (11, 9)),
    22: ((6, 9), (10, 9), (8, 11), (12, 11)),
    24: ((6, 9), (10, 9), (8, 11), (12, 11)),
    32: ((10, 14), (18, 14), (14, 18), (22, 18)),
    44: ((12, 18), (20, 18), (16, 22), (24, 22)),
    48: ((12, 18), (20, 18), (16, 22), (24, 22)),
}
PLATE_KEYS = tuple(
    IconKey(PAUSED, colour, count, offline=False)
    for colour, count in product((Colour.AMBER, Colour.RED), (1, MANY))
)


def styled(style: Style) -> Painter:
    return lambda key, size: paint(key, size, style)


def lanczos(key: IconKey, size: int) -> Image.Image:
    return sketch(key, size).resize((size, size), Image.Resampling.LANCZOS)


def without_count(key: IconKey, size: int) -> Image.Image:
    return paint(replace(key, count=0), size)


def without_link(key: IconKey, size: int) -> Image.Image:
    return paint(replace(key, offline=False), size)


def with_nine_for_eight(font: Font) -> Font:
    return replace(font, digits=(*font.digits[:7], font.digits[8], font.digits[8]))


NO_RIM = styled(replace(STYLE, rim="#00000000"))
LIGHT_AMBER = {**COLOURS, Colour.AMBER: "#f5a623"}
GREY_FILLED = replace(STYLE, hollow=frozenset())
ONE_KIND_OF_PLATE = replace(STYLE, framed=frozenset())
NO_GAP = styled(replace(STYLE, gap=0))
EIGHT_LIKE_NINE = styled(
    replace(STYLE, small=with_nine_for_eight(SMALL), large=with_nine_for_eight(LARGE))
)


# What is measured


def luminance(rgb: Rgb) -> float:
    parts = [c / 255 for c in rgb]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: Rgb, other: Rgb) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def to_rgb(name: str) -> Rgb:
    red, green, blue, *_ = ImageColor.getrgb(name)
    return red, green, blue


def at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    pixel = image.getpixel((x, y))
    assert isinstance(pixel, tuple)
    return pixel


def on_panel(image: Image.Image, panel: str) -> Image.Image:
    ground = Image.new("RGBA", image.size, panel)
    return Image.alpha_composite(ground, image).convert("RGB")


def worst_edge(painter: Painter) -> float:
    """The least contrast to a panel that the shape's left edge has at middle height.

    There the edge lies on whole pixels, so rim and fill are seen pure; the better one counts.
    """
    return min(
        _edge(painter(key, size), panel) for key, size, panel in product(KEYS, SIZES, PANELS)
    )


def _edge(image: Image.Image, panel: str) -> float:
    y = image.height // 2
    start = next(x for x in range(image.width) if at(image, x, y)[3] >= 128)
    reach = 2 * max(1, image.width // 16) + 1
    shown = on_panel(image, panel)
    colours = [at(shown, x, y) for x in range(start, start + reach)]
    return max(contrast((r, g, b), to_rgb(panel)) for r, g, b in colours)


def greys(image: Image.Image) -> list[Image.Image]:
    return [on_panel(image, panel).convert("L") for panel in PANELS]


def alphas(image: Image.Image) -> list[Image.Image]:
    return [image.getchannel("A")]


def worst_gap(painter: Painter, views: Views) -> float:
    """The least mean difference (0 to 255) between two icons that say different things.

    The pairs differ in what the tracker does, or in what sync does; not in how many.
    """
    return min(_worst_gap_at(size, painter, views) for size in SIZES)


def _worst_gap_at(size: int, painter: Painter, views: Views) -> float:
    seen = {key: views(painter(key, size)) for key in KEYS}
    return min(
        ImageStat.Stat(ImageChops.difference(left, right)).mean[0]
        for one, other in combinations(KEYS, 2)
        if _differ_in_one_thing(one, other)
        for left, right in zip(seen[one], seen[other], strict=True)
    )


def _differ_in_one_thing(one: IconKey, other: IconKey) -> bool:
    differences = (
        one.tracker is not other.tracker,
        one.colour is not other.colour,
        one.offline is not other.offline,
    )
    alike = one.count == other.count or 0 in {one.count, other.count}
    return sum(differences) == 1 and alike


def closest_counts(painter: Painter, size: int) -> int:
    """In how many pixels the two most alike of all counts differ."""
    keys = [IconKey(RUNNING, Colour.AMBER, count, offline=False) for count in range(1, MANY + 1)]
    pictures = [painter(key, size).convert("L") for key in keys]
    return min(
        sum(ImageChops.difference(one, other).point(bool).histogram()[1:])
        for one, other in combinations(pictures, 2)
    )


def impure_plates(painter: Painter) -> list[tuple[int, IconKey]]:
    """The plates that hold anything but pure ink and paper; rounded corners are left out."""
    pure = {(*to_rgb(STYLE.ink), 255), (*to_rgb(STYLE.paper), 255)}
    found = []
    for (size, plates), (column, key) in product(PLATES.items(), enumerate(PLATE_KEYS)):
        width, height = plates[column]
        corner = 2 if size < 30 else 4
        image = painter(key, size)
        inside = product(range(size - width, size), range(size - height + corner, size - corner))
        if {at(image, x, y) for x, y in inside} != pure:
            found.append((size, key))
    return found


# What is promised


@pytest.mark.parametrize("style", [STYLE, SYMBOLIC], ids=["colour", "symbolic"])
def test_every_edge_stands_out_on_every_panel(style: Style) -> None:
    assert worst_edge(styled(style)) >= 3


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(NO_RIM, id="no rim"),
        pytest.param(styled(replace(STYLE, fills=LIGHT_AMBER)), id="light amber"),
        pytest.param(lanczos, id="smoothed"),
    ],
)
def test_an_edge_that_is_lost_is_noticed(mutant: Painter) -> None:
    assert worst_edge(mutant) < 3


@pytest.mark.parametrize("colour", Colour)
def test_white_stands_out_on_every_fill_and_every_fill_around_ink(colour: Colour) -> None:
    for style in (STYLE, SYMBOLIC):
        assert contrast(to_rgb(style.hole), to_rgb(style.fills[colour])) >= 3
        assert contrast(to_rgb(style.ink), to_rgb(style.fills[colour])) >= 3
        assert contrast(to_rgb(style.ink), to_rgb(style.paper)) >= 7


@pytest.mark.parametrize("style", [STYLE, SYMBOLIC], ids=["colour", "symbolic"])
def test_no_meaning_needs_colour(style: Style) -> None:
    assert worst_gap(styled(style), greys) >= 7


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(styled(GREY_FILLED), id="grey filled"),
        pytest.param(styled(ONE_KIND_OF_PLATE), id="failed plate like waiting"),
        pytest.param(without_link, id="no link mark"),
        pytest.param(without_count, id="no count"),
        pytest.param(NO_GAP, id="no gap between the bars"),
    ],
)
def test_a_meaning_told_by_colour_alone_is_noticed(mutant: Painter) -> None:
    assert worst_gap(mutant, greys) < 7


def test_no_meaning_needs_more_than_the_template_s_alpha() -> None:
    assert worst_gap(styled(TEMPLATE), alphas) >= 5


def test_a_template_that_loses_a_meaning_is_noticed() -> None:
    assert worst_gap(styled(replace(TEMPLATE, hollow=frozenset())), alphas) < 5


def test_a_template_is_black_or_nothing() -> None:
    for key, size in product(KEYS, SIZES):
        picture = draw(key, size, IconStyle.TEMPLATE)
        assert picture.convert("RGB").getbbox() is None


@pytest.mark.parametrize("size", SIZES)
def test_every_count_has_a_picture_of_its_own(size: int) -> None:
    assert closest_counts(paint, size) >= 3
    assert closest_counts(EIGHT_LIKE_NINE, size) == 0


@pytest.mark.parametrize("font", [SMALL, LARGE], ids=["small", "large"])
def test_no_digit_is_nearly_another(font: Font) -> None:
    for one, other in combinations(font.digits, 2):
        pairs = zip("".join(one), "".join(other), strict=True)
        assert sum(left != right for left, right in pairs) >= 3


def test_plates_are_crisp() -> None:
    assert impure_plates(paint) == []
    assert impure_plates(lanczos)


@pytest.mark.parametrize("size", PLATES)
def test_a_plate_is_as_large_as_its_digits_need_and_sits_in_the_corner(size: int) -> None:
    for key, (width, height) in zip(PLATE_KEYS, PLATES[size], strict=True):
        change = ImageChops.difference(paint(key, size), without_count(key, size))
        assert change.getbbox(alpha_only=False) == (size - width, size - height, size, size)


@pytest.mark.parametrize("size", SIZES)
def test_a_shape_is_its_own_mirror_image(size: int) -> None:
    for tracker in TrackerState:
        image = on_panel(paint(IconKey(tracker, Colour.GREY, 0, offline=False), size), "#2b2b2b")
        mirrored = [ImageOps.flip(image)] + [ImageOps.mirror(image)] * (tracker is not RUNNING)
        for other in mirrored:
            difference = ImageChops.difference(image, other).convert("L").histogram()
            assert sum(difference[25:]) == 0  # Pillow rounds its arcs by as much


def test_the_same_key_is_drawn_once() -> None:
    key = KEYS[0]

    assert draw(key, 22) is draw(key, 22)
    assert draw(key, 22) is not draw(key, 22, IconStyle.TEMPLATE)
    assert draw(key, 22).tobytes() == paint(key, 22).tobytes()


def test_the_symbolic_icon_has_no_colour_but_the_grey() -> None:
    pictures = [draw(key, size, IconStyle.SYMBOLIC) for key, size in product(KEYS, SIZES)]
    most = max(_colourfulness(picture) for picture in pictures)

    assert most <= _colourfulness(draw(KEYS[0], 48)) < _colourfulness(draw(KEYS[1], 48))


def _colourfulness(picture: Image.Image) -> int:
    red, green, blue = (band.tobytes() for band in on_panel(picture, "#ffffff").split())
    return max(max(rgb) - min(rgb) for rgb in zip(red, green, blue, strict=True))


def test_a_picture_is_drawn_before_anybody_could_notice() -> None:
    # This thread's own seconds, so that a busy machine makes no difference.
    assert min(_drawing_seconds(paint) for _round in range(5)) < 0.02


def _drawing_seconds(painter: Painter) -> float:
    before = time.thread_time()
    painter(IconKey(RUNNING, Colour.AMBER, MANY, offline=True), 48)
    return time.thread_time() - before


def test_the_tray_draws_in_the_style_it_was_given() -> None:
    key = KEYS[0]
    trays = {
        style: Tray(post=lambda _click: None, icon_size=22, icon_style=style) for style in IconStyle
    }

    assert all(tray._draw(key) is draw(key, 22, style) for style, tray in trays.items())
    assert Tray(post=lambda _click: None, icon_size=22)._draw(key) is draw(
        key, 22, IconStyle.COLOUR
    )


def test_every_style_that_can_be_set_is_one() -> None:
    assert [IconStyle(name) for name in ICON_STYLES] == [IconStyle.COLOUR, IconStyle.SYMBOLIC]
