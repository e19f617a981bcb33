"""Inbox: all that happens to the running app, as jobs that its main thread does one by one."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable

from trayapp.queue.errors import QueueError

logger = logging.getLogger(__name__)


class Inbox:
    """Any thread posts; `run` takes the jobs out, on the thread that calls it."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._ending = False

    def post(self, job: Callable[[], None]) -> None:
        """Have this done on the main thread; never blocks."""
        self._jobs.put(job)

    def end(self) -> None:
        """Do no more after this job. Main thread."""
        self._ending = True

    def run(self, *, idle: Callable[[], None], idle_after: Callable[[], float | None]) -> None:
        """Do jobs until one of them ends it; `idle` when none came for `idle_after` seconds."""
        while not self._ending:
            try:
                job = self._jobs.get(timeout=idle_after())
            except queue.Empty:
                job = idle
            self._do(job)

    def _do(self, job: Callable[[], None]) -> None:
        try:
            job()
        except QueueError as error:
            logger.warning("The queue cannot be used now: %s", error)
        except Exception:
            logger.exception("Unexpected; going on")
