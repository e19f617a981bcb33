"""Entries as CSV and as JSON, piece by piece. Pure; fields are only ever added.

A spreadsheet calculates a text that begins with = + - or @, and some split a line where this file
does not. An apostrophe before such a text keeps it a text; the column "guarded" names where.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from trayapp.control.messages import JSON
from trayapp.shapes import iso
from trayapp.sync.snapshot import account_label
from trayapp.transfer.export import ExportedEntry

BYTE_ORDER_MARK = "\ufeff"
"""At the beginning of a file: without it Excel takes the text for one of an old code page."""

_SECOND = timedelta(seconds=1)
_GUARDED = ("project", "note", "account", "zone")
_COLUMNS = (
    *("day", "started_local", "ended_local", "worked_seconds", "project", "note", "state", "sync"),
    *("account", "zone", "started_at", "ended_at", "id", "guarded"),
)
# A program that separates by semicolons or tabs begins a new cell behind one, and at a line's end.
_CALCULATED = re.compile(r"(^|[;\t\r\n])([\s\0]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


class CsvText:
    """RFC 4180. `guarded` counts the entries in which a text was guarded so far."""

    def __init__(self) -> None:
        self.guarded = 0

    def pieces(self, entries: Iterable[ExportedEntry]) -> Iterator[str]:
        """A line an entry; the head comes with the first, so that an early failure has none."""
        head = _line(_COLUMNS)
        for entry in entries:
            yield head + _line(self._cells(entry))
            head = ""
        if head:
            yield head

    def _cells(self, exported: ExportedEntry) -> Iterator[object]:
        value = {**_value(exported), "account": account_label(exported.account)}
        told = {name: guarded(str(value[name])) for name in _GUARDED}
        changed = [name for name in _GUARDED if told[name] != value[name]]
        self.guarded += bool(changed)
        cells = {**value, **told, "guarded": " ".join(changed)}
        return (cells[name] for name in _COLUMNS)


def guarded(text: str) -> str:
    """The text as one that no spreadsheet calculates."""
    return _CALCULATED.sub(r"\1\2'", text)


def json_pieces(entries: Iterable[ExportedEntry]) -> Iterator[str]:
    """`export --json`: exactly what was typed. Without its end it is no JSON, so it shows."""
    head = '{"changed": false, "entries": [\n'
    for entry in entries:
        yield head + json.dumps(_value(entry), ensure_ascii=False)
        head = ",\n"
    yield "\n]}\n" if head.startswith(",") else head + "]}\n"


def _value(exported: ExportedEntry) -> dict[str, JSON]:
    entry, account = exported.entry, exported.account
    return {
        "id": entry.id,
        "day": exported.day.isoformat(),
        "project": entry.project,
        "note": entry.note,
        "started_at": iso(entry.started_at),
        "ended_at": iso(entry.ended_at),
        "started_local": _local(exported.started_at),
        "ended_local": _local(exported.ended_at),
        "worked_seconds": exported.worked // _SECOND,
        "state": entry.state.value,
        "account": {"kind": account.kind, "url": account.url, "user": account.user},
        "zone": exported.zone,
        "sync": exported.sync.value,
    }


def _local(at: datetime | None) -> str | None:
    """As every spreadsheet reads it; the zone has a column of its own."""
    return None if at is None else at.strftime("%Y-%m-%d %H:%M:%S")


def _line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)  # its lines end as the RFC has it
    return text.getvalue()
