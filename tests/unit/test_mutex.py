"""The mutex: one value, one way in, one transaction a lock."""

from __future__ import annotations

import copy
from collections.abc import Callable
from threading import Barrier, Event, Lock, Thread

import pytest

from trayapp.mutex import (
    DeadGuardError,
    LockTimeout,
    Mutex,
    MutexError,
    MutexGuard,
    PoisonError,
    RelockError,
    WrongThreadError,
)

DEADLINE_SECONDS = 10
THREADS = 20
INSIDE = "inside"


class OopsError(Exception):
    """What the tests raise."""


class Ledger:
    """A Transactional that writes down what is asked of it and fails where it is told to."""

    def __init__(self, *fails: str) -> None:
        self.calls: list[str] = []
        self.fails = set(fails)
        self.during: Callable[[], object] = lambda: None

    def _do(self, name: str) -> None:
        self.calls.append(name)
        self.during()
        if name in self.fails:
            raise OopsError(name)

    def begin(self) -> None:
        self._do("begin")

    def commit(self) -> None:
        self._do("commit")

    def rollback(self) -> None:
        self._do("rollback")


def in_thread(work: Callable[[], object]) -> BaseException | None:
    """What `work` raises in a thread of its own."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # handed to the test
            raised.append(error)

    thread = Thread(target=run, name="other")
    thread.start()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
    return raised[0] if raised else None


def fail_inside(mutex: Mutex[Ledger]) -> None:
    with mutex.lock():
        raise OopsError(INSIDE)


def poisoned() -> tuple[Mutex[Ledger], Ledger]:
    ledger = Ledger("rollback")
    mutex = Mutex(ledger)
    with pytest.raises(PoisonError):
        fail_inside(mutex)
    ledger.calls.clear()
    return mutex, ledger


def is_free(mutex: Mutex[Ledger]) -> bool:
    """Whether another thread gets the lock at once (or is told that it is poisoned)."""
    return not isinstance(in_thread(lambda: enter(mutex.lock(timeout=0))), LockTimeout)


def enter(guard: MutexGuard[Ledger]) -> None:
    with guard:
        pass


def test_a_block_is_one_transaction_that_is_committed_at_its_end() -> None:
    ledger = Ledger()
    with Mutex(ledger).lock() as guard:
        assert guard.value is ledger
        assert ledger.calls == ["begin"]
    assert ledger.calls == ["begin", "commit"]


def test_an_exception_inside_rolls_back_and_comes_out_unchanged() -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)
    with pytest.raises(OopsError, match=INSIDE):
        fail_inside(mutex)
    assert ledger.calls == ["begin", "rollback"]
    assert not mutex.is_poisoned
    assert is_free(mutex)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_leaving_the_program_inside_rolls_back_too(kind: type[BaseException]) -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)
    with pytest.raises(kind), mutex.lock():
        raise kind
    assert ledger.calls == ["begin", "rollback"]
    assert is_free(mutex)


def test_a_begin_that_fails_frees_the_lock_and_poisons_nothing() -> None:
    ledger = Ledger("begin")
    mutex = Mutex(ledger)
    guard = mutex.lock()
    with pytest.raises(OopsError, match="begin"):
        enter(guard)
    assert ledger.calls == ["begin"]
    assert not mutex.is_poisoned
    assert is_free(mutex)
    with pytest.raises(DeadGuardError):
        _ = guard.value


def test_a_begin_that_is_interrupted_frees_the_lock() -> None:
    ledger = Ledger()
    mutex = Mutex(ledger)

    def interrupt() -> None:
        raise KeyboardInterrupt

    ledger.during = interrupt
    with pytest.raises(KeyboardInterrupt):
        enter(mutex.lock())
    ledger.during = lambda: None
    assert is_free(mutex)


def test_a_commit_that_fails_is_rolled_back_and_comes_out() -> None:
    ledger = Ledger("commit")
    mutex = Mutex(ledger)
    with pytest.raises(OopsError, match="commit"):
        enter(mutex.lock())
    assert ledger.calls == ["begin", "commit", "rollback"]
    assert not mutex.is_poisoned
    assert is_free(mutex)


def test_a_rollback_that_fails_after_an_exception_poisons_and_keeps_both_errors() -> None:
    mutex = Mutex(Ledger("rollback"))
    with pytest.raises(PoisonError) as caught:
        fail_inside(mutex)
    failed_rollback = caught.value.__cause__
    assert isinstance(failed_rollback, OopsError)
    assert str(failed_rollback) == "rollback"
    assert str(failed_rollback.__context__) == INSIDE
    assert mutex.is_poisoned
    assert is_free(mutex)


def test_a_rollback_that_fails_after_a_failed_commit_poisons_and_keeps_both_errors() -> None:
    mutex = Mutex(Ledger("commit", "rollback"))
    with pytest.raises(PoisonError) as caught:
        enter(mutex.lock())
    failed_rollback = caught.value.__cause__
    assert str(failed_rollback) == "rollback"
    assert failed_rollback is not None
    assert str(failed_rollback.__context__) == "commit"
    assert mutex.is_poisoned
    assert is_free(mutex)


def test_a_poisoned_mutex_gives_its_value_to_nobody() -> None:
    mutex, ledger = poisoned()
    for _ in range(2):
        with pytest.raises(PoisonError):
            enter(mutex.lock())
    assert isinstance(in_thread(lambda: enter(mutex.lock())), PoisonError)
    assert ledger.calls == []


def test_recovery_replaces_the_value_and_clears_the_poison() -> None:
    mutex, old = poisoned()
    new = Ledger()
    given: list[Ledger] = []

    def mend(ledger: Ledger) -> Ledger:
        given.append(ledger)
        return new

    mutex.recover(mend)
    assert given == [old]
    assert not mutex.is_poisoned
    with mutex.lock() as guard:
        assert guard.value is new
    assert new.calls == ["begin", "commit"]
    assert old.calls == []


def test_a_recovery_that_fails_leaves_the_poison_and_frees_the_lock() -> None:
    mutex, _ = poisoned()

    def mend(_ledger: Ledger) -> Ledger:
        raise OopsError(INSIDE)

    with pytest.raises(OopsError, match=INSIDE):
        mutex.recover(mend)
    assert mutex.is_poisoned
    assert is_free(mutex)


def test_a_recovery_of_a_sound_mutex_that_fails_poisons_it() -> None:
    mutex = Mutex(Ledger())

    def mend(_ledger: Ledger) -> Ledger:
        raise OopsError(INSIDE)

    with pytest.raises(OopsError):
        mutex.recover(mend)
    with pytest.raises(PoisonError):
        enter(mutex.lock())


def test_recovery_happens_under_the_lock() -> None:
    mutex, _ = poisoned()
    seen: list[BaseException | None] = []

    def mend(_ledger: Ledger) -> Ledger:
        seen.append(in_thread(lambda: enter(mutex.lock(timeout=0))))
        with pytest.raises(RelockError):
            enter(mutex.lock())
        return Ledger()

    mutex.recover(mend)
    assert [type(error) for error in seen] == [LockTimeout]


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


@pytest.mark.parametrize(
    "kind", [LockTimeout, RelockError, DeadGuardError, WrongThreadError, PoisonError]
)
def test_every_error_is_a_mutex_error_with_words(kind: type[MutexError]) -> None:
    assert issubclass(kind, MutexError)
    assert str(kind()) == kind.__doc__
    assert str(kind("in other words")) == "in other words"
