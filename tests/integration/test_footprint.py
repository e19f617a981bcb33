"""The app keeps to one heap, and does without what it would never ask."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.program import ROOT

HEAPS = """
import ctypes, sys, threading
from trayapp.footprint import stay_small

if sys.argv[1] == "one":
    stay_small()
malloc = ctypes.CDLL(None).malloc
malloc.restype = ctypes.c_void_p
places = []
for _ in range(3):
    thread = threading.Thread(target=lambda: places.append(malloc(1000)))
    thread.start()
    thread.join()
here = malloc(1000)
print(max(abs(place - here) for place in places) > 1 << 26)
"""
DRAWN_AND_SENT = """
import sys
from pathlib import Path
from trayapp.footprint import stay_small

stay_small()
from trayapp.desktop.badge import Colour, IconKey, TrackerState
from trayapp.desktop.icon import draw
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_inside import inside
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.sync.outcome import Delivered

draw(IconKey(TrackerState.RUNNING, Colour.RED, count=7, offline=True), 22)
server = inside(EmbeddedApp(EmbeddedStore(Path(sys.argv[1]) / "embedded.db")))
assert server.check() == Delivered()
print(*(name for name, module in sys.modules.items() if module is not None))
"""


def ran(program: str, argument: str) -> str:
    return subprocess.run(  # noqa: S603  # our own text
        [sys.executable, "-W", "error", "-c", program, argument],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
@pytest.mark.parametrize(("how", "is_apart"), [("one", "False"), ("as it comes", "True")])
def test_threads_share_a_heap(how: str, is_apart: str) -> None:
    assert ran(HEAPS, how) == is_apart


def test_icons_are_drawn_and_answers_read_without_fonts_and_tables_of_encodings(
    tmp_path: Path,
) -> None:
    loaded = set(ran(DRAWN_AND_SENT, str(tmp_path)).split())
    assert {"requests", "PIL.ImageDraw"} <= loaded
    assert not {"charset_normalizer", "PIL._imagingft"} & loaded
