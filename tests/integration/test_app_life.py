"""The life of the app: one at a time, ended by a signal at any moment, with parts missing."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.control_support import FakeApp, serving
from tests.integration.program import (
    PATIENCE_SECONDS,
    Line,
    app_answers,
    app_at,
    command,
    end,
    kinds,
    rows,
    run_sql,
    running_app,
    server_line,
    trayapp,
    until,
)
from trayapp.config import Paths
from trayapp.control.instance import InstanceLock
from trayapp.demo.proxy import Delay, Fault

pytestmark = pytest.mark.timeout(120)

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
END_SECONDS = 5.0


def all_sent() -> bool:
    return trayapp("status", "--json").json["all_sent"] is True


# -- one instance --------------------------------------------------------------------------


def test_a_second_start_says_that_one_runs_already_and_is_no_error() -> None:
    with running_app() as app:
        second = trayapp("--no-tray")
        assert (second.status, second.out, second.err) == (0, "Trayapp is running already.\n", "")
        assert app.poll() is None
        assert app_answers()


def test_twenty_starts_at_once_make_one_process() -> None:
    starts = [command("--no-tray") for _ in range(20)]
    try:
        until(lambda: sum(one.poll() is None for one in starts) == 1, "one is left")
        until(app_answers, "it answers")
        ended = [one for one in starts if one.poll() is not None]
        answers = [one.communicate(timeout=PATIENCE_SECONDS) for one in ended]
        assert [one.returncode for one in ended] == [0] * 19, answers
        assert answers == [("Trayapp is running already.\n", "")] * 19
    finally:
        for one in starts:
            one.kill()
            one.communicate(timeout=PATIENCE_SECONDS)


def test_what_a_killed_app_left_behind_blocks_nobody_and_nothing_is_lost() -> None:
    with running_app() as app:
        trayapp("start", "A")
        app.kill()
        app.wait(PATIENCE_SECONDS)
        paths = Paths.of_user()
        assert (paths.channel_dir / "control.sock").exists()
        assert paths.instance_lock.exists()
        assert "Trayapp is not running" in trayapp("pause").out
    with running_app():
        until(all_sent, "both are sent")
        assert kinds() == ["time_entry_start", "time_entry_pause"]


@pytest.fixture
def lock() -> Iterator[InstanceLock]:
    """The instance lock, held by somebody else."""
    paths = Paths.of_user()
    paths.make()
    held = InstanceLock(paths.instance_lock)
    assert held.try_acquire()
    yield held
    held.release()


def test_an_app_waits_for_the_instance_lock_and_then_runs(lock: InstanceLock) -> None:
    with _begun("--no-tray") as app:
        with pytest.raises(subprocess.TimeoutExpired):
            app.wait(2)
        assert not app_answers()
        lock.release()
        until(app_answers, "the app runs")


def test_a_start_that_meets_an_app_at_its_end_waits_and_then_runs(lock: InstanceLock) -> None:
    ending = FakeApp()
    with serving(Paths.of_user().channel_dir, ending) as server, _begun("--no-tray"):
        greeting, _responder = ending.next()
        assert greeting.name == "show"
        server.stop()
        lock.release()
        until(app_answers, "the new one runs")


@SIGNALS
@pytest.mark.usefixtures("lock")
def test_an_app_that_waits_for_the_lock_ends_too(number: int) -> None:
    with _begun("--no-tray") as app:
        with pytest.raises(subprocess.TimeoutExpired):
            app.wait(2)
        assert end(app, number) < END_SECONDS
        assert app.communicate() == ("", "")


@contextlib.contextmanager
def _begun(*typed: str) -> Iterator[subprocess.Popen[str]]:
    process = command(*typed)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


# -- the end -------------------------------------------------------------------------------


@SIGNALS
def test_a_signal_ends_it_with_0(number: int) -> None:
    with running_app() as app:
        trayapp("start", "A")
        assert end(app, number) < END_SECONDS
        assert app.communicate() == ("", "")
        assert not (Paths.of_user().channel_dir / "control.sock").exists()


@SIGNALS
def test_a_signal_that_another_thread_is_given_ends_it_too(number: int) -> None:
    """As after a sleep of the machine: the kernel takes any thread then."""
    with running_app() as app:
        threads = {int(task.name) for task in Path(f"/proc/{app.pid}/task").iterdir()}
        tgkill = ctypes.CDLL(None).tgkill
        # One of those that have not ended by now.
        assert any(tgkill(app.pid, thread, number) == 0 for thread in threads - {app.pid})
        assert app.wait(PATIENCE_SECONDS) == 0


def _hanging(line: Line, *, after: bool) -> threading.Event:
    """The next request hangs; set once it does. `after`: the server has acted already."""
    hangs = threading.Event()

    def faults() -> Iterator[Fault]:
        hangs.set()
        yield Delay(after=after)

    line.proxy.play(faults())
    return hangs


@SIGNALS
@pytest.mark.parametrize("after", [False, True], ids=["before it acts", "after it acted"])
def test_a_signal_ends_it_in_the_middle_of_a_hanging_request_and_nothing_is_lost_or_doubled(
    tmp_path: Path, number: int, *, after: bool
) -> None:
    with server_line(tmp_path) as line:
        hangs = _hanging(line, after=after)
        with app_at(line) as app:
            trayapp("start", "A", "--note", "n")
            assert hangs.wait(PATIENCE_SECONDS)
            trayapp("pause")
            assert end(app, number) < END_SECONDS
            assert rows("SELECT doubt FROM sync_queue") == [("sent",), ("none",)]
        line.proxy.stop()
        line.proxy.start()
        with app_at(line):
            until(all_sent, "both are sent")
        on_server = [(event.kind, event.at_ms) for event in line.arrived]
        assert on_server == rows("SELECT kind, at_ms FROM event ORDER BY seq")


def test_a_hanging_request_keeps_no_click_waiting(tmp_path: Path) -> None:
    with server_line(tmp_path) as line:
        hangs = _hanging(line, after=False)
        with app_at(line):
            trayapp("start", "A")
            assert hangs.wait(PATIENCE_SECONDS)
            assert trayapp("pause").out.startswith("Paused at")
            assert kinds() == ["time_entry_start", "time_entry_pause"]
            assert trayapp("status", "--json").json["tracker"] == "paused"
            line.proxy.stop()


# -- the gap -------------------------------------------------------------------------------


def test_an_entry_that_ran_unwatched_keeps_running_and_is_asked_about_until_answered() -> None:
    trayapp("start", "A")
    run_sql("DROP TRIGGER event_unchanged")
    run_sql("UPDATE event SET at_ms = at_ms - 3600000")
    with running_app() as app:
        assert trayapp("status", "--json").json["gap_since"] is not None
        assert "trayapp stop --at" in trayapp("status").out
        end(app)
    with running_app():
        assert trayapp("status", "--json").json["gap_since"] is not None
        assert trayapp("resume").out == "Already running: A\n"
        assert trayapp("status", "--json").json["gap_since"] is None
        assert trayapp("status", "--json").json["tracker"] == "running"


# -- what may be missing -------------------------------------------------------------------


def test_without_a_runtime_directory_the_channel_is_elsewhere(
    monkeypatch: pytest.MonkeyPatch, runtime: Path
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("TMPDIR", str(runtime))
    monkeypatch.setattr("tempfile.tempdir", None)
    with running_app():
        assert trayapp("start", "A").out.count("\n") == 1


def test_without_a_channel_it_tracks_and_the_command_line_records_by_itself(runtime: Path) -> None:
    runtime.chmod(0o777)
    with _begun("--no-tray") as app:
        log = Paths.of_user().log
        until(lambda: log.exists() and "Trayapp runs" in log.read_text("utf-8"), "it runs")
        assert trayapp("start", "A").status == 0
        assert "cannot talk to the app" in log.read_text(encoding="utf-8")
        assert app.poll() is None
    assert kinds() == ["time_entry_start"]


def test_a_queue_that_cannot_be_opened_is_one_line_and_1() -> None:
    paths = Paths.of_user()
    paths.make()
    with contextlib.closing(sqlite3.connect(paths.database)) as connection:
        connection.execute("CREATE TABLE somebody_elses (a)")
    ran = trayapp("--no-tray")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("trayapp: ")
    assert ran.err.count("\n") == 1
