#!/usr/bin/env python3
"""Takes the README's pictures: the demo's own screenshots, on a desktop just large enough."""

from __future__ import annotations

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


def main() -> int:
    """Play the demo and keep two of its pictures; its exit status."""
    PICTURES.mkdir(exist_ok=True)
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
