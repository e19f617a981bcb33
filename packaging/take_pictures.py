#!/usr/bin/env python3
"""Takes the README's pictures: the demo's own screenshots, and those of the incident's story."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from virtual_desktop import VirtualDesktop

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "packaging" / "pictures"

_SIZE = (600, 470)
_DEMO_SECONDS = 120
# The demo's screenshot, ours, and how much of its height is worth showing.
_TAKEN = (("01-all-sent", "tray-menu", 305), ("03-signed-out", "failed", _SIZE[1]))


# What the story's test leaves, and ours.
_STORY = ROOT / "build" / "screenshots"
_OF_STORY = (("story-3-failed-tasks", "failed-tasks"), ("story-4-sign-in", "sign-in"))
_STORY_AREA = (0, 0, 1000, 570)


def main() -> int:
    """Play the demo and the story, and keep some of their pictures; the exit status."""
    PICTURES.mkdir(exist_ok=True)
    return _play_demo() or _play_story()


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
