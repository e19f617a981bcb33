"""The failed-tasks window: how soon its first row can be read, and what it keeps in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.figures import Pairs, mib, ms, p99
from tests.benchmarks.frame import Goal, Setting, Size, Table
from tests.benchmarks.scale import ALL_FAILED, filled
from tests.benchmarks.screen import BARE_WINDOW, FAILED_WINDOW, Memory, Program, screen

_TASKS = 10_000
_MOST = 2.5
_MOST_MEMORY = 1.05


def failed_window(setting: Setting) -> Table:
    blocks = setting.pick(tiny=1, small=10, full=40)
    sizes = (100,) if setting.size is Size.TINY else (100, _TASKS, 100_000)
    with screen(setting) as desktop, setting.room() as room:
        homes = {size: _home(room / str(size), size) for size in sizes}
        envs = {size: {**desktop.env, "XDG_DATA_HOME": str(home)} for size, home in homes.items()}
        timed = envs[_TASKS if _TASKS in envs else sizes[0]]
        pairs = _opened(lambda: _seconds(FAILED_WINDOW, timed), desktop.env, blocks)
        rest = 0.1 if setting.size is Size.TINY else 1.5
        if setting.size is not Size.TINY:  # to compile takes memory, too
            _memory(envs[sizes[0]], rest)
        taken = {size: _memory(env, rest) for size, env in envs.items()}
    ratio, growth = pairs.ratio, taken[sizes[-1]].rss / taken[sizes[0]].rss
    lines = [
        (f"first row of {_TASKS:,}", *(ms(one) for one in _spread(pairs.all_ours)), "-", "-"),
        ("a bare label", *(ms(one) for one in _spread(pairs.all_base)), "-", "-"),
        *(
            (f"{size:,} tasks", "-", "-", mib(one.rss), mib(one.peak))
            for size, one in taken.items()
        ),
    ]
    return Table(
        columns=("window", "median ms", "p99", "RSS MiB", "peak"),
        lines=tuple(lines),
        goals=(
            Goal(
                wanted=f"{_TASKS:,} failed tasks: first row painted at most {_MOST} × a bare label",
                reached=str(ratio),
                is_met=None if setting.size is Size.TINY else ratio.mid <= _MOST,
            ),
            Goal(
                wanted=f"memory goes by what is seen: {sizes[-1]:,} at most {_MOST_MEMORY} × 100",
                reached=f"{growth:.2f}",
                is_met=None if setting.size is Size.TINY else growth <= _MOST_MEMORY,
            ),
        ),
        notes=(
            "From exec until the screen has drawn it; the process ends between two of them.",
            "RSS when it is at rest; the peak is that of the diagnosis of all, which runs once.",
        ),
    )


def _home(folder: Path, tasks: int) -> Path:
    """A directory for data in which the program finds so many failed tasks."""
    with filled(folder, tasks, ALL_FAILED) as ours:
        data = ours.paths.data_dir
    data.rename(folder / "trayapp")
    return folder


def _opened(ours: Callable[[], float], env: dict[str, str], blocks: int) -> Pairs:
    ours()  # what is compiled stays so
    _seconds(BARE_WINDOW, env)
    found = Pairs((), ())
    for _ in range(blocks):
        found += Pairs(((ours(),),), ((_seconds(BARE_WINDOW, env),),))
    return found


def _seconds(argv: tuple[str, ...], env: dict[str, str]) -> float:
    with Program(argv, env) as program:
        return program.seconds_until_heard()


def _memory(env: dict[str, str], rest: float) -> Memory:
    with Program(FAILED_WINDOW, env) as program:
        program.hear()
        program.wait_at_rest(rest)
        return program.memory


def _spread(values: list[float]) -> tuple[float, float]:
    return sorted(values)[len(values) // 2], p99(values)
