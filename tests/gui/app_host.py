"""The whole app, delivering to a server elsewhere; GTK and D-Bus belong to the desktop it is on.

Argument: its plan as JSON. Reads one JSON line at the start, and one whenever somebody signs in:
the access and the refresh token. Ends with the exit status of the app.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from trayapp.accounts.tokens import MemoryTokenStore, Tokens
from trayapp.app import App
from trayapp.clock import SystemClock
from trayapp.config import Paths, Settings
from trayapp.core import Surroundings
from trayapp.i18n import use_language
from trayapp.launch import run_app
from trayapp.servers.embedded import over_http
from trayapp.sync.rules import Rules
from trayapp.sync.status import AccountView
from trayapp.sync.waiting import Waits

USER = "tester"
# As in the demo: the waits of a real day, shortened.
_WAITS = Waits(
    offline_first=timedelta(seconds=0.2),
    offline_longest=timedelta(seconds=0.5),
    trouble_first=timedelta(seconds=0.05),
    trouble_longest=timedelta(seconds=60),
    address_first=timedelta(seconds=0.5),
    address_longest=timedelta(seconds=1),
    first_look=timedelta(seconds=0.1),
    between_looks=timedelta(seconds=0.2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where the app keeps its files and where its server is; how long it waits for a panel."""

    root: str
    url: str
    tray_patience_seconds: float = 30.0


def _follow(app: App, tokens: MemoryTokenStore) -> None:
    for line in sys.stdin:
        tokens.save(Tokens(**json.loads(line)))
        app.post(app.core.sign_in_again)


def main() -> int:
    plan = Plan(**json.loads(sys.argv[1]))
    use_language()
    tokens = MemoryTokenStore(Tokens(**json.loads(sys.stdin.readline())))
    paths = Paths.under(Path(plan.root))
    paths.make()
    where = Surroundings(
        paths=paths,
        clock=SystemClock(),
        server_for=lambda _account: over_http(plan.url, tokens),
        rules=Rules(jitter=lambda wait: wait, waits=_WAITS),
    )

    def ready(app: App) -> None:
        threading.Thread(target=_follow, args=(app, tokens), name="stdin", daemon=True).start()

    return run_app(
        where,
        Settings(tray_patience_seconds=plan.tray_patience_seconds),
        tray=True,
        account=AccountView(kind="embedded", url=plan.url, user=USER),
        ready=ready,
    )


if __name__ == "__main__":
    sys.exit(main())
