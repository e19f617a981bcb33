"""What every window of ours has to keep, in every look: nothing cut, and all of it by keyboard."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from tests.gui.window_program import Seen, WindowProgram
from tests.patience import wait_for

PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
LOOKS = [
    pytest.param({"TRAYAPP_THEME": "light", "TRAYAPP_SCALE": "1"}, False, id="light"),
    pytest.param({"TRAYAPP_THEME": "dark", "TRAYAPP_SCALE": "1"}, True, id="dark-long"),
    pytest.param({"TRAYAPP_THEME": "light", "TRAYAPP_SCALE": "2"}, True, id="light-200-long"),
    pytest.param({"TRAYAPP_THEME": "dark", "TRAYAPP_SCALE": "2"}, False, id="dark-200"),
]
_LONG = "-long"
_ROOM = (1000, 700)
_THE_SAME = (
    "https://time.example.org/api/v1",
    "https://time.example.org/api",
    "anna@example.org",
    "/home/anna/.local/share/trayapp",
    "Website – front page",
    "English",
    "Python",
    "SQLite",
    "Tk",
    platform.system(),
    platform.release(),
    platform.machine(),
)
"""In every language: what the user said, names, and how this machine is called."""
_TITLE_BAR = 24


def tag_of(env: dict[str, str], *, long: bool) -> str:
    """What a picture's name says of its look."""
    return f"{env['TRAYAPP_THEME']}-{env['TRAYAPP_SCALE']}{_LONG if long else ''}"


def check(shown: WindowProgram, name: str, *, scale: int, said: Sequence[str] = ()) -> None:
    """Nothing is cut, covered or untranslated, it fits a small screen, and Tab goes once round.

    `said`: what the app answered, which is in its own language.
    """
    wait_for(lambda: not cut(shown.widgets()))  # a window is mapped before it has its size
    seen = shown.widgets()
    assert cut(seen) == []
    hidden = covered(seen)
    assert not hidden, hidden
    if name.endswith(_LONG):
        left = shown.untranslated(*said, *_THE_SAME)
        assert not left, left
    top = seen[0]
    assert top.width <= _ROOM[0] * scale
    assert top.height <= _ROOM[1] * scale - _TITLE_BAR
    shown.picture(PICTURES / f"window-{name}.png")
    walk(shown)


def cut(seen: Sequence[Seen]) -> list[Seen]:
    """Those that have less room than they ask for."""
    return [one for one in seen if one.width < one.asks_width or one.height < one.asks_height]


def covered(seen: Sequence[Seen]) -> list[tuple[str, str]]:
    """Texts and controls that share a place on the screen."""
    leaves = [one for one in seen if one.text and not _holds(one, seen)]
    return [(one.text, two.text) for one, two in combinations(leaves, 2) if _overlap(one, two)]


def _holds(one: Seen, seen: Sequence[Seen]) -> bool:
    return any(two.path.startswith(f"{one.path}.") for two in seen)


def _overlap(one: Seen, two: Seen) -> bool:
    left, above, right, below = one.box
    begins, top, ends, bottom = two.box
    return left < ends and begins < right and above < bottom and top < below


def walk(shown: WindowProgram) -> None:
    """Tab once round: every control once, as the eye goes, and each shows that it is there."""
    controls = shown.controls()
    order = [one.path for one in controls]
    start = order.index(shown.focus())
    expected = order[start + 1 :] + order[: start + 1]
    before = shown.desktop.shot()
    for path in expected:
        shown.press_key("Tab")
        assert _has_focus(shown, path), f"{shown.focus()} has it, not {path}"
        box = next(one.box for one in controls if one.path == path)
        if len(order) > 1:
            assert _shows_focus(shown, before, box), f"no focus seen on {path}"
        before = shown.desktop.shot()


def _has_focus(shown: WindowProgram, path: str) -> bool:
    return wait_for(lambda: shown.focus() == path)


def _shows_focus(shown: WindowProgram, before: Image.Image, box: tuple[int, int, int, int]) -> bool:
    return wait_for(lambda: _differs(before.crop(box), shown.desktop.shot().crop(box)))


def _differs(one: Image.Image, other: Image.Image) -> bool:
    """By about a ring's worth of pixels, not just by a text cursor."""
    changed = ImageChops.difference(one.convert("L"), other.convert("L"))
    return sum(changed.histogram()[8:]) > one.width
