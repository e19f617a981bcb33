"""Notices on a real notification daemon: they arrive, a note stays text, and none is no trouble."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from subprocess import CompletedProcess

import pytest
from PIL.Image import Image
from virtual_desktop import NOTIFIER_OWNER, VirtualDesktop

from tests.strays import share

pytestmark = [pytest.mark.gui, pytest.mark.timeout(60)]

_DEADLINE_SECONDS = 10.0
_CRITICAL = (0xBF, 0x61, 0x6A)
_AREA = 5000

# The speaker in a process of the virtual desktop: a bus address is read once per process.
_SPEAK = """
import json, logging, sys, threading
from trayapp.clock import SystemClock
from trayapp.desktop.notices import Notice
from trayapp.desktop.notifications import PlyerVoice, Speaker, app_icon

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
said = threading.Semaphore(0)

class Voice(PlyerVoice):
    def say(self, notice):
        try:
            super().say(notice)
        finally:
            said.release()

speaker = Speaker(Voice(icon=app_icon()), clock=SystemClock())
speaker.start()
notices = json.loads(sys.argv[1])
for notice in notices:
    speaker.say(Notice(**notice))
for notice in notices:
    assert said.acquire(timeout=10)
speaker.stop()
"""


@pytest.fixture(scope="module")
def desktop() -> Iterator[VirtualDesktop]:
    with VirtualDesktop(panel=False, keyring=False) as up:
        yield up


def _speak(desktop: VirtualDesktop, *notices: dict[str, object]) -> CompletedProcess[str]:
    return desktop.run([sys.executable, "-c", _SPEAK, json.dumps(notices)])


def _history(desktop: VirtualDesktop, count: int) -> list[dict[str, str]]:
    """The last few that dunst has shown; it keeps those that are closed, the newest first."""
    desktop.run(["dunstctl", "close-all"])
    raw = json.loads(desktop.run(["dunstctl", "history"]).stdout)
    return [
        {name: str(shown[name]["data"]) for name in ("appname", "summary", "body")}
        for shown in raw["data"][0][:count]
    ]


def _wait_displayed(desktop: VirtualDesktop, count: int) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while desktop.run(["dunstctl", "count", "displayed"]).stdout.strip() != str(count):
        assert time.monotonic() < deadline


def _wait_red(desktop: VirtualDesktop) -> None:
    """Until the notifier's colour of what is critical covers a part of the screen."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while _area(desktop.shot(), _CRITICAL) < _AREA:
        assert time.monotonic() < deadline


def _area(picture: Image, colour: tuple[int, int, int]) -> int:
    raw = picture.convert("RGB").tobytes()
    return list(zip(raw[0::3], raw[1::3], raw[2::3], strict=True)).count(colour)


@pytest.fixture(autouse=True)
def _nothing_displayed(desktop: VirtualDesktop) -> None:
    desktop.run(["dunstctl", "close-all"])
    _wait_displayed(desktop, 0)


def test_a_notice_arrives_with_its_title_and_its_body_and_red_if_urgent(
    desktop: VirtualDesktop,
) -> None:
    done = _speak(
        desktop,
        {
            "title": "Sign in again to send 3 events",
            "body": "Войдите снова",
            "key": "a",
            "urgent": True,
        },
        {"title": "All sent", "body": "Nothing need be done.", "key": "b"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    _wait_displayed(desktop, 2)
    _wait_red(desktop)
    shown = sorted(_history(desktop, 2), key=lambda item: item["summary"])
    assert shown == [
        {
            "appname": "Trayapp",
            "summary": "All sent",
            "body": "Nothing need be done.",
        },
        {
            "appname": "Trayapp",
            "summary": "Sign in again to send 3 events",
            "body": "Войдите снова",
        },
    ]


def test_markup_in_a_note_is_shown_as_text(desktop: VirtualDesktop) -> None:
    done = _speak(desktop, {"title": "Note", "body": "<b>bold</b> & <i>co</i>", "key": "a"})
    assert (done.returncode, done.stderr) == (0, "")
    _wait_displayed(desktop, 1)
    (shown,) = _history(desktop, 1)
    # dunst keeps what it was sent; this is what it shows as <b>bold</b> & <i>co</i>.
    assert shown["body"] == "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;i&gt;co&lt;/i&gt;"


def test_without_a_daemon_one_line_is_logged_and_nothing_fails(desktop: VirtualDesktop) -> None:
    desktop.stop_one("notifier")
    try:
        assert not desktop.owner(NOTIFIER_OWNER)
        done = _speak(
            desktop,
            {"title": "a", "body": "b", "key": "a"},
            {"title": "c", "body": "d", "key": "c"},
        )
    finally:
        share(desktop.start_notifier())  # the module's
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("INFO No notifications for now: ")
