"""Turns: settle the last answer, claim the next request, make it. Used on the sync thread only.

No lock is held while the server is asked. An outcome is settled in the transaction that claims
the next request, so a kill at any point leaves a request in doubt, never forgotten.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from trayapp.clock import QuickStamps
from trayapp.light import dataclass
from trayapp.mutex import PoisonError
from trayapp.queue.clock_meta import Anchor
from trayapp.queue.errors import QueueError
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account
from trayapp.sync.asides import Asides, Listing, Twins
from trayapp.sync.claim import Batch, Broken, Check, Pause, Request, Scene, Sight, choose, rest_of
from trayapp.sync.outcome import Outcome
from trayapp.sync.server import TimeServer
from trayapp.sync.settlement import Aftermath, log_outcome, settle
from trayapp.sync.skew import listening
from trayapp.sync.timekeeping import keep_time, note_skew
from trayapp.sync.waiting import moved
from trayapp.sync.workplace import Workplace
from trayapp.tracking.entry import MILLISECOND

logger = logging.getLogger(__name__)

_Asked = Request | Batch | Broken | Check
_Claim = _Asked | Twins | Listing | Pause | Account


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


class Turns:
    """One turn after the other for the active account."""

    def __init__(self, at: Workplace) -> None:
        self._at = at
        self._asides = Asides(at)
        self._unsettled: _Unsettled | None = None
        self._server: TimeServer | None = None
        self._served: Account | None = None
        self._unservable: int | None = None
        self._stamps = QuickStamps(at.ports.clock)

    def take(self) -> Pause | None:
        """One turn; None: go on at once.

        Raises QueueError and PoisonError; an answer not yet settled is kept for the next call.
        """
        settles = self._unsettled is not None
        claim, anchor = self._settle_and_claim()
        if settles:
            self._at.ports.changed()
        match claim:
            case Pause():
                self._at.ports.rested()
                return claim
            case Account():
                return self._connect(claim)
            case Twins() | Listing():
                self._asides.ask(self._connected(), claim)
            case _:
                with listening() as heard:
                    outcome = self._ask(claim)
                self._unsettled = _Unsettled(claim, outcome, anchor, heard.trusted(outcome))
        return None

    def settle(self) -> None:
        """Write down the last answer, if any; errors are logged: a doubt is settled next time."""
        try:
            with self._at.queue.lock() as guard:
                stamp = self._stamps.stamp()
                anchor = keep_time(guard.value, stamp)
                aftermath = self._settled(guard.value, stamp.at, anchor)
            self._committed(aftermath)
        except (QueueError, PoisonError) as error:
            logger.warning("The last answer could not be written down: %s", error)

    def forget_server(self) -> None:
        """The next request goes through a new server object; this one keeps nothing open."""
        self.close()
        self._server = self._served = None

    def close(self) -> None:
        """Give up the connections."""
        if self._server is not None:
            self._server.close()

    # -- asking ----------------------------------------------------------------------------

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
        self.forget_server()
        try:
            self._server = self._at.ports.server_for(account)
        except (ValueError, LookupError) as error:
            # Waiting makes no server of a kind that is not built in: only somebody can help.
            if self._unservable != account.id:
                logger.warning("What is tracked now waits here: %s", error)
            self._unservable = account.id
            self._at.ports.rested()
            return Pause(None)
        self._served, self._unservable = account, None
        return None

    def _connected(self) -> TimeServer:
        if self._server is None:
            msg = "no server chosen"
            raise RuntimeError(msg)
        return self._server

    # -- settling --------------------------------------------------------------------------

    def _settle_and_claim(self) -> tuple[_Claim, Anchor]:
        with self._at.queue.lock() as guard:
            writer = guard.value
            stamp = self._stamps.stamp()
            anchor, now = keep_time(writer, stamp), stamp.at
            aftermath = self._settled(writer, now, anchor)
            claim = Pause(None) if self._at.is_stopping() else self._claim(writer, now, aftermath)
        self._committed(aftermath)
        return claim, anchor

    def _settled(self, writer: QueueWriter, now: datetime, anchor: Anchor) -> Aftermath | None:
        asked = self._unsettled
        if asked is None:
            return None
        if asked.skew is not None:
            note_skew(writer, asked.claim.account.id, asked.skew)
        return settle(writer, asked.claim_by(anchor), asked.outcome, rules=self._at.rules, now=now)

    def _committed(self, aftermath: Aftermath | None) -> None:
        """The transaction is durable: only now forget the answer, and tell."""
        if self._unsettled is None or aftermath is None:
            return
        log_outcome(self._unsettled.claim, self._unsettled.outcome)
        self._unsettled = None
        if aftermath.delivered:
            self._asides.met()
        for entry_id in aftermath.removed:
            self._at.ports.removed(entry_id)
        for words in aftermath.closed:
            self._at.ports.closed_foreign(words)

    # -- claiming --------------------------------------------------------------------------

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
                waits=self._at.rules.waits,
                now=now,
            )
        )
        if not isinstance(claim, Pause):
            return claim
        delivered = aftermath is not None and aftermath.delivered
        return self._asides.choose(writer, account, now, delivered=delivered) or claim

    def _connection(self, writer: QueueWriter, account: Account, now: datetime) -> Account | Pause:
        """Connecting is slow: only when there is something to ask, and not under the lock."""
        rest = rest_of(self._sight(writer, account, now))
        is_due = self._asides.is_list_due(writer, account, now)
        return account if rest is None or is_due else rest

    def _sight(self, writer: QueueWriter, account: Account, now: datetime) -> Sight:
        return Sight(writer=writer, account=account, waits=self._at.rules.waits, now=now)
