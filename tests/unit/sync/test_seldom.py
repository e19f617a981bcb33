"""Seldom: at once, then not more than every so often, and the last one always."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from trayapp.sync.seldom import EVERY_SECONDS, Seldom

DEADLINE_SECONDS = 10


class Desk:
    """A Seldom whose time passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.told = 0
        self.late: list[tuple[float, Callable[[], None]]] = []
        self.seldom = Seldom(self._tell, now=lambda: self.now, later=self._later)

    def _tell(self) -> None:
        self.told += 1

    def _later(self, seconds: float, job: Callable[[], None]) -> None:
        self.late.append((seconds, job))

    def pass_time(self) -> None:
        """Up to what is due."""
        seconds, job = self.late.pop()
        self.now += seconds
        job()


def test_the_first_is_told_at_once() -> None:
    desk = Desk()
    desk.seldom()
    assert (desk.told, desk.late) == (1, [])


def test_many_after_it_are_told_of_together_and_late() -> None:
    desk = Desk()
    for _ in range(5):
        desk.seldom()
        desk.now += EVERY_SECONDS / 8
    assert desk.told == 1
    ((wait, _),) = desk.late
    assert round(wait, 6) == round(EVERY_SECONDS * 7 / 8, 6)
    desk.pass_time()
    assert (desk.told, desk.late) == (2, [])


def test_what_comes_after_a_late_one_waits_as_long() -> None:
    desk = Desk()
    desk.seldom()
    desk.seldom()
    desk.pass_time()
    desk.seldom()
    assert (desk.told, len(desk.late)) == (2, 1)
    desk.pass_time()
    assert desk.told == 3


def test_after_a_while_it_is_told_at_once_again() -> None:
    desk = Desk()
    for told in (1, 2, 3):
        desk.seldom()
        assert (desk.told, desk.late) == (told, [])
        desk.now += EVERY_SECONDS


def test_what_comes_while_it_is_told_late_is_told_of_too() -> None:
    desk = Desk()
    heard: list[str] = []

    def tell() -> None:
        heard.append("told")
        if len(heard) == 2:
            seldom()

    seldom = Seldom(tell, now=lambda: desk.now, later=desk._later)
    seldom()
    seldom()
    desk.pass_time()
    assert (len(heard), len(desk.late)) == (2, 1)
    desk.pass_time()
    assert len(heard) == 3


def test_where_there_is_no_thread_for_it_each_is_told_at_once() -> None:
    desk = Desk()

    def no_thread(_seconds: float, _job: Callable[[], None]) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    seldom = Seldom(desk._tell, now=lambda: desk.now, later=no_thread)
    for _ in range(3):
        seldom()
    assert desk.told == 3


def test_what_goes_wrong_once_keeps_nothing_from_being_told_later() -> None:
    desk = Desk()

    def tell() -> None:
        desk.told += 1
        if desk.told < 3:
            message = "gone"
            raise OSError(message)

    seldom = Seldom(tell, now=lambda: desk.now, later=desk._later)
    with pytest.raises(OSError, match="gone"):
        seldom()
    seldom()
    with pytest.raises(OSError, match="gone"):
        desk.pass_time()
    seldom()
    desk.pass_time()
    assert desk.told == 3


def test_the_last_one_comes_by_itself() -> None:
    told = threading.Semaphore(0)
    names: list[str] = []

    def tell() -> None:
        names.append(threading.current_thread().name)
        told.release()

    seldom = Seldom(tell)
    seldom()
    seldom()
    for _ in range(2):
        assert told.acquire(timeout=DEADLINE_SECONDS)
    assert names == [threading.current_thread().name, "tell"]
