"""What the app answers in moments that real processes hit only by chance."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.integration.core_support import made_paths, rows_of
from trayapp.app import App, surroundings
from trayapp.commands import click_request
from trayapp.config import Paths, Settings
from trayapp.control.connection import Responder
from trayapp.control.messages import Reply, Request
from trayapp.desktop.faces import Faces
from trayapp.desktop.menu import Action
from trayapp.sync.status import SyncStatus

MEET_SECONDS = 15.0


class NoFaces(Faces):
    """Nobody looks."""

    def __init__(self) -> None:
        """Nothing to draw."""

    def start(self, status: SyncStatus, **others: object) -> None:
        del status, others

    def quiet_until(self, now: datetime) -> None:
        del now

    def show(self, status: SyncStatus) -> None:
        del status

    def stop(self) -> None:
        """There is nothing to withdraw."""


class Asker:
    """One peer of the channel; `answer` waits for what it is told."""

    def __init__(self) -> None:
        self._came = threading.Event()
        self._reply: Reply | None = None
        self.responder = Responder(self._take)

    def _take(self, line: bytes, last: bool) -> None:  # noqa: FBT001  # the channel's
        assert last
        self._reply = Reply.parse(line)
        self._came.set()

    @property
    def answer(self) -> Reply:
        assert self._came.wait(MEET_SECONDS)
        assert self._reply is not None
        return self._reply

    @property
    def has_answer(self) -> bool:
        return self._came.is_set()


class Desk:
    """An app, not yet running, and how it is asked."""

    def __init__(self, paths: Paths) -> None:
        self.clock = FakeClock()
        self.app = App(surroundings(paths, Settings(), self.clock), faces=NoFaces())

    def ask(self, request: Request) -> Asker:
        asker = Asker()
        self.app._on_request(request, asker.responder)
        return asker

    def click(self, name: str, project: str | None = None) -> Asker:
        self.clock.advance(1)
        return self.ask(click_request(name, self.clock.stamp(), project=project))


@contextmanager
def lived(desk: Desk) -> Iterator[App]:
    """The app from now on; what was asked before is in its inbox already."""
    thread = threading.Thread(target=desk.app.run)
    thread.start()
    try:
        yield desk.app
    finally:
        desk.app.quit()
        thread.join(MEET_SECONDS)
    assert not thread.is_alive()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return made_paths(tmp_path)


def test_a_rest_from_before_a_retry_is_not_its_end(paths: Paths) -> None:
    """The worker may come to rest while a click and a retry are on their way to the main thread."""
    desk = Desk(paths)
    desk.click("start", "A")
    asker = desk.ask(Request("retry", {"wait": True}))
    # Posted while the worker knew of nothing; the second was counted late.
    desk.app.post(lambda: desk.app._rested(0))
    desk.app.post(lambda: desk.app._rested(desk.app._retries.number))
    with lived(desk):
        answer = asker.answer
    assert (answer.ok, answer.value["sent"], answer.value["waiting"]) == (True, 1, 0)


def test_a_click_whose_asker_has_left_is_not_recorded_for_the_asker_does_it(paths: Paths) -> None:
    desk = Desk(paths)
    gone = desk.click("start", "A")
    gone.responder.leave()
    stayed = desk.click("start", "B")
    with lived(desk):
        assert stayed.answer.changed
    assert not gone.has_answer
    assert rows_of(paths.database, "SELECT project FROM event") == [("B",)]


def test_two_who_wait_for_a_retry_are_both_answered(paths: Paths) -> None:
    desk = Desk(paths)
    desk.click("start", "A")
    askers = [desk.ask(Request("retry", {"wait": True})) for _ in range(2)]
    with lived(desk):
        answers = [asker.answer for asker in askers]
    assert answers[0] == answers[1]
    assert answers[0].ok


def test_a_job_that_fails_ends_neither_the_app_nor_what_comes_after(
    paths: Paths, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(paths)
    desk.app.post(lambda: desk.app._answers.act(Action("start"), "no stamp"))  # type: ignore[arg-type]  # the defect
    asker = desk.click("start", "A")
    with lived(desk):
        assert asker.answer.changed
    assert "Unexpected; going on" in caplog.text


def test_the_same_click_many_times_in_the_inbox_makes_one_task(paths: Paths) -> None:
    """Six pauses in one second, as impatient users make them."""
    desk = Desk(paths)
    desk.click("start", "A")
    askers = [desk.click("pause") for _ in range(6)]
    with lived(desk):
        changed = [asker.answer.changed for asker in askers]
    assert changed == [True, False, False, False, False, False]
    assert rows_of(paths.database, "SELECT COUNT(*) FROM event") == [(2,)]


def test_a_retry_that_has_nothing_left_to_try_is_not_cancelled(paths: Paths) -> None:
    desk = Desk(paths)
    asker = desk.ask(Request("cancel_retry"))
    conflict = desk.ask(Request("resolve", {"ids": (), "keep": "server"}))
    account = desk.ask(Request("account"))
    out = desk.ask(Request("sign_out", {"send": True}))
    with lived(desk):
        assert asker.answer == Reply(ok=True, message="Everything has been tried already.")
        assert conflict.answer.ok
        assert account.answer.value["signed_in"] is False
        assert out.answer == Reply(ok=True, message="Nobody was signed in.")
