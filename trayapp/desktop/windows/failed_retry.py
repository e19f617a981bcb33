"""A retry as the failed-tasks window follows it: asked for, watched, cancelled, its honest result.

Runs on Tk's thread. While it runs the queue is looked at twice a second, and never else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.account import number, text
from trayapp.desktop.windows.failed_model import chunked
from trayapp.desktop.windows.failed_source import Source
from trayapp.desktop.windows.talk import Question
from trayapp.desktop.windows.window import Window
from trayapp.light import dataclass
from trayapp.sync.status import RetryResult, SyncStatus

LOOK_MS = 500
ASK_SECONDS = 10.0
RETRY_SECONDS = 24 * 3600.0
_ALL = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is told of a retry as it goes on.

    `progress`: so many of so many have arrived. `ended`: its result. `refused`: it could not be
    done, in words. `cancelled`: nobody waits any more, with the app's words if it has any.
    """

    progress: Callable[[int, int], None]
    ended: Callable[[RetryResult], None]
    refused: Callable[[str], None]
    cancelled: Callable[[str], None]


class Retry:
    """One at a time."""

    def __init__(self, window: Window, source: Source, course: Course) -> None:
        self._window = window
        self._source = source
        self._course = course
        self._ids: tuple[int, ...] | None = None
        self._total = 0
        self._chunks: list[tuple[int, ...]] = []
        self._question: Question | None = None
        self._number = 0
        self.is_running = False

    def start(self, status: SyncStatus, ids: Sequence[int] | None = None) -> None:
        """Retry these, None meaning all that is open; nothing while one is running."""
        if self.is_running:
            return
        self.is_running = True
        self._number += 1
        self._ids = None if ids is None else tuple(ids)
        self._total = status.own_unsent if ids is None else len(ids)
        self._chunks = [] if ids is None else list(chunked(ids))
        self._course.progress(0, self._total)
        self._ask_next()
        self._look_later()

    def cancel(self) -> None:
        """Have the app stop sending what has not been sent; it stays, and is told as such."""
        if not self.is_running:
            return
        self._chunks = []
        if self._question is not None:
            self._question.cancel()
        self._end()
        self._window.ask(
            Request("cancel_retry"),
            lambda reply: self._course.cancelled(reply.message if reply.ok else ""),
            timeout=ASK_SECONDS,
            failed=lambda _error: self._course.cancelled(""),
        )

    def _ask_next(self) -> None:
        chunk = self._chunks.pop(0) if self._chunks else None
        wait = not self._chunks
        self._question = self._window.ask(
            Request("retry", {"ids": chunk, "wait": wait}),
            self._on_reply,
            timeout=RETRY_SECONDS if wait else ASK_SECONDS,
            failed=self._on_unreachable,
        )

    def _on_reply(self, reply: Reply) -> None:
        if not reply.ok:
            self._end()
            self._course.refused(reply.message)
        elif self._chunks:
            self._ask_next()
        elif self._ids is None:
            self._end()
            self._course.ended(_result(reply))
        else:
            self._end()
            self._course.ended(self._counted(text(reply.value, "reason")))

    def _counted(self, reason: str) -> RetryResult:
        waiting, failed, newest = self._open()
        return RetryResult(
            number=self._number,
            sent=max(0, self._total - waiting - failed),
            failed=failed,
            waiting=waiting,
            reason=(newest or reason) if waiting or failed else "",
        )

    def _on_unreachable(self, error: ChannelError) -> None:
        self._end()
        self._course.refused(f"{error.title} {error.message}")

    def _look_later(self) -> None:
        this = self._number
        self._window.later(LOOK_MS, lambda: self._look(this))

    def _look(self, this: int) -> None:
        if not self.is_running or this != self._number:
            return
        waiting, failed, _reason = self._open()
        self._course.progress(max(0, self._total - waiting - failed), self._total)
        self._look_later()

    def _open(self) -> tuple[int, int, str]:
        reader = self._source.reader
        return reader.open_until(_ALL, self._ids) if reader is not None else (0, 0, "")

    def _end(self) -> None:
        self.is_running = False
        self._question = None


def _result(reply: Reply) -> RetryResult:
    return RetryResult(
        number=0,
        sent=number(reply.value, "sent"),
        failed=number(reply.value, "failed"),
        waiting=number(reply.value, "waiting"),
        reason=text(reply.value, "reason"),
    )
