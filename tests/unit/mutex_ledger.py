"""What the tests of the mutex share: a value that writes down, and a second thread."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from trayapp.mutex import LockTimeout, Mutex, MutexGuard

DEADLINE_SECONDS = 10
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


def is_free(mutex: Mutex[Ledger]) -> bool:
    """Whether another thread gets the lock at once (or is told that it is poisoned)."""
    return not isinstance(in_thread(lambda: enter(mutex.lock(timeout=0))), LockTimeout)


def enter(guard: MutexGuard[Ledger]) -> None:
    with guard:
        pass
