"""Bringing a record of a Hubnity server to what it should be, one request after the other.

Runs on the sync thread; never raises.
"""

from __future__ import annotations

from collections.abc import Callable

from trayapp.servers.hubnity_answers import in_doubt
from trayapp.servers.hubnity_api import HubnityApi
from trayapp.servers.hubnity_shapes import Record, Shape, Step
from trayapp.sync.found import Shown
from trayapp.sync.outcome import Conflict, Delivered, Outcome

_MOST_STEPS = 4


def bring(
    api: HubnityApi,
    record: Record,
    want: Shape,
    next_step: Callable[[Record], Step | Outcome | None],
    *,
    written: bool = False,
) -> Outcome:
    """Step by step, until there is no next one; `written`: this write has changed it already."""
    for _ in range(_MOST_STEPS):
        step = next_step(record)
        if step is None:
            return Delivered(remote_id=record.id, base=want.to_json())
        changed = step if isinstance(step, Outcome) else api.change(record.id, step)
        if isinstance(changed, Outcome):
            return in_doubt(changed) if written else changed
        record, written = changed, True
    return conflict(record)


def confirmed(record: Record, want: Shape) -> Outcome:
    """Delivered when the record is as it should be."""
    if record.shape != want:
        return conflict(record)
    return Delivered(remote_id=record.id, base=want.to_json())


def conflict(record: Record) -> Conflict:
    """The record is as nobody of us left it."""
    reason = f"Conflict: the server shows {record.shape.words()}"
    return Shown(reason, remote_id=record.id, base=record.shape.to_json(overruled=True))
