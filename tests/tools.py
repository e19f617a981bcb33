"""Commands of the system that tests need: where `packaging/test` installs them, none may lack."""

from __future__ import annotations

import shutil
import sys
from typing import NoReturn

import pytest


def needed(command: str, package: str = "") -> str:
    """Where it is; `package`: what brings it, if that has another name."""
    return shutil.which(command) or missing(package or command)


def missing(package: str) -> NoReturn:
    """The test fails on Linux, and cannot run elsewhere."""
    if sys.platform == "linux":
        pytest.fail(f"install {package}, as packaging/test does")
    pytest.skip(f"{package} is there on Linux only")
