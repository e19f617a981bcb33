"""Corrections on a Hubnity server: a record that is known is brought to what its entry should be.

Read, compared field by field with what was there before, and written: what somebody else changed
there stays where nothing was changed here, and is a conflict where both did. Planning is pure; the
rest runs on the sync thread and never raises.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from trayapp.light import dataclass
from trayapp.servers.hubnity_answers import read_only
from trayapp.servers.hubnity_api import HubnityApi
from trayapp.servers.hubnity_imported import is_overruled
from trayapp.servers.hubnity_shapes import (
    Finding,
    Record,
    Shape,
    Step,
    judge,
    next_step,
    wanted_shape,
)
from trayapp.servers.hubnity_steps import bring, conflict
from trayapp.sync.outcome import Absent, Delivered, Ours, Outcome, Removed
from trayapp.sync.server import Known, Nothing, Unit, Write
from trayapp.tracking.entry import TimeEntry

GONE = "gone"
"""The base of a record that was removed from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Texts:
    """What a record is for, in the user's words."""

    project: str
    note: str

    @classmethod
    def of(cls, entry: TimeEntry) -> _Texts:
        return cls(project=entry.project, note=entry.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """Bring a record from `base` to `want`, and its words from `was` to `texts`; or remove it.

    `forced`: whatever its words are by now, the user has seen them.
    """

    remote_id: str
    base: Shape
    want: Shape
    was: _Texts
    texts: _Texts
    removes: bool = False
    forced: bool = False

    @property
    def keeps_times(self) -> bool:
        """Whether it is about words alone."""
        return self.base == self.want

    def to_json(self) -> str:
        """The form kept as the write's body. Raises ValueError when no request can carry it."""
        method = "DELETE" if self.removes else "PATCH"
        text = json.dumps(
            {"method": method, "mending": asdict(self)}, ensure_ascii=False, separators=(",", ":")
        )
        text.encode()  # half a surrogate pair is a ValueError, here and not while sending
        return text


def mending_of(write: Write) -> Mending | Ours | None:
    """The correction a write is; None for any other."""
    if '"mending":' not in write.body:
        return None
    try:
        raw = json.loads(write.body)["mending"]
        return Mending(
            remote_id=str(raw["remote_id"]),
            base=Shape.of(raw["base"]),
            want=Shape.of(raw["want"]),
            was=_Texts(**raw["was"]),
            texts=_Texts(**raw["texts"]),
            removes=bool(raw["removes"]),
            forced=bool(raw["forced"]),
        )
    except (ValueError, LookupError, TypeError) as error:
        return Ours(f"Internal error: the stored request cannot be read: {type(error).__name__}")


def plan_mending(unit: Unit) -> Write | Nothing | None:
    """What pending corrections need; None where the clicks' own way will do."""
    if not any(event.kind.corrects for event in unit.pending):
        return None
    entry, settles = unit.entry, tuple(event.id for event in unit.pending)
    first = entry.segments[0].id
    for name, known in unit.known.items():
        is_there = known.remote_id and not known.removed and known.base != GONE
        if is_there and (name != first or entry.deleted):
            # What was brought back is another record.
            return _write(_removal(unit, known), settles, name, more=not entry.deleted)
    known = unit.known.get(first, Known())
    if entry.deleted or known.removed:
        return Nothing(settles=settles)
    before = unit.before
    if known.remote_id is None or known.base is None or before is None:
        return None
    mending = _change(unit, before, known.remote_id, known.base)
    is_so = mending.keeps_times and mending.texts == mending.was
    return Nothing(settles=settles) if is_so else _write(mending, settles, first)


def _removal(unit: Unit, known: Known) -> Mending:
    shape, texts = wanted_shape(unit.entry, ()), _Texts.of(unit.entry)
    remote_id = known.remote_id or ""
    return Mending(
        remote_id=remote_id, base=shape, want=shape, was=texts, texts=texts, removes=True
    )


def _change(unit: Unit, before: TimeEntry, remote_id: str, base: str) -> Mending:
    entry, shape = unit.entry, Shape.from_json(base)
    keeps = (before.segments, before.state) == (entry.segments, entry.state)
    return Mending(
        remote_id=remote_id,
        base=shape,
        want=shape if keeps else wanted_shape(entry, unit.pending),
        was=_Texts.of(before),
        texts=_Texts.of(entry),
        forced=is_overruled(base),
    )


def _write(
    mending: Mending, settles: tuple[str, ...], segment_id: str, *, more: bool = False
) -> Write:
    return Write(
        body=mending.to_json(), settles=settles, segment_id=segment_id, repeatable=True, more=more
    )


class Mender:
    """Makes corrections on one server."""

    def __init__(self, api: HubnityApi) -> None:
        self._api = api

    def send(self, mending: Mending) -> Outcome:
        """Make it so: Delivered when the answer shows it."""
        if mending.removes:
            return _removed(self._api.remove(mending.remote_id), mending)
        record = self._api.entry(mending.remote_id)
        if isinstance(record, Outcome):
            return record
        if _found(record, mending, in_doubt=False) is Finding.OTHER:
            return conflict(record)
        return self._bring(record, mending)

    def look(self, mending: Mending) -> Outcome:
        """Has it arrived? What is half way there is finished."""
        record = self._api.entry(mending.remote_id)
        if mending.removes:
            return Absent() if isinstance(record, Record) else _removed(record, mending)
        if isinstance(record, Outcome):
            return record
        found = _found(record, mending, in_doubt=True)
        if found is Finding.UNTOUCHED:
            return Absent()
        is_other = found is Finding.OTHER
        return conflict(record) if is_other else read_only(self._bring(record, mending))

    def _bring(self, record: Record, mending: Mending) -> Outcome:
        return bring(self._api, record, mending.want, lambda shown: self._next_step(shown, mending))

    def _next_step(self, record: Record, mending: Mending) -> Step | Outcome | None:
        step = None if mending.keeps_times else next_step(record.shape, mending.want)
        if step is not None and step.verb:
            return step
        fields = dict(step.fields) if step else {}
        if mending.texts.note not in {mending.was.note, record.note}:
            fields["description"] = mending.texts.note
        project = mending.texts.project
        if project != mending.was.project and not record.is_of_project(project):
            project_id = self._api.project_id(project)
            if isinstance(project_id, Outcome):
                return project_id
            fields["projectId"] = project_id or None
        return Step(fields=fields) if fields else None


def _found(record: Record, mending: Mending, *, in_doubt: bool) -> Finding:
    """What the record is, by all that is to be changed of it."""
    was, texts, found = mending.was, mending.texts, set[Finding]()
    if not mending.keeps_times:
        found.add(judge(record, mending.base, mending.want, in_doubt=in_doubt))
    if texts.note != was.note:
        found.add(_of_text(record.note == texts.note, record.note == was.note, mending))
    if texts.project != was.project:
        is_ours, is_old = map(record.is_of_project, (texts.project, was.project))
        found.add(_of_text(is_ours, is_old, mending))
    if Finding.OTHER in found:
        return Finding.OTHER
    return found.pop() if len(found) == 1 else Finding.ON_THE_WAY


def _of_text(is_ours: bool, is_old: bool, mending: Mending) -> Finding:  # noqa: FBT001  # two answers
    if is_ours:
        return Finding.ARRIVED
    return Finding.UNTOUCHED if is_old or mending.forced else Finding.OTHER


def _removed(answer: Outcome | None, mending: Mending) -> Outcome:
    """What became of a record that is to go; gone already is as good."""
    if answer is None or isinstance(answer, Removed):
        return Delivered(remote_id=mending.remote_id, base=GONE)
    return answer
