"""Jumps: the clock on the wall was set, or the machine slept. The kernel tells; nothing polls.

Waits as other programs do go on where they were when the machine wakes: what is due at midnight
would come hours late. Linux only.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from contextlib import suppress

_SET_TO_A_TIME, _TELL_OF_JUMPS = 1, 2
_SECONDS = 2
_NEVER = 2 ** (8 * ctypes.sizeof(ctypes.c_long) - 1) - 1
_TICK_BYTES = 8


def watch_jumps(jumped: Callable[[], None]) -> Callable[[], None]:
    """Have GLib's loop call `jumped` at each jump; what ends that. On the loop's thread.

    Raises OSError where no kernel tells.
    """
    from gi.repository import GLib  # noqa: PLC0415  # there, since there is an icon

    jumps = Jumps(jumped)
    waits_for = GLib.PRIORITY_LOW, jumps.fileno(), GLib.IOCondition.IN
    source = GLib.unix_fd_add_full(*waits_for, lambda *_: jumps.told())

    def end() -> None:
        GLib.source_remove(source)
        jumps.close()

    return end


class Jumps:
    """A file that can be read when the clock jumped; then call `told`. Raises OSError."""

    def __init__(self, jumped: Callable[[], None]) -> None:
        self._jumped = jumped
        try:
            self._kernel = ctypes.CDLL(None, use_errno=True)
            flags = os.O_NONBLOCK | os.O_CLOEXEC
            self._timer = _sure(self._kernel.timerfd_create(time.CLOCK_REALTIME, flags))
        except AttributeError as error:  # a system without such timers
            raise OSError from error
        self.wait_until(_NEVER)

    def fileno(self) -> int:
        """The file, for whoever waits for files."""
        return self._timer

    def wait_until(self, second: int) -> None:
        """Be told of jumps, and at that second of the Unix era."""
        times = (ctypes.c_long * 4)()
        times[_SECONDS] = second
        how = _SET_TO_A_TIME | _TELL_OF_JUMPS
        _sure(self._kernel.timerfd_settime(self._timer, how, ctypes.byref(times), None))

    def close(self) -> None:
        """Be told no more."""
        os.close(self._timer)

    def told(self) -> bool:
        """Wait for the next one; True: there will be more."""
        with suppress(OSError):  # "cancelled": that is how a jump is told
            os.read(self._timer, _TICK_BYTES)
        self.wait_until(_NEVER)
        self._jumped()
        return True


def _sure(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer
