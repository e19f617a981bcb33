"""KeyringThread: the one thread on which the keyring is asked, one call at a time.

A keyring blocks as long as the desktop likes, for example while it shows a prompt. Nobody waits
for it longer than the deadline, and while a call hangs nobody waits at all.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from trayapp.accounts.tokens import TokensLocked

if TYPE_CHECKING:
    from concurrent.futures import Future

DEADLINE = timedelta(seconds=10)

_logger = logging.getLogger(__name__)
_SILENT = "it does not answer"
_T = TypeVar("_T")


class _Queued(Protocol):
    """A call that waits for its turn, whatever it hands back."""

    def run(self) -> None: ...

    def give_up(self) -> None: ...


class KeyringThread:
    """Runs calls one after the other on a daemon thread, which the first call starts."""

    def __init__(
        self, *, opened: Callable[[], None] | None = None, deadline: timedelta = DEADLINE
    ) -> None:
        """`opened` hears, on the keyring thread, that a hung call has ended; it must not block."""
        self._opened = opened or _nobody_to_tell
        self._deadline = deadline
        self._lock = threading.Condition()
        self._waiting: deque[_Queued] = deque()
        self._current: _Queued | None = None
        self._hung: _Queued | None = None
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @property
    def is_hung(self) -> bool:
        """Whether a call is past its deadline and has not ended."""
        with self._lock:
            return self._hung is not None

    def call(self, work: Callable[[], _T]) -> _T:
        """What `work` hands back, or raises. Any thread may call, except the keyring thread.

        Raises TokensLocked at the deadline, and at once while an earlier call hangs. `work` may go
        on after that, so it has to put what it finds where a later call looks.
        """
        job = _Job(work)
        with self._lock:
            if self._hung is not None or self._is_closed:
                raise TokensLocked(_SILENT)
            self._waiting.append(job)
            self._start()
            self._lock.notify()
        try:
            return job.future.result(self._deadline.total_seconds())
        except TimeoutError:
            self._give_up(job)
            return job.future.result(0)

    def close(self) -> None:
        """End the thread after the call it is in; later calls find the keyring locked."""
        with self._lock:
            self._is_closed = True
            self._drop_waiting()
            self._lock.notify()

    def _give_up(self, job: _Job[_T]) -> None:
        """The deadline of `job` has passed: from now on nobody waits for the call in progress."""
        with self._lock:
            if job.future.done():
                return
            self._hung = self._current
            job.give_up()
            self._drop_waiting()
        _logger.warning("The keyring does not answer; going on without it")

    def _drop_waiting(self) -> None:
        for waiting in self._waiting:
            waiting.give_up()
        self._waiting.clear()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="keyring", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            job.run()
            with self._lock:
                was_late, self._hung, self._current = self._hung is job, None, None
            if was_late:
                _logger.info("The keyring has answered after all")
                self._tell()

    def _next(self) -> _Queued | None:
        with self._lock:
            while not self._waiting and not self._is_closed:
                self._lock.wait()
            self._current = self._waiting.popleft() if self._waiting else None
            return self._current

    def _tell(self) -> None:
        try:
            self._opened()
        except Exception:  # this is the top of the thread
            _logger.exception("Nobody could be told that the keyring answers again")


class _Job(Generic[_T]):
    """One call and its answer; the asker may have been answered before the call ends."""

    def __init__(self, work: Callable[[], _T]) -> None:
        from concurrent.futures import Future  # noqa: PLC0415  # with the first call

        self._work = work
        self._answering = threading.Lock()
        self.future: Future[_T] = Future()

    def run(self) -> None:
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001  # raised again by result(), in the asker
            self._fail(error)
            return
        with self._answering:
            if not self.future.done():
                self.future.set_result(result)

    def give_up(self) -> None:
        self._fail(TokensLocked(_SILENT))

    def _fail(self, error: BaseException) -> None:
        with self._answering:
            if not self.future.done():
                self.future.set_exception(error)


def _nobody_to_tell() -> None:
    """For programs that do not go on by themselves."""
