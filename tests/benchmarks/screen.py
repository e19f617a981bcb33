"""Programs on a virtual desktop, seen from outside: when they appear, and what they take."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from jeepney import MatchRule, message_bus  # type: ignore[import-untyped]
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]
from virtual_desktop import VirtualDesktop

from tests.benchmarks.frame import Setting, Size

ROOT = Path(__file__).parents[2]
TRAYAPP = (sys.executable, "-m", "trayapp")
BARE_TRAY = (sys.executable, "tests/benchmarks/bare.py", "tray")
BARE_WINDOW = (sys.executable, "tests/benchmarks/bare.py", "window")
FAILED_WINDOW = (sys.executable, "-m", "tests.benchmarks.failed_host")

_PATIENCE_SECONDS = 30.0
_APART_SECONDS = 1.0
"""Signals that come closer together are of one update."""


@contextmanager
def screen(setting: Setting) -> Iterator[VirtualDesktop]:
    """A desktop with a panel; what is started on it is compiled once, as an installed program."""
    with setting.room() as room, VirtualDesktop(keyring=False) as desktop:
        if setting.size is not Size.TINY:
            desktop.env.update(compiled_in(room))
        yield desktop


def compiled_in(room: Path) -> dict[str, str]:
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(room / "compiled")}


class Program:
    """A running program; it ends with the context."""

    def __init__(self, argv: Sequence[str], env: dict[str, str]) -> None:
        self.began = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603  # our own programs
            argv,
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=_PATIENCE_SECONDS)

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """The next line that it writes; it dies rather than stay silent for ever."""
        assert self._process.stdout is not None
        hang = threading.Timer(10 * _PATIENCE_SECONDS, self._process.kill)
        hang.start()
        line = self._process.stdout.readline().strip()
        hang.cancel()
        assert line, f"{self._process.args!r} said nothing"
        return line

    def seconds_until_heard(self) -> float:
        self.hear()
        return time.perf_counter() - self.began

    @property
    def switches(self) -> dict[str, int]:
        """How often each thread of it has begun to wait; before each time but the first it woke."""
        found: dict[str, int] = {}
        for status in Path(f"/proc/{self.pid}/task").glob("*/status"):
            try:
                words = dict(line.split(":", 1) for line in status.read_text().splitlines())
            except FileNotFoundError:  # it has just ended
                continue
            found[status.parent.name] = int(words["voluntary_ctxt_switches"])
        return found

    def switches_since(self, before: dict[str, int]) -> int:
        """Of all threads that still live: one that ends takes its count along."""
        return sum(now - before.get(thread, 0) for thread, now in self.switches.items())

    def wait_at_rest(self, seconds: float) -> None:
        """Until it has not worked for so long."""
        end, before = time.monotonic() + 10 * _PATIENCE_SECONDS, ""
        while (now := self._worked()) != before and time.monotonic() < end:
            before = now
            pause(seconds)

    def _worked(self) -> str:
        """Its processor time, as the system counts it."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return " ".join(fields[11:13])

    @property
    def memory(self) -> Memory:
        return memory_of(self.pid)


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes: what is in memory, what of it nobody else uses, and the most that ever was."""

    rss: int
    uss: int
    peak: int = 0


def memory_of(pid: int) -> Memory:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    lines += Path(f"/proc/{pid}/status").read_text().splitlines()
    words = dict(one.split(":", 1) for one in lines)
    count = {name: int(text.split()[0]) << 10 for name, text in words.items() if "kB" in text}
    return Memory(
        rss=count["Rss"],
        uss=count["Private_Clean"] + count["Private_Dirty"],
        peak=count["VmHWM"],
    )


class Bus:
    """Hears what tray icons say on the desktop's bus."""

    def __init__(self, desktop: VirtualDesktop) -> None:
        self._bus = open_dbus_connection(desktop.env["DBUS_SESSION_BUS_ADDRESS"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bus.close()

    def registered(self, argv: Sequence[str], env: dict[str, str]) -> tuple[Program, float]:
        """Start it; the seconds until its icon is registered."""
        rule = MatchRule(type="signal", member="StatusNotifierItemRegistered")
        self._bus.send_and_get_reply(message_bus.AddMatch(rule), timeout=_PATIENCE_SECONDS)
        with self._bus.filter(rule) as heard:
            program = Program(argv, env)
            try:
                self._bus.recv_until_filtered(heard, timeout=_PATIENCE_SECONDS)
            except TimeoutError:
                program.__exit__()
                raise
            took = time.perf_counter() - program.began
        self._bus.send_and_get_reply(message_bus.RemoveMatch(rule), timeout=_PATIENCE_SECONDS)
        return program, took

    def updates(self, seconds: float) -> int:
        """How often icon, title or menu of any program change from now on."""
        rules = [
            MatchRule(type="signal", interface=interface)
            for interface in ("org.kde.StatusNotifierItem", "com.canonical.dbusmenu")
        ]
        for rule in rules:
            self._bus.send_and_get_reply(message_bus.AddMatch(rule), timeout=_PATIENCE_SECONDS)
        deadline, last, count = time.monotonic() + seconds, 0.0, 0
        with self._bus.filter(MatchRule(type="signal")) as heard:
            while (left := deadline - time.monotonic()) > 0:
                try:
                    self._bus.recv_until_filtered(heard, timeout=left)
                except TimeoutError:
                    break
                now = time.monotonic()
                count += now - last > _APART_SECONDS
                last = now
        return count


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def command(env: dict[str, str], *words: str) -> None:
    """Run one of our commands to its end."""
    subprocess.run(  # noqa: S603  # ours
        [*TRAYAPP, *words],
        cwd=ROOT,
        env=env,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=_PATIENCE_SECONDS,
    )
