"""What the app keeps in memory, beside a bare program with an icon; and that it stays so."""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable
from pathlib import Path

from virtual_desktop import VirtualDesktop

from tests.benchmarks.figures import mib
from tests.benchmarks.frame import Goal, Setting, Size, Table
from tests.benchmarks.screen import (
    BARE_TRAY,
    TRAYAPP,
    Bus,
    Memory,
    Program,
    memory_of,
    pause,
    screen,
)
from tests.gui.app_program import AppProgram, world_at

_BEFORE, _AFTER = 1.2, 1.45
_MOST_GROWTH = 1 << 20
_DAY_MINUTES = 24 * 60
_CLICKS: tuple[tuple[str, dict[str, str]], ...] = (
    ("start", {"project": "Website"}),
    ("pause", {}),
    ("resume", {}),
    ("stop", {}),
)


def with_icon(setting: Setting) -> Table:
    settle = setting.pick(tiny=1, small=60, full=80) / 10
    clicks = setting.pick(tiny=20, small=2_000, full=10_000)
    minutes = setting.pick(tiny=20, small=_DAY_MINUTES, full=_DAY_MINUTES)
    with screen(setting) as desktop, setting.room() as room:
        bare, before = _side_by_side(desktop, settle)
        after, by_clicks = _synced(desktop, room / "synced", settle, clicks)
        by_day = _day(desktop, room / "day", settle, minutes)
    named = (("bare pystray", bare), ("ours, before a sync", before), ("ours, after", after))
    grown = ((f"{clicks:,} status changes", by_clicks), (f"{minutes:,} minutes", by_day))
    is_told = setting.size is not Size.TINY
    return Table(
        columns=("program", "RSS MiB", "USS MiB", "RSS × bare"),
        lines=(
            *(
                (name, mib(one.rss), mib(one.uss), f"{one.rss / bare.rss:.2f}")
                for name, one in named
            ),
            *((name, f"{mib(one.rss)} more", f"{mib(one.uss)} more", "-") for name, one in grown),
        ),
        goals=(
            _goal("before a first sync", before, bare, _BEFORE if is_told else None),
            _goal("after a first sync", after, bare, _AFTER if is_told else None),
            *(
                Goal(
                    wanted=f"{name}: at most {mib(_MOST_GROWTH)} MiB more than after a tenth of it",
                    reached=f"{mib(one.rss)} MiB",
                    is_met=one.rss <= _MOST_GROWTH if is_told else None,
                )
                for name, one in grown
            ),
        ),
        notes=(f"{settle:.0f} s after the start or the last change; a first sync over HTTP.",),
    )


def _goal(when: str, ours: Memory, bare: Memory, most: float | None) -> Goal:
    ratio = ours.rss / bare.rss
    return Goal(
        wanted=f"{when}: RSS at most {most or _AFTER} × bare pystray",
        reached=f"{ratio:.2f} ({mib(ours.rss)} MiB; USS {mib(ours.uss)})",
        is_met=None if most is None else ratio <= most,
        peers=f"bare {mib(bare.rss)} MiB (USS {mib(bare.uss)})",
    )


def _side_by_side(desktop: VirtualDesktop, settle: float) -> tuple[Memory, Memory]:
    """The bare program, and ours before it has sent anything; both compiled before."""
    found: list[Memory] = []
    with Bus(desktop) as bus:
        for argv in (BARE_TRAY, TRAYAPP) * 2:
            program, _took = bus.registered(argv, desktop.env)
            with program:
                pause(settle)
                found.append(program.memory)
    return found[-2], found[-1]


def _synced(
    desktop: VirtualDesktop, root: Path, settle: float, clicks: int
) -> tuple[Memory, Memory]:
    """Ours after it has sent a first entry over HTTP; and what many more clicks add."""
    with world_at(root) as world:
        with world.app(desktop) as app:  # compiles
            _click(app, itertools.count(), len(_CLICKS))
        with world.app(desktop) as app:
            _click(app, itertools.count(), len(_CLICKS))
            pause(settle)
            first = memory_of(app._process.pid)
        with world.app(desktop) as app:
            grown = _growth(
                functools.partial(_click, app, itertools.count()),
                clicks,
                lambda: memory_of(app._process.pid),
                settle,
            )
    return first, grown


def _click(app: AppProgram, number: itertools.count[int], times: int) -> None:
    for _ in range(times):
        name, arguments = _CLICKS[next(number) % len(_CLICKS)]
        app.click(name, **arguments)
    assert app.comes_to(lambda status: status.all_sent)


def _day(desktop: VirtualDesktop, root: Path, settle: float, minutes: int) -> Memory:
    argv = (sys.executable, "-m", "tests.benchmarks.day_host", str(root))
    with Program(argv, desktop.env) as ours:

        def passes(count: int) -> None:
            ours.tell(str(count))
            assert ours.hear() == "passed"

        return _growth(passes, minutes, lambda: ours.memory, settle)


def _growth(
    do: Callable[[int], None], times: int, taken: Callable[[], Memory], settle: float
) -> Memory:
    """What is taken at the end and was not after a tenth of it."""
    do(times // 10)
    pause(settle)
    early = taken()
    do(times - times // 10)
    pause(settle)
    late = taken()
    return Memory(late.rss - early.rss, late.uss - early.uss)
