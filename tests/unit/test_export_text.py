"""Entries as CSV and JSON: read back they are what was tracked, and nothing calculates them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from trayapp.console.export_text import CsvText, guarded, json_pieces
from trayapp.queue.task import Account, EntrySync
from trayapp.tracking.entry import Segment, TimeEntry, TrackerState
from trayapp.transfer.export import ExportedEntry

MOSCOW = timezone(timedelta(hours=3))
BEGAN = datetime(2026, 1, 8, 21, 30, 0, 7000, tzinfo=UTC)
ENDED = BEGAN + timedelta(minutes=84)


def exported(*, project: str = "Website", note: str = "", ended: bool = True) -> ExportedEntry:
    end = ENDED if ended else None
    state = TrackerState.STOPPED if ended else TrackerState.RUNNING
    segment = Segment(id="s", began_at=BEGAN, ended_at=end)
    entry = TimeEntry(id="e", project=project, note=note, segments=(segment,), state=state)
    return ExportedEntry(
        entry=entry,
        worked=ENDED - BEGAN + timedelta(milliseconds=999),
        started_at=BEGAN.astimezone(MOSCOW),
        ended_at=end and end.astimezone(MOSCOW),
        zone="Europe/Moscow",
        account=Account(id=1, kind="hubnity", url="https://h.example/api", user="anna"),
        sync=EntrySync.FAILED,
    )


def as_csv(*entries: ExportedEntry) -> str:
    return "".join(CsvText().pieces(entries))


def read_back(*entries: ExportedEntry) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(*entries), newline=""), strict=True))


def test_a_line_has_every_column() -> None:
    assert read_back(exported(note="Front page")) == [
        {
            "day": "2026-01-09",
            "started_local": "2026-01-09 00:30:00",
            "ended_local": "2026-01-09 01:54:00",
            "worked_seconds": "5040",
            "project": "Website",
            "note": "Front page",
            "state": "stopped",
            "sync": "failed",
            "account": "anna @ https://h.example/api",
            "zone": "Europe/Moscow",
            "started_at": "2026-01-08T21:30:00.007Z",
            "ended_at": "2026-01-08T22:54:00.007Z",
            "id": "e",
            "guarded": "",
        }
    ]


def test_json_has_the_same_and_the_account_in_its_parts() -> None:
    found = json.loads("".join(json_pieces([exported(ended=False), exported(note='"ё\n\x1b')])))
    assert found["changed"] is False
    first, second = found["entries"]
    assert first == {
        "id": "e",
        "day": "2026-01-09",
        "project": "Website",
        "note": "",
        "started_at": "2026-01-08T21:30:00.007Z",
        "ended_at": None,
        "started_local": "2026-01-09 00:30:00",
        "ended_local": None,
        "worked_seconds": 5040,
        "state": "running",
        "account": {"kind": "hubnity", "url": "https://h.example/api", "user": "anna"},
        "zone": "Europe/Moscow",
        "sync": "failed",
    }
    assert second["note"] == '"ё\n\x1b'


def test_nothing_is_a_head_in_csv_and_an_empty_list_in_json() -> None:
    assert as_csv().startswith("day,")
    assert as_csv().count("\r\n") == 1
    assert json.loads("".join(json_pieces([]))) == {"changed": False, "entries": []}


@pytest.mark.parametrize(
    "note",
    ['say "hi"', "a, b", "two\r\nlines", "Обед; звонок", "'quoted'", "", " ", "1-2=3", "a@b"],
)
def test_an_honest_text_comes_back_as_it_was_typed(note: str) -> None:
    text = CsvText()
    written = "".join(text.pieces([exported(note=note)]))
    (row,) = csv.DictReader(io.StringIO(written, newline=""), strict=True)
    assert (row["note"], row["guarded"], text.guarded) == (note, "", 0)


def test_lines_end_as_the_rfc_has_it_and_only_where_needed_is_quoted() -> None:
    head, line, rest = as_csv(exported(note='a "b", c')).split("\r\n")
    assert (rest, head.count(",")) == ("", 13)
    assert ',"a ""b"", c",' in line
    assert line.count('"') == 6


@pytest.mark.parametrize(
    ("note", "shown"),
    [
        pytest.param("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0", id="equals"),
        pytest.param("+1", "'+1", id="plus"),
        pytest.param("-fix", "'-fix", id="minus"),
        pytest.param("@SUM(A1)", "'@SUM(A1)", id="at"),
        pytest.param("\t=1", "\t'=1", id="tab"),
        pytest.param("  =1", "  '=1", id="spaces"),
        pytest.param("\r\n=1", "\r\n'=1", id="line end"),
        pytest.param("a;=1", "a;'=1", id="behind a semicolon"),
        pytest.param("a\tb\n-1; +2", "a\tb\n'-1; '+2", id="several"),
        pytest.param("\uff1d1", "'\uff1d1", id="wide"),
    ],
)
def test_what_a_spreadsheet_would_calculate_is_a_text_and_says_so(note: str, shown: str) -> None:
    text = CsvText()
    written = "".join(text.pieces([exported(note=note), exported(project=note, note=note)]))
    first, second = csv.DictReader(io.StringIO(written, newline=""), strict=True)
    assert (first["note"], first["guarded"]) == (shown, "note")
    assert (second["project"], second["guarded"]) == (shown, "project note")
    assert text.guarded == 2
    assert guarded(shown) == shown
    (exact,) = json.loads("".join(json_pieces([exported(note=note)])))["entries"]
    assert exact["note"] == note


def test_whoever_chose_the_name_of_an_account_calculates_nothing_either() -> None:
    account = replace(exported().account, user="=1+1")
    (row,) = read_back(replace(exported(), account=account))
    assert (row["account"], row["guarded"]) == ("'=1+1 @ https://h.example/api", "account")


def test_a_reader_that_splits_at_semicolons_finds_no_formula_either() -> None:
    written = as_csv(exported(note='x";=1;\n=2;"\t@3', project=';+1,"=4'))
    for separator in ";\t,":
        for row in csv.reader(io.StringIO(written, newline=""), delimiter=separator):
            assert not [cell for cell in row if cell.strip().startswith(("=", "+", "-", "@"))], row
