"""Records of a TimeTagger server: made of segments, read, compared and merged. Pure.

A record's times are whole seconds; it runs as long as its end equals its begin.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace

from trayapp.light import dataclass
from trayapp.queue.task import Known
from trayapp.sync.server import Unit
from trayapp.tracking.entry import Event, Segment, from_ms, to_ms

MOST_CHARACTERS = 255
HIDDEN = "HIDDEN"
"""How the text of a record begins that was removed: the server itself knows no removal."""

_FAR_FUTURE = 10**11
_DAY_SECONDS = 24 * 3600
_UUID_CHARACTERS = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as the server has it: begin, end, last change, text, and when it was stored."""

    key: str
    t1: int
    t2: int
    mt: int
    ds: str = ""
    st: float = 0.0

    @property
    def end(self) -> int | None:
        """None while it runs."""
        return None if self.t1 == self.t2 else self.t2

    @property
    def is_hidden(self) -> bool:
        """Whether the user removed it."""
        return self.ds.startswith(HIDDEN)

    def hidden(self, *, at: int) -> Record:
        """The record as it is removed, at a time in seconds: nothing of it runs on."""
        end = max(at, self.t1 + 1) if self.end is None else self.t2
        mt = max(at, self.mt + 1)
        return replace(self, t2=end, mt=mt, ds=f"{HIDDEN} {self.ds}"[:MOST_CHARACTERS])

    def shows(self, other: Record) -> bool:
        """Whether both say the same to the user."""
        return (self.t1, self.t2, self.ds) == (other.t1, other.t2, other.ds)

    def words(self) -> str:
        """Its times, to be read by people."""
        return f"{time_text(self.t1)} to {'now' if self.end is None else time_text(self.end)}"

    def to_json(self) -> str:
        """The form kept as what the server confirmed."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


def record_of(value: object) -> Record | None:
    """A record from the server's JSON; None when it is none."""
    if not isinstance(value, dict):
        return None
    key, ds = value.get("key"), value.get("ds", "")
    t1, t2, mt = (_whole(value.get(name)) for name in ("t1", "t2", "mt"))
    if not isinstance(key, str) or not isinstance(ds, str):
        return None
    if t1 is None or t2 is None or mt is None:
        return None
    return Record(key=key, t1=t1, t2=t2, mt=mt, ds=ds, st=_server_time(value.get("st")))


def stored_record(text: str) -> Record:
    """What `to_json` wrote. Raises ValueError."""
    record = record_of(json.loads(text))
    if record is None:
        msg = "no record"
        raise ValueError(msg)
    return record


def time_text(seconds: int) -> str:
    """`2026-01-08T09:00:00Z`, or the number where no calendar reaches."""
    try:
        return from_ms(seconds * 1000).replace(tzinfo=None).isoformat() + "Z"
    except OverflowError:
        return str(seconds)


def description(project: str, note: str) -> str:
    """`note #project`, cut to what the server takes; the tag stays whole where there is room."""
    name = "_".join(project.lstrip("# ").split())
    tag = f"#{name}" if name else ""
    if (note or tag).startswith(HIDDEN):
        note = f"– {note}"  # else the server would take it for a removed one
    text = f"{note} {tag}" if note and tag else note or tag
    if len(text) <= MOST_CHARACTERS:
        return text
    room = MOST_CHARACTERS - len(tag) - len("… ")
    if tag and room > 0:
        return f"{note[:room]}… {tag}"
    return text[: MOST_CHARACTERS - 1] + "…"


def segment_of(unit: Unit, event: Event) -> Segment | None:
    """The segment the event opens or closes; None for a step that changes no segment."""
    for segment in unit.entry.segments:
        if event.kind.opens:
            if segment.id == event.id:
                return segment
        elif segment.ended_at == max(event.at, segment.began_at):
            return segment
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Bring the server to `want`; `base` is what it confirmed last, None for a record it has not.

    `taken` are keys of ours that a running record must not be told to be a stranger by.
    """

    want: Record
    base: Record | None = None
    taken: tuple[str, ...] = ()

    @property
    def since(self) -> int:
        """A server time after which the record was stored, if it ever was."""
        return self.want.t1 - _DAY_SECONDS if self.base is None else int(self.base.st) - 1

    @property
    def hides(self) -> bool:
        """Whether the record is to be removed."""
        return self.want.is_hidden

    def to_json(self) -> str:
        """The form kept as the write's body. Raises ValueError when no request can carry it."""
        method = "PUT" if self.base is None else "PATCH"  # a PATCH is read and merged, then put
        text = json.dumps(
            {"method": method, **asdict(self)}, ensure_ascii=False, separators=(",", ":")
        )
        text.encode()  # half a surrogate pair is a ValueError, here and not while sending
        return text

    @classmethod
    def from_json(cls, text: str) -> Job:
        """What `to_json` wrote. Raises ValueError, TypeError or LookupError."""
        raw = json.loads(text)
        want, base = record_of(raw["want"]), record_of(raw["base"])
        if want is None or (base is None) != (raw["base"] is None):
            msg = "no record"
            raise ValueError(msg)
        return cls(want=want, base=base, taken=tuple(map(str, raw["taken"])))

    def merged(self, theirs: Record) -> Record | None:
        """The server's record with our changes; None where both sides changed the same."""
        if self.hides or (self.base is None and theirs.shows(self.want)):
            is_right = theirs.is_hidden or not self.hides
            return theirs if is_right else theirs.hidden(at=self.want.mt)
        want, base = self.want, self.base or self._begun(theirs)
        if base is None:
            return None
        ours: tuple[tuple[object, object, object], ...] = (
            (base.t1, want.t1, theirs.t1),
            (base.end, want.end, theirs.end),
            (base.ds, want.ds, theirs.ds),
        )
        if any(was != now and there not in {was, now} for was, now, there in ours):
            return None
        t1 = theirs.t1 if want.t1 == base.t1 else want.t1
        end = theirs.end if want.end == base.end else want.end
        if end is not None and end <= t1:
            return None  # the begin was moved behind our end
        ds = theirs.ds if want.ds == base.ds else want.ds
        mt = max(want.mt, theirs.mt + 1)
        return replace(theirs, t1=t1, t2=t1 if end is None else end, mt=mt, ds=ds)

    def _begun(self, theirs: Record) -> Record | None:
        """Its start, where that arrived and we were told otherwise."""
        could_be = self.want.end is not None and theirs.end is None
        return replace(self.want, t2=self.want.t1) if could_be else None

    def strangers(self, records: Iterable[Record]) -> list[Record]:
        """Somebody's running records that end where ours begins, if ours runs."""
        if self.want.end is not None or self.base is not None:
            return []
        running = (one for one in records if one.end is None and not one.is_hidden)
        earlier = (one for one in running if 0 <= one.t1 < self.want.t1)
        return [one for one in earlier if not self._may_be_ours(one)]

    def _may_be_ours(self, record: Record) -> bool:
        if record.key == self.want.key or record.key in self.taken:
            return True
        # Of our own only those of the last day are named to us; our keys are UUIDs.
        is_old = record.t1 <= self.want.t1 - _DAY_SECONDS
        return is_old and len(record.key) == _UUID_CHARACTERS


def job_of(unit: Unit, segment: Segment, events: Iterable[Event]) -> Job | None:
    """What there is to do for a segment; None: nothing. Raises ValueError.

    `mt` is the time of the newest of `events`, so that what arrives late loses against what was
    changed there since.
    """
    known = unit.known.get(segment.id, Known())
    want = _wanted(unit, segment, events)
    if known.remote_id is None:
        return Job(want=want, taken=_ours(unit) if want.end is None else ())
    base = stored_record(known.base or "")
    # What was changed there and not here is in the base, and stays.
    want = _changed_here(unit, segment, want, base)
    return None if want.shows(base) else Job(want=want, base=base)


def hiding_jobs(unit: Unit, events: Sequence[Event]) -> Iterator[tuple[str, Job]]:
    """What there is to do for segments that are the entry's no more, by their ids."""
    kept = set() if unit.entry.deleted else {segment.id for segment in unit.entry.segments}
    for name, known in unit.known.items():
        if known.remote_id is None or known.removed or name in kept:
            continue
        base = stored_record(known.base or "")
        if not base.is_hidden:
            yield name, Job(want=base.hidden(at=_newest(base.t1, events)), base=base)


def _wanted(unit: Unit, segment: Segment, events: Iterable[Event]) -> Record:
    t1 = to_ms(segment.began_at) // 1000
    t2 = t1 if segment.ended_at is None else max(to_ms(segment.ended_at) // 1000, t1 + 1)
    ds = description(unit.entry.project, unit.entry.note)
    return Record(key=segment.id, t1=t1, t2=t2, mt=_newest(t1, events), ds=ds)


def _newest(t1: int, events: Iterable[Event]) -> int:
    return max([t1, *(to_ms(event.at) // 1000 for event in events)])


def _changed_here(unit: Unit, segment: Segment, want: Record, base: Record) -> Record:
    """The base with what the pending events change; all else is as the server has it."""
    was = _was(unit, segment, want, base)
    t1 = base.t1 if want.t1 == was.t1 else want.t1
    end = base.end if want.end == was.end else want.end
    ds = base.ds if want.ds == was.ds else want.ds
    t2 = t1 if end is None else max(end, t1 + 1)
    return replace(base, t1=t1, t2=t2, mt=want.mt, ds=ds)


def _was(unit: Unit, segment: Segment, want: Record, base: Record) -> Record:
    """The record as it would be without the pending events."""
    before = unit.before
    if before is not None:
        for one in before.segments:
            if one.id == segment.id:
                return _wanted(replace(unit, entry=before), one, ())
    if any(event.kind.corrects for event in unit.pending):
        return base  # made by an earlier step of the same correction
    return replace(want, t2=want.t1)  # clicks alone change nothing but an end


def _ours(unit: Unit) -> tuple[str, ...]:
    known = {one.remote_id for one in unit.known.values() if one.remote_id}
    return tuple(sorted(unit.taken | known))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _server_time(value: object) -> float:
    if isinstance(value, (int, float)) and 0 <= value < _FAR_FUTURE:
        return float(value)
    return 0.0
