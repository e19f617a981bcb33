"""Skew: how far this computer's clock is ahead of a server's, as each answer's date tells it.

Whoever makes requests says it; whoever asked a server something listens, on the same thread. So no
server's module has to hand it on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from trayapp.light import dataclass
from trayapp.sync.outcome import (
    Absent,
    AlreadySo,
    Blocked,
    Conflict,
    Delivered,
    Outcome,
    Refused,
    Removed,
    Several,
    SignedOut,
)

TOLERATED = timedelta(minutes=2)
NOTICED = timedelta(minutes=1)
"""A change of what is shown."""
_RESOLUTION = timedelta(seconds=1)
_READ = (Absent, AlreadySo, Blocked, Conflict, Delivered, Refused, Removed, Several, SignedOut)
"""What can only be said by somebody who speaks the server's language: no portal, no proxy."""


@dataclass(slots=True)
class Heard:
    """What the answers of one question told; None: nothing."""

    skew: timedelta | None = None

    def trusted(self, outcome: Outcome) -> timedelta | None:
        """What may be believed of it, when the question came to this."""
        return self.skew if isinstance(outcome, _READ) else None


_listener: ContextVar[Heard | None] = ContextVar("listener", default=None)


@contextmanager
def listening() -> Iterator[Heard]:
    """Hear what is told in here; the last word counts."""
    heard = Heard()
    token = _listener.set(heard)
    try:
        yield heard
    finally:
        _listener.reset(token)


def tell(skew: timedelta) -> None:
    """An answer told this, to whoever listens."""
    heard = _listener.get()
    if heard is not None:
        heard.skew = skew


def skew_of(date: datetime, *, asked_at: datetime, answered_at: datetime) -> timedelta:
    """How far our clock is ahead of the one that wrote `date`, at the least; zero: it may be right.

    The server wrote it, in whole seconds, at some time while we waited.
    """
    least = min(asked_at, answered_at) - date - _RESOLUTION
    most = max(asked_at, answered_at) - date
    if least > timedelta():
        return least
    return min(most, timedelta())


def is_wrong(skew: timedelta) -> bool:
    """Whether the user should be told."""
    return abs(skew) > TOLERATED
