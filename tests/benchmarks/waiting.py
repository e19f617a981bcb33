"""A click while the worker waits for a slow server: it must not notice."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.benchmarks.answering import answering
from tests.benchmarks.contenders import Ours
from tests.benchmarks.figures import Pairs, block, median, ms, p99, us
from tests.benchmarks.frame import Goal, Setting, Size, Table
from trayapp.accounts.tokens import MemoryTokenStore, Tokens
from trayapp.servers.embedded import over_http

_DELAYS, _TINY_DELAYS = (0.5, 0.02), (0.05, 0.02)
_MOST = 1.5
_BLOCK = 20
_WARM = 100
_BACKLOG = 40
_BETWEEN_SECONDS = 0.003


def click_beside_worker(setting: Setting) -> Table:
    blocks = setting.pick(tiny=2, small=20, full=60)
    delays = _TINY_DELAYS if setting.size is Size.TINY else _DELAYS
    found = {delay: _measured(setting, delay, blocks) for delay in delays}
    goals = []
    for delay, pairs in found.items():
        ratio, longest, without = pairs.ratio, max(pairs.all_ours), max(pairs.all_base)
        goals.append(
            Goal(
                wanted=f"server takes {ms(delay)} ms: p50 at most {_MOST} × idle, none as long",
                reached=f"{ratio}, longest {ms(longest)} ms, idle {ms(without)} ms",
                is_met=ratio.mid <= _MOST and longest < delay,
            )
        )
    lines = tuple(
        (
            f"{ms(delay)} ms",
            *(us(one) for one in (median(pairs.all_ours), median(pairs.all_base))),
            str(pairs.ratio),
            *(us(p99(one)) for one in (pairs.all_ours, pairs.all_base)),
            *(ms(max(one)) for one in (pairs.all_ours, pairs.all_base)),
        )
        for delay, pairs in found.items()
    )
    columns = ("server", "p50 µs", "idle", "ratio", "p99 µs", "idle", "longest ms", "idle")
    return Table(columns=columns, lines=lines, goals=tuple(goals))


def _measured(setting: Setting, delay: float, blocks: int) -> Pairs:
    """Two of us side by side: one whose worker is at work all the time, one without."""
    with setting.room() as room, answering(delay) as server:
        busy, idle = _busy(room / "busy", server.url), Ours(room / "idle")
        for ours in (busy, idle):
            block(ours.put, max(_WARM, _BACKLOG))
        busy.core.worker.start()
        try:
            return _interleaved(busy, idle, blocks)
        finally:
            busy.core.worker.stop(2 * delay + 5)
            busy.close()
            idle.close()


def _busy(folder: Path, url: str) -> Ours:
    tokens = MemoryTokenStore(Tokens(access="a", refresh="r"))
    return Ours(folder, server_for=lambda _account: over_http(url, tokens))


def _interleaved(busy: Ours, idle: Ours, blocks: int) -> Pairs:
    found, pause = Pairs((), ()), threading.Event()

    def spaced(ours: Ours) -> tuple[float, ...]:
        """With a little time between two, so that they fall anywhere in the worker's round."""
        took: list[float] = []
        for _ in range(_BLOCK):
            pause.wait(_BETWEEN_SECONDS)
            took += block(ours.put, 1)
        return tuple(took)

    for _ in range(blocks):
        found += Pairs((spaced(busy),), (spaced(idle),))
    return found
