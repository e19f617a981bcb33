"""Several requests to the app, one after the other: what the channel cannot carry at once.

Runs on Tk's thread, and waits for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.banner import Offer
from trayapp.desktop.windows.signs import Sign
from trayapp.desktop.windows.window import Window
from trayapp.light import dataclass

ASK_SECONDS = 15.0
MOST_IDS = 4000
"""So many ids fit one message of the channel."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks for a window; `say` tells the user, `changed` has the window look anew."""

    window: Window
    say: Callable[[Sign, str, Offer | None], None]
    changed: Callable[[], None]

    def each(self, requests: Sequence[Request], then: Callable[[list[Reply]], None]) -> None:
        """Ask them in order; what goes wrong ends it and is told, else `then` has the answers."""
        told: list[Reply] = []

        def ask() -> None:
            request = requests[len(told)]
            self.window.ask(request, heard, timeout=ASK_SECONDS, failed=self._on_unreachable)

        def heard(reply: Reply) -> None:
            if not reply.ok:
                self.say(Sign.NEEDS_YOU, reply.message, None)
                self.changed()
                return
            told.append(reply)
            if len(told) < len(requests):
                ask()
            else:
                then(told)

        ask()

    def _on_unreachable(self, error: ChannelError) -> None:
        self.say(Sign.NEEDS_YOU, f"{error.title} {error.message}", None)
