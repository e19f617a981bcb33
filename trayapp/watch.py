"""GapWatch: notices when a running entry went unobserved: the program, or the machine, was off.

Used on the main thread only. What it writes is a hint, so it is not worth an fsync. How long
nobody watched says the boot clock, which nobody sets; between two boots only the wall clock can.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from trayapp.clock import Clock, QuickStamps
from trayapp.light import dataclass
from trayapp.tracking.entry import MILLISECOND, Stamp, from_ms, to_ms

LONGEST_GAP = timedelta(minutes=10)
_NONE = "-"


class GapWatch:
    """Remembers in a file when a running entry was last seen, and the gap nobody answered yet."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._stamps = QuickStamps(clock)
        self._seen = _read(path)
        self._watches = False

    @property
    def gap_since(self) -> datetime | None:
        """The last moment before the gap, until somebody answers it."""
        return self._seen.gap_since

    def seen(self, *, running_since: datetime | None) -> None:
        """The entry runs now; `running_since` is its last click, None while nothing runs."""
        # Whoever clicks while we watch is there, whatever time the click was given.
        is_new_click = self._watches and running_since != self._seen.clicked
        self._watches = True
        if running_since is None:
            self._seen = _Seen()
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            return
        now = self._stamps.stamp()
        if not self._seen.is_ahead_of(running_since, now):
            gap = None if is_new_click else self._seen.gap(running_since, now)
            self._keep(_Seen(last=now, clicked=running_since, gap_since=gap))

    def answered(self) -> None:
        """The user decided what becomes of the gap."""
        if self._seen.gap_since is not None:
            self._keep(_Seen(last=self._stamps.stamp(), clicked=self._seen.clicked))

    def _keep(self, seen: _Seen) -> None:
        self._seen = seen
        try:
            # Not emptied first: on a full disk it would stay so, and all since the click be a gap.
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(f"{seen.to_text()}\n")
        except OSError as error:
            import logging  # noqa: PLC0415  # so that `status` need not

            words = "Cannot remember when the entry was last seen: %s"
            logging.getLogger(__name__).warning(words, error)


def gap_since(path: Path, *, running_since: datetime, now: Stamp) -> datetime | None:
    """The gap that a GapWatch on this file would find now; writes nothing. Any thread."""
    return _read(path).gap(running_since, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the file holds. `clicked`: the last click, as it was when the entry was last seen."""

    last: Stamp | None = None
    clicked: datetime | None = None
    gap_since: datetime | None = None

    def gap(self, running_since: datetime, now: Stamp) -> datetime | None:
        # A click after the gap was an answer to it.
        is_known = running_since == self.clicked
        if self.gap_since is not None and is_known:
            return self.gap_since
        if self.last is not None and is_known and self.last.boot_id == now.boot_id:
            unseen = now.boot - self.last.boot
            last = max(running_since, now.at - unseen)
        else:
            last = max(running_since, self.last.at if self.last else running_since)
            unseen = now.at - last
        return last if unseen > LONGEST_GAP else None

    def is_ahead_of(self, running_since: datetime, now: Stamp) -> bool:
        """Whether the clock of another boot is not set yet, so that it tells nothing."""
        if self.last is None or running_since != self.clicked:
            return False
        return now.boot_id != self.last.boot_id and now.at < self.last.at

    def to_text(self) -> str:
        last, gap = self.last, self.gap_since
        parts: list[object] = [
            *((to_ms(last.at), last.boot // MILLISECOND, last.boot_id) if last else ()),
            to_ms(self.clicked) if self.clicked else _NONE,
            to_ms(gap) if gap else _NONE,
        ]
        return " ".join(map(str, parts))


def _read(path: Path) -> _Seen:
    try:
        line = path.read_text(encoding="utf-8").partition("\n")[0]  # behind it: what was longer
        at, boot, boot_id, clicked, gap = line.split()
        last = Stamp(
            at=from_ms(int(at)),
            offset=timedelta(),
            zone="",
            boot_id=boot_id,
            boot=int(boot) * MILLISECOND,
        )
        return _Seen(last=last, clicked=_moment(clicked), gap_since=_moment(gap))
    except (OSError, ValueError, OverflowError):
        return _Seen()


def _moment(text: str) -> datetime | None:
    return None if text == _NONE else from_ms(int(text))
