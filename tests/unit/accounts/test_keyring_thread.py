"""A keyring that hangs delays nobody twice, and what it says late is heard."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from trayapp.accounts.keyring_thread import KeyringThread
from trayapp.accounts.tokens import TokensLocked

DEADLINE_SECONDS = 10
SHORT = timedelta(seconds=0.1)
LONG = timedelta(seconds=DEADLINE_SECONDS)
SILENT = "it does not answer"


class Gate:
    """A call that hangs until it is let go on."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def __call__(self) -> str:
        self.entered.set()
        assert self.go_on.wait(DEADLINE_SECONDS)
        return "late"


class Fixture:
    """A thread whose patience can be changed, and what it told."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.thread = KeyringThread(opened=self.opened.set, deadline=LONG)

    def patience(self, deadline: timedelta) -> None:
        self.thread._deadline = deadline

    def is_hung(self) -> bool:
        return self.thread.is_hung

    def hang(self, gate: Gate) -> None:
        """Have a call hang past its deadline."""
        self.patience(SHORT)
        with pytest.raises(TokensLocked, match=SILENT):
            self.thread.call(gate)
        self.patience(LONG)


@pytest.fixture
def it() -> Iterator[Fixture]:
    fixture = Fixture()
    yield fixture
    fixture.thread.close()


def test_a_call_is_answered_on_the_one_thread_of_that_name(it: Fixture) -> None:
    first, second = (it.thread.call(threading.current_thread) for _ in range(2))
    assert first is second
    assert (first.name, first.daemon) == ("keyring", True)
    assert not it.opened.is_set()


def test_no_thread_is_there_before_the_first_call(it: Fixture) -> None:
    assert "keyring" not in {thread.name for thread in threading.enumerate()}
    it.thread.call(int)
    assert "keyring" in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("error", [TokensLocked("shut"), TimeoutError(), KeyError("x")], ids=repr)
def test_what_a_call_raises_reaches_who_asked(it: Fixture, error: Exception) -> None:
    def work() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        it.thread.call(work)
    assert caught.value is error
    assert it.thread.call(lambda: 7) == 7


def test_calls_come_one_at_a_time(it: Fixture) -> None:
    inside = 0
    most = 0

    def work() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        inside -= 1

    _at_once(20, lambda: it.thread.call(work))
    assert most == 1


def test_a_hung_call_delays_one_asker_once_and_nobody_after(it: Fixture) -> None:
    gate = Gate()
    it.hang(gate)
    assert it.is_hung()
    began = time.monotonic()
    for _ in range(1000):
        with pytest.raises(TokensLocked, match=SILENT):
            it.thread.call(int)
    assert time.monotonic() - began < DEADLINE_SECONDS / 2
    assert threading.active_count() == 2
    gate.go_on.set()
    assert it.opened.wait(DEADLINE_SECONDS)
    assert not it.is_hung()
    assert it.thread.call(lambda: 7) == 7


def test_a_deadline_sends_everybody_home_who_waits(it: Fixture) -> None:
    gate, ran = Gate(), threading.Event()
    failures: list[TokensLocked] = []

    def ask(work: Callable[[], object]) -> None:
        try:
            it.thread.call(work)
        except TokensLocked as locked:
            failures.append(locked)

    it.patience(timedelta(seconds=1))
    first = threading.Thread(target=ask, args=(gate,), name="caller")
    first.start()
    assert gate.entered.wait(DEADLINE_SECONDS)
    it.patience(LONG)
    began = time.monotonic()
    _at_once(20, lambda: ask(ran.set))
    assert time.monotonic() - began < DEADLINE_SECONDS / 2
    first.join(DEADLINE_SECONDS)
    assert len(failures) == 21
    gate.go_on.set()
    assert it.opened.wait(DEADLINE_SECONDS)
    it.thread.call(int)
    assert not ran.is_set(), "nobody waits for it any more, so it must not be done"


def test_a_hung_call_that_fails_in_the_end_frees_the_thread(it: Fixture) -> None:
    gate = Gate()

    def work() -> None:
        gate()
        raise TokensLocked

    it.patience(SHORT)
    with pytest.raises(TokensLocked, match=SILENT):
        it.thread.call(work)
    it.patience(LONG)
    gate.go_on.set()
    assert it.opened.wait(DEADLINE_SECONDS)
    assert it.thread.call(lambda: 7) == 7


def test_a_listener_that_fails_does_not_end_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    gate = Gate()
    thread = KeyringThread(opened=fail, deadline=SHORT)
    with pytest.raises(TokensLocked):
        thread.call(gate)
    gate.go_on.set()
    thread._deadline = LONG
    _until(lambda: not thread.is_hung)
    assert thread.call(lambda: 7) == 7
    thread.close()
    assert caplog.record_tuples[-1][1:] == (
        logging.ERROR,
        "Nobody could be told that the keyring answers again",
    )


def test_nobody_need_listen() -> None:
    gate = Gate()
    thread = KeyringThread(deadline=SHORT)
    with pytest.raises(TokensLocked):
        thread.call(gate)
    gate.go_on.set()
    _until(lambda: not thread.is_hung)
    thread.close()


def test_a_closed_thread_ends_and_finds_the_keyring_locked(it: Fixture) -> None:
    thread = it.thread.call(threading.current_thread)
    it.thread.close()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
    with pytest.raises(TokensLocked):
        it.thread.call(int)


def test_closing_waits_for_no_hung_call(it: Fixture) -> None:
    gate = Gate()
    it.hang(gate)
    it.thread.close()
    gate.go_on.set()


def test_who_waits_when_it_closes_is_sent_home(it: Fixture) -> None:
    gate = Gate()
    heard: list[str] = []

    def ask() -> None:
        with pytest.raises(TokensLocked) as caught:
            it.thread.call(int)
        heard.append(caught.value.reason)

    first = threading.Thread(target=lambda: heard.append(it.thread.call(gate)), name="caller")
    first.start()
    assert gate.entered.wait(DEADLINE_SECONDS)
    second = threading.Thread(target=ask, name="caller")
    second.start()
    _until(lambda: len(it.thread._waiting) == 1)
    it.thread.close()
    second.join(DEADLINE_SECONDS)
    gate.go_on.set()
    first.join(DEADLINE_SECONDS)
    assert heard == [SILENT, "late"]


def test_an_idle_thread_does_not_wake_up(it: Fixture) -> None:
    it.thread.call(int)
    assert it.thread._thread is not None
    number = it.thread._thread.ident
    assert number is not None
    _until(lambda: _stands_in_a_wait_without_end(number))


def _stands_in_a_wait_without_end(number: int) -> bool:
    frame = sys._current_frames()[number]
    return frame.f_code is threading.Condition.wait.__code__ and frame.f_locals["timeout"] is None


def _at_once(count: int, work: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work, name="caller") for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive()


def _until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < ends
