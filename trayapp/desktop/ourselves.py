"""The words that start this program again, for its windows and its commands. Looks at files."""

from __future__ import annotations

import sys

from trayapp.desktop.autostart.program import Running, program_of


def ourselves() -> tuple[str, ...]:
    """As it was installed: what a package put aside, `-m` alone would not find."""
    return program_of(Running.now()) or (sys.executable,)
