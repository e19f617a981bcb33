"""What a server was found to hold, where that is more than a yes or a no. Pure.

    Delivered ── Begun    only the first of the write's events are there
    Conflict ─── Shown    neither ours nor what it last confirmed, and what it is

Settled as what they derive from; the rest is written down beside it, see `settlement`.
"""

from __future__ import annotations

import json
from typing import Self

from trayapp.light import dataclass
from trayapp.sync.outcome import Conflict, Delivered, Outcome


@dataclass(frozen=True, slots=True)
class Begun(Delivered):
    """The server's record is as these first events of the write leave it, maybe none of them.

    Nothing was changed there. `base` is that record, and the rest is to be sent as its correction.
    """

    settles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown(Conflict):
    """A conflict that tells which record it is about, so that the user's answer can be carried out.

    `base` is the record in the adapter's own form: as the base of the segment it means that the
    user knows it and has it overruled.
    """

    remote_id: str = ""
    base: str = ""
    segment_id: str = ""

    def to_json(self) -> str:
        """The form kept with the failed task."""
        kept = {"remote_id": self.remote_id, "base": self.base, "segment_id": self.segment_id}
        return json.dumps({"shown": kept}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self | None:
        """What `to_json` wrote; None for anything else."""
        try:
            kept = json.loads(text)["shown"]
            values = [kept[name] for name in ("remote_id", "base", "segment_id")]
        except (ValueError, LookupError, TypeError):
            return None
        if not all(isinstance(value, str) and value for value in values):
            return None
        return cls(remote_id=values[0], base=values[1], segment_id=values[2])


def plain(outcome: Outcome) -> Outcome:
    """The outcome as the policy knows it."""
    if isinstance(outcome, Begun):
        return Delivered(
            remote_id=outcome.remote_id, base=outcome.base, closed_other=outcome.closed_other
        )
    return Conflict(outcome.reason) if isinstance(outcome, Shown) else outcome
