"""Between rows and values: what the database keeps as integers and text, as the types we use."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from trayapp.queue.task import Account, Doubt, Gate, GateKind, SyncTask, TaskStatus
from trayapp.tracking.catalog import Catalog, Project
from trayapp.tracking.entry import (
    Edited,
    Event,
    EventKind,
    Segment,
    Stamp,
    TrackerState,
    from_ms,
    to_ms,
)

_AS_JSON = json.JSONEncoder(ensure_ascii=False).encode

NEWEST_ENTRY = (
    "SELECT * FROM event WHERE entry = (SELECT entry FROM event AS begun"
    "   WHERE seq > 0 AND kind = 'time_entry_start' AND 'time_entry_delete' <>"
    "     (SELECT kind FROM event WHERE entry = begun.entry ORDER BY seq DESC LIMIT 1)"
    "   ORDER BY seq DESC LIMIT 1) ORDER BY seq"
)
"""Nothing but an edit may follow a deletion, so the last event tells whether an entry is there."""

BROUGHT = "brought"
"""Key of `meta`: a number that grows when the log does so elsewhere than at its end."""


def marks(values: Sequence[object]) -> str:
    """A place in a statement for each of a few values; of many, `json_each` makes a table."""
    return ", ".join("?" * len(values))


def ms(at: datetime | None) -> int | None:
    """Milliseconds, None for None."""
    return None if at is None else to_ms(at)


def moment(value: int | None) -> datetime | None:
    """The time a column holds, None for NULL."""
    return None if value is None else from_ms(value)


def event_of(row: sqlite3.Row) -> Event:
    """An event from a row of `event`."""
    stamp = Stamp(
        at=from_ms(row["at_ms"]),
        offset=timedelta(minutes=row["offset_minutes"]),
        zone=row["zone"],
        boot_id=row["boot_id"],
        boot=timedelta(milliseconds=row["boot_ms"]),
    )
    return Event(
        id=row["id"],
        entry_id=row["entry"],
        kind=EventKind(row["kind"]),
        stamp=stamp,
        project=row["project"],
        note=row["note"],
        edited=edited_of(row["detail"]) if row["detail"] else None,
    )


def edited_of(detail: str) -> Edited | None:
    """What `detail` keeps of an edit; None when it is damaged."""
    try:
        kept = json.loads(detail)
        segments = tuple(
            Segment(id=str(one["id"]), began_at=from_ms(one["began_ms"]), ended_at=_end_of(one))
            for one in kept["segments"]
        )
        edited = Edited(segments, TrackerState(kept["state"]))
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return None
    return edited if edited.is_sound else None


def _end_of(kept: dict[str, int | None]) -> datetime | None:
    return moment(kept["ended_ms"])


def detail_of(event: Event) -> str:
    """What is kept of an edit beside its words; empty for any other event."""
    return "" if event.edited is None else _detail(event.edited)


def detail_shown(payload: str) -> str:
    """The same, from what `payload_of` shows of an edit; empty for any other."""
    try:
        shown = json.loads(payload)
        segments = tuple(
            Segment(
                id=str(one["id"]),
                began_at=_at(one["begin"]),
                ended_at=one["end"] and _at(one["end"]),
            )
            for one in shown["segments"]
        )
        return _detail(Edited(segments, TrackerState(shown["state"])))
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return ""


def _detail(edited: Edited) -> str:
    segments = [
        {"id": one.id, "began_ms": to_ms(one.began_at), "ended_ms": ms(one.ended_at)}
        for one in edited.segments
    ]
    return json.dumps({"state": edited.state.value, "segments": segments})


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def event_values(event: Event) -> tuple[str | int, ...]:
    """What is kept of an event, in the order of the columns behind `account`."""
    stamp = event.stamp
    return (
        event.id,
        event.entry_id,
        event.kind.value,
        to_ms(stamp.at),
        stamp.offset // timedelta(minutes=1),
        stamp.zone,
        stamp.boot_id,
        stamp.boot // timedelta(milliseconds=1),
        event.project,
        event.note,
        detail_of(event),
    )


def payload_of(event: Event) -> str:
    """What a window or `failed --json` shows of an event; there is no secret in it to leave out.

    Of an edit: the entry as it should be.
    """
    shown: dict[str, object] = {
        "event": event.id,
        "entry": event.entry_id,
        "at": _iso(event.at),
        "project": event.project,
        "note": event.note,
    }
    if event.edited is not None:
        shown["state"] = event.edited.state.value
        shown["segments"] = [
            {
                "id": one.id,
                "begin": _iso(one.began_at),
                "end": None if one.ended_at is None else _iso(one.ended_at),
            }
            for one in event.edited.segments
        ]
    return _AS_JSON(shown)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def task_of(row: sqlite3.Row) -> SyncTask:
    """A task from a row of `sync_queue`."""
    return SyncTask(
        id=row["id"],
        account_id=row["account"],
        kind=row["entity_type"],
        entry_id=row["entry"],
        event_id=row["event"],
        payload=row["payload"],
        status=TaskStatus(row["status"]),
        retry_count=row["retry_count"],
        created_at=from_ms(row["created_at"]),
        last_retry_at=moment(row["last_retry_at"]),
        due_at=moment(row["due_ms"] or None),
        reason=row["error_message"],
        cause=row["cause"],
        doubt=Doubt(row["doubt"]),
        wire_body=row["wire_body"],
        sends=row["sends"],
        left_at=moment(row["sent_at"]),
        looks=row["looks"],
        on_trial=row["trial"] == 1,
    )


def account_of(row: sqlite3.Row) -> Account:
    """An account from a row of `account`."""
    return Account(
        id=row["id"],
        kind=row["kind"],
        url=row["url"],
        user=row["user"],
        last_delivery_at=moment(row["last_delivery_ms"]),
    )


def catalog_of(account: sqlite3.Row, projects: Sequence[sqlite3.Row]) -> Catalog:
    """The catalog of an account, by name; from its row and those of its projects."""
    found = [Project(id=row["remote_id"], name=row["name"]) for row in projects]
    return Catalog(
        projects=tuple(sorted(found, key=lambda project: project.name.casefold())),
        binds=bool(account["projects_bind"]),
        needed=bool(account["project_needed"]),
    )


def gate_of(row: sqlite3.Row) -> Gate | None:
    """The gate in a row of `account`; None when it is open."""
    if row["gate"] is None:
        return None
    return Gate(
        kind=GateKind(row["gate"]),
        reason=row["gate_reason"],
        since=from_ms(row["gate_since_ms"]),
        due_at=moment(row["gate_due_ms"]),
        tries=row["gate_tries"],
        task_id=row["gate_task"],
        seeks_other=bool(row["gate_seeks_other"]),
        by_server=bool(row["gate_by_server"]),
    )


def gate_values(gate: Gate | None) -> tuple[str | int | None, ...]:
    """What is kept of a gate, in the order of the columns; all NULL when it is open."""
    if gate is None:
        return (None,) * 8
    return (
        gate.kind.value,
        gate.reason,
        to_ms(gate.since),
        ms(gate.due_at),
        gate.tries,
        gate.task_id,
        int(gate.seeks_other),
        int(gate.by_server),
    )
