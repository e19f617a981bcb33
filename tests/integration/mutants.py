"""Deliberately wrong workers and servers' clients: what the proofs must catch."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tests.integration.scenes import Relay
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Account
from trayapp.sync.claim import Broken, Pause, Request
from trayapp.sync.outcome import Absent, Delivered, Doubtful, Outcome
from trayapp.sync.server import Nothing, Unit, Write
from trayapp.sync.settlement import Aftermath
from trayapp.sync.worker import SyncWorker
from trayapp.tracking.entry import EventKind


class BlindWorker(SyncWorker):
    """Repeats without looking: it forgets every doubt before it chooses."""

    def _claim(
        self, writer: QueueWriter, now: datetime, aftermath: Aftermath
    ) -> Request | Broken | Pause | Account:
        writer.run("UPDATE sync_queue SET doubt = 'none', sends = 0")
        return super()._claim(writer, now, aftermath)


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


_PRIORITY = (EventKind.START, EventKind.STOP, EventKind.PAUSE, EventKind.RESUME)


class Prioritising(Relay):
    """Sends starts and stops before pauses and resumes, as the older app did."""

    def plan(self, unit: Unit) -> Write | Nothing:
        pending = sorted(unit.pending, key=lambda event: _PRIORITY.index(event.kind))
        return self.inner.plan(replace(unit, pending=tuple(pending)))
