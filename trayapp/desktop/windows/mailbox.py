"""Mailbox: how other threads hand work to Tk's thread, which alone may touch a widget.

`post` may be called from any thread; everything else belongs to Tk's. Nothing polls: a socket
wakes Tk's loop. Where Tk cannot watch one (Windows), it looks while an answer is awaited.
"""

from __future__ import annotations

import queue
import socket
import tkinter as tk
from collections.abc import Callable
from contextlib import suppress

Work = Callable[[], None]

_LOOK_MS = 40


class Mailbox:
    """Work for Tk's thread, done in the order it came."""

    def __init__(self, root: tk.Tk) -> None:
        self._root = root
        self._work: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._ear, self._mouth = socket.socketpair()
        self._ear.settimeout(0)
        self._mouth.settimeout(0)
        self._watches = hasattr(root.tk, "createfilehandler")
        self._awaited = 0
        if self._watches:
            root.tk.createfilehandler(self._ear, tk.READABLE, self._on_wake)

    def post(self, work: Work) -> None:
        """Have this done on Tk's thread soon."""
        self._work.put(work)
        with suppress(OSError):  # full: it is awake already; closed: nobody is there any more
            self._mouth.send(b"\0")

    def expect(self) -> None:
        """Something will be posted."""
        self._awaited += 1
        if not self._watches and self._awaited == 1:
            self._look()

    def close(self) -> None:
        """What is posted from now on is forgotten."""
        if self._watches:
            self._root.tk.deletefilehandler(self._ear)
        self._ear.close()
        self._mouth.close()

    def _on_wake(self, _file: object, _mask: int) -> None:
        with suppress(BlockingIOError):
            self._ear.recv(4096)
        self._do_all()

    def _look(self) -> None:
        self._do_all()
        if self._awaited:
            self._root.after(_LOOK_MS, self._look)

    def _do_all(self) -> None:
        with suppress(queue.Empty):
            while True:
                work = self._work.get_nowait()
                self._awaited = max(0, self._awaited - 1)
                # By way of Tk, which reports what goes wrong in it instead of ending its loop.
                self._root.after(0, work)
