"""GapWatch: notices when a running entry went unobserved: the program, or the machine, was off.

Used on the main thread only. What it writes is a hint, so it is not worth an fsync.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from trayapp.clock import Clock
from trayapp.tracking.entry import from_ms, to_ms

logger = logging.getLogger(__name__)

LONGEST_GAP = timedelta(minutes=10)


class GapWatch:
    """Remembers in a file when a running entry was last seen, and the gap nobody answered yet."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._seen = _read(path)

    @property
    def gap_since(self) -> datetime | None:
        """The last moment before the gap, until somebody answers it."""
        return self._seen.gap_since

    def seen(self, *, running_since: datetime | None) -> None:
        """The entry runs now; `running_since` is its last click, None while nothing runs."""
        if running_since is None:
            self._seen = _Seen()
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            return
        now = self._clock.now()
        self._keep(_Seen(last=now, gap_since=self._seen.gap(running_since, now)))

    def answered(self) -> None:
        """The user decided what becomes of the gap."""
        if self._seen.gap_since is not None:
            self._keep(_Seen(last=self._clock.now()))

    def _keep(self, seen: _Seen) -> None:
        self._seen = seen
        times = (to_ms(at) for at in (seen.last, seen.gap_since) if at is not None)
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(" ".join(map(str, times)))
        except OSError as error:
            logger.warning("Cannot remember when the entry was last seen: %s", error)


def gap_since(path: Path, *, running_since: datetime, now: datetime) -> datetime | None:
    """The gap that a GapWatch on this file would find now; writes nothing. Any thread."""
    return _read(path).gap(running_since, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the file holds."""

    last: datetime | None = None
    gap_since: datetime | None = None

    def gap(self, running_since: datetime, now: datetime) -> datetime | None:
        # A click after the gap was an answer to it.
        if self.gap_since is not None and self.gap_since >= running_since:
            return self.gap_since
        last = max(running_since, self.last or running_since)
        return last if now - last > LONGEST_GAP else None


def _read(path: Path) -> _Seen:
    try:
        times = [from_ms(int(part)) for part in path.read_text(encoding="ascii").split()]
    except (OSError, ValueError, OverflowError):
        return _Seen()
    return (
        _Seen(last=times[0], gap_since=times[1] if len(times) > 1 else None) if times else _Seen()
    )
