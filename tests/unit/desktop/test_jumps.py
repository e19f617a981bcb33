"""Jumps of the clock are told by the kernel, once each, and by nothing that wakes in between."""

from __future__ import annotations

import ctypes
import re
import select
from pathlib import Path

import pytest

from trayapp.desktop.jumps import Jumps

_LONG_PAST = 1
_YEARS = 10 * 365 * 86_400


def _is_told(one: Jumps) -> bool:
    return bool(select.select([one], [], [], 0)[0])


def _timers() -> list[str]:
    """What the kernel says of this process's timers that tell of jumps."""
    files = [path.read_text() for path in Path("/proc/self/fdinfo").iterdir() if path.exists()]
    return [text for text in files if re.search(r"^settime flags: 03$", text, re.MULTILINE)]


def test_it_waits_for_jumps_and_for_no_time() -> None:
    one = Jumps(lambda: None)
    (told,) = _timers()
    one.close()
    assert "clockid: 0" in told  # the one on the wall
    left = re.search(r"it_value: \((\d+),", told)
    assert left is not None
    assert int(left[1]) > _YEARS
    assert _timers() == []


def test_each_time_it_is_told_it_waits_anew() -> None:
    told: list[int] = []
    one = Jumps(lambda: told.append(len(told)))
    assert not _is_told(one)
    # The clock cannot be set here; a moment that is over has it told the same way.
    for count in (1, 2):
        one.wait_until(_LONG_PAST)
        assert _is_told(one)
        assert one.told()
        assert len(told) == count
        assert not _is_told(one)
    one.close()
    assert told == [0, 1]


def test_a_kernel_without_such_timers_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bare:
        """A library that lacks them."""

    class Refusing:
        """One whose kernel has too few."""

        @staticmethod
        def timerfd_create(_clock: int, _flags: int) -> int:
            ctypes.set_errno(24)
            return -1

    for library in (Bare, Refusing):
        monkeypatch.setattr(ctypes, "CDLL", lambda *_a, library=library, **_k: library())
        with pytest.raises(OSError, match=r"^$|Too many open files"):
            Jumps(lambda: None)
