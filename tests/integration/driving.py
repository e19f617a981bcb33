"""A core driven by hand: its worker turned until it rests, its clock moved on to what is due."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.fakes import FakeClock
from trayapp.core import Core

_MANY_STEPS = 20_000


def work(core: Core, clock: FakeClock) -> datetime | None:
    """Let the worker do all it can do now; when it wants to go on."""
    for _ in range(_MANY_STEPS):
        pause = core.worker.run_once()
        if pause is not None and (pause.until is None or pause.until > clock.now()):
            return pause.until
    msg = "the worker never rests"
    raise AssertionError(msg)


def live(core: Core, clock: FakeClock, length: timedelta) -> None:
    """Let time pass, with the worker at work whenever it is due."""
    ends = clock.now() + length
    while (until := work(core, clock)) is not None and until <= ends:
        clock.advance(until - clock.now())
    clock.advance(ends - clock.now())
    work(core, clock)


def rest(core: Core, clock: FakeClock) -> None:
    """Let time pass until there is nothing to do before somebody acts.

    After a day it ends too: what is blocked by an entry that needs the user waits for ever.
    """
    ends = clock.now() + timedelta(days=1)
    while (until := work(core, clock)) is not None and until <= ends:
        clock.advance(until - clock.now())


def retry_all(core: Core, clock: FakeClock) -> int:
    """As the app does it, in chunks; how many."""
    count = core.retrier.begin(clock.now())
    while core.retrier.next_chunk():
        pass
    return count
