"""Deliberately wrong workers and servers' clients: what the proofs must catch."""

from __future__ import annotations

from dataclasses import replace

from tests.integration.lives import Relay
from trayapp.clock import Clock
from trayapp.sync.claim import Pause
from trayapp.sync.outcome import Absent, Delivered, Doubtful, Outcome
from trayapp.sync.server import Nothing, TimeServer, Unit, Write
from trayapp.sync.worker import SyncWorker


class BlindWorker(SyncWorker):
    """Repeats without looking: it forgets every doubt before it chooses."""

    def run_once(self) -> Pause | None:
        with self._at.queue.lock() as guard:
            guard.value.run("UPDATE sync_queue SET doubt = 'none', sends = 0 WHERE doubt <> 'none'")
        return super().run_once()


class Unseeing(Relay):
    """Looks, and never finds anything."""

    def look(self, unit: Unit, write: Write) -> Outcome:
        self.inner.look(unit, write)
        return Absent()


class Impatient(Relay):
    """Sends again at once when no answer came."""

    def send(self, write: Write) -> Outcome:
        outcome = self.inner.send(write)
        return self.inner.send(write) if isinstance(outcome, Doubtful) else outcome


class Trusting(Relay):
    """Takes a request that left for one that arrived."""

    def send(self, write: Write) -> Outcome:
        outcome = self.inner.send(write)
        return Delivered() if isinstance(outcome, Doubtful) else outcome


class Retiming(Relay):
    """Tells the server the time of the delivery instead of that of the click."""

    def __init__(self, inner: TimeServer, clock: Clock) -> None:
        super().__init__(inner)
        self._clock = clock

    def plan(self, unit: Unit) -> Write | Nothing:
        first, *others = unit.pending
        stamp = replace(first.stamp, at=self._clock.now())
        return self.inner.plan(replace(unit, pending=(replace(first, stamp=stamp), *others)))
