"""A program that clicks, as a command does where no app runs: all begin when told on stdin.

Arguments: directory, command, how often. Prints how many of its clicks changed something.
"""

from __future__ import annotations

import sys
from pathlib import Path

from trayapp.clock import SystemClock
from trayapp.commands import click, click_request
from trayapp.config import Paths
from trayapp.mutex import Mutex
from trayapp.queue.store import QueueWriter
from trayapp.timer import Timer


def main(root: str, name: str, count: str) -> None:
    paths, clock = Paths.under(Path(root)), SystemClock()
    queue = Mutex(QueueWriter(paths.database, paths.writer_lock))
    timer = Timer(queue, recorded=lambda: None, recover=lambda: None)
    request = click_request(name, clock.stamp(), project="Website" if name == "start" else None)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    replies = [click(timer, request, now=clock.stamp()) for _ in range(int(count))]
    assert all(reply.ok for reply in replies), replies
    sys.stdout.write(f"{sum(reply.changed for reply in replies)}\n")
    with queue.lock() as guard:
        writer = guard.value
    writer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
