"""Corrections by command line: without the app and with it, in the same words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.program import Ran, app_at, rows, server_line, trayapp, until

pytestmark = pytest.mark.timeout(120)
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["alone", "with the app"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    if request.param == "alone":
        yield
        return
    with server_line(tmp_path) as line, app_at(line):
        yield


def newest() -> dict[str, object]:
    entries = trayapp("recent", "--json").json["entries"]
    assert isinstance(entries, list)
    return dict(entries[0])


def ago(length: timedelta) -> str:
    return (datetime.now(UTC) - length).isoformat(timespec="seconds")


@pytest.mark.usefixtures("world")
def test_an_entry_is_corrected_deleted_and_brought_back() -> None:
    trayapp("start", "A", "--at", ago(30 * MINUTE))
    started, stopped = ago(60 * MINUTE), ago(10 * MINUTE)
    edited = trayapp("edit", "--note", "x", "--started", started, "--stopped", stopped, "--json")
    entry = newest()
    assert (edited.status, edited.json["changed"], edited.json["entry"]) == (0, True, entry["id"])
    assert (entry["project"], entry["note"], entry["state"]) == ("A", "x", "stopped")
    assert entry["worked_seconds"] == 50 * 60
    again = trayapp("edit", str(entry["id"]), "--note", "x", "--json")
    assert (again.status, again.json["changed"]) == (0, False)
    assert trayapp("delete", str(entry["id"])).out.startswith("Deleted: A – x.")
    assert trayapp("recent", "--json").json["entries"] == []
    assert trayapp("undo").out.startswith("The deletion is undone: A – x.")
    assert newest()["worked_seconds"] == 50 * 60
    kinds = [kind for (kind,) in rows("SELECT kind FROM event ORDER BY seq")]
    assert kinds == [f"time_entry_{name}" for name in ("start", "edit", "delete", "edit")]


def test_what_is_corrected_is_sent(tmp_path: Path) -> None:
    with server_line(tmp_path) as line, app_at(line):
        trayapp("start", "A", "--at", ago(30 * MINUTE))
        trayapp("edit", "--project", "B")
        trayapp("stop")
        trayapp("undo")
        until(lambda: trayapp("status", "--json").json["all_sent"] is True, "everything is sent")
        assert [(event.kind, event.project) for event in line.arrived] == rows(
            "SELECT kind, project FROM event ORDER BY seq"
        )
        assert newest()["state"] == "running"


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        (("edit",), 2, "Say what to correct"),
        (("edit", "--started", "noon"), 2, "That is not a time"),
        (("edit", "--note", "x"), 1, "There is no such entry"),
        (("edit", "nothing", "--note", "x"), 1, "There is no such entry"),
        (("delete",), 2, "ID"),
        (("delete", ""), 2, "Name the entry by its id"),
        (("delete", "nothing"), 1, "There is no such entry"),
        (("undo",), 1, "There is nothing to undo."),
    ],
)
def test_what_cannot_be_corrected_is_one_line(
    typed: tuple[str, ...], status: int, words: str
) -> None:
    ran = trayapp(*typed)
    assert ran == Ran(status, "", ran.err)
    assert words in ran.err
    assert re.fullmatch(r"trayapp: .+\n", ran.err)
