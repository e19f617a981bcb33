"""A program for tests: the app without a tray, sending over HTTP to the address it is given.

The tokens come by the environment. Every address it connects to is written to `connections`.
"""

from __future__ import annotations

import os
import socket
import sys
from datetime import timedelta
from pathlib import Path

from trayapp.accounts.tokens import MemoryTokenStore, Tokens
from trayapp.clock import SystemClock
from trayapp.config import Paths, Settings
from trayapp.core import Surroundings
from trayapp.launch import run_app
from trayapp.servers.embedded import over_http
from trayapp.sync.rules import Rules
from trayapp.sync.status import AccountView
from trayapp.sync.waiting import Waits


def _watch_connections(file: Path) -> None:
    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "socket.connect":
            peer, address = arguments
            if isinstance(peer, socket.socket) and peer.family != socket.AF_UNIX:
                with file.open("a", encoding="utf-8") as out:
                    out.write(f"{address}\n")
        elif event == "socket.getaddrinfo":
            with file.open("a", encoding="utf-8") as out:
                out.write(f"name {arguments[0]}\n")

    sys.addaudithook(hook)


def main(url: str) -> int:
    paths = Paths.of_user()
    paths.make()
    _watch_connections(paths.state_dir / "connections")
    store = MemoryTokenStore()
    store.save(Tokens(access=os.environ.pop("ACCESS"), refresh=os.environ.pop("REFRESH")))
    waits = Waits(first_look=timedelta(seconds=0.1), between_looks=timedelta(seconds=0.1))
    where = Surroundings(
        paths=paths,
        clock=SystemClock(),
        server_for=lambda _account: over_http(url, store),
        rules=Rules(jitter=lambda wait: wait, waits=waits),
    )
    account = AccountView(kind="embedded", url=url, user="somebody")
    return run_app(where, Settings(), tray=False, account=account)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
