"""A plugin for pytest: the tests must not meet the program in a source tree.

`python -m pytest -p installed_only`, with this directory in PYTHONPATH.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import trayapp


def pytest_sessionstart() -> None:
    place = Path(trayapp.__file__)
    if "site-packages" not in place.parts or not place.is_relative_to(sys.prefix):
        message = f"trayapp is not the installed one: {place}"
        raise pytest.UsageError(message)
    print(f"trayapp is tested as installed: {place}")
