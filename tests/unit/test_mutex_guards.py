"""The mutex: one thread at a time, and no way to its value but a guard that lives."""

from __future__ import annotations

import copy
from threading import Barrier, Event, Lock, Thread

import pytest

from tests.unit.mutex_ledger import DEADLINE_SECONDS, Ledger, OopsError, enter, in_thread, is_free
from trayapp.mutex import DeadGuardError, LockTimeout, Mutex, RelockError, WrongThreadError

THREADS = 20


@pytest.mark.parametrize("timeout", [None, 0, 1])
def test_locking_again_in_the_same_thread_raises_instead_of_waiting(timeout: float | None) -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)
    with mutex.lock() as guard:
        with pytest.raises(RelockError):
            enter(mutex.lock(timeout))
        with pytest.raises(RelockError):
            mutex.recover(lambda value: value)
        assert guard.value is ledger
    assert ledger.calls == ["begin", "commit"]


@pytest.mark.parametrize("name", ["begin", "commit", "rollback"])
def test_locking_again_from_inside_the_value_raises(name: str) -> None:
    ledger = Ledger("commit") if name == "rollback" else Ledger()
    mutex = Mutex(ledger)
    raised: list[type[BaseException]] = []

    def relock() -> None:
        if ledger.calls[-1] == name:
            with pytest.raises(RelockError) as caught:
                enter(mutex.lock())
            raised.append(caught.type)

    ledger.during = relock
    if name == "rollback":
        with pytest.raises(OopsError):
            enter(mutex.lock())
    else:
        enter(mutex.lock())
    assert raised == [RelockError]


def test_after_a_block_the_same_thread_may_lock_again() -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)
    enter(mutex.lock())
    enter(mutex.lock())
    assert ledger.calls == ["begin", "commit"] * 2


@pytest.mark.parametrize("timeout", [0, 0.01, -5])
def test_a_lock_held_elsewhere_times_out_and_nothing_begins(timeout: float) -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)
    with mutex.lock():
        error = in_thread(lambda: enter(mutex.lock(timeout=timeout)))
    assert isinstance(error, LockTimeout)
    assert ledger.calls == ["begin", "commit"]


@pytest.mark.parametrize("timeout", [None, DEADLINE_SECONDS])
def test_a_lock_waits_until_the_other_thread_is_done(timeout: float | None) -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)
    started = Event()

    def second() -> None:
        started.set()
        enter(mutex.lock(timeout))

    thread = Thread(target=second, name="second")
    with mutex.lock():
        thread.start()
        assert started.wait(DEADLINE_SECONDS)
        assert ledger.calls == ["begin"]
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
    assert ledger.calls == ["begin", "commit"] * 2


def test_twenty_threads_at_once_never_meet_inside() -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)
    barrier = Barrier(THREADS)
    inside = Lock()
    met: list[str] = []

    def work() -> None:
        barrier.wait(DEADLINE_SECONDS)
        with mutex.lock(DEADLINE_SECONDS):
            if not inside.acquire(blocking=False):
                met.append("two at once")
                return
            inside.release()

    threads = [Thread(target=work, name=f"click-{n}") for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    assert met == []
    assert ledger.calls == ["begin", "commit"] * THREADS


def test_a_guard_is_dead_before_and_after_its_block() -> None:
    ledger = Ledger()
    guard = Mutex(ledger).lock()
    with pytest.raises(DeadGuardError):
        _ = guard.value
    with guard:
        assert guard.value is ledger
    with pytest.raises(DeadGuardError):
        _ = guard.value


def test_a_guard_is_dead_after_a_block_that_failed() -> None:
    guard = Mutex(Ledger("commit")).lock()
    with pytest.raises(OopsError):
        enter(guard)
    with pytest.raises(DeadGuardError):
        _ = guard.value


def test_a_guard_can_be_used_once() -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)
    guard = mutex.lock()
    enter(guard)
    with pytest.raises(DeadGuardError):
        enter(guard)
    assert ledger.calls == ["begin", "commit"]
    assert is_free(mutex)


def test_a_guard_that_timed_out_is_used_up() -> None:
    mutex = Mutex(Ledger())
    guard = mutex.lock(timeout=0)
    with mutex.lock():
        assert isinstance(in_thread(lambda: enter(guard)), LockTimeout)
    with pytest.raises(DeadGuardError):
        enter(guard)


def test_a_guard_raises_in_a_thread_that_did_not_lock() -> None:
    ledger = Ledger()
    with Mutex(ledger).lock() as guard:
        assert isinstance(in_thread(lambda: guard.value), WrongThreadError)
        assert guard.value is ledger


def test_another_thread_cannot_end_the_block() -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)
    with mutex.lock() as guard:
        error = in_thread(lambda: guard.__exit__(None, None, None))
        assert isinstance(error, WrongThreadError)
        assert ledger.calls == ["begin"]
        assert not is_free(mutex)
    assert ledger.calls == ["begin", "commit"]


def test_a_block_cannot_be_ended_twice() -> None:
    ledger = Ledger()
    guard = Mutex(ledger).lock()
    enter(guard)
    with pytest.raises(DeadGuardError):
        guard.__exit__(None, None, None)
    assert ledger.calls == ["begin", "commit"]


def test_the_value_cannot_be_reached_without_the_guard() -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)
    guard = mutex.lock()
    for thing in (mutex, guard):
        public = [name for name in dir(thing) if not name.startswith("_")]
        assert public in (["is_poisoned", "lock", "recover"], ["value"])
        assert not hasattr(thing, "__dict__")
        assert not hasattr(thing, "_value")
        assert "Ledger" not in repr(thing) + str(thing)
    with pytest.raises(AttributeError):
        mutex.value = Ledger()  # type: ignore[attr-defined]


def test_a_copy_of_the_mutex_is_no_second_way_in() -> None:
    mutex = Mutex(Ledger())
    with mutex.lock(), pytest.raises(RelockError):
        enter(copy.copy(mutex).lock())
