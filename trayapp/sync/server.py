"""TimeServer: all that the worker asks of any server.

The worker asks for a plan (pure), commits it, sends it, and settles the events it names. One
`Write` is one request that changes something there. Absolute times always: an event counts as
delivered only when the server's answer shows our times.

Threads: `plan` runs inside the queue's lock and must neither block nor do I/O. `send`, `look`,
`check` and `catalog` run on the sync thread without a lock, may take up to a minute, and never
raise: whatever happens comes back as an `Outcome`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from typing import Protocol

from trayapp.light import dataclass
from trayapp.queue.task import Known
from trayapp.sync.outcome import Outcome
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.entry import Event, TimeEntry
from trayapp.tracking.replay import replay

_AS_JSON = json.JSONEncoder(ensure_ascii=False).encode

__all__ = ["Capabilities", "Known", "Nothing", "TimeServer", "Unit", "Write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What differs between servers and matters to the worker."""

    one_active: bool = False
    """The server refuses a second active entry: finished entries go first, the running one last.

    Another entry that runs there may be ended for one that is to run only when it is the same
    user's, surely none of ours, and began before ours, and then it ends where ours begins:
    `Delivered.closed_other` tells it. Else it is left alone, and ours is Blocked.
    """
    resolution: timedelta = timedelta(milliseconds=1)
    """The grain of its times."""
    batch: int = 1
    """How many writes one request may carry: of finished entries it was never sent anything of."""
    keeps_events: bool = False
    """It keeps what was clicked. Entries that run, or that it knows, go along as well, and `batch`
    is how many events one request may carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One entry's pending events in order, the entry as it should be after them, what is known.

    `entry` is the replay of all its events up to the last of `pending`, `before` that of the
    `earlier` ones: what differs was changed here, all else is the server's. `known` maps segment
    ids to what the server confirmed. `taken` holds remote ids that belong to other segments, those
    begun within a day of this entry or with something still to send: a look must not adopt those,
    nor may they be ended for this one. Of what left and may be there it holds our own ids, for
    servers that take them. `unsure`: something of ours is in doubt, or may be there, so what runs
    there may be ours although nothing tells so.
    """

    entry: TimeEntry
    pending: tuple[Event, ...]
    known: Mapping[str, Known] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    unsure: bool = False
    earlier: tuple[Event, ...] = ()

    @property
    def before(self) -> TimeEntry | None:
        """The entry without what is pending; None where that began it."""
        return replay(self.earlier).entry  # when it is asked for: most plans do without


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One request that changes something on the server, committed before its first byte leaves.

    `body` is what goes out (the adapter's own form, enough to send it again and to look for it).
    `settles` names the events delivered once the answer shows them, `segment_id` the segment whose
    remote id and base the answer gives. `repeatable`: sending it twice has the effect of once.
    `more`: it is one step of several, and its events wait for the last of them, that of another
    segment each; the next plan tells what is left.

    With `parts` it is one request for several writes, of as many entries, each planned for itself
    and kept by itself; the worker makes such ones only where the server takes batches.
    """

    body: str
    settles: tuple[str, ...]
    segment_id: str
    repeatable: bool
    parts: tuple[Write, ...] = ()
    more: bool = False

    @classmethod
    def together(cls, parts: tuple[Write, ...]) -> Write:
        """One request for all of these."""
        settles = tuple(event_id for part in parts for event_id in part.settles)
        return cls(body="", settles=settles, segment_id="", repeatable=False, parts=parts)

    def to_json(self) -> str:
        """The form kept in the database's `wire_body`; of several each keeps its own."""
        kept = {
            "body": self.body,
            "settles": self.settles,
            "segment_id": self.segment_id,
            "repeatable": self.repeatable,
            "more": self.more,
        }
        return _AS_JSON(kept)

    @classmethod
    def from_json(cls, text: str) -> Write:
        """What `to_json` wrote."""
        raw = json.loads(text)
        return cls(
            body=raw["body"],
            settles=tuple(raw["settles"]),
            segment_id=raw["segment_id"],
            repeatable=raw["repeatable"],
            more=raw.get("more", False),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """These events need no request: the server shows them already, or has no place for them."""

    settles: tuple[str, ...]


class TimeServer(Protocol):
    """A server that time is delivered to."""

    @property
    def capabilities(self) -> Capabilities:
        """What this server can and cannot do, as far as it is known by now."""
        ...

    def plan(self, unit: Unit) -> Write | Nothing:
        """The next step that brings the server nearer to `unit.entry`; names at least one event.

        A deleted entry is to be removed there, and with it every segment that is known and not
        the entry's any more.

        Raises ValueError when no request can be built from the unit.
        """
        ...

    def send(self, write: Write) -> Outcome:
        """Make the request: Delivered when the answer shows what `write` wants.

        For a write with parts the answer is Several, in their order: a batch that is refused is
        taken apart here until the refused one is alone, and after trouble the rest is Unasked.
        Any other outcome is about the request as a whole: Doubtful is so for every part, all else
        befell the first and left the others Unasked. Each part is looked for by itself.
        """
        ...

    def look(self, unit: Unit, write: Write) -> Outcome:
        """Has `write` arrived? Delivered, Absent, Conflict, Removed, or why it cannot be told."""
        ...

    def twins(self, unit: Unit, segment_id: str) -> tuple[str, ...] | Outcome:
        """Remote ids of records that look like this segment and belong to nobody of ours.

        Possible doubles; always empty where the server takes our ids. An outcome: cannot be told.
        """
        ...

    def check(self) -> Outcome:
        """Ask only who we are there: Delivered when address and credentials are good."""
        ...

    def catalog(self) -> Catalog | Outcome:
        """The projects time is taken for; the empty catalog where any name, and none, will do."""
        ...

    def close(self) -> None:
        """Give up connections; may be called from any thread, more than once."""
        ...
