"""Boxes and signs are drawn sharp, symmetric, and in the colours they were given."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from trayapp.desktop.windows.palette import DARK, LIGHT, channels
from trayapp.desktop.windows.pictures import Layer, nine_patch
from trayapp.desktop.windows.signs import Sign, draw_sign, sign_colour

_EDGE, _GROUND = "#868c97", "#ffffff"
_LAYERS = (Layer(3, 6, _EDGE), Layer(4, 5, _GROUND))


def _open(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png))
    assert picture.mode == "RGBA"
    return picture


def _pixels(picture: Image.Image) -> list[bytes]:
    flat = picture.tobytes()
    return [flat[at : at + 4] for at in range(0, len(flat), 4)]


def test_the_middle_of_a_box_is_its_ground_and_its_edge_is_one_sharp_line() -> None:
    picture = _open(nine_patch(10, _LAYERS, middle=(8, 4)))
    assert picture.size == (28, 24)
    down = [picture.getpixel((14, y)) for y in range(6)]
    clear, edge, ground = (0, 0, 0, 0), (*channels(_EDGE), 255), (*channels(_GROUND), 255)
    assert down == [clear, clear, clear, edge, ground, ground]


def test_a_box_is_the_same_from_every_side() -> None:
    picture = _open(nine_patch(10, _LAYERS, middle=(6, 6)))
    for way in (
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.TRANSPOSE,
    ):
        assert picture.transpose(way).tobytes() == picture.tobytes()


def test_a_corner_is_round_and_smooth() -> None:
    picture = _open(nine_patch(10, [Layer(0, 9, _EDGE)], middle=(2, 2)))
    alphas = {pixel[3] for pixel in _pixels(picture)}
    assert picture.getpixel((0, 0)) == (0, 0, 0, 0)
    assert {0, 255} < alphas


def test_a_hole_is_seen_through() -> None:
    ring = (Layer(0, 9, _EDGE), Layer(2, 7, None))
    picture = _open(nine_patch(10, ring, middle=(4, 4)))
    assert [picture.getchannel("A").getpixel((12, y)) for y in range(4)] == [255, 255, 0, 0]


@pytest.mark.parametrize("sign", Sign)
@pytest.mark.parametrize("pixels", [24, 48])
def test_a_sign_is_mostly_of_its_colour_and_lets_the_ground_through(
    sign: Sign, pixels: int
) -> None:
    picture = _open(draw_sign(sign, LIGHT, pixels=pixels))
    shown = [pixel for pixel in _pixels(picture) if pixel[3] == 255]
    assert len(shown) > pixels * pixels / 3
    assert {tuple(pixel[:3]) for pixel in shown} == {channels(sign_colour(sign, LIGHT))}
    inner = picture.crop((pixels // 4, pixels // 4, pixels * 3 // 4, pixels * 3 // 4))
    assert min(pixel[3] for pixel in _pixels(inner)) < 128


def test_no_two_signs_have_one_shape() -> None:
    shapes = {draw_sign(sign, palette, pixels=24) for sign in Sign for palette in (LIGHT, DARK)}
    outlines = {_open(shape).getchannel("A").tobytes() for shape in shapes}
    assert len(outlines) == len(Sign)
