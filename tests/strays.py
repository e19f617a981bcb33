"""Strays: threads, open files and children that somebody left behind, each by its name.

Looked for after every test, so looking is cheap; only what seems left is looked at closely.
"""

from __future__ import annotations

import gc
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PATIENCE_SECONDS = 5.0
_POLL_SECONDS = 0.01
_SHARED: set[str] = set()
_CAPTURED = {"0", "1", "2"}  # pytest turns them to and fro
_FILES = "/proc/self/fd"
_TASKS = "/proc/self/task"


@dataclass(frozen=True, slots=True)
class Belongings:
    """What this process has at one moment; files and children only where /proc tells them."""

    threads: frozenset[threading.Thread]
    files: Mapping[str, str]
    """Descriptor to what it points to."""
    children: frozenset[str]

    @classmethod
    def now(cls) -> Self:
        """All of it."""
        return cls(frozenset(threading.enumerate()), _files(), _children())

    def strays(self, *, with_files: bool = True, patience: float = PATIENCE_SECONDS) -> list[str]:
        """What has come since and does not go within `patience` seconds.

        Without files: what a failed test leaves in its traceback's frames says nothing.
        """
        ends = time.monotonic() + patience
        found = self._left(_threads, self.threads, ends)
        found += self._left(_children_named, self.children, ends)
        return found + (self._left_files(ends) if with_files else [])

    def _left(
        self, named: Callable[[], Mapping[object, str]], before: frozenset[object], ends: float
    ) -> list[str]:
        return _lasting(lambda: [name for one, name in named().items() if one not in before], ends)

    def _left_files(self, ends: float) -> list[str]:
        if not self._new_files():
            return []
        gc.collect()  # only now: it takes longer than most tests
        return _lasting(self._new_files, ends)

    def _new_files(self) -> list[str]:
        return [
            f"file {number} → {target}"
            for number, target in _files().items()
            if self.files.get(number) != target and f"file {number}" not in _SHARED
        ]


def share(process: subprocess.Popen[bytes]) -> None:
    """A child that one test started and all use: it ends with the tests, and is no stray."""
    ends = [pipe for pipe in (process.stdin, process.stdout, process.stderr) if pipe is not None]
    _SHARED.update([f"child {process.pid}", *(f"file {pipe.fileno()}" for pipe in ends)])


def _lasting(found: Callable[[], list[str]], ends: float) -> list[str]:
    """What is still found when everything that ends has had time to end."""
    pause = threading.Event()
    while (left := found()) and time.monotonic() < ends:
        pause.wait(_POLL_SECONDS)
    return left


def _threads() -> Mapping[object, str]:
    return {one: f"thread {one.name}" for one in threading.enumerate() if one.is_alive()}


def _files() -> Mapping[str, str]:
    found = {}
    for number in set(_names(_FILES)) - _CAPTURED:
        try:
            found[number] = os.readlink(f"{_FILES}/{number}")  # noqa: PTH115  # the same
        except OSError:  # the one that listed the others is gone already
            continue
    return found


def _children() -> frozenset[str]:
    """Their process ids; also of those that have ended and were not waited for."""
    return frozenset(
        pid for task in _names(_TASKS) for pid in _text(f"{_TASKS}/{task}/children").split()
    )


def _children_named() -> Mapping[object, str]:
    own = [pid for pid in _children() if f"child {pid}" not in _SHARED]
    return {pid: f"child {pid}: {_command(pid)}" for pid in own}


def _command(pid: str) -> str:
    command = _text(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
    return command or f"{_text(f'/proc/{pid}/comm').strip()}, which ended and was not waited for"


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  # after every test: Path takes ten times as long
    except OSError:  # no Linux
        return []


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
