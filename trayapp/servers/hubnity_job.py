"""Job: what one write to a Hubnity server is to reach, as it is kept before a byte leaves. Pure."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import asdict

from trayapp.light import dataclass
from trayapp.servers.hubnity_shapes import (
    Finding,
    Record,
    Shape,
    Status,
    is_near,
    judge,
)
from trayapp.servers.hubnity_stages import Stage, is_imported, marks_of, stages_of
from trayapp.sync.server import Unit
from trayapp.tracking.entry import TimeEntry, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Bring an entry's record to `want`; a record the server has is `remote_id`, once as `base`.

    Most others are for a record it has not: what is in it, the `key` it is batched under, all
    `begins` it may show, and `taken`, the records that are not it. `unsure`: some record there may
    be ours without our knowing. `stages`: what it may look like when another program made it, so
    that it must not be changed before it is known; with `remote_id` once that is known without
    what it was like.
    """

    remote_id: str
    base: Shape | None
    want: Shape
    project: str = ""
    note: str = ""
    key: str = ""
    begins: tuple[int, ...] = ()
    taken: tuple[str, ...] = ()
    unsure: bool = False
    stages: tuple[Stage, ...] = ()

    def to_json(self) -> str:
        """The form kept as the write's body. Raises ValueError when no request can carry it."""
        method = "PATCH" if self.remote_id else "POST"
        text = json.dumps(
            {"method": method, **asdict(self)}, ensure_ascii=False, separators=(",", ":")
        )
        text.encode()  # half a surrogate pair is a ValueError, here and not while sending
        return text

    @classmethod
    def from_json(cls, text: str) -> Job:
        """What `to_json` wrote. Raises ValueError, TypeError or LookupError."""
        raw = json.loads(text)
        base = raw["base"]
        return cls(
            remote_id=str(raw["remote_id"]),
            base=None if base is None else Shape.of(base),
            want=Shape.of(raw["want"]),
            project=str(raw["project"]),
            note=str(raw["note"]),
            key=str(raw["key"]),
            begins=tuple(int(ms) for ms in raw["begins"]),
            taken=tuple(map(str, raw["taken"])),
            unsure=bool(raw.get("unsure", True)),
            stages=tuple(map(Stage.of, raw.get("stages", ()))),
        )

    def is_like(self, record: Record) -> bool:
        """Whether the record begins when this entry does, for the same; or has our very key."""
        if record.key:
            return record.key == self.key
        is_same = record.note == self.note and record.is_of_project(self.project)
        return is_same and self._begins_at(record.shape.start_ms)

    def _begins_at(self, start_ms: int) -> bool:
        if self.stages:
            return any(is_near(start_ms, begin) for begin in self.begins)
        return start_ms in self.begins

    def is_begun_as(self, record: Record) -> bool:
        """Whether nobody but us and the server's clock has written to what a create makes."""
        if record.key:
            return False  # what is batched is whole at once
        start_ms = record.shape.start_ms
        made = (
            Shape(status=status, start_ms=start_ms) for status in (Status.RUNNING, Status.PAUSED)
        )
        return any(
            judge(record, base, self.want, in_doubt=True) is not Finding.OTHER for base in made
        )


def job_of(unit: Unit, remote_id: str, base: Shape | None, want: Shape) -> Job:
    """What there is to do for a unit."""
    entry = unit.entry
    if base is not None:
        return Job(remote_id=remote_id, base=base, want=want)
    others = {known.remote_id for known in unit.known.values() if known.remote_id}
    taken = (unit.taken | others) - {remote_id}
    is_strange = bool(remote_id) or is_imported(unit)
    return Job(
        remote_id=remote_id,
        base=None,
        want=want,
        project=entry.project,
        note=entry.note,
        key=_key_of(entry.id),
        begins=marks_of(entry) if is_strange else _begins_of(entry),
        taken=tuple(sorted(taken)),
        unsure=unit.unsure,
        stages=stages_of(unit) if is_strange else (),
    )


def _begins_of(entry: TimeEntry) -> tuple[int, ...]:
    return tuple(to_ms(segment.began_at) for segment in entry.segments)


def _key_of(entry_id: str) -> str:
    """A UUID of version 4, the only one the server takes, and the same each time."""
    digest = hashlib.sha256(f"trayapp hubnity {entry_id}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
