"""SyncWorker: claim, send or look, settle; on the one thread it owns, named "sync".

No lock is held while the server is asked. An outcome is settled in the transaction that claims
the next request, so a kill at any point leaves a request in doubt, never forgotten.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trayapp.clock import Clock, QuickStamps
from trayapp.mutex import Mutex, PoisonError
from trayapp.queue.clock_meta import Anchor
from trayapp.queue.errors import QueueError
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account
from trayapp.sync.claim import (
    Batch,
    Broken,
    Check,
    Pause,
    Request,
    Scene,
    Sight,
    Twins,
    choose,
    rest_of,
    twins_to_look_for,
)
from trayapp.sync.outcome import Outcome
from trayapp.sync.server import TimeServer
from trayapp.sync.settlement import Aftermath, Rules, log_outcome, settle
from trayapp.sync.skew import listening
from trayapp.sync.timekeeping import keep_time, note_skew
from trayapp.sync.waiting import moved
from trayapp.tracking.entry import MILLISECOND

logger = logging.getLogger(__name__)

_LIST_EVERY = timedelta(days=1)
_AFTER_QUEUE_ERROR = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPorts:
    """What the worker is given. All of it is called on the sync thread.

    `server_for` may be slow (it may import and connect); it raises ValueError or LookupError where
    no server of the account's kind is built in. `changed` says that the queue did, `rested` that
    there is nothing more to do for now, `removed` which entry was gone on the server,
    `closed_foreign` in words which entry of the user's, none of ours, was ended there. `recover`
    mends a poisoned queue and may raise QueueError.
    """

    server_for: Callable[[Account], TimeServer]
    clock: Clock
    changed: Callable[[], None]
    rested: Callable[[], None]
    removed: Callable[[str], None]
    recover: Callable[[], None]
    closed_foreign: Callable[[str], None] = lambda _words: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The account's projects to ask for, so that they are known without a network."""

    account: Account


_Asked = Request | Batch | Broken | Check


@dataclass(slots=True)
class _Unsettled:
    """What was asked and answered, and not yet written down.

    `anchor`: by which clock the claim's times are; `skew`: what the answer told of ours.
    """

    claim: _Asked
    outcome: Outcome
    anchor: Anchor
    skew: timedelta | None

    def claim_by(self, anchor: Anchor) -> _Asked:
        """The claim, as if it had been made by this clock."""
        if self.claim.gate is None or anchor == self.anchor:
            return self.claim
        step = (anchor.offset_ms - self.anchor.offset_ms) * MILLISECOND
        return replace(self.claim, gate=moved(self.claim.gate, step))


_Claim = _Asked | Twins | Listing | Pause | Account


class SyncWorker:
    """Delivers the queue of the active account."""

    def __init__(
        self,
        queue: Mutex[QueueWriter],
        ports: WorkerPorts,
        rules: Rules,
    ) -> None:
        self._queue = queue
        self._ports = ports
        self._rules = rules
        self._woken = threading.Event()
        self._stopping = False
        self._reconnect_is_due = False
        self._thread: threading.Thread | None = None
        self._unsettled: _Unsettled | None = None
        self._met = False
        self._server: TimeServer | None = None
        self._served: Account | None = None
        self._listed: dict[int, datetime] = {}
        self._unservable: int | None = None
        self._stamps = QuickStamps(ports.clock)

    # -- the thread ------------------------------------------------------------------------

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

    def stop(self, timeout: float) -> bool:
        """Take no more work and wait for the request under way; False when it did not end."""
        self._stopping = True
        self._woken.set()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

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
            if self._server is not None:
                self._server.close()

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

    # -- one step --------------------------------------------------------------------------

    def run_once(self) -> Pause | None:
        """Settle the last answer, claim the next request and make it; None: go on at once.

        Raises QueueError and PoisonError; an answer not yet settled is kept for the next call.
        """
        if self._reconnect_is_due:
            self._reconnect_is_due = False
            self._served = None
        settles = self._unsettled is not None
        claim, anchor = self._settle_and_claim()
        if settles:
            self._ports.changed()
        match claim:
            case Pause():
                self._ports.rested()
                return claim
            case Account():
                return self._connect(claim)
            case Twins():
                self._look_for_twins(claim)
            case Listing():
                self._list(claim)
            case _:
                with listening() as heard:
                    outcome = self._ask(claim)
                self._unsettled = _Unsettled(claim, outcome, anchor, heard.trusted(outcome))
        return None

    def settle(self) -> None:
        """Write down the last answer, if any; errors are logged: a doubt is settled next time."""
        try:
            with self._queue.lock() as guard:
                stamp = self._stamps.stamp()
                anchor = keep_time(guard.value, stamp)
                aftermath = self._settled(guard.value, stamp.at, anchor)
            self._committed(aftermath)
        except (QueueError, PoisonError) as error:
            logger.warning("The last answer could not be written down: %s", error)

    def _ask(self, claim: _Asked) -> Outcome:
        if isinstance(claim, Broken):
            return claim.outcome
        server = self._connected()
        if isinstance(claim, Check):
            return server.check()
        if isinstance(claim, Request) and claim.looks:
            return server.look(claim.unit, claim.write)
        return server.send(claim.write)

    def _connect(self, account: Account) -> Pause | None:
        if self._server is not None:
            self._server.close()
        self._server = self._served = None
        try:
            self._server = self._ports.server_for(account)
        except (ValueError, LookupError) as error:
            # Waiting makes no server of a kind that is not built in: only somebody can help.
            if self._unservable != account.id:
                logger.warning("What is tracked now waits here: %s", error)
            self._unservable = account.id
            self._ports.rested()
            return Pause(None)
        self._served, self._unservable = account, None
        return None

    def _connected(self) -> TimeServer:
        if self._server is None:
            msg = "no server chosen"
            raise RuntimeError(msg)
        return self._server

    def _settle_and_claim(self) -> tuple[_Claim, Anchor]:
        with self._queue.lock() as guard:
            writer = guard.value
            stamp = self._stamps.stamp()
            anchor, now = keep_time(writer, stamp), stamp.at
            aftermath = self._settled(writer, now, anchor)
            claim = Pause(None) if self._stopping else self._claim(writer, now, aftermath)
        self._committed(aftermath)
        return claim, anchor

    def _settled(self, writer: QueueWriter, now: datetime, anchor: Anchor) -> Aftermath | None:
        asked = self._unsettled
        if asked is None:
            return None
        if asked.skew is not None:
            note_skew(writer, asked.claim.account.id, asked.skew)
        return settle(writer, asked.claim_by(anchor), asked.outcome, rules=self._rules, now=now)

    def _committed(self, aftermath: Aftermath | None) -> None:
        """The transaction is durable: only now forget the answer, and tell."""
        if self._unsettled is None or aftermath is None:
            return
        log_outcome(self._unsettled.claim, self._unsettled.outcome)
        self._unsettled = None
        self._met = self._met or aftermath.delivered
        for entry_id in aftermath.removed:
            self._ports.removed(entry_id)
        for words in aftermath.closed:
            self._ports.closed_foreign(words)

    def _claim(self, writer: QueueWriter, now: datetime, aftermath: Aftermath | None) -> _Claim:
        account = writer.accounts.active()
        claim = self._claim_of(writer, account, now, aftermath)
        if isinstance(claim, Pause):
            # What was begun before a sign-in ends where it began; that takes nobody's leave.
            inside = writer.accounts.inside()
            is_free = inside.id != account.id and writer.accounts.gate(inside.id) is None
            if is_free and rest_of(self._sight(writer, inside, now)) is None:
                other = self._claim_of(writer, inside, now, None)
                return claim if isinstance(other, Pause) else other
        return claim

    def _claim_of(
        self, writer: QueueWriter, account: Account, now: datetime, aftermath: Aftermath | None
    ) -> _Claim:
        if self._server is None or self._served is None or self._served.id != account.id:
            return self._connection(writer, account, now)
        if aftermath is not None and aftermath.check:
            return Check(account=account, gate=writer.accounts.gate(account.id))
        claim = choose(
            Scene(
                writer=writer,
                server=self._server,
                account=account,
                waits=self._rules.waits,
                now=now,
            )
        )
        met = self._met or (aftermath is not None and aftermath.delivered)
        if isinstance(claim, Pause) and met:
            twins = twins_to_look_for(writer, account, now)
            if twins is not None:
                return twins
        if isinstance(claim, Pause) and self._is_list_due(writer, account, now):
            return Listing(account=account)
        return claim

    def _is_list_due(self, writer: QueueWriter, account: Account, now: datetime) -> bool:
        """Whether to ask for the projects: once a run, and each day there is something to do."""
        if not account.user or writer.accounts.gate(account.id) is not None:
            return False
        asked_at = self._listed.get(account.id)
        return asked_at is None or not asked_at <= now < asked_at + _LIST_EVERY

    def _list(self, claim: Listing) -> None:
        now = self._ports.clock.now()
        self._listed[claim.account.id] = now
        catalog = self._connected().catalog()
        if isinstance(catalog, Outcome):
            logger.info("The projects could not be listed: %s", catalog.reason)
            return
        with self._queue.lock() as guard:
            guard.value.accounts.set_catalog(claim.account.id, catalog, now)
        self._ports.changed()

    def _connection(self, writer: QueueWriter, account: Account, now: datetime) -> Account | Pause:
        """Connecting is slow: only when there is something to ask, and not under the lock."""
        rest = rest_of(self._sight(writer, account, now))
        return account if rest is None or self._is_list_due(writer, account, now) else rest

    def _sight(self, writer: QueueWriter, account: Account, now: datetime) -> Sight:
        return Sight(writer=writer, account=account, waits=self._rules.waits, now=now)

    def _look_for_twins(self, claim: Twins) -> None:
        """At each contact, once the queue is done, what was sent twice is looked for again."""
        self._met = False
        server = self._connected()
        for unit, segment_id in claim.watched:
            twins = () if self._stopping else server.twins(unit, segment_id)
            if twins:
                logger.warning("Entry %s may stand on the server twice: %s", unit.entry.id, twins)
                with self._queue.lock() as guard:
                    guard.value.segments.set_twin(segment_id, twins[0])
                self._ports.changed()
