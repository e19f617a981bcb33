"""How often the disk is made to write, counted in the system calls of a real process.

As a program: `VERB FOLDER MORE`, where it marks the part that counts.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.contenders import Ours
from tests.benchmarks.frame import Goal, Setting, Table
from trayapp.accounts.tokens import MemoryTokenStore, Tokens
from trayapp.servers.embedded import over_http

_ROOT = Path(__file__).parents[2]
_BEGIN, _END = b"begin\n", b"end\n"
_MOST = 1.15
_SYNC = re.compile(r"\b(fsync|fdatasync)\(")


def click(folder: Path, count: str) -> None:
    """So many clicks, each acknowledged."""
    ours = Ours(folder)
    os.write(1, _BEGIN)
    for _ in range(int(count)):
        ours.put()
    os.write(1, _END)
    ours.close()


def deliver(folder: Path, url: str) -> None:
    """All that waits there."""
    tokens = MemoryTokenStore(Tokens(access="a", refresh="r"))
    ours = Ours(folder, server_for=lambda _account: over_http(url, tokens))
    os.write(1, _BEGIN)
    while ours.core.worker.run_once() is None:
        pass
    os.write(1, _END)
    ours.close()


def syncs_of(verb: str, folder: Path, more: str) -> int:
    """How often this program syncs any file between its marks."""
    trace = folder.with_name(f"{folder.name} {verb}.trace")
    strace = ["strace", "-f", "-q", "-e", "trace=fsync,fdatasync,write", "-o", str(trace)]
    program = [sys.executable, "-m", "tests.benchmarks.syncs", verb, str(folder), more]
    subprocess.run([*strace, *program], cwd=_ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # ours
    text = trace.read_text(encoding="utf-8", errors="replace")
    between = text.split('"begin\\n"')[1].split('"end\\n"')[0]
    return sum(1 for _ in _SYNC.finditer(between))


def has_strace() -> bool:
    return shutil.which("strace") is not None


def syncs_per_click(setting: Setting) -> Table:
    """Counting is free of noise."""
    wanted = f"1.00 to {_MOST}, by strace"
    clicks = setting.pick(tiny=20, small=400, full=2000)
    if not has_strace():
        goal = Goal(wanted=wanted, reached="there is no strace", is_met=None)
        return Table(columns=("",), lines=(), goals=(goal,))
    with setting.room() as room:
        count = syncs_of("click", room / "ours", str(clicks))
    each = count / clicks
    return Table(
        columns=("clicks", "syncs", "per click"),
        lines=((str(clicks), str(count), f"{each:.3f}"),),
        goals=(Goal(wanted=wanted, reached=f"{each:.2f}", is_met=1 <= each <= _MOST),),
    )


VERBS = {"click": click, "deliver": deliver}

if __name__ == "__main__":
    VERBS[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
