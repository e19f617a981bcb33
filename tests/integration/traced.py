"""A real process under strace: what it wrote, in order, and its files at any moment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from tests.tools import needed

_CALL = re.compile(r"(?P<pid>\d+) +(?P<name>\w+)\((?:\d+<(?P<file>[^>]*)>)?")
_RESUMED = re.compile(r"(?P<pid>\d+) +<\.\.\. \w+ resumed>")
_LAST_NUMBER = re.compile(r", (\d+)(?:\)| <)")
_CUT = "<unfinished ...>"
_LONGEST = 1 << 17
_KEEP_EVERY = 256
_CALLS = "pwrite64,write,sendto,ftruncate,fsync,fdatasync,unlink"


def under_strace(trace: Path) -> list[str]:
    """What to put before a program's command; without strace the test fails."""
    options = ["-f", "-q", "-y", "-xx", "-s", str(_LONGEST), "-e", f"trace={_CALLS}"]
    return [needed("strace"), *options, "-o", str(trace)]


class Did(Enum):
    """What a call did."""

    WRITE = auto()
    TRUNCATE = auto()
    SYNC = auto()
    UNLINK = auto()


@dataclass(frozen=True, slots=True)
class Call:
    """One system call, where it took effect: a sync when it returned, all others when made."""

    did: Did
    path: str
    at: int = 0
    data: bytes = b""


def calls_in(trace: Path) -> list[Call]:
    """In order; those that failed among them, for a disk that is sound has none."""
    found: list[Call] = []
    waiting: dict[str, Call] = {}
    with trace.open(encoding="ascii") as lines:
        for line in lines:
            resumed = _RESUMED.match(line)
            if resumed:
                found += filter(None, [waiting.pop(resumed["pid"], None)])
                continue
            call = _CALL.match(line)
            made = call and _call_of(call["name"], call["file"], line[call.end() :])
            if not call or not made:
                continue
            if made.did is Did.SYNC and _CUT in line:
                waiting[call["pid"]] = made
            else:
                found.append(made)
    return found


def _call_of(name: str, file: str | None, rest: str) -> Call | None:
    _before, _quote, text = rest.partition('"')
    raw, _quote, rest = text.rpartition('"') if text else ("", "", rest)
    data = bytes.fromhex(raw.replace("\\x", ""))
    if name == "unlink":
        return Call(Did.UNLINK, data.decode())
    if file is None:
        return None
    file = bytes.fromhex(file.replace("\\x", "")).decode()
    if name in {"fsync", "fdatasync"}:
        return Call(Did.SYNC, file)
    numbers = _LAST_NUMBER.search(rest[rest.rfind(", ") :])
    at = int(numbers[1]) if numbers else 0
    return Call(Did.TRUNCATE if name == "ftruncate" else Did.WRITE, file, at, data)


@dataclass(slots=True)
class Files:
    """Some files, by their paths; one that is not there is not among them."""

    held: dict[str, bytearray] = field(default_factory=dict)

    def content(self, path: str) -> bytes:
        """What is in it; nothing when it is not there."""
        return bytes(self.held.get(path, b""))

    def make(self, call: Call) -> None:
        if call.did is Did.UNLINK:
            self.held.pop(call.path, None)
        elif call.did is Did.TRUNCATE:
            file = self.held.setdefault(call.path, bytearray())
            file[:] = file[: call.at].ljust(call.at, b"\0")
        elif call.did is Did.WRITE:
            file = self.held.setdefault(call.path, bytearray())
            file.extend(bytes(max(0, call.at - len(file))))
            file[call.at : call.at + len(call.data)] = call.data

    def copy(self) -> Files:
        return Files({path: bytearray(file) for path, file in self.held.items()})


class Past:
    """The files as they were after any number of calls: those that changed one of them."""

    def __init__(self, calls: Sequence[Call], paths: Sequence[Path]) -> None:
        wanted = set(map(str, paths))
        self._all = calls
        self._changes = [
            number
            for number, call in enumerate(calls)
            if call.path in wanted and call.did is not Did.SYNC
        ]
        self._kept = [Files()]
        files = Files()
        for count, number in enumerate(self._changes, start=1):
            files.make(calls[number])
            if count % _KEEP_EVERY == 0:
                self._kept.append(files.copy())

    @property
    def moments(self) -> int:
        """How many there are: 0 is before the first change."""
        return len(self._changes) + 1

    def at(self, moment: int) -> Files:
        """The files at this moment."""
        begin = moment // _KEEP_EVERY
        files = self._kept[begin].copy()
        for number in self._changes[begin * _KEEP_EVERY : moment]:
            files.make(self._all[number])
        return files

    def between(self, moment: int, later: int) -> Iterator[Call]:
        """The changes that were made from one moment to another."""
        return (self._all[number] for number in self._changes[moment:later])

    def others(self) -> Iterator[tuple[int, Call]]:
        """All calls that changed none of the files, each with its moment."""
        moment = 0
        for number, call in enumerate(self._all):
            if moment < len(self._changes) and self._changes[moment] == number:
                moment += 1
            else:
                yield moment, call
