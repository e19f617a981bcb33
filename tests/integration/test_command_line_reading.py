"""status, recent, failed, retry, quit, in processes, without the app."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.program import (
    Ran,
    fail,
    rows,
    run_sql,
    trayapp,
)


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
    (line,) = re.findall("“trayapp (edit .*)”", trayapp("recent").out)
    assert trayapp(*line.split()).out.startswith("Started at ")
    assert "the clock changed" not in trayapp("status").out
    assert "The clock was" not in trayapp("recent").out


def test_the_times_can_be_those_of_the_clock_as_it_is_now() -> None:
    for typed in ("start A", "pause", "resume"):
        trayapp(*typed.split())
    assert trayapp("edit", "--by-clock", "--json").json["changed"] is False
    run_sql("DROP TRIGGER event_unchanged")
    run_sql("UPDATE event SET boot_ms = boot_ms - 3600000 WHERE kind <> 'time_entry_resume'")
    assert "“trayapp edit --by-clock”" in trayapp("status").out
    assert trayapp("edit", "--by-clock").out.startswith("Started at ")
    assert "the clock changed" not in trayapp("status").out


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
    assert "Read what the server said: put it right and send again, or discard it." in said
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
