#!/usr/bin/env python3
"""Takes the README's pictures: the demo's own screenshots, and those of the incident's story."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from PIL import Image, ImageChops
from virtual_desktop import VirtualDesktop

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "packaging" / "pictures"

_SIZE = (600, 700)
_DEMO_SECONDS = 120
# The demo's screenshot, ours, and how much of its height is worth showing.
_TAKEN = (("01-all-sent", "tray-menu", 525), ("03-signed-out", "failed", _SIZE[1]))


# What the story's test leaves, and ours.
_STORY = ROOT / "build" / "screenshots"
_OF_STORY = (("story-3-failed-tasks", "failed-tasks"), ("story-4-sign-in", "sign-in"))
_STORY_AREA = (0, 0, 1000, 570)

_DAY = "760x700"
_A_DAY = (
    ("start", "Website", "--note", "Landing page"),
    ("start", "Website", "--note", "Review with Anna"),
    ("start", "Bookkeeping", "--note", "Invoices of October"),
    ("start", "Website", "--note", "Release notes"),
)
_WINDOWS = (
    ("start", "Start", "re", (130, 100, 632, 496)),
    ("settings", "Settings", "", (100, 18, 662, 664)),
)
"""Their names, titles, what is typed into them, and where they are."""


def main() -> int:
    """Play the demo and the story, and keep some of their pictures; the exit status."""
    PICTURES.mkdir(exist_ok=True)
    return _play_demo() or _play_story() or _open_windows()


def _open_windows() -> int:
    """Windows of the real app, after a short day in it."""
    with tempfile.TemporaryDirectory() as home, VirtualDesktop(keyring=False, size=_DAY) as desk:
        desk.env.update(PYTHONPATH=str(ROOT), XDG_DATA_HOME=home, XDG_CONFIG_HOME=home)
        ours = [sys.executable, "-m", "trayapp"]
        for words in _A_DAY:
            desk.run([*ours, *words])
        desk.spawn(ours, name="app")
        while "not running" in desk.run([*ours, "status"]).stdout:
            threading.Event().wait(0.2)
        for name, title, keys, area in _WINDOWS:
            desk.spawn([*ours, "window", name], name=name)
            desk.run(["xdotool", "search", "--sync", "--onlyvisible", "--name", title])
            desk.run(["xdotool", "type", "--delay", "120", keys])
            _until_still(desk).crop(area).save(PICTURES / f"{name}.png", optimize=True)
            desk.stop_one(name)
        return desk.run([*ours, "quit"]).returncode


def _until_still(desk: VirtualDesktop) -> Image.Image:
    """The screen, as soon as two pictures of it are the same."""
    before, now = None, desk.shot()
    while before is None or ImageChops.difference(before, now).getbbox():
        threading.Event().wait(0.5)
        before, now = now, desk.shot()
    return now.convert("RGB")


def _play_story() -> int:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "tests/gui/test_story.py"]
    done = subprocess.run(words, cwd=ROOT, check=False)  # noqa: S603  # our own test
    if done.returncode == 0:
        for name, ours in _OF_STORY:
            whole = Image.open(_STORY / f"{name}.png").convert("RGB")
            whole.crop(_STORY_AREA).save(PICTURES / f"{ours}.png", optimize=True)
    return done.returncode


def _play_demo() -> int:
    size = "x".join(str(length) for length in _SIZE)
    with tempfile.TemporaryDirectory() as shots, VirtualDesktop(keyring=False, size=size) as desk:
        desk.env["PYTHONPATH"] = str(ROOT)
        words = [sys.executable, "-m", "trayapp", "demo", "--screenshots", shots]
        done = desk.run(words, timeout=_DEMO_SECONDS)
        print(done.stdout + done.stderr)
        if done.returncode == 0:
            for name, ours, height in _TAKEN:
                whole = Image.open(Path(shots) / f"{name}.png").convert("RGB")
                picture = whole.crop((0, 0, _SIZE[0], height))
                picture.save(PICTURES / f"{ours}.png", optimize=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
