"""The command line where something goes wrong: pipes, disks, the queue, the app."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from tests.integration.control_support import FakeApp, serving
from tests.integration.program import (
    PATIENCE_SECONDS,
    ROOT,
    Ran,
    command,
    kinds,
    rows,
    run_sql,
    running_app,
    trayapp,
)
from trayapp.config import Paths
from trayapp.control.client import ControlClient
from trayapp.control.connection import Responder
from trayapp.control.instance import InstanceLock
from trayapp.control.messages import Reply, Request

pytestmark = pytest.mark.timeout(120)


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
    with contextlib.closing(sqlite3.connect(paths.database)) as connection:
        connection.execute("CREATE TABLE somebody_elses (a)")
    before = paths.database.read_bytes()
    ran = trayapp(*typed)
    assert (ran.status, ran.out) == (1, ""), ran
    assert ran.err.startswith(f"trayapp: {said}")
    assert ran.err.count("\n") == 1
    assert paths.database.read_bytes() == before


def test_a_directory_that_cannot_be_made_is_one_line_and_1(home: Path) -> None:
    (home / "xdg_data_home").write_text("a file where a directory belongs", encoding="utf-8")
    for typed in (("start", "A"), ("--no-tray",)):
        ran = trayapp(*typed)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err.count("\n") == 1
        assert "Traceback" not in ran.err


def test_a_defect_is_one_line_and_its_trace_is_in_the_log() -> None:
    trayapp("start", "A")
    paths = Paths.of_user()
    paths.instance_lock.mkdir()
    ran = trayapp("retry", "--wait", "--json")
    assert (ran.status, ran.json["changed"]) == (1, False)
    assert ran.err.startswith("trayapp: This is a defect of Trayapp: IsADirectoryError: ")
    assert ran.err.count("\n") == 1
    assert "Traceback" in paths.log.read_text(encoding="utf-8")
    assert rows("SELECT status FROM sync_queue") == [("pending",)]


def test_a_wait_can_be_broken_off() -> None:
    paths = Paths.of_user()
    paths.make()
    lock = InstanceLock(paths.instance_lock)
    assert lock.try_acquire()
    with command("retry", "--wait") as waits:
        with pytest.raises(subprocess.TimeoutExpired):
            waits.wait(2)
        waits.send_signal(signal.SIGINT)
        assert waits.communicate(timeout=PATIENCE_SECONDS) == ("", "")
    lock.release()
    assert waits.returncode == 1


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


@pytest.mark.parametrize("closed", [">&-", "2>&-", "2>/dev/full"])
def test_a_click_is_recorded_although_nobody_can_be_told(closed: str) -> None:
    for typed, status in (("start A", 0), ("frobnicate", 2)):
        program = f"exec {sys.executable} -m trayapp {typed} {closed}"
        ran = subprocess.run(["/bin/sh", "-c", program], cwd=ROOT, check=False)  # noqa: S603  # ours
        assert ran.returncode == status
    assert kinds() == ["time_entry_start"]


def test_a_zone_that_is_no_zone_leaves_the_offset() -> None:
    at = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert trayapp("start", "A", "--at", "00:00", env={"TZ": "Nowhere/Land"}).status == 0
    assert rows("SELECT at_ms FROM event") == [(int(at.timestamp() * 1000),)]


def test_too_many_numbers_for_one_message_are_refused() -> None:
    trayapp("start", "A")
    run_sql(
        "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 14000)"
        " INSERT INTO sync_queue (id, account, entity_type, payload, status, created_at, entry)"
        " SELECT i, 1, 'time_entry_pause', '{}', 'failed', 1, 'e' FROM n"
    )
    ran = trayapp("retry", *map(str, range(2, 14001)))
    assert ran == Ran(2, "", "trayapp: These are too many numbers; use --all.\n")
    assert rows("SELECT COUNT(*) FROM sync_queue WHERE status = 'failed'") == [(13999,)]


# -- an app that is not as it should be ----------------------------------------------------


class DeafApp(FakeApp):
    """It answers nothing but what it is told to."""

    def __init__(self, *answered: str) -> None:
        super().__init__(self._maybe)
        self._answered = answered

    def _maybe(self, request: Request, responder: Responder) -> None:
        if request.name in self._answered:
            responder.reply(Reply(ok=True))


@pytest.mark.parametrize("typed", [("start", "A"), ("retry",)], ids=" ".join)
def test_an_app_that_has_started_meanwhile_is_told_to_look(typed: tuple[str, ...]) -> None:
    with serving(Paths.of_user().channel_dir, DeafApp("wake")):
        ran = trayapp(*typed)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.count("\n") == 1


def test_quit_says_when_the_app_does_not_answer() -> None:
    with serving(Paths.of_user().channel_dir, DeafApp()):
        ran = trayapp("quit")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("trayapp: Trayapp did not answer within 5 seconds.")


def test_an_app_that_does_not_answer_runs_for_all_we_know() -> None:
    with serving(Paths.of_user().channel_dir, DeafApp()):
        assert trayapp("status", "--json").json["app_runs"] is True


def test_retry_with_wait_says_when_the_app_ends_or_cannot() -> None:
    app = FakeApp()
    with serving(Paths.of_user().channel_dir, app) as server:
        waits = command("retry", "--wait")
        app.next()
        server.stop()
        _, err = waits.communicate(timeout=PATIENCE_SECONDS)
    assert waits.returncode == 1
    assert err.startswith("trayapp: Trayapp ended before it answered.")
    for typed in (("retry", "--wait"), ("retry",), ("start",)):
        app = FakeApp(lambda _request, responder: responder.reply(Reply(ok=False, message="No.")))
        with serving(Paths.of_user().channel_dir, app):
            assert trayapp(*typed) == Ran(1, "", "trayapp: No.\n")


def test_a_queue_that_somebody_holds_for_too_long_is_said_and_the_app_goes_on() -> None:
    with running_app():
        trayapp("start", "A")
        with FileLock(Paths.of_user().writer_lock):
            reply = ControlClient(Paths.of_user().channel_dir).ask(Request("retry"), 30)
            assert not reply.ok
            assert "in use by another program. Nothing was changed; try again." in reply.message
        assert trayapp("pause").status == 0
