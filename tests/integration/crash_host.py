"""A program to be killed: queue and worker without a tray. Run by the tests, never by a user.

    python -m tests.integration.crash_host KIND URL ROOT TOKENS [--blind]
    python -m tests.integration.crash_host --nursery

It says `ready` before it opens its files, then reads one click a line and answers each with what
was recorded, only after the timer returned. The end of its input ends it. A nursery loads the
program once: over the socket on its stdin it is given arguments, a stdin and a stdout, and forks.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import requests  # noqa: F401  # loaded now, so that a kill does not only ever hit an import

from tests.integration.ledger import Click, do_click, facts_to_line
from tests.integration.mutants import BlindWorker
from tests.integration.scenes import client_of
from trayapp.accounts.tokens import Tokens
from trayapp.clock import SystemClock
from trayapp.config import Paths
from trayapp.core import Core, Listener, Surroundings
from trayapp.sync.rules import Rules
from trayapp.sync.waiting import Waits
from trayapp.sync.worker import SyncWorker, WorkerPorts

# As in real life, only shorter. More attempts: half of the answers are bad here, so that five in
# a row do happen, and what needs the user then is another test's business.
RULES = Rules(
    jitter=lambda wait: wait,
    max_attempts=10,
    waits=Waits(
        offline_first=timedelta(seconds=0.05),
        offline_longest=timedelta(seconds=0.2),
        trouble_first=timedelta(seconds=0.02),
        trouble_longest=timedelta(seconds=0.2),
        address_first=timedelta(seconds=0.2),
        address_longest=timedelta(seconds=0.2),
        blocked=timedelta(seconds=0.1),
        first_look=timedelta(seconds=0.05),
        between_looks=timedelta(seconds=0.25),
    ),
)
_STOP_SECONDS = 10.0
_LONGEST_ORDER = 4096


class FileTokenStore:
    """A TokenStore that outlives a kill, as a keyring does. For tests: tokens belong in no file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Tokens | None:
        access, refresh = json.loads(self._path.read_text(encoding="utf-8"))
        return Tokens(access=access, refresh=refresh)

    def ready(self) -> None:
        """A file always takes what is new."""

    def save(self, tokens: Tokens) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps([tokens.access, tokens.refresh]), encoding="utf-8")
        new.replace(self._path)


def core_at(
    kind: str, url: str, root: Path, tokens: Path, listener: Listener | None = None
) -> Core:
    """The program's core below `root`, with its patience shortened."""
    paths = Paths.under(root)
    paths.make()
    store = FileTokenStore(tokens)
    return Core(
        Surroundings(
            paths=paths,
            clock=SystemClock(),
            server_for=lambda _account: client_of(kind, url, store),
            rules=RULES,
        ),
        listener,
    )


def blinded(core: Core, kind: str, url: str, tokens: Path) -> SyncWorker:
    """The mutant in the worker's place."""
    ports = WorkerPorts(
        server_for=lambda _account: client_of(kind, url, FileTokenStore(tokens)),
        clock=core.clock,
        changed=lambda: None,
        rested=lambda: None,
        removed=lambda _entry: None,
        recover=lambda: None,
    )
    return BlindWorker(core._queue, ports, RULES)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind")
    parser.add_argument("url")
    parser.add_argument("root", type=Path)
    parser.add_argument("tokens", type=Path)
    parser.add_argument("--blind", action="store_true")
    given = parser.parse_args(arguments)
    logging.disable()
    _say("ready")
    core = core_at(given.kind, given.url, given.root, given.tokens)
    if given.blind:
        core.worker = blinded(core, given.kind, given.url, given.tokens)
    core.worker.start()
    for line in sys.stdin:
        click = Click.from_line(line)
        _say(facts_to_line(do_click(core.timer, click, click.stamp)))
    ended = core.worker.stop(_STOP_SECONDS)
    core.close()
    return 0 if ended else 1


def nursery() -> int:
    """Bear one process after the other, until nobody wants more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    with socket.socket(fileno=os.dup(0)) as peer:
        while True:
            message, pipes, _flags, _address = socket.recv_fds(peer, _LONGEST_ORDER, 2)
            if not message:
                return 0
            child = os.fork()
            if not child:
                _live(peer, json.loads(message), pipes)
            for pipe in pipes:
                os.close(pipe)
            peer.sendall(f"{child}\n".encode())


def _live(peer: socket.socket, arguments: Sequence[str], pipes: Sequence[int]) -> None:
    """Never returns."""
    status = 1
    try:
        peer.close()
        for number, pipe in enumerate(pipes):
            os.dup2(pipe, number)
            os.close(pipe)
        sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
        status = main(arguments)
    finally:
        os._exit(status)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(nursery() if sys.argv[1:] == ["--nursery"] else main(sys.argv[1:]))
