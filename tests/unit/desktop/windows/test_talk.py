"""A window asks the app without waiting for it, and hears each answer once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trayapp.control.channel import ControlServer
from trayapp.control.client import NotAnsweringError, NotRunningError
from trayapp.control.connection import Responder
from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.talk import Answer, Talk

_WAIT_SECONDS = 10.0


class FakeLoop:
    """Tk's loop: work comes in from any thread and is done on the test's."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def post(self, work: Callable[[], None]) -> None:
        self._work.put(work)

    def do_one(self) -> None:
        self._work.get(timeout=_WAIT_SECONDS)()

    @property
    def is_empty(self) -> bool:
        return self._work.empty()


class FakeApp:
    """Keeps who asks; the test answers."""

    def __init__(self) -> None:
        self.asked: queue.SimpleQueue[tuple[Request, Responder]] = queue.SimpleQueue()

    def handle(self, request: Request, responder: Responder) -> None:
        self.asked.put((request, responder))

    def next(self) -> tuple[Request, Responder]:
        return self.asked.get(timeout=_WAIT_SECONDS)


@pytest.fixture
def app(runtime: Path) -> Iterator[FakeApp]:
    fake = FakeApp()
    server = ControlServer(runtime / "channel", fake.handle)
    server.start()
    yield fake
    server.stop()


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def talk(runtime: Path, loop: FakeLoop) -> Iterator[Talk]:
    one = Talk(runtime / "channel", loop.post)
    yield one
    one.close()


def test_the_answer_comes_on_the_windows_own_thread(
    app: FakeApp, talk: Talk, loop: FakeLoop
) -> None:
    heard: list[tuple[Answer, threading.Thread]] = []
    talk.ask(
        Request("account"),
        lambda answer: heard.append((answer, threading.current_thread())),
        timeout=_WAIT_SECONDS,
    )
    request, responder = app.next()
    responder.reply(Reply(ok=True, message="here"))
    loop.do_one()
    assert request == Request("account")
    assert heard == [(Reply(ok=True, message="here"), threading.current_thread())]


def test_an_app_that_is_not_there_is_an_answer_too(talk: Talk, loop: FakeLoop) -> None:
    heard: list[Answer] = []
    talk.ask(Request("account"), heard.append, timeout=_WAIT_SECONDS)
    loop.do_one()
    assert [type(answer) for answer in heard] == [NotRunningError]


def test_an_app_that_ends_without_a_word_is_an_answer_too(
    app: FakeApp, talk: Talk, loop: FakeLoop
) -> None:
    heard: list[Answer] = []
    talk.ask(Request("sign_in"), heard.append, timeout=0.2)
    app.next()
    loop.do_one()
    assert [type(answer) for answer in heard] == [NotAnsweringError]


def test_what_was_cancelled_is_not_heard_although_it_was_answered(
    app: FakeApp, talk: Talk, loop: FakeLoop
) -> None:
    heard: list[Answer] = []
    question = talk.ask(Request("sign_in"), heard.append, timeout=_WAIT_SECONDS)
    app.next()[1].reply(Reply(ok=True))
    work = loop._work.get(timeout=_WAIT_SECONDS)
    question.cancel()
    work()
    assert heard == []


def test_a_cancelled_question_waits_for_nothing(app: FakeApp, talk: Talk) -> None:
    heard: list[Answer] = []
    question = talk.ask(Request("sign_in"), heard.append, timeout=_WAIT_SECONDS)
    app.next()
    [waiting] = [one for one in threading.enumerate() if one.name == "ask sign_in"]
    question.cancel()
    waiting.join(_WAIT_SECONDS / 2)
    assert not waiting.is_alive()


def test_a_subscription_hears_every_answer_and_then_its_end(
    app: FakeApp, talk: Talk, loop: FakeLoop
) -> None:
    heard: list[Answer] = []
    talk.subscribe(Request("status"), heard.append, timeout=_WAIT_SECONDS)
    responder = app.next()[1]
    for message in ("one", "two"):
        responder.stream(Reply(ok=True, message=message))
    responder.reply(Reply(ok=True, message="three"))
    for _ in range(4):
        loop.do_one()
    assert [answer.message for answer in heard[:3] if isinstance(answer, Reply)] == [
        "one",
        "two",
        "three",
    ]
    assert isinstance(heard[3], NotAnsweringError)
    assert loop.is_empty


def test_what_is_too_long_to_ask_is_said(app: FakeApp, talk: Talk, loop: FakeLoop) -> None:
    heard: list[Answer] = []
    talk.ask(Request("sign_in", {"url": "x" * 10_000}), heard.append, timeout=_WAIT_SECONDS)
    loop.do_one()
    assert "Shorten" in str(heard[0])
    assert app.asked.empty()
