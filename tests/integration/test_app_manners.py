"""A quiet guest: no wake-ups, nobody asked but the server, nothing shown to others."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.integration.program import app_at, end, running_app, server_line, trayapp, until
from trayapp.accounts.tokens import Tokens
from trayapp.config import Paths

pytestmark = pytest.mark.timeout(120)


def all_sent() -> bool:
    return trayapp("status", "--json").json["all_sent"] is True


# -- quiet ---------------------------------------------------------------------------------


def _wake_ups(process: subprocess.Popen[str]) -> dict[str, int]:
    found = {}
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        status = (task / "status").read_text(encoding="ascii")
        found[task.name] = int(
            re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE)[0]
        )
    return found


def test_an_idle_app_does_not_wake_up() -> None:
    with running_app() as app:
        trayapp("start", "A")
        trayapp("stop")
        until(all_sent, "both are sent")
        _let_it_come_to_rest(app)
        before = _wake_ups(app)
        with pytest.raises(subprocess.TimeoutExpired):
            app.wait(2)
        assert _wake_ups(app) == before
        assert len(before) >= 3


def _let_it_come_to_rest(app: subprocess.Popen[str]) -> None:
    found: list[dict[str, int]] = []

    def rests() -> bool:
        found.append(_wake_ups(app))
        with contextlib.suppress(subprocess.TimeoutExpired):
            app.wait(0.2)
        return found[-1] == _wake_ups(app)

    until(rests, "it rests")


def test_it_talks_to_nobody_but_the_server_and_the_tokens_stay_out_of_files_and_ps(
    tmp_path: Path, home: Path
) -> None:
    with server_line(tmp_path) as line:
        tokens = Tokens(access="canary-of-access", refresh=line.tokens.refresh)
        with app_at(line, tokens=tokens) as app:
            trayapp("start", "A")
            trayapp("pause")
            until(all_sent, "both are sent")
            shown = Path(f"/proc/{app.pid}/cmdline").read_bytes()
            assert b"canary" not in shown
            assert line.tokens.refresh.encode() not in shown
            end(app)
        port = line.proxy.url.rpartition(":")[2]
        log = Paths.of_user().state_dir / "connections"
        assert set(log.read_text(encoding="utf-8").splitlines()) == {
            "name 127.0.0.1",
            f"('127.0.0.1', {port})",
        }
        assert {seen.path.split("/")[1] for seen in line.proxy.ledger} == {"events", "token"}
        written = [
            file
            for file in home.rglob("*")
            if file.is_file() and file.name != "remote.db" and _has(file, tokens)
        ]
        assert written == []
        assert "Token expired (401)" in Paths.of_user().log.read_text(encoding="utf-8")


def _has(file: Path, tokens: Tokens) -> bool:
    found = file.read_bytes()
    return tokens.access.encode() in found or tokens.refresh.encode() in found


# -- private -------------------------------------------------------------------------------


def test_everything_it_makes_is_for_its_owner_only() -> None:
    usual = os.umask(0o022)
    with contextlib.ExitStack() as stack:
        stack.callback(os.umask, usual)
        stack.enter_context(running_app())
        trayapp("start", "A")
        until(all_sent, "it is sent")
        paths = Paths.of_user()
        places = (paths.config_dir, paths.data_dir, paths.state_dir, paths.channel_dir)
        for directory in places:
            assert directory.stat().st_mode & 0o777 == 0o700, directory
        files = [file for directory in places for file in directory.iterdir()]
        assert {file.name for file in files} >= {
            *("trayapp.db", "trayapp.db-wal", "trayapp.db-shm", "embedded.db"),
            *("instance.lock", "writer.lock", "last-seen", "trayapp.log", "control.sock"),
        }
        for file in files:
            assert file.stat().st_mode & 0o777 == 0o600, file


def test_the_log_names_the_threads_and_the_notes_stay_out_of_it() -> None:
    with running_app() as app:
        trayapp("start", "Website", "--note", "canary-of-a-note")
        until(all_sent, "it is sent")
        end(app)
    log = Paths.of_user().log.read_text(encoding="utf-8")
    assert re.search(r"INFO \[MainThread\] trayapp\.app: Trayapp runs$", log, re.MULTILINE)
    assert re.search(r"INFO \[sync\] .*#1 time_entry_start: Delivered", log)
    assert "Trayapp has ended" in log
    assert "canary" not in log
    assert " ERROR " not in log
