"""Starting programs: the words that start this one again, and what others should not inherit."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from trayapp.desktop.autostart.program import Running, program_of

_BEFORE = "LD_LIBRARY_PATH_ORIG"
"""Where a frozen program's loader keeps what the user had."""


def ourselves() -> tuple[str, ...]:
    """As it was installed: what a package put aside, `-m` alone would not find."""
    return program_of(Running.now()) or (sys.executable,)


def environment_for_others() -> dict[str, str]:
    """The environment as the user has it."""
    folder = getattr(sys, "_MEIPASS", "")
    return without_folder(os.environ, folder) if folder else dict(os.environ)


def without_folder(environment: Mapping[str, str], folder: str) -> dict[str, str]:
    """Without the libraries of a frozen program: the system's programs fail with those."""
    found = {}
    for name, value in environment.items():
        parts = value.split(os.pathsep)
        kept = [part for part in parts if not part.startswith(folder)]
        if kept or not value:
            found[name] = os.pathsep.join(kept)
    if _BEFORE in found:
        found["LD_LIBRARY_PATH"] = found.pop(_BEFORE)
    return found
