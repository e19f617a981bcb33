"""What an app that stays all day does without. To be called before it has threads or an icon."""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress

_M_ARENA_MAX = -8
"""Of glibc's `mallopt`."""
_DONE_WITHOUT = (
    # To guess an encoding: servers answer in UTF-8, as RFC 8259 has it. 3 MiB after a first sync.
    "charset_normalizer",
    # To draw letters: an icon has its own. With its fonts' libraries 1 MiB at the start.
    "PIL._imagingft",
)
"""Parts of libraries that these look for, and go without where they are not installed."""


def stay_small() -> None:
    """Have all threads use one heap, and load nothing that is never asked."""
    _share_one_heap()
    for name in _DONE_WITHOUT:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # "not there", by the language
    warnings.filterwarnings("ignore", module=r"requests\Z")  # it says what it goes without


def _share_one_heap() -> None:
    """By itself glibc gives each thread one, which hardly shrinks: 0.8 MiB after a first sync."""
    import ctypes  # noqa: PLC0415  # for the app alone

    with suppress(AttributeError, TypeError):  # another C library, or another system
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
