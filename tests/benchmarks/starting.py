"""How soon the icon is there, and how soon a command answers."""

from __future__ import annotations

import functools
import os
import subprocess
import sys

from tests.benchmarks.figures import Pairs, median, ms, paired
from tests.benchmarks.frame import Goal, Setting, Size, Table
from tests.benchmarks.screen import (
    BARE_TRAY,
    ROOT,
    TRAYAPP,
    Bus,
    command,
    compiled_in,
    screen,
)

_MOST_ICON, _MOST_STATUS = 1.5, 2.0
_STATUS = (*TRAYAPP, "status")
_BARE_COMMAND = (sys.executable, "-c", "import json, socket, argparse")


def starts(setting: Setting) -> Table:
    icon = _icon(setting, setting.pick(tiny=1, small=10, full=40))
    status = _status(setting, setting.pick(tiny=1, small=15, full=50))
    is_told = setting.size is not Size.TINY
    named = (
        ("start to icon registered", icon, _MOST_ICON, "bare pystray"),
        ("“trayapp status”", status, _MOST_STATUS, "python -c 'import json, socket, argparse'"),
    )
    return Table(
        columns=("what", "median ms", "bare", "ratio"),
        lines=tuple(
            (name, ms(median(pairs.all_ours)), ms(median(pairs.all_base)), str(pairs.ratio))
            for name, pairs, _most, _peer in named
        ),
        goals=tuple(
            Goal(
                wanted=f"{name}: at most {most} × {peer}",
                reached=str(pairs.ratio),
                is_met=pairs.ratio.mid <= most if is_told else None,
                peers=f"bare {ms(median(pairs.all_base))} ms",
            )
            for name, pairs, most, peer in named
        ),
        notes=("Both compiled before; a database with one entry.",),
    )


def _icon(setting: Setting, blocks: int) -> Pairs:
    found = Pairs((), ())
    with screen(setting) as desktop, Bus(desktop) as bus:
        command(desktop.env, "start", "Website")
        command(desktop.env, "stop")

        def seconds(argv: tuple[str, ...]) -> tuple[float]:
            program, took = bus.registered(argv, desktop.env)
            with program:
                return (took,)

        for number in range(blocks + 1):
            pair = Pairs((seconds(TRAYAPP),), (seconds(BARE_TRAY),))
            if number:  # the first round compiles, and sends
                found += pair
    return found


def _status(setting: Setting, blocks: int) -> Pairs:
    with setting.room() as room:
        (room / "run").mkdir(mode=0o700)
        places = {
            name: str(room / name)
            for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
        }
        env = {**os.environ, **places, "XDG_RUNTIME_DIR": str(room / "run")}
        if setting.size is not Size.TINY:
            env |= compiled_in(room)
        command(env, "start", "Website")
        command(env, "stop")
        run = functools.partial(
            subprocess.run, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL
        )
        for argv in (_STATUS, _BARE_COMMAND):
            run(argv)
        return paired(lambda: run(_STATUS), lambda: run(_BARE_COMMAND), blocks=blocks, times=2)
