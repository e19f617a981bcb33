"""The app keeps to one heap, however many threads it has."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.integration.program import ROOT

HEAPS = """
import ctypes, sys, threading
from trayapp.launch import share_one_heap

if sys.argv[1] == "one":
    share_one_heap()
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
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="glibc's")


@pytest.mark.parametrize(("how", "is_apart"), [("one", "False"), ("as it comes", "True")])
def test_threads_share_a_heap(how: str, is_apart: str) -> None:
    ran = subprocess.run(  # noqa: S603  # our own text
        [sys.executable, "-c", HEAPS, how], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == is_apart
