"""Timekeeping: stored waits follow when the wall clock is set, and so does what servers say of it.

Runs inside the queue's lock, before anything else of a transaction looks at a stored time. Within
a boot a wait lasts as long as the boot clock says, whatever becomes of the wall clock. Of the time
between two boots only this is known: that it was not negative.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from trayapp.queue.clock_meta import Anchor, Skew
from trayapp.queue.store import QueueWriter
from trayapp.sync.skew import NOTICED, is_wrong
from trayapp.sync.waiting import moved
from trayapp.tracking.entry import MILLISECOND, Stamp
from trayapp.tracking.replay import CLOCK_TOLERANCE

_NONE = timedelta()


def keep_time(writer: QueueWriter, stamp: Stamp) -> Anchor:
    """Have the stored waits go by the clock as it is now; what they are measured by from now on."""
    before = writer.clock.anchor()
    step = before.step_to(stamp) if before else None
    if before is not None and step is not None and abs(step) <= CLOCK_TOLERANCE:
        return before
    if step is None:
        writer.clock.set_skew(None)  # whatever was wrong, another boot may have another clock
        step = _set_back_at_least(writer, stamp.at)
    _move(writer, step)
    now = Anchor.of(stamp)
    writer.clock.set_anchor(now)
    return now


def note_skew(writer: QueueWriter, account_id: int, skew: timedelta) -> None:
    """Remember how far our clock is ahead of this account's server, when that is news."""
    known = writer.clock.skew()
    if not is_wrong(skew):
        if known is not None:
            writer.clock.set_skew(None)
        return
    is_same = known is not None and known.account_id == account_id
    if known is None or not is_same or abs(skew - known.ms * MILLISECOND) >= NOTICED:
        writer.clock.set_skew(Skew(account_id, skew // MILLISECOND))


def _set_back_at_least(writer: QueueWriter, now: datetime) -> timedelta:
    newest = writer.clock.newest_wait()
    return _NONE if newest is None else min(_NONE, now - newest)


def _move(writer: QueueWriter, step: timedelta) -> None:
    if step == _NONE:
        return
    writer.clock.move(step)
    for account_id in writer.clock.held_accounts():
        gate = writer.accounts.gate(account_id)
        writer.accounts.set_gate(account_id, gate and moved(gate, step))
    known = writer.clock.skew()
    if known is not None:
        skew = known.ms * MILLISECOND + step
        right = Skew(known.account_id, skew // MILLISECOND) if is_wrong(skew) else None
        writer.clock.set_skew(right)
