"""Core: queue, timer, worker and status put together; what the app and the commands share.

It has no face: no tray, no channel, no notification.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from trayapp.accounts.vault import KeyringVault, Vault
from trayapp.clock import Clock, QuickStamps
from trayapp.config import Paths
from trayapp.light import dataclass
from trayapp.mutex import Mutex, PoisonError
from trayapp.queue.errors import DamagedError, QueueError
from trayapp.queue.reader import QueueReader
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account, GateKind
from trayapp.sync.retry import Retrier, release
from trayapp.sync.snapshot import Extras, read_status
from trayapp.sync.status import AccountView, SyncStatus

if TYPE_CHECKING:
    from trayapp.queue.salvaged import Salvage
    from trayapp.sync.discard import Discarder
    from trayapp.sync.kind import ServerKind
    from trayapp.sync.resolve import Keep
    from trayapp.sync.rules import Rules
    from trayapp.sync.server import TimeServer
    from trayapp.sync.worker import SyncWorker
    from trayapp.timer import Timer
    from trayapp.transfer.summary import Summary

logger = logging.getLogger(__name__)

_OVER_AT_SIGN_IN = (
    GateKind.SIGNED_OUT,
    GateKind.LOCKED,
    GateKind.OFFLINE,
    GateKind.UNTRUSTED,
    GateKind.WRONG_ADDRESS,
)
"""The server has just answered, at this address, to these credentials."""


class News:
    """What a server has to tell the user. Any thread; must not block."""

    def __init__(self) -> None:
        self._told: Callable[[str, str], None] | None = None

    def listen(self, told: Callable[[str, str], None]) -> None:
        """From now on this one tells, a title and a text."""
        self._told = told

    def tell(self, title: str, text: str) -> bool:
        """False where nobody can be told yet."""
        logger.warning("%s. %s", title, text)
        if self._told is None:
            return False
        self._told(title, text)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the core is put into: where its files are, its clock, its servers, its patience.

    `server_for` is called on the sync thread and may be slow. `kinds` are those one can sign in
    to, by name.
    """

    paths: Paths
    clock: Clock
    server_for: Callable[[Account], TimeServer]
    rules: Rules
    kinds: Mapping[str, ServerKind] = field(default_factory=dict)
    vault: Vault = field(default_factory=KeyringVault)
    news: News = field(default_factory=News)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who wants to know; called on any thread, must not block. See WorkerPorts.

    `salvaged`: tells the user what came back of a damaged database, once; where nobody tells, the
    next who does is asked. Called by `Core.status`.
    """

    changed: Callable[[], None] = lambda: None
    rested: Callable[[], None] = lambda: None
    removed: Callable[[str], None] = lambda _entry_id: None
    closed_foreign: Callable[[str], None] = lambda _words: None
    salvaged: Callable[[Salvage], None] | None = None


class Core:
    """Opens the queue; `close` when done. Raises QueueError when it cannot be opened."""

    def __init__(self, surroundings: Surroundings, listener: Listener | None = None) -> None:
        listener = listener or Listener()
        paths = surroundings.paths
        self._surroundings = surroundings
        self._listener = listener
        self.clock = surroundings.clock
        mark = paths.state_dir / "database-age"
        self._queue = Mutex(QueueWriter(paths.database, paths.writer_lock, mark=mark))
        self._stamps = QuickStamps(self.clock)
        self.changed = listener.changed
        self.reader = QueueReader(paths.database)
        self.retrier = Retrier(self._queue, between_looks=surroundings.rules.waits.between_looks)

    @cached_property
    def timer(self) -> Timer:
        """What clicks and corrections go to."""
        from trayapp.timer import Timer  # noqa: PLC0415  # with the first of them, on one thread

        return Timer(self._queue, recorded=self._tell, recover=self._recover)

    @cached_property
    def discarder(self) -> Discarder:
        """Gives failed tasks up."""
        from trayapp.sync.discard import Discarder  # noqa: PLC0415  # seldom needed

        return Discarder(self._queue, self.reader)

    @cached_property
    def worker(self) -> SyncWorker:
        """Delivers."""
        from trayapp.sync.seldom import Seldom  # noqa: PLC0415  # not to show the icon
        from trayapp.sync.worker import SyncWorker, WorkerPorts  # noqa: PLC0415  # the same

        where, listener = self._surroundings, self._listener
        ports = WorkerPorts(
            server_for=where.server_for,
            clock=where.clock,
            changed=Seldom(listener.changed),
            rested=listener.rested,
            removed=listener.removed,
            closed_foreign=listener.closed_foreign,
            recover=self._recover,
        )
        return SyncWorker(self._queue, ports, where.rules)

    def use_account(self, account: AccountView) -> None:
        """New entries belong to this account, and it is delivered now."""
        with self._queue.lock() as guard:
            guard.value.accounts.use(account.kind, account.url, account.user)

    def enter(self, account: AccountView, *, user_id: str = "") -> int:
        """Somebody signed in: how many entries were tracked without an account. Any thread.

        What waited for this user goes on: held for want of a sign-in, brought over from an older
        database under the server's name for the user, or meant for an address that never worked.
        """
        with self._queue.lock() as guard:
            writer = guard.value
            _follow_to(writer, account)
            mine = writer.accounts.use(account.kind, account.url, account.user)
            if user_id:
                writer.accounts.name(mine.id, user_id)
            _take_in_namesakes(writer, mine)
            for kind in _OVER_AT_SIGN_IN:
                release(writer, kind)
            earlier = writer.handover.entries_of(writer.accounts.inside().id)
        self.worker.reconnect()
        self.changed()
        return earlier

    def sign_in_again(self) -> None:
        """The active account has new credentials: what was held for want of them is sent."""
        self.enter(self.status().account)

    def earlier(self) -> int:
        """How many entries were tracked without an account."""
        with self._queue.lock() as guard:
            writer = guard.value
            return writer.handover.entries_of(writer.accounts.inside().id)

    def send_earlier(self) -> int:
        """What was tracked without an account goes to the active one; how many entries."""
        now = self.clock.now()
        with self._queue.lock() as guard:
            accounts = guard.value.accounts
            mine, inside = accounts.active(), accounts.inside()
            if mine.id == inside.id:
                return 0
            count = guard.value.handover.send_again(inside.id, mine.id, now)
        self._tell()
        return count

    def leave(self) -> AccountView:
        """Nobody is signed in from now on; the account that was. Its queue stays. Any thread."""
        with self._queue.lock() as guard:
            left = guard.value.accounts.active()
            guard.value.accounts.use("embedded", "", "")
        self.worker.reconnect()
        self.changed()
        return AccountView(kind=left.kind, url=left.url, user=left.user)

    def bring_over(self, path: Path, *, user: str = "") -> Summary:
        """Import an older database; `user` is whose it is, where the file does not say.

        Raises ImportRefusedError, UserNeededError (nothing was changed), QueueError.
        """
        from trayapp.sync.diagnosis import cause_of_reason  # noqa: PLC0415  # seldom needed
        from trayapp.transfer.importing import import_database  # noqa: PLC0415  # the same

        summary = import_database(path, self._queue, cause_of=cause_of_reason, user=user)
        with self._queue.lock() as guard:
            _take_in_namesakes(guard.value, guard.value.accounts.active())
        self._tell()
        return summary

    def resolve(self, task_ids: Sequence[int], keep: Keep) -> int:
        """Carry out the user's answer to these conflicts; how many tasks. Raises CannotResolve."""
        from trayapp.sync.resolve import resolve  # noqa: PLC0415  # seldom needed

        done: set[int] = set()
        with self._queue.lock() as guard:
            for task_id in task_ids:
                if task_id not in done:
                    found = resolve(guard.value, task_id, keep, self.clock.now())
                    done.update(found.task_ids)
        self._tell()
        return len(done)

    def credentials_can_be_read(self) -> None:
        """The keyring opened: what waited for it is sent. Any thread."""
        with self._queue.lock() as guard:
            release(guard.value, GateKind.LOCKED)
        self._tell()

    def status(self, extras: Extras | None = None) -> SyncStatus:
        """The status now; on one thread only. Raises QueueError."""
        now = self.clock.now()
        extras = replace(extras or Extras(), stamp=self._stamps.stamp())
        try:
            status = read_status(self.reader, now, extras)
        except DamagedError as damage:
            logger.warning("Bringing back what can still be read: %s", damage)
            self._recover()
            status = read_status(self.reader, now, extras)
        self._tell_of_salvage()
        return status

    def _tell_of_salvage(self) -> None:
        done, told = self.reader.salvaged(), self._listener.salvaged
        if done is None or told is None:
            return
        from trayapp.queue import salvage_words  # noqa: PLC0415  # seldom needed

        logger.warning("%s. %s", salvage_words.title(done), salvage_words.text(done))
        with self._queue.lock() as guard:
            guard.value.forget_salvage()
        told(done)

    def close(self) -> None:
        """Close the files; the worker must have ended."""
        self.reader.close()
        with self._queue.lock() as guard:
            writer = guard.value
        # What is written goes before what is closed; on a full disk it is left out.
        with suppress(QueueError, PoisonError), self._queue.lock() as guard:
            guard.value.grow_older()
        writer.close()

    def _tell(self) -> None:
        """There may be something to send, and something else to show."""
        if "worker" in vars(self):  # else this only records, and there is nobody to wake
            self.worker.wake()
        self.changed()

    def _recover(self) -> None:
        self._queue.recover(lambda writer: writer.reopen())


def _follow_to(writer: QueueWriter, account: AccountView) -> None:
    """An address of this user that never worked is corrected: its queue comes along."""
    if writer.accounts.find(account.kind, account.url, account.user) is not None:
        return
    old = writer.accounts.active()
    is_same_user = (old.kind, old.user) == (account.kind, account.user)
    if is_same_user and old.last_delivery_at is None:
        writer.accounts.move(old.id, account.url)


def _take_in_namesakes(writer: QueueWriter, account: Account) -> None:
    """What older databases hold of this user is this account's."""
    for older in writer.accounts.namesakes(account):
        writer.handover.merge(older, account.id)
