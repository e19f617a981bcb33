"""Faces without a tray: what they say and when, and how they open a file."""

from __future__ import annotations

import os
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
from trayapp.sync.outcome import Cause
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
    assert patient.voice.next().title == "Signed out: 1 task not sent"


def test_failed_tasks_are_told_whenever_they_are_asked_for(patient: Stage) -> None:
    patient.faces.tell_failed(FAILED)
    patient.faces.show(FAILED)
    patient.faces.tell_failed(FAILED)
    listed = "Failed tasks (1)"
    assert set(patient.titles_until("end")) == {listed, "Signed out: 1 task not sent"}


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
