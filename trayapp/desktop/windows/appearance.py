"""What the desktop is like: light or dark, and how many pixels a unit has.

Asked once at start, never for longer than `_PATIENCE_SECONDS` a question; `Asked` does so while
the window's thread loads Tk. TRAYAPP_THEME (light, dark) and TRAYAPP_SCALE (a number, or 150%)
override the desktop.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import closing

THEME_VARIABLE = "TRAYAPP_THEME"
SCALE_VARIABLE = "TRAYAPP_SCALE"
SMALLEST_SCALE, LARGEST_SCALE = 1.0, 4.0
ROOM_UNITS = (720, 660)
"""A screen has at least so many units across and down, or our windows would not fit it."""

_STEPS = 8
_DOTS_PER_INCH = 96.0
_PREFERS_DARK = 1
_PATIENCE_SECONDS = 0.25
_PORTAL = "org.freedesktop.portal.Desktop"
_PORTAL_PATH = "/org/freedesktop/portal/desktop"
_GSETTINGS = ("gsettings", "get", "org.gnome.desktop.interface", "color-scheme")


def is_dark(
    environ: Mapping[str, str] = os.environ,
    *,
    portal: Callable[[], bool | None] | None = None,
    settings: Callable[[], bool | None] | None = None,
) -> bool:
    """Whether windows should be dark; who does not say wants them light."""
    chosen = environ.get(THEME_VARIABLE, "").lower()
    if chosen in {"light", "dark"}:
        return chosen == "dark"
    for ask in (portal or _ask_portal, settings or _ask_gsettings):
        answer = ask()
        if answer is not None:
            return answer
    return False


class Asked:
    """A question that a thread of its own asks meanwhile; called, it waits for the answer."""

    def __init__(self, ask: Callable[[], bool] = is_dark) -> None:
        self._ask = ask
        self._answer = False
        self._thread = threading.Thread(target=self._run, name="appearance", daemon=True)
        self._thread.start()

    def __call__(self) -> bool:
        self._thread.join()
        return self._answer

    def _run(self) -> None:
        self._answer = self._ask()


def scale(xft_dpi: str, environ: Mapping[str, str] = os.environ) -> float:
    """Pixels per unit; `xft_dpi` is the X resource, which desktops keep for the whole session."""
    chosen = environ.get(SCALE_VARIABLE, "")
    percent = chosen.endswith("%")
    wanted = _number(chosen.rstrip("%"))
    if wanted is not None:
        return _clamped(wanted / 100 if percent else wanted)
    dots = _number(xft_dpi)
    if dots is not None:
        return _clamped(dots / _DOTS_PER_INCH)
    return _clamped(_number(environ.get("GDK_SCALE", "")) or 1.0)


def fitted(factor: float, *, across: int, down: int) -> float:
    """No larger than leaves `ROOM_UNITS` on a screen of so many pixels."""
    most = min(across / ROOM_UNITS[0], down / ROOM_UNITS[1])
    return max(SMALLEST_SCALE, min(factor, math.floor(most * _STEPS) / _STEPS))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def _clamped(factor: float) -> float:
    """In few steps, so that pictures are drawn for sizes somebody has looked at."""
    return min(LARGEST_SCALE, max(SMALLEST_SCALE, round(factor * _STEPS) / _STEPS))


def _ask_portal() -> bool | None:
    try:
        import jeepney  # type: ignore[import-untyped]  # noqa: PLC0415
        from jeepney.io import blocking  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError:  # not on every platform
        return None
    address = jeepney.DBusAddress(_PORTAL_PATH, _PORTAL, "org.freedesktop.portal.Settings")
    question = jeepney.new_method_call(
        address, "Read", "ss", ("org.freedesktop.appearance", "color-scheme")
    )
    try:
        with closing(blocking.open_dbus_connection()) as bus:
            answer = bus.send_and_get_reply(question, timeout=_PATIENCE_SECONDS)
    except (OSError, KeyError, ValueError):  # no bus, or nobody in time
        return None
    return _portal_says(answer.body)


def _portal_says(body: object) -> bool | None:
    """The number within the variants of the answer: 0 no wish, 1 dark, 2 light."""
    while isinstance(body, tuple) and body:
        body = body[-1]
    return body == _PREFERS_DARK if isinstance(body, int) else None


def _ask_gsettings() -> bool | None:
    import subprocess  # noqa: PLC0415  # most desktops have a portal

    try:
        done = subprocess.run(  # noqa: S603  # a constant command
            _GSETTINGS, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return "dark" in done.stdout if done.returncode == 0 else None
