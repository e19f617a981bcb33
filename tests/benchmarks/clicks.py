"""What a click costs: from the door to the disk, alone and while a slow server is waited for."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.contenders import (
    Append,
    Bare,
    Contender,
    Opened,
    Ours,
    missing_peers,
    opened,
    peers,
)
from tests.benchmarks.figures import Pairs, block, median, p99, us
from tests.benchmarks.frame import Goal, Setting, Size, Table

_BLOCK = 20
_YOUNG_CLICKS = 240
_STEADY_MOST, _YOUNG_MOST = 1.3, 0.8
_OURS = "Trayapp"


def click_to_durable(setting: Setting) -> Table:
    """Each contender has a bare database of its own beside it; both stay open."""
    steady, young = _steady(setting), _young(setting)
    lines = [
        _line(f"{name}, {regime}", pairs)
        for regime, found in (("steady", steady), ("after a start", young))
        for name, pairs in found.items()
    ]
    return Table(
        columns=("", "p50 µs", "bare p50", "ratio (middle half)", "p99 µs", "bare p99"),
        lines=tuple(lines),
        goals=(
            _goal(f"steady WAL, at most {_STEADY_MOST} × bare", steady, _STEADY_MOST),
            _goal(
                f"first {_YOUNG_CLICKS} clicks after a start, at most {_YOUNG_MOST} × bare",
                young,
                _YOUNG_MOST,
            ),
        ),
        notes=(
            "“bare” against itself shows the noise. Ratios of p99 cannot be reproduced.",
            "The slower the disk's flush (append + fsync), the nearer are all to 1.",
            *missing_peers(),
        ),
    )


def _line(name: str, pairs: Pairs) -> tuple[str, ...]:
    mine, base = pairs.all_ours, pairs.all_base
    figures = (us(median(mine)), us(median(base)), str(pairs.ratio), us(p99(mine)), us(p99(base)))
    return (name, *figures)


def _goal(wanted: str, found: dict[str, Pairs], most: float) -> Goal:
    ours = found[_OURS].ratio
    others = (f"{name} {pairs.ratio.mid:.2f}" for name, pairs in found.items() if name != _OURS)
    return Goal(wanted=wanted, reached=str(ours), is_met=ours.mid <= most, peers=", ".join(others))


def _contenders() -> dict[str, Opened]:
    limits: dict[str, Opened] = {"bare": Bare, "append + fsync": Append}
    return {_OURS: Ours, **limits, **{peer.name: peer.open for peer in peers()}}


def _steady(setting: Setting) -> dict[str, Pairs]:
    """All WALs have come to their full length: frames overwrite frames."""
    blocks = setting.pick(tiny=2, small=40, full=120)
    warm = setting.pick(tiny=10, small=1200, full=1200)
    makers = _contenders()
    with setting.room() as room, ExitStack() as stack:
        pairs = _opened_pairs(stack, room, makers)
        for contender in itertools.chain.from_iterable(pairs.values()):
            block(contender.put, warm)
        return _interleaved(pairs, blocks)


def _young(setting: Setting) -> dict[str, Pairs]:
    """SQLite deletes the WAL at the end, so after each start it grows anew."""
    starts = setting.pick(tiny=1, small=4, full=10)
    blocks = _YOUNG_CLICKS // _BLOCK if setting.size is not Size.TINY else 2
    found = {name: Pairs((), ()) for name in _contenders()}
    with setting.room() as room:
        for number in range(starts + 1):
            with ExitStack() as stack:
                pairs = _opened_pairs(stack, room, _contenders())
                measured = _interleaved(pairs, blocks if number else 1)
            if number:  # before it, the databases were made
                found = {name: found[name] + measured[name] for name in found}
    return found


def _opened_pairs(
    stack: ExitStack, room: Path, makers: dict[str, Opened]
) -> dict[str, tuple[Contender, Contender]]:
    return {
        name: (
            stack.enter_context(opened(make, room / name)),
            stack.enter_context(opened(Bare, room / f"beside {name}")),
        )
        for name, make in makers.items()
    }


def _interleaved(pairs: dict[str, tuple[Contender, Contender]], blocks: int) -> dict[str, Pairs]:
    found = {name: Pairs((), ()) for name in pairs}
    for _ in range(blocks):
        for name, (mine, bare) in pairs.items():
            ours = block(mine.put, _BLOCK)
            found[name] += Pairs((ours,), (block(bare.put, _BLOCK),))
    return found
