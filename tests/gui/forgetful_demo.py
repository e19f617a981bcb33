"""The demo whose server answers well to every click, and forgets one of them."""

from __future__ import annotations

import sys

from trayapp.rehearsal import play_demo
from trayapp.servers.embedded_store import EmbeddedStore, StoredEvent

_FORGOTTEN = "time_entry_pause"


class ForgetfulStore(EmbeddedStore):
    """Shows a pause once, in the answer to it, and never again."""

    def events(self, entry_id: str) -> tuple[StoredEvent, ...]:
        events = super().events(entry_id)
        return tuple(event for event in events if event.kind != _FORGOTTEN or event == events[-1])


if __name__ == "__main__":
    sys.exit(play_demo(None, make_store=ForgetfulStore))
