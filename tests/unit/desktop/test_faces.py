"""Faces without a tray: what they say and when, and how they open a file."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue

import pytest

from tests.fakes import FakeClock
from trayapp.desktop.faces import Faces
from trayapp.desktop.notices import Notice
from trayapp.desktop.notifications import Speaker
from trayapp.sync.cause import Cause
from trayapp.sync.status import FailedCause, SyncStatus

NOW = datetime(2026, 1, 8, 14, 0, tzinfo=UTC)
IDLE = SyncStatus(as_of=NOW)
FAILED = replace(
    IDLE,
    failed=1,
    own_failed=1,
    failed_causes=(FailedCause(cause=Cause.SIGNED_OUT, count=1, reason="HTTP 401: Unauthorized"),),
)
AT_ONCE = timedelta()
NEVER = timedelta(hours=1)
SECONDS = 5
NO_HOST = "This desktop shows no tray icons"


class Listener:
    """A Voice that keeps what it is to say."""

    def __init__(self) -> None:
        self.said: Queue[Notice] = Queue()

    def say(self, notice: Notice) -> None:
        self.said.put(notice)

    def next(self) -> Notice:
        return self.said.get(timeout=SECONDS)


class Stage:
    """Faces, what they say, and what they ask to be told about the host."""

    def __init__(self, patience: timedelta) -> None:
        self.voice = Listener()
        self.host: Queue[bool] = Queue()
        self.faces = Faces(
            speaker=Speaker(self.voice, clock=FakeClock()),
            waiting_after=timedelta(hours=1),
            icon_size=None,
            host_patience=patience,
        )
        self.faces.start(IDLE, post=lambda _action: None, host=self.host.put)

    def titles_until(self, last: str) -> list[str]:
        """The titles said from now on, up to one that is said to end them."""
        self.faces.tell(last, "")
        titles = []
        while (title := self.voice.next().title) != last:
            titles.append(title)
        return titles


@pytest.fixture
def impatient() -> Iterator[Stage]:
    stage = Stage(AT_ONCE)
    yield stage
    stage.faces.stop()


@pytest.fixture
def patient() -> Iterator[Stage]:
    stage = Stage(NEVER)
    yield stage
    # Also ends the thread that waits; one left behind fails the test.
    stage.faces.stop()


def test_a_missing_host_is_told_when_patience_is_over_and_only_once(impatient: Stage) -> None:
    for _ in range(2):
        impatient.faces.host_changed(present=False)
        assert impatient.host.get(timeout=SECONDS) is False
        impatient.faces.host_changed(present=False)
        impatient.faces.host_changed(present=True)
    assert impatient.titles_until("end") == [NO_HOST]


def test_a_missing_host_is_no_news_at_once(patient: Stage) -> None:
    patient.faces.host_changed(present=False)
    patient.faces.host_changed(present=False)
    assert patient.titles_until("end") == []
    assert patient.host.empty()


def test_a_host_that_came_meanwhile_makes_old_news_untrue(impatient: Stage) -> None:
    impatient.faces.host_changed(present=False)
    assert impatient.host.get(timeout=SECONDS) is False
    impatient.faces.host_changed(present=True)
    impatient.faces.host_changed(present=False)
    assert impatient.titles_until("end") == []
    assert impatient.host.get(timeout=SECONDS) is False


def test_a_host_that_came_ends_the_waiting(patient: Stage) -> None:
    patient.faces.host_changed(present=False)
    patient.faces.host_changed(present=True)
    patient.faces.host_changed(present=True)
    assert patient.titles_until("end") == []


def test_a_status_with_a_new_failure_is_told(patient: Stage) -> None:
    patient.faces.show(FAILED)
    assert patient.voice.next().title == "Sign in again to send 1 event"


def _opener(tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A desktop's program that opens files, on the path of this test only."""
    directory = tmp_path / "bin"
    directory.mkdir()
    program = directory / "xdg-open"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")


def test_a_file_is_opened_by_the_desktops_program(
    patient: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "opened"
    os.mkfifo(pipe)
    _opener(tmp_path, f'echo "$1" > {pipe}', monkeypatch)
    patient.faces.open_file(Path("/a log"))
    assert pipe.read_text() == "/a log\n"
    assert patient.titles_until("end") == []


@pytest.mark.parametrize("script", ["exit 3", None], ids=["refuses", "is missing"])
def test_where_nothing_opens_a_file_its_place_is_told(
    script: str | None, patient: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if script is None:
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        _opener(tmp_path, script, monkeypatch)
    patient.faces.open_file(Path("/a log"))
    told = patient.voice.next()
    assert told.title == "The log could not be opened"
    assert told.body.endswith("The file is /a log")


# -- windows -------------------------------------------------------------------------------


def _program(tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands in for the interpreter that starts our windows; writes its words to a pipe."""
    words = tmp_path / "words"
    os.mkfifo(words)
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$*" > {words}\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return words


def test_a_window_is_a_process_of_this_program(
    patient: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = _program(tmp_path, "exit 0", monkeypatch)
    patient.faces.open_window("login", instead="trayapp login")
    assert words.read_text() == "-m trayapp window login\n"
    for thread in threading.enumerate():
        if thread.name == "window login":
            thread.join(SECONDS)
    assert patient.titles_until("end") == []


def test_a_frozen_program_opens_its_windows_itself(
    patient: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = _program(tmp_path, "exit 0", monkeypatch)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    patient.faces.open_window("login", instead="trayapp login")
    assert words.read_text() == "window login\n"


def test_a_window_that_stays_open_holds_nothing_up(
    patient: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = tmp_path / "closing"
    os.mkfifo(closing)
    words = _program(tmp_path, f"exit $(cat {closing})", monkeypatch)
    patient.faces.open_window("login", instead="trayapp login")
    words.read_text()
    assert patient.titles_until("end") == []
    closing.write_text("4")
    assert patient.voice.next().title == "The window could not be opened"


def test_a_window_that_ends_in_an_error_is_told_with_the_command_that_does_the_same(
    patient: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = _program(tmp_path, "exit 1", monkeypatch)
    patient.faces.open_window("login", instead="trayapp login")
    words.read_text()
    told = patient.voice.next()
    assert told.title == "The window could not be opened"
    assert told.body.startswith("Type in a terminal instead: trayapp login. ")
    assert patient.titles_until("end") == []


def test_a_missing_library_for_windows_is_named(
    patient: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = _program(tmp_path, "exit 1", monkeypatch)
    monkeypatch.setitem(sys.modules, "_tkinter", None)
    patient.faces.open_window("login", instead="trayapp login")
    words.read_text()
    body = patient.voice.next().body
    assert "install python3-tk" in body
    assert "trayapp login" in body


def test_a_program_that_cannot_be_started_again_is_told(
    patient: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    patient.faces.open_window("login", instead="trayapp login")
    assert patient.voice.next().title == "The window could not be opened"
