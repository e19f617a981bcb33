"""Retrying all of a long list of failed tasks, and a click meanwhile."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.contenders import PAYLOAD, Bare, Ours
from tests.benchmarks.figures import median, mib, ms, seconds_of
from tests.benchmarks.frame import Goal, Setting, Table
from tests.benchmarks.scale import ALL_FAILED, filled
from trayapp.retries import Retries

_MOST, _MOST_CLICK_SECONDS, _MOST_WAL = 2.5, 0.03, 8 << 20
_BETWEEN_CLICKS_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class _Run:
    """One retry of all: seconds, the longest click meanwhile, the WAL afterwards."""

    took: float
    bare: float
    clicks: tuple[float, ...]
    wal: int

    @property
    def longest(self) -> float:
        return max(self.clicks, default=0.0)


def retry_all(setting: Setting) -> Table:
    tasks = setting.pick(tiny=1200, small=20_000, full=100_000)
    runs = [_run(setting, tasks) for _ in range(setting.pick(tiny=1, small=3, full=5))]
    ratio = median([run.took / run.bare for run in runs])
    longest = median([run.longest for run in runs])
    wal = max(run.wal for run in runs)
    lines = tuple(
        (
            ms(run.took),
            ms(run.bare),
            f"{run.took / run.bare:.2f}",
            str(len(run.clicks)),
            ms(median(run.clicks or (0.0,))),
            ms(run.longest),
            mib(run.wal),
        )
        for run in runs
    )
    return Table(
        columns=("ms", "bare UPDATE", "ratio", "clicks", "p50 ms", "longest", "WAL MiB"),
        lines=lines,
        goals=(
            Goal(
                wanted=f"{tasks:,} failed tasks: at most {_MOST} × one bare UPDATE",
                reached=f"{ratio:.2f}",
                is_met=ratio <= _MOST,
            ),
            Goal(
                wanted=f"longest click meanwhile, median of {len(runs)} runs: at most 30 ms",
                reached=f"{ms(longest)} ms",
                is_met=longest <= _MOST_CLICK_SECONDS,
            ),
            Goal(
                wanted="WAL afterwards: at most 8 MiB",
                reached=f"{mib(wal)} MiB",
                is_met=wal <= _MOST_WAL,
            ),
        ),
        notes=("A click every 5 ms, from another thread, as another process would click.",),
    )


def _run(setting: Setting, tasks: int) -> _Run:
    with setting.room() as room, filled(room / "ours", tasks, ALL_FAILED) as ours:
        bare = _bare_update(room / "bare", tasks)
        clicks: list[float] = []
        with _Clicking(ours, clicks):
            took = seconds_of(lambda: _retry_as_the_app_does(ours))
        assert ours.core.status().failed == 0
        return _Run(took, bare, tuple(clicks), ours.wal_bytes)


def _retry_as_the_app_does(ours: Ours) -> None:
    """Chunk by chunk, on the thread that does the app's jobs, until all are put back."""
    inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    retries = Retries(ours.core, post=inbox.put)
    retries.start()
    while ours.core.retrier._run is not None and ours.core.retrier._run.requeuing:
        inbox.get(timeout=30)()


def _bare_update(folder: Path, tasks: int) -> float:
    """One statement, one table without an index."""
    bare = Bare(folder)
    try:
        run = bare.connection.execute
        run("CREATE TABLE other (id INTEGER PRIMARY KEY, payload TEXT, status TEXT, tries INTEGER)")
        run("BEGIN")
        bare.connection.executemany(
            "INSERT INTO other (payload, status, tries) VALUES (?, 'failed', 5)",
            ((PAYLOAD,) for _ in range(tasks)),
        )
        run("COMMIT")
        return seconds_of(lambda: run("UPDATE other SET status = 'pending', tries = 0"))
    finally:
        bare.close()


class _Clicking:
    """Somebody who clicks again and again, for as long as the block lasts."""

    def __init__(self, ours: Ours, took: list[float]) -> None:
        self._ours = ours
        self._took = took
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._click)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _click(self) -> None:
        while not self._over.wait(_BETWEEN_CLICKS_SECONDS):
            began = time.perf_counter()
            self._ours.put()
            self._took.append(time.perf_counter() - began)
