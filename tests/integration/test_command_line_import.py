"""import as a user types it, with and without the running app."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from tests.integration.program import running_app, trayapp

DUMPS = Path(__file__).parents[1] / "data" / "legacy"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript((DUMPS / "incident_v1.sql").read_text(encoding="utf-8"))
    return path


def test_the_hundred_of_the_incident_are_failed_tasks_with_their_duplicates(old: Path) -> None:
    before = old.read_bytes()
    ran = trayapp("import", str(old), "--json")
    assert (ran.status, ran.err) == (0, "")
    assert ran.json["changed"] is True
    kinds = ran.json["imported"]
    assert kinds == {
        "time_entry_start": 5,
        "time_entry_pause": 60,
        "time_entry_resume": 30,
        "time_entry_stop": 5,
    }
    again = trayapp("import", str(old))
    assert again.out.startswith("Nothing new")
    found = json.loads(trayapp("failed", "--json").out)
    assert len(found["tasks"]) == 100
    counts = {one["cause"]: one["count"] for one in found["findings"]}
    assert counts == {"unknown": 100, "duplicates": 29}
    assert old.read_bytes() == before
    assert trayapp("status", "--json").json["tracker"] == "stopped"


def test_the_running_app_shows_what_was_imported(old: Path) -> None:
    with running_app():
        assert trayapp("import", str(old)).status == 0
        assert trayapp("status", "--json").json["failed"] == 100


def test_what_cannot_be_imported_is_one_line(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("no database" * 100)
    for path in (text, tmp_path, tmp_path / "nothing"):
        ran = trayapp("import", str(path))
        assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
