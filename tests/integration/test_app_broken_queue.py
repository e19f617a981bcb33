"""Whoever asks while the queue cannot be used is answered, and told when it works again."""

from __future__ import annotations

import contextlib
import queue
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.integration.core_support import made_paths
from tests.integration.test_app_answers import MEET_SECONDS, Asker, Desk, NoFaces, lived
from trayapp.app import App, surroundings
from trayapp.config import Paths, Settings
from trayapp.control.messages import JSON, Request
from trayapp.core import Core
from trayapp.desktop.menu import Action
from trayapp.queue.errors import QueueError
from trayapp.reception import Desk as Door
from trayapp.reception import Reception
from trayapp.retries import Retries
from trayapp.signing import Signing
from trayapp.sync.retry import CHUNK
from trayapp.sync.status import AccountView, RetryResult
from trayapp.tracking.entry import Event, EventKind
from trayapp.tracking.tracker import Start

UNUSABLE = "This could not be done: the database cannot be used ("


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return made_paths(tmp_path)


@contextlib.contextmanager
def a_core(paths: Paths) -> Iterator[Core]:
    with contextlib.closing(Core(surroundings(paths, Settings(), FakeClock()))) as core:
        yield core


def sql(paths: Paths, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(paths.database, isolation_level=None)) as found:
        found.execute("PRAGMA legacy_alter_table = ON")  # the views go on asking for the old name
        found.execute(statement)


@contextlib.contextmanager
def broken(paths: Paths) -> Iterator[None]:
    """A table is missing for some time."""
    sql(paths, "ALTER TABLE sync_queue RENAME TO away")
    yield
    sql(paths, "ALTER TABLE away RENAME TO sync_queue")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("account", {}),
        ("retry", {}),
        ("discard", {"ids": [1]}),
        ("undo_discard", {"ids": [1]}),
        ("resolve", {"ids": [1]}),
        ("sign_out", {"send": True}),
    ],
)
def test_every_request_is_answered(paths: Paths, name: str, arguments: dict[str, JSON]) -> None:
    desk = Desk(paths)
    with lived(desk):
        assert desk.click("start", "A").answer.changed
        request = Request.parse(Request(name, arguments).line())
        with broken(paths):
            answer = desk.ask(request).answer
        assert (answer.ok, answer.message.startswith(UNUSABLE)) == (False, True), answer
        assert desk.click("stop").answer.changed


class TellingFaces(NoFaces):
    """Nobody looks, but what is told is heard."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str]] = []

    def tell(self, title: str, text: str) -> None:
        self.told.append((title, text))


def test_a_retry_of_the_menu_that_cannot_be_is_told(paths: Paths) -> None:
    clock, faces = FakeClock(), TellingFaces()
    app = App(surroundings(paths, Settings(), clock), faces=faces)
    with broken(paths):
        app._answers.act(Action.RETRY_ALL, clock.stamp())
    app.core.close()
    assert [(title, text.startswith(UNUSABLE)) for title, text in faces.told] == [
        ("Not tried again", True)
    ]


def test_who_asked_to_send_before_the_sign_out_is_answered(paths: Paths) -> None:
    asker, breaks = Asker(), contextlib.ExitStack()

    def send_all(ended: Callable[[RetryResult], None]) -> None:
        breaks.enter_context(broken(paths))
        ended(RetryResult(number=1, sent=0, failed=0, waiting=1, reason=""))

    with a_core(paths) as core, breaks:
        core.use_account(AccountView(kind="hubnity", url="https://x.example", user="anna"))
        core.timer.do(Start(), core.clock.stamp())
        door = Door(post=lambda job: job(), send_all=send_all)
        where = surroundings(paths, Settings(), core.clock)
        reception = Reception(core, Signing(core, {}, where.vault), {}, door)
        reception.answer(Request("sign_out", {"send": True}), asker.responder)
        answer = asker.answer
        assert (answer.ok, answer.message.startswith(UNUSABLE)) == (False, True)


def test_a_retry_whose_later_chunk_fails_ends_and_is_told(paths: Paths) -> None:
    jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    told: list[RetryResult] = []
    with a_core(paths) as core:
        with core._queue.lock() as guard:
            stamp = core.clock.stamp()
            for number in range(CHUNK + 2):
                event = Event(
                    id=f"event {number}",
                    entry_id=f"entry {number}",
                    kind=EventKind.START,
                    stamp=stamp,
                    project="",
                    note="",
                )
                guard.value.record([event], stamp.at)
        sql(paths, "UPDATE sync_queue SET status = 'failed', error_message = 'no'")
        retries = Retries(core, post=jobs.put)
        assert retries.start() == CHUNK + 2
        retries.wait(told.append)
        with broken(paths), pytest.raises(QueueError):
            jobs.get(timeout=MEET_SECONDS)()
        for _ in range(2):  # the first rest may be from before
            retries.rested(retries.number)
        assert [(one.failed, one.waiting) for one in told] == [(2, CHUNK)]
        assert not core.retrier.is_running
