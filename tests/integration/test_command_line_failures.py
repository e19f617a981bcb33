"""discard, report and the history of failures, in processes, without the app and with it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.program import (
    PATIENCE_SECONDS,
    ROOT,
    Ran,
    fail,
    rows,
    run_sql,
    running_app,
    trayapp,
    until,
)
from trayapp.config import Paths

pytestmark = pytest.mark.timeout(120)

EFFECT = "Without this pause, the break counts as work: 0:12 more."
STATUSES = "SELECT status FROM sync_queue ORDER BY id"


@pytest.fixture
def refused_pause() -> None:
    """An entry with a break of twelve minutes, whose pause failed."""
    for name, at in (
        ("start", "08:00"),
        ("pause", "09:00"),
        ("resume", "09:12"),
        ("stop", "10:00"),
    ):
        typed = [name, *(["Website", "--note", "A note"] if name == "start" else [])]
        assert trayapp(*typed, "--at", f"2026-01-08T{at}:00Z").status == 0
    fail(2, "refused", "HTTP 422: project closed", attempts=2)


def statuses() -> str:
    return "".join(str(row[0])[0] for row in rows(STATUSES))


def at_terminal(answer: str, *typed: str) -> Ran:
    """A command whose standard input is a terminal, where somebody answers."""
    keyboard, terminal = pty.openpty()
    try:
        with subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", "trayapp", *typed],
            cwd=ROOT,
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            os.write(keyboard, answer.encode() + b"\n")
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return Ran(process.returncode, out, err)
    finally:
        os.close(keyboard)
        os.close(terminal)


# -- discard -------------------------------------------------------------------------------


@pytest.mark.usefixtures("refused_pause")
def test_at_a_terminal_the_effect_is_told_first_and_a_yes_does_it() -> None:
    no = at_terminal("n", "discard", "2")
    assert no == Ran(1, "Nothing was changed.\n", f"{EFFECT}\nNot send this? [y/N] ")
    assert statuses() == "pfpp"
    yes = at_terminal("y", "discard", "2")
    assert (yes.status, yes.out) == (0, f"1 task is not sent. {EFFECT}\n")
    assert statuses() == "pdpp"


@pytest.mark.usefixtures("refused_pause")
def test_without_a_terminal_it_wants_yes() -> None:
    ran = trayapp("discard", "2")
    said = f"trayapp: {EFFECT} Nothing was changed; say --yes to have it so.\n"
    assert ran == Ran(2, "", said)
    assert statuses() == "pfpp"
    assert trayapp("discard", "2", "--yes") == Ran(0, f"1 task is not sent. {EFFECT}\n", "")
    assert statuses() == "pdpp"


@pytest.mark.usefixtures("refused_pause")
def test_in_json_and_back_again() -> None:
    done = trayapp("discard", "2", "2", "--yes", "--json")
    assert (done.status, done.json["changed"], done.json["ids"]) == (0, True, [2])
    assert done.json["effect"] == EFFECT
    back = trayapp("discard", "2", "--undo", "--json")
    assert (back.status, back.json["changed"], back.json["ids"]) == (0, True, [2])
    (task,) = json.loads(trayapp("failed", "--json").out)["tasks"]
    assert (task["id"], task["retry_count"]) == (2, 2)
    assert task["error_message"] == "HTTP 422: project closed"
    no = at_terminal("n", "discard", "2", "--json")
    assert (no.status, no.json["changed"], no.json["effect"]) == (1, False, EFFECT)


@pytest.mark.usefixtures("refused_pause")
def test_one_number_that_is_no_failed_task_stops_all_of_it() -> None:
    ran = trayapp("discard", "1", "2", "99", "--yes")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("trayapp: Not among the failed tasks: #1, #99. Nothing was changed")
    ran = trayapp("discard", "2", "--undo")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "trayapp: Not among the discarded tasks: #2. Nothing was changed.\n"
    run_sql("UPDATE sync_queue SET doubt = 'sent' WHERE id = 2")
    ran = trayapp("discard", "2", "--yes")
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert "retry first: that looks on the server" in ran.err
    assert statuses() == "pfpp"


@pytest.mark.usefixtures("refused_pause")
def test_after_thirty_days_it_is_too_late_to_undo() -> None:
    trayapp("discard", "2", "--yes")
    run_sql("UPDATE sync_queue SET discarded_ms = discarded_ms - ? WHERE id = 2", 31 * 86_400_000)
    ran = trayapp("discard", "2", "--undo")
    assert (ran.status, ran.out) == (1, "")
    assert "too late to bring back: #2" in ran.err
    assert statuses() == "pdpp"


@pytest.mark.parametrize(
    "typed",
    [
        (),
        ("--yes",),
        ("--undo",),
        ("--duplicates", "2"),
        ("--duplicates", "--undo"),
        ("--duplicates", "--undo", "2"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_a_mistake_in_typing(typed: tuple[str, ...]) -> None:
    ran = trayapp("discard", *typed)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("trayapp: Name tasks by their ids, or say --duplicates")


@pytest.mark.usefixtures("refused_pause")
def test_too_many_numbers_are_named_as_such() -> None:
    ran = trayapp("discard", *(str(10**9 + number) for number in range(7000)))
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "trayapp: These are too many numbers at once; name fewer.\n"


@pytest.mark.usefixtures("refused_pause")
def test_duplicates_are_found_and_removed() -> None:
    assert trayapp("discard", "--duplicates") == Ran(0, "There are no duplicates.\n", "")
    run_sql("DROP TRIGGER event_unchanged")
    run_sql("UPDATE event SET kind = 'time_entry_pause' WHERE kind = 'time_entry_resume'")
    fail(3, "refused", "HTTP 422: project closed")
    found = json.loads(trayapp("failed", "--json").out)["findings"]
    assert [(one["cause"], one["task_ids"]) for one in found] == [
        ("refused", [2, 3]),
        ("duplicates", [3]),
    ]
    assert "Remove duplicates" in found[1]["advice"]
    ran = trayapp("discard", "--duplicates", "--yes", "--json")
    assert (ran.status, ran.json["ids"]) == (0, [3])
    assert ran.json["effect"] == "Your hours on the server are the same without this click."
    assert statuses() == "pfdp"


def test_with_the_app_running_it_does_it_and_sends_what_was_held() -> None:
    trayapp("start", "A", "--at", "2026-01-08T08:00:00Z")
    trayapp("stop", "--at", "2026-01-08T09:00:00Z")
    trayapp("start", "B", "--at", "2026-01-08T10:00:00Z")
    fail(1, "refused", "HTTP 422: project closed")
    with running_app():
        until(lambda: statuses() == "fp", "the other entry is sent")
        ran = trayapp("discard", "1", "--yes", "--json")
        assert (ran.status, ran.json["ids"]) == (0, [1, 2])
        assert ran.json["effect"] == (
            "Without its beginning, nothing more of this entry is sent: 1:00 less. "
            "1 other click of it goes along."
        )
        assert statuses() == "dd"
        assert trayapp("status", "--json").json["all_sent"] is True
        assert trayapp("discard", "1", "--undo", "--json").json["ids"] == [1, 2]
        assert statuses() == "fp"
        trayapp("retry", "--wait")
        assert statuses() == ""


@pytest.mark.parametrize("typed", [("2", "--yes"), ("2", "--undo")], ids=" ".join)
def test_a_database_that_cannot_be_used_is_told_in_a_line(typed: tuple[str, ...]) -> None:
    paths = Paths.of_user()
    paths.make()
    with contextlib.closing(sqlite3.connect(paths.database)) as connection:
        connection.execute("CREATE TABLE somebody_elses (a)")
    ran = trayapp("discard", *typed)
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.startswith("trayapp: This could not be done: ")


# -- history -------------------------------------------------------------------------------


@pytest.mark.usefixtures("refused_pause")
def test_failed_tells_the_last_twenty_attempts_in_json_and_the_same_as_ever_to_people() -> None:
    before = trayapp("failed").out
    for number in range(25):
        sql = "INSERT INTO attempt (task, at_ms, outcome, reason) VALUES (2, ?, 'Refused', ?)"
        run_sql(sql, 1_767_862_800_000 + number, f"HTTP 422: {number}")
    (task,) = json.loads(trayapp("failed", "--json").out)["tasks"]
    assert task["history"] == [
        {
            "at": f"2026-01-08T09:00:00.{number:03}Z",
            "outcome": "Refused",
            "reason": f"HTTP 422: {number}",
        }
        for number in range(5, 25)
    ]
    assert trayapp("failed").out == before


# -- report --------------------------------------------------------------------------------


@pytest.mark.usefixtures("refused_pause")
def test_a_report_tells_what_a_support_desk_needs_and_no_secret() -> None:
    reason = "HTTP 422: https://anna:canary1@time.example/x?token=canary2 Bearer canary3"
    fail(2, "refused", f"{reason} Authorization: Basic canary4")
    log = Paths.of_user().log
    log.write_text("Old line\nX-API-Key: canary5\npassword=canary6\nA note\n", encoding="utf-8")
    log.with_name(log.name + ".1").write_text("Older line\n", encoding="utf-8")
    ran = trayapp("report", env={"XDG_CURRENT_DESKTOP": "XFCE"})
    assert (ran.status, ran.err) == (0, "")
    for word in ("version: ", "XDG_CURRENT_DESKTOP: XFCE", "state: stopped", "failed: 1 "):
        assert word in ran.out
    for word in ("account: embedded", "#2 time_entry_pause", "note: 6 characters", "HTTP 422: "):
        assert word in ran.out
    assert ran.out.index("Older line") < ran.out.index("Old line")
    for secret in ("canary", "A note", "Website", str(Path.home())):
        assert secret not in ran.out
    assert trayapp("report", "--json").json["changed"] is False


def test_a_report_where_nothing_is_yet() -> None:
    ran = trayapp("report")
    assert (ran.status, ran.err) == (0, "")
    assert "state: stopped" in ran.out
    assert "(nothing)" in ran.out


def test_a_report_is_saved_for_nobody_else_and_over_nothing(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    ran = trayapp("report", "--save", str(path))
    said = f"The report is in {path}. Look it through before you pass it on.\n"
    assert ran == Ran(0, said, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text(encoding="utf-8").startswith("Trayapp report of 20")
    path.write_text("mine", encoding="utf-8")
    again = trayapp("report", "--save", str(path), "--json")
    assert (again.status, again.json["changed"]) == (1, False)
    assert "It was left as it is; choose another name." in again.err
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_report_that_cannot_be_saved_says_why_and_leaves_no_piece(tmp_path: Path) -> None:
    nowhere = trayapp("report", "--save", str(tmp_path / "no" / "report.txt"))
    assert (nowhere.status, nowhere.out) == (1, "")
    assert "No such file or directory. Choose another place." in nowhere.err
