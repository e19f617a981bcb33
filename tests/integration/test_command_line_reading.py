"""status, recent, failed, retry, quit, in processes, without the app; and what may go wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.program import (
    PATIENCE_SECONDS,
    ROOT,
    Ran,
    fail,
    rows,
    run_sql,
    trayapp,
)
from trayapp.config import Paths

# -- reading -------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [("status",), ("recent",), ("failed",)], ids=" ".join)
def test_reading_where_nothing_is_yet_makes_nothing(home: Path, typed: tuple[str, ...]) -> None:
    before = sorted(home.rglob("*"))
    assert trayapp(*typed, "--json").status == 0
    assert trayapp(*typed).status == 0
    assert sorted(home.rglob("*")) == before


def test_status_tells_the_tracker_and_what_waits() -> None:
    trayapp("start", "Website", "--note", "Front page")
    said = trayapp("status").out.splitlines()
    assert said[0] == "Running 0:00 · Website – Front page"
    assert re.fullmatch(r"1 waiting since \d\d:\d\d", said[1])
    assert said[2:] == ["Trayapp is not running: start it with “trayapp” to send what waits."]


def test_an_old_start_without_anybody_watching_is_offered_to_be_stopped() -> None:
    at = datetime.now(UTC) - timedelta(minutes=11)
    trayapp("start", "A", "--at", at.isoformat())
    offer = trayapp("status", env={"TZ": "Asia/Yekaterinburg"}).out.splitlines()[-1]
    found = re.search(r"“trayapp (stop --at \S+)”", offer)
    assert found, offer
    assert trayapp(*found[1].split()).status == 0
    ((_, began), (_, ended)) = rows("SELECT kind, at_ms FROM event ORDER BY seq")
    assert isinstance(began, int)
    assert isinstance(ended, int)
    assert 0 < ended - began <= 1000
    assert "trayapp stop" not in trayapp("status").out


def test_a_step_of_the_clock_is_told() -> None:
    trayapp("start", "A")
    trayapp("pause")
    run_sql("DROP TRIGGER event_unchanged")
    run_sql("UPDATE event SET boot_ms = boot_ms - 3600000 WHERE kind = 'time_entry_start'")
    assert "the clock changed by -1:00:0" in trayapp("status").out


@pytest.mark.parametrize(
    ("cause", "link", "status"),
    [
        pytest.param("", "unknown", 0, id="nothing tried"),
        pytest.param("network", "offline", 4, id="offline"),
        pytest.param("server_trouble", "server_trouble", 4, id="server trouble"),
        pytest.param("signed_out", "signed_out", 3, id="signed out"),
    ],
)
def test_check_tells_by_the_exit_status(cause: str, link: str, status: int) -> None:
    trayapp("start", "A")
    run_sql("UPDATE sync_queue SET cause = ?", cause)
    ran = trayapp("status", "--check", "--json")
    assert (ran.status, ran.json["link"]) == (status, link)
    assert trayapp("status").status == 0
    fail(1, cause, "HTTP 418: I'm a teapot")
    assert trayapp("status", "--check").status == 5


def test_failed_tasks_are_told_with_their_reasons_and_the_advice() -> None:
    trayapp("start", "A")
    trayapp("pause")
    trayapp("start", "B")
    assert trayapp("failed").out == "No failed tasks\n"
    fail(1, "refused", "HTTP 422: project closed")
    fail(3, "server_trouble", "HTTP 500: Internal Server Error", attempts=5)
    said = trayapp("failed").out
    assert re.search(
        r"\n  #1 · Start timer · \S+ · attempts: 1 / 5 · HTTP 422: project closed\n", said
    ), said
    assert re.search(r"\n  #3 · Stop · .* 5 / 5 · HTTP 500: Internal Server Error\n", said)
    assert "Put right what the server names" in said
    found = json.loads(trayapp("failed", "--json").out)
    assert [task["id"] for task in found["tasks"]] == [1, 3]


# -- retry ---------------------------------------------------------------------------------


def test_retry_with_wait_sends_what_waits_and_says_what_came_of_it() -> None:
    trayapp("start", "A")
    trayapp("stop")
    fail(1, "refused", "HTTP 422: project closed")
    ran = trayapp("retry", "--wait")
    assert ran == Ran(0, "2 sent\n", "")
    assert rows("SELECT * FROM sync_queue") == []
    assert trayapp("status", "--json").json["all_sent"] is True
    assert trayapp("retry", "--wait") == Ran(0, "There was nothing to send.\n", "")


def test_retry_without_wait_sends_nothing_but_puts_back() -> None:
    trayapp("start", "A")
    trayapp("stop")
    fail(1, "refused", "HTTP 422: project closed", attempts=5)
    ran = trayapp("retry", "--all")
    said = "2 tasks are tried again.\nTrayapp is not running; what waits is sent when it runs.\n"
    assert ran == Ran(0, said, "")
    assert rows("SELECT status, retry_count FROM sync_queue") == [("pending", 0)] * 2


def test_retry_of_some_leaves_the_others() -> None:
    trayapp("start", "A")
    trayapp("start", "B")
    fail(1, "refused", "HTTP 422: project closed")
    fail(3, "refused", "HTTP 422: project closed")
    assert trayapp("retry", "3", "3", "--wait").out == "1 sent\n"
    assert rows("SELECT id, status FROM sync_queue") == [(1, "failed"), (2, "pending")]


@pytest.mark.parametrize("wait", [(), ("--wait",)], ids=["soon", "wait"])
def test_a_number_that_is_no_failed_task_of_ours_is_named_and_nothing_changes(
    wait: tuple[str, ...],
) -> None:
    for project in "ABC":
        trayapp("start", project)
    fail(1, "refused", "HTTP 422: project closed")
    fail(3, "refused", "HTTP 422: project closed")
    run_sql("INSERT INTO account (id, kind, url, user) VALUES (2, 'hubnity', '', 'somebody')")
    run_sql("UPDATE sync_queue SET account = 2 WHERE id = 3")
    ran = trayapp("retry", "1", "2", "3", "99", "-0", *wait)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("trayapp: Not among the failed tasks of this account: 0, 2, 3, 99.")
    assert ran.err.count("\n") == 1
    assert rows("SELECT id FROM sync_queue WHERE status = 'failed'") == [(1,), (3,)]


def test_quit_without_an_app_is_already_so() -> None:
    assert trayapp("quit") == Ran(0, "Trayapp is not running.\n", "")


# -- where it goes wrong -------------------------------------------------------------------


def test_a_reader_that_leaves_early_is_no_error() -> None:
    trayapp("start", "A")
    read, write = os.pipe()
    os.close(read)
    with subprocess.Popen(  # our own program
        [sys.executable, "-m", "trayapp", "status", "--json"],
        cwd=ROOT,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(write)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, err) == (0, "")


def test_an_answer_that_cannot_be_written_is_one_line_and_1() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ran = subprocess.run(  # our own program
            [sys.executable, "-m", "trayapp", "status"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert re.fullmatch(r"trayapp: .*No space left on device\n", ran.stderr)


def test_json_is_whole_where_the_terminal_knows_few_letters() -> None:
    env = {"PYTHONIOENCODING": "ascii"}
    trayapp("start", "Сайт 👍")
    found = json.loads(trayapp("status", "--json", env=env).out)
    assert found["entry"]["project"] == "Сайт 👍"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param(("status",), "The queue cannot be read: ", id="reading"),
        pytest.param(("start", "A"), "This was not recorded: ", id="a click"),
        pytest.param(("retry",), "Nothing could be tried again: ", id="retry"),
    ],
)
def test_a_queue_that_cannot_be_used_is_one_line_and_1(typed: tuple[str, ...], said: str) -> None:
    paths = Paths.of_user()
    paths.make()
    paths.database.write_bytes(b"this is no database" * 1000)
    ran = trayapp(*typed)
    assert (ran.status, ran.out) == (1, ""), ran
    assert ran.err.startswith(f"trayapp: {said}")
    assert ran.err.count("\n") == 1
    assert paths.database.read_bytes() == b"this is no database" * 1000


def test_a_directory_that_cannot_be_made_is_one_line_and_1(home: Path) -> None:
    (home / "xdg_data_home").write_text("a file where a directory belongs", encoding="utf-8")
    for typed in (("start", "A"), ("--no-tray",)):
        ran = trayapp(*typed)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err.count("\n") == 1
        assert "Traceback" not in ran.err


def test_files_are_for_their_owner_only() -> None:
    trayapp("start", "A")
    trayapp("retry", "--wait")
    paths = Paths.of_user()
    for directory in (paths.config_dir, paths.data_dir, paths.state_dir):
        assert directory.stat().st_mode & 0o777 == 0o700
        for file in directory.iterdir():
            assert file.stat().st_mode & 0o777 == 0o600, file


def test_reading_is_light() -> None:
    """A panel's bar asks every few seconds."""
    ran = subprocess.run(  # our own program
        [sys.executable, "-X", "importtime", "-m", "trayapp", "status"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    heavy = {"requests", "PIL", "gi", "pystray", "plyer", "filelock", "trayapp.app", "keyring"}
    assert loaded & heavy == set()
    assert "trayapp.queue.reader" in loaded
