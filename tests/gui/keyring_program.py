"""A program that keeps one account's tokens in the real keyring of the desktop it runs on.

It reads orders from its input, one a line, and prints for each what came of it and how long it
took; "opened" when the keyring answers after all. Its log goes to its error output, unredacted.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import timedelta

from tests.patience import stopwatch
from tests.unit.accounts.life import Life
from trayapp.accounts.system_keyring import SystemKeyring


def main() -> None:
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    deadline = timedelta(seconds=float(sys.argv[1]))
    life = Life(SystemKeyring(), opened=lambda: _say(["opened", 0.0, 0.0]), deadline=deadline)
    for line in sys.stdin:
        with stopwatch() as taken:
            answer = life.ask(json.loads(line))
        _say([answer, taken.seconds, taken.wall_seconds])
    life.end()


def _say(what: list[str | float]) -> None:
    # In one piece, and past the buffer: a thread may say this while the program ends.
    os.write(sys.stdout.fileno(), f"{json.dumps(what)}\n".encode())


if __name__ == "__main__":
    main()
