"""The app behind a failed-tasks window under test: its answers, and the end of a retry."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Event

from tests.patience import DEADLINE_SECONDS
from trayapp.control.connection import Responder
from trayapp.control.messages import JSON, Reply, Request

EFFECT = "Without this pause, the break counts as work: 0:11 more."


class FailedApp:
    """Says what it was asked; a retry ends when the test says so."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[Request] = SimpleQueue()
        self._waiting: SimpleQueue[Responder] = SimpleQueue()
        self._watcher: Responder | None = None
        self._version = 0
        self.is_watched = Event()

    def handle(self, request: Request, responder: Responder) -> None:
        """On the channel's thread."""
        match request.name:
            case "watch":
                self._watcher = responder
                self.is_watched.set()
            case "retry" if request.arguments.get("wait"):
                self._waiting.put(responder)
            case "discard" | "undo_discard":
                responder.reply(_discarded(request))
            case _:
                responder.reply(Reply(ok=True, changed=True, message="It is sent again."))
        self._asked.put(request)

    def next(self, name: str) -> Request:
        """The next question of this name."""
        while True:
            request = self._asked.get(timeout=DEADLINE_SECONDS)
            if request.name == name:
                return request

    def end_retry(self, *, sent: int, failed: int = 0, waiting: int = 0, reason: str = "") -> None:
        """The retry has come to this."""
        value: dict[str, JSON] = {
            "sent": sent,
            "failed": failed,
            "waiting": waiting,
            "reason": reason,
        }
        responder = self._waiting.get(timeout=DEADLINE_SECONDS)
        responder.reply(Reply(ok=True, changed=True, value=value))

    def tell_watchers(self) -> None:
        """The status has changed."""
        assert self.is_watched.wait(DEADLINE_SECONDS)
        assert self._watcher is not None
        self._version += 1
        self._watcher.stream(Reply(ok=True, value={"version": self._version}))


def _discarded(request: Request) -> Reply:
    ids = request.arguments.get("ids")
    known = ids if isinstance(ids, tuple) else (2, 3)
    value: dict[str, JSON] = {"count": len(known), "ids": known, "effect": EFFECT}
    if request.name == "undo_discard":
        return Reply(ok=True, changed=True, message="1 task is back.", value=value)
    if request.arguments.get("look") is True:
        return Reply(ok=True, message=EFFECT, value=value)
    return Reply(ok=True, changed=True, message=f"1 task is not sent. {EFFECT}", value=value)
