"""What the status needs to know of the clock: read beside the writer, and light to load."""

from __future__ import annotations

from datetime import timedelta

from trayapp.queue.clock_meta import ANCHOR, SKEW, anchor_of, skew_of
from trayapp.queue.reader import QueueReader
from trayapp.tracking.entry import MILLISECOND, Stamp
from trayapp.tracking.replay import CLOCK_TOLERANCE


def step_since(reader: QueueReader, stamp: Stamp | None) -> timedelta | None:
    """By how much the clock was set since the waits were looked at; None: nobody knows."""
    anchor = anchor_of(reader.kept(ANCHOR))
    step = anchor.step_to(stamp) if anchor and stamp else None
    return timedelta() if step is not None and abs(step) <= CLOCK_TOLERANCE else step


def skew_now(reader: QueueReader, account_id: int, step: timedelta | None) -> timedelta | None:
    """How far our clock is ahead of the server's after such a step; None: not known to be wrong."""
    known = skew_of(reader.kept(SKEW))
    if known is None or step is None or known.account_id != account_id:
        return None
    from trayapp.sync.skew import is_wrong  # noqa: PLC0415  # only who has a server knows of one

    skew = known.ms * MILLISECOND + step
    return skew if is_wrong(skew) else None
