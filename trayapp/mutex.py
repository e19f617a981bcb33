"""Mutex: owns a value; the only way to it is a guard, and one lock is one transaction.

The rules of Rust's `Mutex<T>`, kept at run time: a guard lives inside its block and in its thread,
locking again in the same thread raises, and a value whose rollback failed is poisoned until it is
mended. Any thread may lock, and may wait for it; nothing slow belongs inside the block. It is fair:
who locks again at once comes after a thread that waits, which Python's own lock does not promise.

    MutexError
    ├── LockTimeout       somebody else held it for too long
    ├── RelockError       this thread holds it already: a design fault
    ├── DeadGuardError    a guard outside its block, or used a second time
    ├── WrongThreadError  a guard in a thread that did not lock
    └── PoisonError       a rollback failed: recover first
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, get_ident
from time import monotonic
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar


class Transactional(Protocol):
    """What a mutex can own; it calls these, in the thread that holds the lock."""

    def begin(self) -> None:
        """Open a transaction; when it raises, nothing has begun."""
        ...

    def commit(self) -> None:
        """Keep what was done, durably."""
        ...

    def rollback(self) -> None:
        """Undo what was done; also called after a `commit` that raised."""
        ...


T = TypeVar("T", bound=Transactional)


class MutexError(Exception):
    """The mutex cannot be used like this."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or type(self).__doc__)


class LockTimeout(MutexError):  # noqa: N818  # a timeout is a word of its own
    """The lock was held by another thread for the whole time we could wait."""


class RelockError(MutexError):
    """This thread holds the lock already; waiting for it would never end."""


class DeadGuardError(MutexError):
    """A guard lives only inside its `with` block, and can be used once."""


class WrongThreadError(MutexError):
    """A guard can be used only by the thread that locked."""


class PoisonError(MutexError):
    """A rollback failed, so the value cannot be trusted until it is recovered."""


class _Shared(Generic[T]):
    """What a mutex and its guards share; written only while `lock` is held.

    Whoever waits for `lock` holds `turnstile`: nobody else gets past, not even who held it last.
    """

    __slots__ = ("holder", "lock", "poisoned", "turnstile", "value")

    def __init__(self, value: T) -> None:
        self.value = value
        self.lock = Lock()
        self.turnstile = Lock()
        self.holder: int | None = None
        self.poisoned = False

    def acquire(self, timeout: float | None) -> None:
        if self.holder == get_ident():
            raise RelockError
        ends_at = None if timeout is None else monotonic() + timeout
        if not self.turnstile.acquire(timeout=_until(ends_at)):
            raise LockTimeout
        try:
            if not self.lock.acquire(timeout=_until(ends_at)):
                raise LockTimeout
            self.holder = get_ident()
        finally:
            self.turnstile.release()

    def release(self) -> None:
        self.holder = None
        self.lock.release()

    def begin(self) -> None:
        if self.poisoned:
            raise PoisonError
        self.value.begin()

    def undo(self) -> None:
        try:
            self.value.rollback()
        except BaseException as error:
            self.poisoned = True
            raise PoisonError from error


def _until(ends_at: float | None) -> float:
    """A timeout as `Lock` wants it."""
    return -1 if ends_at is None else max(ends_at - monotonic(), 0)


class Mutex(Generic[T]):
    """Owns `value`: whoever hands it over keeps no other reference. Share the mutex freely."""

    __slots__ = ("__shared",)

    def __init__(self, value: T) -> None:
        self.__shared = _Shared(value)

    def lock(self, timeout: float | None = None) -> MutexGuard[T]:
        """A guard for one `with` block; entering it waits at most `timeout` seconds."""
        return MutexGuard(self.__shared, timeout)

    @property
    def is_poisoned(self) -> bool:
        """Whether a rollback failed and nobody has recovered since."""
        return self.__shared.poisoned

    def recover(self, mend: Callable[[T], T]) -> None:
        """Replace the value by what `mend` makes of it, under the lock, and clear the poison.

        When `mend` raises, the mutex is poisoned, whatever it was before.
        """
        shared = self.__shared
        shared.acquire(None)
        try:
            shared.poisoned = True
            shared.value = mend(shared.value)
            shared.poisoned = False
        finally:
            shared.release()


class MutexGuard(Generic[T]):
    """The way to a mutex's value, for one block in one thread: one transaction.

    The block's end commits, an exception in it rolls back; the lock is released in any case.
    """

    __slots__ = ("__shared", "__thread", "__timeout", "__used")

    def __init__(self, shared: _Shared[T], timeout: float | None) -> None:
        self.__shared = shared
        self.__timeout = timeout
        self.__thread: int | None = None
        self.__used = False

    @property
    def value(self) -> T:
        """What the mutex owns; do not carry it out of the block."""
        if self.__thread is None:
            raise DeadGuardError
        if self.__thread != get_ident():
            raise WrongThreadError
        return self.__shared.value

    def __enter__(self) -> Self:
        if self.__used:
            raise DeadGuardError
        self.__used = True
        shared = self.__shared
        shared.acquire(self.__timeout)
        try:
            shared.begin()
        except BaseException:
            shared.release()
            raise
        self.__thread = get_ident()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        value = self.value
        self.__thread = None
        shared = self.__shared
        try:
            if error is not None:
                shared.undo()
                return
            try:
                value.commit()
            except BaseException:
                shared.undo()
                raise
        finally:
            shared.release()
