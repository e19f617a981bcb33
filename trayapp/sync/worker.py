"""SyncWorker: turn after turn on the one thread it owns, named "sync", asleep while nothing is due.

What a turn is: see `trayapp.sync.turn`.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from trayapp.mutex import Mutex, PoisonError
from trayapp.queue.errors import QueueError
from trayapp.queue.store import QueueWriter
from trayapp.sync.claim import Pause
from trayapp.sync.ports import WorkerPorts
from trayapp.sync.rules import Rules
from trayapp.sync.turn import Turns
from trayapp.sync.workplace import Workplace

__all__ = ["SyncWorker", "WorkerPorts"]

logger = logging.getLogger(__name__)

_AFTER_QUEUE_ERROR = timedelta(seconds=5)


class SyncWorker:
    """Delivers the queue of the active account."""

    def __init__(
        self,
        queue: Mutex[QueueWriter],
        ports: WorkerPorts,
        rules: Rules,
    ) -> None:
        self._ports = ports
        self._woken = threading.Event()
        self._stopping = False
        self._reconnect_is_due = False
        self._thread: threading.Thread | None = None
        self._at = Workplace(
            queue=queue, ports=ports, rules=rules, is_stopping=lambda: self._stopping
        )
        self._turns = Turns(self._at)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There may be something to do. Any thread; never blocks."""
        self._woken.set()

    def reconnect(self) -> None:
        """Settings or credentials changed: the next request goes through a new server object."""
        self._reconnect_is_due = True
        self._woken.set()

    def follow(self, rules: Rules) -> None:
        """Be as patient as these say from the next answer on. Any thread; never blocks."""
        self._at.rules = rules

    def stop(self, timeout: float) -> bool:
        """Take no more work and wait for the request under way; False when it did not end."""
        self._stopping = True
        self._woken.set()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def run_once(self) -> Pause | None:
        """Settle the last answer, claim the next request and make it; None: go on at once.

        Raises QueueError and PoisonError; an answer not yet settled is kept for the next call.
        """
        if self._reconnect_is_due:
            self._reconnect_is_due = False
            self._turns.forget_server()
        return self._turns.take()

    def settle(self) -> None:
        """Write down the last answer, if any; errors are logged: a doubt is settled next time."""
        self._turns.settle()

    def _run(self) -> None:
        while not self._stopping:
            # Cleared before the queue is looked at, so that no wake-up is lost.
            self._woken.clear()
            pause = self._step()
            if pause is not None and not self._stopping:
                self._wait(pause.until)
        try:
            self.settle()
        finally:
            self._turns.close()

    def _step(self) -> Pause | None:
        try:
            return self.run_once()
        except QueueError as error:
            logger.warning("The queue cannot be used now: %s", error)
        except PoisonError:
            logger.exception("The queue's last rollback failed; opening it again")
            self._mend()
        except Exception:
            logger.exception("Unexpected; trying again")
        return Pause(self._ports.clock.now() + _AFTER_QUEUE_ERROR)

    def _mend(self) -> None:
        try:
            self._ports.recover()
        except QueueError as error:
            logger.warning("The queue cannot be opened again yet: %s", error)

    def _wait(self, until: datetime | None) -> None:
        if until is None:
            self._woken.wait()
            return
        self._woken.wait(max(0.0, (until - self._ports.clock.now()).total_seconds()))
