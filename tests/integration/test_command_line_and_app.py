"""The command line with the app running: the same words and effect, and it is sent at once."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest

from tests.integration.program import (
    PATIENCE_SECONDS,
    Ran,
    app_answers,
    app_at,
    command,
    kinds,
    rows,
    running_app,
    server_line,
    trayapp,
    until,
)
from tests.patience import stopwatch
from trayapp.accounts.tokens import Tokens
from trayapp.config import Paths
from trayapp.control.client import ControlClient, NotRunningError
from trayapp.control.instance import InstanceLock
from trayapp.control.messages import Request
from trayapp.demo.proxy import Say

pytestmark = pytest.mark.timeout(120)


def all_sent() -> bool:
    return trayapp("status", "--json").json["all_sent"] is True


def test_clicks_are_recorded_and_sent_and_what_is_so_already_changes_nothing(
    tmp_path: Path,
) -> None:
    with server_line(tmp_path) as line, app_at(line):
        said = [
            trayapp(*typed)
            for typed in (
                *(("start", "A", "--note", "ё"), ("start", "a", "--note", "ё"), ("pause",)),
                *(("pause",), ("start", "A", "--note", "ё"), ("stop",), ("stop",)),
            )
        ]
        assert [(ran.status, ran.err) for ran in said] == [(0, "")] * 7
        assert [re.sub(r" at \d\d:\d\d", "", ran.out) for ran in said] == [
            *("Started: A – ё\n", "Already running: A – ё\n", "Paused: A – ё\n"),
            *("Already paused: A – ё\n", "Resumed: A – ё\n", "Stopped: A – ё\n"),
            "Already stopped.\n",
        ]
        until(all_sent, "everything is sent")
        on_server = [(event.kind, event.at_ms, event.project, event.note) for event in line.arrived]
        clicked = rows("SELECT kind, at_ms, project, note FROM event ORDER BY seq")
        assert on_server == clicked
        assert len(clicked) == 4


def test_a_click_reaches_the_server_within_two_seconds(tmp_path: Path) -> None:
    with server_line(tmp_path) as line, app_at(line):
        with stopwatch() as taken:
            trayapp("start", "A")
            until(lambda: len(line.arrived) == 1, "it arrives")
        assert taken.seconds < 2


def test_what_cannot_be_done_is_one_line_and_1_with_the_app_too() -> None:
    with running_app():
        ran = trayapp("pause")
        said = "Nothing is being tracked, so nothing was changed. Start an entry first."
        assert ran == Ran(1, "", f"trayapp: {said}\n")
        trayapp("start", "A")
        ran = trayapp("stop", "--at", "2001-01-01T10:00Z")
        assert (ran.status, ran.out) == (1, "")
        assert "not after the last click" in ran.err
        assert kinds() == ["time_entry_start"]


def test_status_knows_that_the_app_runs() -> None:
    assert trayapp("status", "--json").json["app_runs"] is False
    with running_app():
        trayapp("start", "A")
        until(all_sent, "it is sent")
        assert trayapp("status", "--json").json["app_runs"] is True
        assert trayapp("status").out == "Running 0:00 · A\nAll sent\n"


def test_what_was_recorded_before_is_sent_when_the_app_starts() -> None:
    trayapp("start", "A")
    trayapp("stop")
    with running_app():
        until(all_sent, "both are sent")
        assert rows("SELECT * FROM sync_queue") == []


def test_an_app_that_does_not_answer_loses_no_click_and_doubles_none() -> None:
    with running_app() as app:
        trayapp("start", "A")
        until(all_sent, "it is at rest")  # in the middle of a commit it would hold the file
        app.send_signal(signal.SIGSTOP)
        before = time.time_ns() // 1_000_000
        ran = trayapp("pause")
        assert (ran.status, ran.err) == (0, "")
        hint = "Trayapp did not answer within 5 seconds. It was recorded without it"
        assert hint in ran.out
        assert trayapp("status", "--json").json["tracker"] == "paused"
        app.send_signal(signal.SIGCONT)
        until(all_sent, "both are sent")
        assert kinds() == ["time_entry_start", "time_entry_pause"]
        ((at_ms,),) = rows("SELECT at_ms FROM event WHERE kind = 'time_entry_pause'")
        assert isinstance(at_ms, int)
        assert before <= at_ms < before + 3000


def test_fifty_processes_at_once_with_the_app_make_one_task() -> None:
    with running_app():
        trayapp("start", "A")
        processes = [command("pause") for _ in range(50)]
        answers = [process.communicate(timeout=PATIENCE_SECONDS) for process in processes]
        assert [process.returncode for process in processes] == [0] * 50, answers
        assert kinds() == ["time_entry_start", "time_entry_pause"]


def test_starts_of_different_things_at_once_are_each_recorded_once() -> None:
    with running_app():
        processes = [command("start", f"P{number}") for number in range(10)]
        answers = [process.communicate(timeout=PATIENCE_SECONDS) for process in processes]
        assert [process.returncode for process in processes] == [0] * 10, answers
    starts = rows("SELECT project FROM event WHERE kind = 'time_entry_start'")
    assert sorted(starts) == sorted((f"P{number}",) for number in range(10))
    assert kinds().count("time_entry_stop") == 9


# -- retry ---------------------------------------------------------------------------------


def test_retry_of_what_failed_goes_by_the_app(tmp_path: Path) -> None:
    with server_line(tmp_path) as line, app_at(line):
        line.proxy.play([Say(status=422, body='{"message": "project closed"}')])
        trayapp("start", "A")
        until(lambda: trayapp("status", "--check").status == 5, "it fails")
        trayapp("pause")
        assert "422: project closed" in trayapp("failed").out
        assert trayapp("retry", "1", "7").err.startswith("trayapp: Not among the failed tasks")
        assert trayapp("retry", "--all").out == "2 tasks are tried again.\n"
        until(all_sent, "both are sent")
        assert trayapp("retry").out == "There was nothing to send.\n"
        assert [event.kind for event in line.arrived] == kinds()


@pytest.mark.parametrize("ids", [(), ("1",)], ids=["all", "by number"])
def test_retry_with_wait_tells_honestly_what_came_of_it(
    tmp_path: Path, ids: tuple[str, ...]
) -> None:
    with server_line(tmp_path) as line, app_at(line):
        closed = Say(status=422, body='{"message": "project closed"}')
        line.proxy.play([closed, closed])
        trayapp("start", "A")
        until(lambda: trayapp("status", "--check").status == 5, "it fails")
        trayapp("pause")
        ran = trayapp("retry", *ids, "--wait")
        waiting = "" if ids else ", 1 waiting"
        assert ran == Ran(5, f"1 failed{waiting}: HTTP 422: project closed\n", "")
        ran = trayapp("retry", *ids, "--wait", "--json")
        assert (ran.status, ran.json["sent"], ran.json["failed"]) == (0, 1 if ids else 2, 0)
        assert ran.json["changed"] is True
        assert trayapp("retry", "--wait").out == "There was nothing to send.\n"


def test_retry_with_wait_says_when_the_server_cannot_be_reached(tmp_path: Path) -> None:
    with server_line(tmp_path) as line, app_at(line):
        line.proxy.stop()
        trayapp("start", "A")
        until(lambda: trayapp("status", "--check").status == 4, "it is offline")
        ran = trayapp("retry", "--wait")
        assert (ran.status, ran.err) == (4, "")
        assert ran.out.startswith("1 waiting: Network error: ")
        line.proxy.start()
        assert trayapp("retry", "--wait") == Ran(0, "1 sent\n", "")


def test_retry_with_wait_says_when_nobody_is_signed_in(tmp_path: Path) -> None:
    with server_line(tmp_path) as line, app_at(line, tokens=Tokens(access="x", refresh="y")):
        trayapp("start", "A")
        until(lambda: trayapp("status", "--check").status == 5, "it is refused")
        ran = trayapp("retry", "--wait")
        assert (ran.status, ran.err) == (3, "")
        assert ran.out.startswith("1 failed: Token refresh failed: ")
        assert trayapp("status", "--json").json["link"] == "signed_out"


def test_a_retry_right_behind_a_click_waits_for_it_too() -> None:
    """The worker may come to rest between the two; that is not the rest that was asked for."""
    with running_app():
        for number in range(5):
            trayapp("start", f"P{number}")
            assert trayapp("retry", "--wait").status == 0
            assert all_sent()


def test_retry_with_wait_holds_the_instance_lock_and_waits_for_one_who_holds_it() -> None:
    trayapp("start", "A")
    lock = InstanceLock(Paths.of_user().instance_lock)
    Paths.of_user().make()
    assert lock.try_acquire()
    waits = command("retry", "--wait")
    with pytest.raises(Exception, match="timed out"):
        waits.communicate(timeout=2)
    assert rows("SELECT status FROM sync_queue") == [("pending",)]
    lock.release()
    out, _ = waits.communicate(timeout=PATIENCE_SECONDS)
    assert (waits.returncode, out) == (0, "1 sent\n")


# -- quit ----------------------------------------------------------------------------------


def test_quit_ends_the_app_and_returns_when_it_has_ended() -> None:
    with running_app() as app:
        ran = trayapp("quit", "--json")
        assert (ran.status, ran.json["changed"]) == (0, True)
        with stopwatch() as taken:
            assert app.wait(PATIENCE_SECONDS) == 0
        assert taken.seconds < 1
        assert trayapp("quit").out == "Trayapp is not running.\n"
        with pytest.raises(NotRunningError):
            ControlClient(Paths.of_user().channel_dir).ask(Request("hello"), 1)


def test_after_quit_it_starts_again_at_once() -> None:
    with running_app():
        trayapp("quit")
    with running_app():
        assert app_answers()


def test_an_unknown_request_is_answered() -> None:
    with running_app():
        reply = ControlClient(Paths.of_user().channel_dir).ask(Request("frobnicate"), 5)
        assert (reply.ok, reply.message) == (False, "This Trayapp does not know that.")


def test_recent_and_failed_read_past_the_running_app() -> None:
    with running_app() as app:
        trayapp("start", "A")
        until(all_sent, "it is sent")
        app.send_signal(signal.SIGSTOP)
        (entry,) = json.loads(trayapp("recent", "--json").out)["entries"]
        assert (entry["project"], entry["state"], entry["sync"]) == ("A", "running", "sent")
        assert trayapp("failed").out == "No failed tasks\n"
        app.send_signal(signal.SIGCONT)
