"""What a terminal would obey instead of showing, and a stream whose reader has left."""

from __future__ import annotations

import os
import re
from typing import TextIO

_COMMANDING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""A server's or an old database's words may have it."""


def harmless(text: str) -> str:
    """The text with escapes in place of what a terminal obeys."""
    return _COMMANDING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def let_go(stream: TextIO) -> None:
    """Python flushes once more at its end, and would complain then."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, stream.fileno())
    os.close(devnull)
