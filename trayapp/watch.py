"""GapWatch: notices when a running entry went unobserved: the program, or the machine, was off.

Used on the main thread only. What it writes is a hint, so it is not worth an fsync.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from trayapp.clock import Clock
from trayapp.tracking.entry import from_ms, to_ms

logger = logging.getLogger(__name__)

LONGEST_GAP = timedelta(minutes=10)


class GapWatch:
    """Remembers in a file when a running entry was last seen."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._last = self._read()
        self.gap_since: datetime | None = None
        """The last moment before the gap, until somebody answers it."""

    def seen(self, *, running_since: datetime | None) -> None:
        """The entry runs now; `running_since` is its last click, None while nothing runs."""
        now = self._clock.now()
        if running_since is None:
            self.gap_since = self._last = None
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            return
        last = max(running_since, self._last or running_since)
        if self.gap_since is None and now - last > LONGEST_GAP:
            self.gap_since = last
        self._last = now
        try:
            self._path.write_text(str(to_ms(now)), encoding="ascii")
        except OSError as error:
            logger.warning("Cannot remember when the entry was last seen: %s", error)

    def answered(self) -> None:
        """The user decided what becomes of the gap."""
        self.gap_since = None

    def _read(self) -> datetime | None:
        try:
            return from_ms(int(self._path.read_text(encoding="ascii")))
        except (OSError, ValueError, OverflowError):
            return None
