"""Light or dark and how large: who was asked first, and what happens when nobody answers."""

from __future__ import annotations

import threading

import pytest

from trayapp.desktop.windows.appearance import Asked, fitted, is_dark, scale


def _nobody() -> bool | None:
    return None


def _dark() -> bool | None:
    return True


def _light() -> bool | None:
    return False


def _not_to_be_asked() -> bool | None:
    pytest.fail("it was asked")


def test_the_desktop_says_whether_it_is_dark() -> None:
    assert is_dark({}, portal=_dark, settings=_not_to_be_asked)
    assert not is_dark({}, portal=_light, settings=_not_to_be_asked)


def test_the_second_is_asked_when_the_first_does_not_answer() -> None:
    assert is_dark({}, portal=_nobody, settings=_dark)


def test_without_an_answer_it_is_light() -> None:
    assert not is_dark({}, portal=_nobody, settings=_nobody)


@pytest.mark.parametrize(("theme", "dark"), [("dark", True), ("Light", False)])
def test_the_user_overrides_the_desktop(theme: str, *, dark: bool) -> None:
    found = is_dark({"TRAYAPP_THEME": theme}, portal=_not_to_be_asked, settings=_not_to_be_asked)
    assert found is dark


@pytest.mark.parametrize(
    ("dots", "environ", "wanted"),
    [
        pytest.param("", {}, 1.0, id="nobody says"),
        pytest.param("192", {}, 2.0, id="the session's resource"),
        pytest.param("120", {"GDK_SCALE": "2"}, 1.25, id="the resource before the toolkit's"),
        pytest.param("", {"GDK_SCALE": "2"}, 2.0, id="the toolkit's"),
        pytest.param("192", {"TRAYAPP_SCALE": "1.5"}, 1.5, id="the user's"),
        pytest.param("192", {"TRAYAPP_SCALE": "150%"}, 1.5, id="the user's in percent"),
        pytest.param("192", {"TRAYAPP_SCALE": "large"}, 2.0, id="no number"),
        pytest.param("nan", {"TRAYAPP_SCALE": "-2"}, 1.0, id="no sense"),
        pytest.param("", {"TRAYAPP_SCALE": "40"}, 4.0, id="too much"),
        pytest.param("72", {}, 1.0, id="too little"),
        pytest.param("100", {}, 1.0, id="in steps"),
    ],
)
def test_the_scale_is_what_the_first_who_knows_says(
    dots: str, environ: dict[str, str], wanted: float
) -> None:
    assert scale(dots, environ) == wanted


@pytest.mark.parametrize(
    ("wanted", "screen", "found"),
    [
        pytest.param(2.0, (3840, 2160), 2.0, id="room enough"),
        pytest.param(2.0, (1366, 768), 1.125, id="the height is short"),
        pytest.param(3.0, (1440, 4000), 2.0, id="the width is short"),
        pytest.param(2.0, (640, 480), 1.0, id="nothing is drawn smaller than a unit a pixel"),
    ],
)
def test_windows_are_no_larger_than_the_screen(
    wanted: float, screen: tuple[int, int], found: float
) -> None:
    assert fitted(wanted, across=screen[0], down=screen[1]) == found


def test_a_question_is_asked_on_another_thread_and_its_answer_awaited() -> None:
    asked_on: list[str] = []

    def ask() -> bool:
        asked_on.append(threading.current_thread().name)
        return True

    asked = Asked(ask)
    assert asked()
    assert asked()
    assert asked_on == ["appearance"]
