"""Asides: what is asked once there is nothing to send: possible doubles, and the projects.

`choose` runs inside the queue's lock. The rest runs on the sync thread and blocks for a request.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from trayapp.light import dataclass
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account
from trayapp.sync.outcome import Outcome
from trayapp.sync.server import TimeServer, Unit
from trayapp.sync.settlement import settle_aside
from trayapp.sync.units import whole
from trayapp.sync.workplace import Workplace
from trayapp.tracking.replay import replay

logger = logging.getLogger(__name__)

_LIST_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """Segments that may stand on the server twice, each with its unit."""

    account: Account
    watched: tuple[tuple[Unit, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The account's projects to ask for, so that they are known without a network."""

    account: Account


def twins_to_look_for(writer: QueueWriter, account: Account, now: datetime) -> Twins | None:
    """What was sent once more after looks found nothing, as long as it is watched."""
    watched: list[tuple[Unit, str]] = []
    for entry_id, segment_id in writer.segments.watched(account.id, now):
        entry = replay(writer.events.of_entry(entry_id)).entry
        if entry is not None:
            watched.append((whole(writer, account, entry), segment_id))
    return Twins(account=account, watched=tuple(watched)) if watched else None


class Asides:
    """What is worth a request of its own."""

    def __init__(self, at: Workplace) -> None:
        self._at = at
        self._met = False
        self._listed: dict[int, datetime] = {}

    def met(self) -> None:
        """The server has taken something: a double of what was sent before may show by now."""
        self._met = True

    def choose(
        self, writer: QueueWriter, account: Account, now: datetime, *, delivered: bool
    ) -> Twins | Listing | None:
        """What to ask; nothing through a closed gate. `delivered`: met just now."""
        if writer.accounts.gate(account.id) is not None:
            return None
        twins = twins_to_look_for(writer, account, now) if self._met or delivered else None
        is_due = twins is None and self.is_list_due(writer, account, now)
        return Listing(account=account) if is_due else twins

    def is_list_due(self, writer: QueueWriter, account: Account, now: datetime) -> bool:
        """Whether to ask for the projects: once a run, and each day there is something to do."""
        if not account.user or writer.accounts.gate(account.id) is not None:
            return False
        asked_at = self._listed.get(account.id)
        return asked_at is None or not asked_at <= now < asked_at + _LIST_EVERY

    def ask(self, server: TimeServer, claim: Twins | Listing) -> None:
        """Ask, and write down what came of it. Raises QueueError, PoisonError."""
        if isinstance(claim, Listing):
            self._list(server, claim.account)
        else:
            self._look_for_twins(server, claim)

    def _look_for_twins(self, server: TimeServer, claim: Twins) -> None:
        """At each contact, once the queue is done, what was sent twice is looked for again."""
        self._met = False
        for unit, segment_id in claim.watched:
            if self._at.is_stopping():
                return
            twins = server.twins(unit, segment_id)
            if isinstance(twins, Outcome):
                logger.info("Doubles could not be looked for: %s", twins.reason)
                self._met = self._heed(claim.account, twins)
                return
            if twins:
                logger.warning("Entry %s may stand on the server twice: %s", unit.entry.id, twins)
                with self._at.queue.lock() as guard:
                    guard.value.segments.set_twin(segment_id, twins[0])
                self._at.ports.changed()

    def _list(self, server: TimeServer, account: Account) -> None:
        now = self._at.ports.clock.now()
        self._listed[account.id] = now
        catalog = server.catalog()
        if isinstance(catalog, Outcome):
            logger.info("The projects could not be listed: %s", catalog.reason)
            self._heed(account, catalog)
            return
        with self._at.queue.lock() as guard:
            guard.value.accounts.set_catalog(account.id, catalog, now)
        self._at.ports.changed()

    def _heed(self, account: Account, outcome: Outcome) -> bool:
        """Whether the server wants a pause: then nothing else is asked before it is over."""
        now = self._at.ports.clock.now()
        with self._at.queue.lock() as guard:
            is_held = settle_aside(guard.value, account, outcome, rules=self._at.rules, now=now)
        if is_held:
            self._at.ports.changed()
        return is_held
