"""Watchdog: bites when somebody who should get on does not, and says where every thread stands."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from types import TracebackType
from typing import Self

_LOOK_SECONDS = 0.05


class Watchdog:
    """Everybody who works shows now and then that they do: `beat`. Any thread may call it.

    Each has to get on, not only some of them: two that wait for each other are a deadlock, however
    busy the others are.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._beats: dict[str, float] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog")
        self.bitten = threading.Event()
        """Set when it has bitten; `report` tells why."""
        self.report = ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def beat(self, who: str) -> None:
        """They get on."""
        with self._lock:
            self._beats[who] = time.monotonic()

    def leave(self, who: str) -> None:
        """They have ended, and need not get on any more."""
        with self._lock:
            self._beats.pop(who, None)

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            oldest = time.monotonic() - self._patience
            with self._lock:
                late = [who for who, at in self._beats.items() if at < oldest]
            if late:
                names = ", ".join(sorted(late))
                self.report = f"no progress in {self._patience:g} s: {names}\n\n{stacks()}"
                self.bitten.set()
                return


def stacks() -> str:
    """Where every thread stands, by its name."""
    frames = sys._current_frames()
    found = [
        f"--- {thread.name}\n{''.join(traceback.format_stack(frames[thread.ident]))}"
        for thread in threading.enumerate()
        if thread.ident in frames
    ]
    return "\n".join(found)
