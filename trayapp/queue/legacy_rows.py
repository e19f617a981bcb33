"""What the rows of the older app's queue mean: texts without secrets, entries, times. Pure.

A start of that app names no entry. The pause, resume or stop that comes next does, and so tells
which entry the start began.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from enum import Enum

from trayapp import log
from trayapp.light import dataclass
from trayapp.tracking.entry import Event, EventKind, Stamp, TrackerState, from_ms, to_ms
from trayapp.tracking.replay import replay

KINDS = {kind.value: kind for kind in EventKind if not kind.corrects}
SENT = frozenset({"sent", "synced", "done", "completed"})
CANCELLED = "cancelled"

_SECRET_KEY = re.compile(
    r"token|secret|passw|authori[sz]ation|bearer|cookie|api[-_]?key|credential|jwt", re.IGNORECASE
)
_SPACE = uuid.UUID("b5a1c1f4-55f2-4f0e-9a53-6f6a0f0d6c11")
_LEAST_CIPHERTEXT = 28  # a nonce of 12 bytes, a tag of 16
_FIRST_MS = 946_684_800_000  # 2000
_LAST_MS = 4_102_444_800_000  # 2100
_MOST_SECONDS = 100_000_000_000  # as milliseconds that is 1973, when nobody tracked with this app
_MOST_RETRIES = 1_000_000
_REPEAT_MS = 60_000


class Nature(Enum):
    """What can be told of a row."""

    READABLE = "readable"
    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    """Its payload is no JSON object, or its time is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRow:
    """A row of the older queue, without secrets. Empty texts: the row does not say."""

    id: int
    kind: str
    payload: str
    status: str
    retries: int
    created_ms: int
    retried_ms: int | None
    reason: str
    nature: Nature
    entry: str
    user: str
    project: str
    note: str

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing left to send; any status we do not know means that it may be."""
        return self.status in SENT or self.status == CANCELLED

    @property
    def waits(self) -> bool:
        """Whether it is a click that has still to be sent."""
        return self.kind in KINDS and self.nature is Nature.READABLE and not self.is_finished

    @property
    def fingerprint(self) -> str:
        """The same for every copy of this row; also the id of its event."""
        own = (self.id, self.kind, self.created_ms, self.entry, self.user, self.project, self.note)
        return str(uuid.uuid5(_SPACE, json.dumps(own, ensure_ascii=False)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The clicks of one entry in order, those that have arrived included.

    `entry` empty: clicks whose entry nobody can tell, one to a group.
    """

    entry: str
    user: str
    rows: tuple[OldRow, ...]

    @property
    def remote_id(self) -> str | None:
        """The server's name for the entry; None while the older app had a name of its own."""
        try:
            return str(uuid.UUID(self.entry))
        except ValueError:
            return None


def old_row(values: Sequence[object]) -> OldRow | None:
    """A row from its columns (id, kind, payload, status, retries, created, last retry, reason).

    None when it has no id, as damage makes them.
    """
    task, kind, payload, status, retries, created, retried, reason = values
    if not isinstance(task, int):
        return None
    text = payload if isinstance(payload, str) else ""
    fields = _fields(text)
    at_ms = _ms(created)
    return OldRow(
        id=task,
        kind=kind if isinstance(kind, str) else "",
        payload=redact(text),
        status=status if isinstance(status, str) else "",
        retries=min(max(retries, 0), _MOST_RETRIES) if isinstance(retries, int) else 0,
        created_ms=at_ms or 0,
        retried_ms=_ms(retried),
        reason=redact_text(reason) if isinstance(reason, str) else "",
        nature=_nature(text, fields, at_ms),
        entry=_field(fields, "id"),
        user=_field(fields, "userId"),
        project=_field(fields, "projectId"),
        note=_field(fields, "description"),
    )


def redact(payload: str) -> str:
    """A payload without secrets; what is not JSON is left, without anything like a token."""
    try:
        text = json.dumps(_without_secrets(json.loads(payload)), ensure_ascii=False)
    except (ValueError, RecursionError):
        return redact_text(payload)
    return _clean(text)


def redact_text(text: str) -> str:
    """A text without the value of anything that calls itself a secret."""
    return log.redact(text)


def users_of(rows: Iterable[OldRow]) -> tuple[str, ...]:
    """The user ids that rows name, in order."""
    return tuple(dict.fromkeys(row.user for row in rows if row.user))


def grouped(rows: Iterable[OldRow], *, owner: str) -> list[Group]:
    """All that has still to be sent, entry by entry; `owner` for what names no user."""
    entries: dict[str, list[OldRow]] = {}
    strays: list[OldRow] = []
    starts: list[OldRow] = []
    for row in sorted(rows, key=lambda one: one.id):
        if row.kind not in KINDS:
            continue
        if row.nature is not Nature.READABLE:
            # A start that cannot be read may be the one that the next pause means.
            strays, starts = (
                (strays + starts, []) if row.kind == EventKind.START else (strays, starts)
            )
        elif row.entry:
            if row.entry not in entries:
                entries[row.entry], starts = (starts, []) if _fits(starts, row) else ([], starts)
            entries[row.entry].append(row)
        elif row.kind == EventKind.START:
            if not (starts and _repeats(starts[-1], row)):
                strays, starts = strays + starts, []
            starts.append(row)
        else:
            strays.append(row)
    return sorted(_groups(entries, strays + starts, owner), key=lambda group: group.rows[0].id)


def placed(group: Group, known: Sequence[Event]) -> list[tuple[OldRow, Event]]:
    """The clicks of a group as events of its entry, in order.

    `known`: those the log has already. Left out is what would leave the entry running, or has no
    beginning: nobody knows how long that was, and the user has to say.
    """
    if not group.entry:
        return []
    own = {row.fingerprint: row for row in group.rows}
    others = [event for event in known if event.id not in own]
    events = [*others, *_events(group, known)]
    if others:
        events.sort(key=lambda event: event.at)
    cancelled = {name for name, row in own.items() if row.status == CANCELLED}
    # What was cancelled is not to be sent; so it is kept only where the rest is whole without it.
    sent = _finished([event for event in events if event.id not in cancelled])
    every = _finished(events)
    if sent == [event for event in every if event.id not in cancelled]:
        sent = every
    return [(own[event.id], event) for event in sent if event.id in own]


def _finished(events: list[Event]) -> list[Event]:
    """The events up to the one that leaves the entry running; none when no segment is left."""
    entry = replay(events).entry
    if entry is not None and entry.state is TrackerState.RUNNING:
        last = [event.id for event in events].index(entry.segments[-1].id)
        events = events[:last]
        entry = replay(events).entry
    return [] if entry is None else events


def _groups(
    entries: dict[str, list[OldRow]], strays: Iterable[OldRow], owner: str
) -> Iterator[Group]:
    alone = (("", [row]) for row in strays)
    for entry, rows in (*entries.items(), *alone):
        if any(row.waits for row in rows):
            user = next(iter(users_of(rows)), owner)
            yield Group(entry=entry, user=user, rows=tuple(rows))


def _fits(starts: Sequence[OldRow], follower: OldRow) -> bool:
    """Whether these starts began the entry that a click after them names."""
    return bool(starts) and follower.user in {"", starts[-1].user}


def _repeats(before: OldRow, row: OldRow) -> bool:
    """Whether a start is the one before it, clicked again."""
    same = (before.project, before.note, before.user) == (row.project, row.note, row.user)
    return same and row.created_ms - before.created_ms <= _REPEAT_MS


def _events(group: Group, known: Sequence[Event]) -> list[Event]:
    starts = [row for row in group.rows if row.kind == EventKind.START]
    project, note = (known[0].project, known[0].note) if known else ("", "")
    if starts:
        project, note = starts[0].project, starts[0].note
    events: list[Event] = []
    for row in group.rows:
        # That app counted seconds; as with a click here, no time is that of the one before it.
        at_ms = max(row.created_ms, to_ms(events[-1].at) + 1 if events else 0)
        # It kept no zone, and no other clock that its times could be checked by.
        none = timedelta()
        stamp = Stamp(at=from_ms(at_ms), offset=none, zone="UTC", boot_id="", boot=none)
        events.append(
            Event(
                id=row.fingerprint,
                entry_id=group.entry,
                kind=KINDS[row.kind],
                stamp=stamp,
                project=project,
                note=note,
            )
        )
    return events


def _nature(payload: str, fields: dict[str, object] | None, at_ms: int | None) -> Nature:
    if fields is None and _is_ciphertext(payload):
        return Nature.ENCRYPTED
    return Nature.UNREADABLE if fields is None or at_ms is None else Nature.READABLE


def _is_ciphertext(payload: str) -> bool:
    try:
        return len(base64.b64decode(payload.strip(), validate=True)) >= _LEAST_CIPHERTEXT
    except (binascii.Error, ValueError):
        return False


def _ms(value: object) -> int | None:
    """Milliseconds; the older versions counted seconds. None for what is no time of that app."""
    if not isinstance(value, int):
        return None
    at_ms = value if abs(value) >= _MOST_SECONDS else value * 1000
    return at_ms if _FIRST_MS <= at_ms < _LAST_MS else None


def _fields(payload: str) -> dict[str, object] | None:
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _field(fields: dict[str, object] | None, name: str) -> str:
    found = (fields or {}).get(name)
    return _clean(redact_text(found)) if isinstance(found, str) else ""


def _without_secrets(value: object) -> object:
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not _SECRET_KEY.search(str(key))}
        return {key: _without_secrets(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return redact_text(value) if isinstance(value, str) else value


def _clean(text: str) -> str:
    """Half a character, which JSON can name and no database can keep, becomes a question mark."""
    return text.encode(errors="replace").decode()
