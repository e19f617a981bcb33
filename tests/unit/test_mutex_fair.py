"""The mutex is fair: whoever waits comes before whoever has just been inside."""

from __future__ import annotations

from threading import Event, Thread
from time import monotonic

import pytest

from tests.unit.mutex_ledger import DEADLINE_SECONDS, Ledger, in_thread
from trayapp.mutex import LockTimeout, Mutex

ROUNDS = 50


def waits_for(mutex: Mutex[Ledger]) -> bool:
    """Whether a thread stands before the lock."""
    return bool(mutex._Mutex__shared.turnstile.locked())  # type: ignore[attr-defined]


def until_one_waits_for(mutex: Mutex[Ledger]) -> None:
    ends_at = monotonic() + DEADLINE_SECONDS
    while not waits_for(mutex):
        assert monotonic() < ends_at, "nobody waits"
        Event().wait(0.0001)


@pytest.mark.parametrize("timeout", [None, DEADLINE_SECONDS])
def test_who_waits_comes_before_who_locks_again_at_once(timeout: float | None) -> None:
    mutex = Mutex(Ledger())
    order: list[str] = []

    def click() -> None:
        with mutex.lock(timeout):
            order.append("click")

    for _round in range(ROUNDS):
        order.clear()
        thread = Thread(target=click, name="click")
        with mutex.lock():
            thread.start()
            until_one_waits_for(mutex)
            order.append("chunk")
        with mutex.lock():
            order.append("next chunk")
        thread.join(DEADLINE_SECONDS)
        assert order == ["chunk", "click", "next chunk"]


def test_one_who_gave_up_waiting_stands_in_nobodys_way() -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)

    def enter(timeout: float) -> None:
        with mutex.lock(timeout):
            pass

    with mutex.lock():
        assert isinstance(in_thread(lambda: enter(0.001)), LockTimeout)
        assert not waits_for(mutex)
    enter(0)
    assert ledger.calls == ["begin", "commit"] * 2


def test_one_who_waits_behind_another_who_waits_gives_up_in_time() -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)

    def enter(timeout: float | None) -> None:
        with mutex.lock(timeout):
            pass

    first = Thread(target=enter, args=(None,), name="first")
    with mutex.lock():
        first.start()
        until_one_waits_for(mutex)
        assert isinstance(in_thread(lambda: enter(0.001)), LockTimeout)
    first.join(DEADLINE_SECONDS)
    assert ledger.calls == ["begin", "commit"] * 2
