"""A program that clicks past the running app, as a command does that finds no channel.

Each line on stdin is a click: its command, the name of its zone (by which it is found again), the
project. It is recorded under the writer's lock; a line of JSON says what came of it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace

from trayapp.app import surroundings
from trayapp.clock import SystemClock
from trayapp.commands import click_request
from trayapp.config import Paths, Settings
from trayapp.headless import record


def main() -> None:
    clock = SystemClock()
    where = surroundings(Paths.of_user(), Settings(), clock)
    for line in sys.stdin:
        name, zone, project = json.loads(line)
        stamp = replace(clock.stamp(), zone=zone)
        reply = record(where, click_request(name, stamp, project=project), stamp)
        sys.stdout.write(json.dumps([reply.changed, reply.message]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
