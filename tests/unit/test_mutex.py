"""The mutex: a block is one transaction; what fails in it, and what comes after."""

from __future__ import annotations

import pytest

from tests.unit.mutex_ledger import (
    INSIDE,
    Ledger,
    OopsError,
    enter,
    fail_inside,
    in_thread,
    is_free,
)
from trayapp.mutex import (
    DeadGuardError,
    LockTimeout,
    Mutex,
    MutexError,
    PoisonError,
    RelockError,
    WrongThreadError,
)


def poisoned() -> tuple[Mutex[Ledger], Ledger]:
    ledger = Ledger("rollback")
    mutex = Mutex(ledger)
    with pytest.raises(PoisonError):
        fail_inside(mutex)
    ledger.calls.clear()
    return mutex, ledger


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


@pytest.mark.parametrize(
    "kind", [LockTimeout, RelockError, DeadGuardError, WrongThreadError, PoisonError]
)
def test_every_error_is_a_mutex_error_with_words(kind: type[MutexError]) -> None:
    assert issubclass(kind, MutexError)
    assert str(kind()) == kind.__doc__
    assert str(kind("in other words")) == "in other words"
