"""Core: queue, timer, worker and status put together; what the app and the commands share.

It has no face: no tray, no channel, no notification.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trayapp.clock import Clock
from trayapp.config import Paths
from trayapp.mutex import Mutex
from trayapp.queue.reader import QueueReader
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account, GateKind
from trayapp.sync.retry import Retrier, release
from trayapp.sync.server import TimeServer
from trayapp.sync.settlement import Rules
from trayapp.sync.snapshot import Extras, read_status
from trayapp.sync.status import AccountView, SyncStatus
from trayapp.sync.worker import SyncWorker, WorkerPorts
from trayapp.timer import Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the core is put into: where its files are, its clock, its servers, its patience.

    `server_for` is called on the sync thread and may be slow.
    """

    paths: Paths
    clock: Clock
    server_for: Callable[[Account], TimeServer]
    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who wants to know; called on any thread, must not block. See WorkerPorts."""

    changed: Callable[[], None] = lambda: None
    rested: Callable[[], None] = lambda: None
    removed: Callable[[str], None] = lambda _entry_id: None


class Core:
    """Opens the queue; `close` when done. Raises QueueError when it cannot be opened."""

    def __init__(self, surroundings: Surroundings, listener: Listener | None = None) -> None:
        listener = listener or Listener()
        paths = surroundings.paths
        self.clock = surroundings.clock
        self._queue = Mutex(QueueWriter(paths.database, paths.writer_lock))
        self._changed = listener.changed
        self.reader = QueueReader(paths.database)
        self.timer = Timer(self._queue, recorded=self._on_click, recover=self._recover)
        self.retrier = Retrier(self._queue)
        self.worker = SyncWorker(
            self._queue,
            WorkerPorts(
                server_for=surroundings.server_for,
                clock=surroundings.clock,
                changed=listener.changed,
                rested=listener.rested,
                removed=listener.removed,
                recover=self._recover,
            ),
            surroundings.rules,
        )

    def use_account(self, account: AccountView) -> None:
        """New entries belong to this account, and it is delivered now."""
        with self._queue.lock() as guard:
            guard.value.accounts.use(account.kind, account.url, account.user)

    def signed_in(self) -> None:
        """The active account has new credentials: what was held for want of them is sent."""
        with self._queue.lock() as guard:
            release(guard.value, GateKind.SIGNED_OUT)
        self.worker.reconnect()
        self._changed()

    def status(self, extras: Extras | None = None) -> SyncStatus:
        """The status now; on one thread only. Raises QueueError."""
        return read_status(self.reader, self.clock.now(), extras)

    def close(self) -> None:
        """Close the files; the worker must have ended."""
        self.reader.close()
        with self._queue.lock() as guard:
            writer = guard.value
        writer.close()

    def _on_click(self) -> None:
        self.worker.wake()
        self._changed()

    def _recover(self) -> None:
        self._queue.recover(lambda writer: writer.reopen())
