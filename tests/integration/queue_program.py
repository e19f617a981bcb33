"""A program that uses the queue, to be watched and killed: `python -m … VERB FOLDER [MORE]`.

It says on its output what it has done; "ack" means that the click is durable.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from trayapp.clock import SystemClock
from trayapp.mutex import Mutex
from trayapp.queue.errors import QueueError
from trayapp.queue.store import QueueWriter
from trayapp.tracking.entry import Event, EventKind

KINDS = (EventKind.START, EventKind.PAUSE, EventKind.RESUME, EventKind.STOP)
BEGUN = "begun"
ACK = "ack"
HELD = "held"
FULL = "full"
ENDLESS = 1_000_000


def say(*words: str) -> None:
    """One line, in one system call."""
    os.write(1, f"{' '.join(words)}\n".encode())


def mutex_in(folder: Path) -> Mutex[QueueWriter]:
    return Mutex(QueueWriter(folder / "queue.db", folder / "queue.lock"))


def click(folder: Path, count: str) -> None:
    """Click as a timer does: read the state and record the event in one transaction."""
    mutex, clock, entry_id = mutex_in(folder), SystemClock(), ""
    say(BEGUN)
    for number in range(int(count)):
        kind = KINDS[number % len(KINDS)]
        if kind is EventKind.START:
            entry_id = str(uuid.uuid4())
        with mutex.lock() as guard:
            writer = guard.value
            writer.events.newest_entry()
            seen = writer.rows("SELECT COUNT(*) FROM event")[0][0]
            event = Event(
                id=str(uuid.uuid4()),
                entry_id=entry_id,
                kind=kind,
                stamp=clock.stamp(),
                project="Website",
                note=str(seen),
            )
            writer.record([event], clock.now())
        say(ACK, event.id)


def click_until_full(folder: Path, room: str) -> None:
    """Click on a disk on which no file may grow beyond `room` bytes."""
    mutex_in(folder)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), int(room)))
    try:
        click(folder, str(ENDLESS))
    except QueueError:
        say(FULL)


def hold(folder: Path, _: str) -> None:
    """Write, and keep the transaction open until the end of the input."""
    with mutex_in(folder).lock() as guard:
        guard.value.accounts.use("hubnity", "https://example.org", "never committed")
        say(HELD)
        sys.stdin.read()


def upgrade(folder: Path, point: str) -> None:
    """Open the database and die at `point`: "call NAME" or "return NAME" of the upgrade."""
    wanted = tuple(point.split())

    def die(frame: FrameType, event: str, _: object) -> None:
        if (event, frame.f_code.co_name) == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(die)
    mutex_in(folder)


VERBS: dict[str, Callable[[Path, str], None]] = {
    "click": click,
    "click-until-full": click_until_full,
    "hold": hold,
    "upgrade": upgrade,
}

if __name__ == "__main__":
    VERBS[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
