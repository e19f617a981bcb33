"""MainThread: lends the main thread to a loop that insists on it, while the app runs elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

_T = TypeVar("_T")


class MainThread(Generic[_T]):
    """The main thread of a program whose work is on a thread named "app".

    `run` is the main thread's; `lend` may come from any other and never blocks.
    """

    def __init__(self) -> None:
        self._loops: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._result: _T | None = None
        self._failure: BaseException | None = None

    def lend(self, loop: Callable[[], None]) -> None:
        """Have this run on the main thread; it must end before the work does."""
        self._loops.put(loop)

    def run(self, work: Callable[[], _T]) -> _T:
        """Do the work on its thread, and what is lent here; what the work returns or raises."""
        thread = threading.Thread(target=self._work, args=(work,), name="app")
        thread.start()
        while (loop := self._loops.get()) is not None:
            loop()
        thread.join()
        if self._failure is not None:
            raise self._failure
        return self._result  # type: ignore[return-value]  # there, since nothing was raised

    def _work(self, work: Callable[[], _T]) -> None:
        try:
            self._result = work()
        except BaseException as error:  # noqa: BLE001  # raised again, on the main thread
            self._failure = error
        finally:
            self._loops.put(None)
