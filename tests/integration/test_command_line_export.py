"""export, in processes: to standard output and into files, with everything else out of order."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import shutil
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.integration.program import (
    PATIENCE_SECONDS,
    ROOT,
    Ran,
    command,
    fail,
    run_sql,
    running_app,
    trayapp,
    until,
)
from tests.unit.transfer.support import V1, dumped
from trayapp.__main__ import main
from trayapp.config import Paths
from trayapp.queue import schema

pytestmark = pytest.mark.timeout(60)


def track(project: str, day: str, *, note: str = "") -> None:
    note_typed = [f"--note={note}"] if note else []
    assert main(["start", project, *note_typed, "--at", f"{day}T09:00:00Z"]) == 0
    assert main(["stop", "--at", f"{day}T10:30:00Z"]) == 0


@pytest.fixture
def three() -> None:
    """Three entries: delivered, failed, waiting."""
    for number, project in enumerate(("A", "B", "C"), start=7):
        track(project, f"2026-01-{number:02}")
    run_sql("DELETE FROM sync_queue WHERE id <= 2")
    fail(3, "refused", "HTTP 422: project closed")


def exported(*typed: str) -> list[dict[str, str]]:
    ran = trayapp("export", *typed)
    assert (ran.status, ran.err) == (0, "")
    return list(csv.DictReader(io.StringIO(ran.out, newline=""), strict=True))


@pytest.mark.usefixtures("three")
def test_sent_and_unsent_alike_with_the_days_that_are_asked_for() -> None:
    shown = [(one["project"], one["sync"], one["worked_seconds"]) for one in exported()]
    assert shown == [("A", "sent", "5400"), ("B", "failed", "5400"), ("C", "waiting", "5400")]
    assert exported("--csv") == exported()
    assert [one["day"] for one in exported("--from", "2026-01-08")] == ["2026-01-08", "2026-01-09"]
    assert [one["project"] for one in exported("--to", "2026-01-07")] == ["A"]
    found = trayapp("export", "--json", "--from", "2026-01-08", "--to", "2026-01-08").json
    assert found["changed"] is False
    assert [one["project"] for one in json.loads(json.dumps(found["entries"]))] == ["B"]


def test_where_nothing_is_there_is_a_head_and_nothing_is_made(home: Path) -> None:
    before = sorted(home.rglob("*"))
    assert trayapp("export").out.count("\n") == 1
    assert trayapp("export", "--json").json == {"changed": False, "entries": []}
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--csv", "--json"), "give --csv or --json, not both"),
        (("--from", "yesterday"), "“yesterday” is no day. Type it like 2026-01-31."),
        (("--from", "2026-01-08", "--to", "2026-01-07"), "--to lies before --from."),
    ],
    ids=["both", "no day", "backwards"],
)
def test_what_cannot_be_meant_is_one_line_and_2(typed: tuple[str, ...], said: str) -> None:
    ran = trayapp("export", *typed)
    assert ran.status == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_help_says_to_which_day_an_entry_belongs() -> None:
    assert "Each is whole, on the local day it began." in " ".join(
        trayapp("export", "--help").out.split()
    )


# -- into a file ---------------------------------------------------------------------------


@pytest.mark.usefixtures("three")
def test_a_file_is_whole_closed_to_others_and_has_a_mark_for_spreadsheets(tmp_path: Path) -> None:
    path = tmp_path / "Часы.csv"
    ran = trayapp("export", "--save", str(path))
    assert ran == Ran(0, f"3 entries are in {path}.\n", "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"\xef\xbb\xbfday,")
    assert path.read_bytes().decode("utf-8-sig") == _exact("export")
    as_json = trayapp("export", "--json", "--save", str(tmp_path / "h.json")).json
    assert (as_json["changed"], as_json["count"]) == (True, 3)
    assert len(json.loads((tmp_path / "h.json").read_text())["entries"]) == 3
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == ["h.json", "Часы.csv"]


def _exact(*typed: str) -> str:
    """Its output, with the line ends that it has."""
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "trayapp", *typed], cwd=ROOT, capture_output=True, check=True
    )
    return done.stdout.decode()


@pytest.mark.usefixtures("three")
def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "hours.csv"
    path.write_text("mine")
    ran = trayapp("export", "--save", str(path))
    said = (
        f"trayapp: There is a file {path} already. It was left as it is; --replace replaces it.\n"
    )
    assert ran == Ran(1, "", said)
    assert path.read_text() == "mine"
    assert trayapp("export", "--save", str(path), "--replace").status == 0
    assert path.read_bytes().count(b"\r\n") == 4
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lost = trayapp("export", "--save", str(tmp_path / "no" / "hours.csv"))
    assert (lost.status, lost.out, lost.err.count("\n")) == (1, "", 1)
    assert "No such file or directory. Choose another place." in lost.err


@pytest.mark.usefixtures("three")
def test_an_export_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    run_sql("DROP TRIGGER event_unchanged")
    run_sql("UPDATE event SET kind = 'time_entry_dance' WHERE seq = 6")
    before = sorted(one.name for one in tmp_path.iterdir())
    ran = trayapp("export", "--save", str(tmp_path / "hours.csv"))
    assert ran.status == 1
    assert ran.err.startswith("trayapp: The entries cannot be read: the database is damaged.")
    assert sorted(one.name for one in tmp_path.iterdir()) == before
    # What is out already is followed by one line elsewhere, and is no JSON.
    ran = trayapp("export", "--json")
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert ran.out.count('"id"') == 2
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(ran.out)


@pytest.mark.parametrize("typed", [(), ("--save", "hours.csv")], ids=["shown", "saved"])
def test_a_folder_that_nobody_may_look_into_is_one_line(
    typed: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / ("x" * 300)))
    ran = trayapp("export", *typed)
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.startswith("trayapp: The entries cannot be read: the database cannot be reached")


@pytest.mark.parametrize("typed", [("--json",), ()], ids=["json", "csv"])
def test_a_disk_that_is_full_is_one_line_and_1(typed: tuple[str, ...]) -> None:
    track("A", "2026-01-07")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-m", "trayapp", "export", *typed],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "No space left on device" in done.stderr


def test_a_reader_that_leaves_is_no_error() -> None:
    track("A", "2026-01-07", note="word " * 700)
    run_sql("DROP TRIGGER event_unchanged")
    for _ in range(6):
        run_sql(
            "INSERT INTO event SELECT seq + 1000 + ABS(RANDOM() % 9000000), HEX(RANDOMBLOB(9)),"
            " account, HEX(RANDOMBLOB(9)), kind, at_ms, offset_minutes, zone, boot_id, boot_ms,"
            " project, note, detail FROM event WHERE kind = 'time_entry_start'"
        )
    with command("export") as process:
        assert process.stdout is not None
        assert process.stdout.read(10) == "day,starte"
        process.stdout.close()
        assert process.wait(PATIENCE_SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


# -- what a text may hold ------------------------------------------------------------------


def test_a_formula_is_told_and_json_has_it_as_it_was_typed(tmp_path: Path) -> None:
    track("A", "2026-01-07", note="=1+1; -2")
    told = "In 1 entry an apostrophe stands before what a spreadsheet would calculate;"
    ran = trayapp("export")
    assert ran.err.startswith(f"trayapp: {told} the column “guarded” says where")
    (row,) = csv.DictReader(io.StringIO(ran.out))
    assert (row["note"], row["guarded"]) == ("'=1+1; '-2", "note")
    ran = trayapp("export", "--json")
    assert ran.err == ""
    assert '"note": "=1+1; -2"' in ran.out
    assert told in trayapp("export", "--save", str(tmp_path / "hours.csv")).out


def test_a_terminal_is_given_no_commands_and_a_pipe_every_byte() -> None:
    track("Сайт", "2026-01-07", note="a\x1b[2Jb\u202ec")
    assert "a\x1b[2Jb\u202ec" in trayapp("export", env={"LC_ALL": "C"}).out
    for typed in ((), ("--json",)):
        shown = _at_terminal("export", *typed)
        assert "Сайт" in shown
        assert r"a\u001b[2Jb\u202ec" in shown


def _at_terminal(*typed: str) -> str:
    screen, terminal = pty.openpty()
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "trayapp", *typed], cwd=ROOT, stdout=terminal
    ) as process:
        os.close(terminal)
        shown = b""
        with suppress(OSError):  # so ends a terminal
            while piece := os.read(screen, 4096):
                shown += piece
        os.close(screen)
    assert process.returncode == 0
    return shown.decode()


# -- everything else out of order ----------------------------------------------------------


@pytest.mark.usefixtures("three")
def test_it_works_while_the_app_runs_and_with_a_broken_keyring_server_and_settings() -> None:
    before = exported()
    paths = Paths.of_user()
    run_sql(
        "INSERT INTO account (kind, url, user) VALUES ('hubnity', 'http://127.0.0.1:9', 'anna')"
    )
    run_sql("UPDATE meta SET value = '2' WHERE key = 'active_account'")
    paths.config_dir.mkdir(parents=True, exist_ok=True)
    paths.settings.write_text("max_attempts = []\n")
    env = {
        "PYTHON_KEYRING_BACKEND": "nowhere.Nothing",
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere",
    }
    ran = trayapp("export", env=env)
    assert (ran.status, ran.err) == (0, "")
    assert list(csv.DictReader(io.StringIO(ran.out, newline=""))) == before
    paths.settings.unlink()
    run_sql("UPDATE meta SET value = '1' WHERE key = 'active_account'")
    with running_app():
        until(lambda: exported()[2]["sync"] == "sent", "it is sent")
        assert [one["sync"] for one in exported()] == ["sent", "failed", "sent"]


def test_an_older_apps_database_at_our_place_is_upgraded_and_told(tmp_path: Path) -> None:
    database = Paths.of_user().database
    database.parent.mkdir(parents=True)
    shutil.copy(dumped(tmp_path, V1), database)
    found = checked(trayapp("doctor", "--json"))["database"]
    assert found == "The database is of an earlier Trayapp; the next start brings it up to date."
    shown = exported("--to", "2026-01-31")
    assert shown
    assert {one["sync"] for one in shown} == {"failed"}


def checked(ran: Ran) -> dict[str, str]:
    return {one["name"]: one["message"] for one in json.loads(ran.out)["checks"]}


@pytest.mark.usefixtures("three")
def test_a_newer_or_a_damaged_database_is_one_line(tmp_path: Path) -> None:
    database = Paths.of_user().database
    run_sql(f"PRAGMA user_version = {schema.SCHEMA_VERSION + 1}")
    ran = trayapp("export")
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "a newer Trayapp made the database" in ran.err
    for path in database.parent.glob("trayapp.db-*"):
        path.unlink()
    database.write_bytes(b"\xff" * 8192)
    ran = trayapp("export", "--json", "--save", str(tmp_path / "h.json"))
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith("trayapp: The entries cannot be read: the database is damaged.")
    assert ran.json["changed"] is False
    assert database.read_bytes() == b"\xff" * 8192
