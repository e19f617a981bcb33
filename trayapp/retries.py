"""Retries as the menu, the command line and the channel ask for them of the running app."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from trayapp.control.messages import JSON, Reply
from trayapp.core import Core
from trayapp.i18n import _, ngettext
from trayapp.sync.status import RetryResult

_IN_A_ROW = 4
"""Chunks without a pause: a thread that clicks comes between any two, for the mutex is fair."""
_PAUSE_SECONDS = 0.0015
"""Longer than another process takes to see that it may write."""


class Retries:
    """The running app's retries, and who waits for their end. Main thread, but for `number`."""

    def __init__(self, core: Core, *, post: Callable[[Callable[[], None]], None]) -> None:
        """`post` has something done on the main thread, behind what waits there already."""
        self._core = core
        self._post = post
        self._waiting: list[Callable[[RetryResult], None]] = []
        self._rest_is_doubtful = False
        self._chunks = 0
        self.number = 0
        """Grows whenever something was requeued; any thread may read it."""
        self.result: RetryResult | None = None
        """What became of the newest retry that has ended."""

    def start(self, ids: Sequence[int] | None = None) -> int:
        """Retry these tasks, None meaning all; how many. Raises QueueError."""
        count = self._core.retrier.begin(self._core.clock.now(), ids)
        self._next_chunk()
        return count

    def _next_chunk(self) -> None:
        try:
            if self._core.retrier.next_chunk():
                self._go_on()
        finally:  # the retry ends also when a chunk failed: whoever waits for it is told
            self.number += 1
            self._rest_is_doubtful = True
            self._core.worker.wake()
            self._core.changed()

    def _go_on(self) -> None:
        """The next chunk, behind what was posted meanwhile."""
        self._chunks += 1
        if self._chunks % _IN_A_ROW:
            self._post(self._next_chunk)
            return
        timer = threading.Timer(_PAUSE_SECONDS, self._post, (self._next_chunk,))
        timer.daemon = True
        timer.start()

    def cancel(self) -> Reply:
        """Try no more of it; what was not tried yet stays failed. Raises QueueError."""
        count = self._core.retrier.cancel()
        self._core.worker.wake()
        self._core.changed()
        if not count:
            return Reply(ok=True, message=_("Everything has been tried already."))
        text = ngettext(
            "Stopped. {count} task was not tried, and stays failed.",
            "Stopped. {count} tasks were not tried, and stay failed.",
            count,
        )
        return Reply(ok=True, changed=True, message=text.format(count=count))

    def wait(self, ended: Callable[[RetryResult], None]) -> None:
        """Call this when the retry has come to its end."""
        self._waiting.append(ended)

    def rested(self, number: int) -> bool:
        """The worker came to rest when `number` was this; whether that is news."""
        if number != self.number:
            return False
        if self._rest_is_doubtful:
            # It may have looked at the queue before the retry was in it; the next rest has not.
            self._rest_is_doubtful = False
            self._core.worker.wake()
            return False
        result = self._core.retrier.result(self._core.reader)
        if result is not None:
            self.result = result
            waiting, self._waiting = self._waiting, []
            for ended in waiting:
                ended(result)
        return True


def retry_begun(total: int) -> Reply:
    """The answer to a retry that nobody waits for."""
    text = ngettext("{count} task is tried again.", "{count} tasks are tried again.", total)
    if not total:
        text = _("There was nothing to send.")
    return Reply(
        ok=True, changed=total > 0, message=text.format(count=total), value={"count": total}
    )


def retry_value(result: RetryResult) -> dict[str, JSON]:
    """What programs read of a retry that somebody waited for."""
    return {
        "sent": result.sent,
        "failed": result.failed,
        "waiting": result.waiting,
        "reason": result.reason,
    }


def retry_result_in(reply: Reply) -> RetryResult:
    """The result that `retry_value` put into a reply."""
    counts = {name: reply.value.get(name) for name in ("sent", "failed", "waiting")}
    numbers = {name: count if isinstance(count, int) else 0 for name, count in counts.items()}
    return RetryResult(number=0, reason=str(reply.value.get("reason") or ""), **numbers)
