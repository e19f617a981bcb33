"""On what it was measured: a figure without its machine says nothing."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import trayapp

MOST_LOAD = 0.5
_PACKAGES = ("requests", "urllib3", "persist-queue", "litequeue", "huey", "pystray", "Pillow")


def load() -> float:
    """What others do on this machine: the load average of the last minute."""
    return os.getloadavg()[0]


def described(scratch: Path) -> tuple[str, ...]:
    """Machine, system and versions, as lines."""
    system = f"{platform.system()} {platform.release()}, {_file_system(scratch)}"
    versions = [
        f"Trayapp {trayapp.__version__}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        *_versions(),
    ]
    return (
        f"{_processor()}, {os.cpu_count()} cores; {system}; load {load():.2f} at the start",
        ", ".join(versions),
    )


def warning() -> str:
    """What to say where the machine is busy; empty where it is not."""
    if load() <= MOST_LOAD:
        return ""
    return (
        f"The load is {load():.2f}: others are at work here. Ratios within a run still tell"
        " something, absolute figures do not."
    )


def _versions() -> Iterator[str]:
    for package in _PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield f"{package} not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _file_system(scratch: Path) -> str:
    """The kind of the file system on which the directory is."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown file system"
    place = scratch.resolve()
    found = [line.split()[1:3] for line in mounts]
    above = [(where, kind) for where, kind in found if place.is_relative_to(where)]
    return max(above, key=lambda one: len(one[0]), default=("", "unknown file system"))[1]
