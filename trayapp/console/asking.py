"""Asking whoever sits at the terminal."""

from __future__ import annotations

import sys

from trayapp.i18n import _


def is_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def is_agreed(question: str) -> bool:
    """Ask; nobody there agrees to nothing."""
    if not is_terminal():
        return False
    sys.stderr.write(question + " " + _("[y/N]") + " ")
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().casefold()
    return answer in {"y", "yes", _("y"), _("yes")}
