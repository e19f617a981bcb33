"""What a row of each table of ours looks like: how one is told among the bytes of a damaged file.

A value that cannot be right becomes its column's default; a row without what makes it one is
none. Pure but for asking the new database about its tables.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable

from trayapp.light import dataclass
from trayapp.queue.pages import Cell
from trayapp.queue.records import Value
from trayapp.queue.salvaged import TABLES
from trayapp.queue.task import Doubt, GateKind, TaskStatus
from trayapp.tracking.entry import EventKind

_WITH_ROWID = {"account", "event", "sync_queue", "attempt"}
_LEAST = {"account": 15, "event": 12, "sync_queue": 19}
"""How many columns the first schema of ours gave them; later ones only add at the end."""
_ESSENTIAL = {
    "account": {"id", "kind", "url", "user"},
    "event": {"seq", "entry", "kind", "at_ms"},
    "sync_queue": {"id", "account", "created_at"},
    "attempt": {"id", "task", "at_ms", "outcome"},
    "segment": {"id", "account", "entry", "began_ms"},
    "project": {"account", "remote_id", "name"},
    "imported": {"fingerprint", "task"},
    "meta": {"key", "value"},
}
_TEXT_IDS = {"entry", "event"}
_NAME = re.compile(r"[!-~]{1,200}")
# A row of `imported` looks like one of an index: what was imported has ids of a kind of its own.
_FINGERPRINT = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_WORD = re.compile(r"[a-z_]{1,64}")
_ANY = re.compile(".*", re.DOTALL)
_LAST_MS = 253_402_300_799_999  # the end of the year 9999
_MANY = 1 << 53
_WORDS: dict[tuple[str, str], frozenset[str]] = {
    ("event", "kind"): frozenset(kind.value for kind in EventKind),
    ("sync_queue", "status"): frozenset(status.value for status in TaskStatus),
    ("sync_queue", "doubt"): frozenset(doubt.value for doubt in Doubt),
    ("account", "gate"): frozenset(kind.value for kind in GateKind),
    ("sync_queue", "entity_type"): frozenset(kind.value for kind in EventKind),
    ("meta", "key"): frozenset({"active_account", "scrub"}),
}
_RANGES = {
    "at_ms": range(946_684_800_000, 7_258_118_400_000),  # 2000 to 2199
    "seq": range(-(1 << 63), 1 << 63),
    "offset_minutes": range(-2880, 2881),
    "boot_ms": range(_MANY),
    "id": range(1, _MANY),
    "task": range(1, _MANY),
    "gate_task": range(1, _MANY),
    "account": range(1, 1 << 31),
    "trial": range(3),
    **dict.fromkeys(
        ("removed", "gate_seeks_other", "gate_by_server", "projects_bind", "project_needed"),
        range(2),
    ),
}
_MOST_DIFFERING = 2
_TIME_NAMES = {"created_at", "last_retry_at", "sent_at"}


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    default: Value
    nullable: bool
    is_essential: bool
    fits: Callable[[Value], bool]
    words: frozenset[str] = frozenset()

    def mended(self, value: Value) -> Value:
        """One of few words can be told with a letter or two damaged."""
        if not isinstance(value, str) or value in self.words:
            return value
        near = (word for word in self.words if _differing(word, value) <= _MOST_DIFFERING)
        return next(near, value)


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a table, in the order of its records."""

    table: str
    columns: tuple[_Column, ...]
    has_rowid: bool

    @property
    def selected(self) -> str:
        """The columns for SQL, with the default where something has to be."""
        return ", ".join(
            column.name if column.nullable else f"COALESCE({column.name}, {column.default!r})"
            for column in self.columns
        )

    def row(self, cell: Cell) -> tuple[Value, ...] | None:
        """The values that a row of this table has; None when it is none."""
        values, least = cell.values, _LEAST.get(self.table, len(self.columns))
        if (cell.rowid is not None) is not self.has_rowid:
            return None
        if not least <= len(values) <= len(self.columns):
            return None
        if self.has_rowid:
            if values[0] is not None:
                return None
            values = (cell.rowid, *values[1:])
        return self._completed(values)

    def _completed(self, values: tuple[Value, ...]) -> tuple[Value, ...] | None:
        found: list[Value] = []
        for position, column in enumerate(self.columns):
            value = values[position] if position < len(values) else column.default
            value = column.mended(value)
            if value is None and column.nullable:
                found.append(None)
            elif column.fits(value):
                found.append(value)
            elif column.is_essential:
                return None
            else:
                found.append(column.default)
        return tuple(found)


def shapes(connection: sqlite3.Connection) -> tuple[Shape, ...]:
    """The shapes of all tables of a database with our schema."""
    return tuple(_shape(connection, table) for table in TABLES)


def _shape(connection: sqlite3.Connection, table: str) -> Shape:
    rows = connection.execute(
        'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)', (table,)
    ).fetchall()
    columns = tuple(
        _Column(
            name=name,
            default=_default(default, is_text=kind == "TEXT", nullable=not (notnull or key)),
            nullable=not (notnull or key),
            is_essential=name in _ESSENTIAL[table],
            fits=_check(table, name, is_text=kind == "TEXT"),
            words=_WORDS.get((table, name), frozenset()),
        )
        for name, kind, notnull, default, key in rows
    )
    return Shape(table, columns, has_rowid=table in _WITH_ROWID)


def _differing(one: str, other: str) -> int:
    if len(one) != len(other):
        return len(one)
    return sum(a != b for a, b in zip(one, other, strict=True))


def is_name(value: str) -> bool:
    """Whether it can be the id of something of ours."""
    return bool(_NAME.fullmatch(value))


def _default(said: str | None, *, is_text: bool, nullable: bool) -> Value:
    if said is not None:
        return said.strip("'") if is_text else int(said)
    if nullable:
        return None
    return "" if is_text else 0


def _check(table: str, name: str, *, is_text: bool) -> Callable[[Value], bool]:
    words = _WORDS.get((table, name))
    if words is not None and name != "entity_type":  # the older app had more kinds
        return lambda value: value in words
    if not is_text:
        return _is_in(_range(name))
    is_word = words is not None or (table, name) == ("account", "kind")
    is_id = name in _TEXT_IDS or (table, name) in {("event", "id"), ("segment", "id")}
    pattern = _WORD if is_word else _NAME if is_id else _ANY
    return _matches(_FINGERPRINT if name == "fingerprint" else pattern)


def _range(name: str) -> range:
    is_time = name.endswith("_ms") or name in _TIME_NAMES
    return _RANGES.get(name, range(1, _LAST_MS) if is_time else range(1_000_000))


def _is_in(allowed: range) -> Callable[[Value], bool]:
    return lambda value: isinstance(value, int) and value in allowed


def _matches(pattern: re.Pattern[str]) -> Callable[[Value], bool]:
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))
