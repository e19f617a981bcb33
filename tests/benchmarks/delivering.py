"""Delivering a backlog: exactly once, in order, durable, and how fast that goes task by task.

Ours goes in batches, each settled in one commit; what takes part beside it sends task by task.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import requests

from tests.benchmarks.answering import Answering, answering
from tests.benchmarks.contenders import PAYLOAD, Bare, LiteQueue, Ours, PersistQueue, peers
from tests.benchmarks.figures import Ratio, block, seconds_of
from tests.benchmarks.frame import Goal, Setting, Table
from tests.benchmarks.syncs import has_strace, syncs_of
from trayapp.accounts.tokens import MemoryTokenStore, Tokens
from trayapp.queue.reader import QueueReader
from trayapp.servers.embedded import over_http

_LEAST, _LEAST_SLOW, _LEAST_PEER, _MOST_SYNCS = 0.8, 0.95, 1.4, 1.15
_SLOW_SECONDS = 0.02
_BATCH = 100
_OURS, _BARE = "Trayapp", "Session.post, stores nothing"
_LIMIT = "the same, one commit a task"
_HEADERS = {"Content-Type": "application/json"}


class _Queue(Protocol):
    def put(self) -> None: ...

    def close(self) -> None: ...

    def get(self) -> object: ...

    def done(self, item: object) -> None: ...


class _Durable(Bare):
    """The limit of a loop that commits each task: one SELECT and one DELETE around the request."""

    def get(self) -> object:
        return self.connection.execute("SELECT id, payload FROM task LIMIT 1").fetchone()[0]

    def done(self, item: object) -> None:
        self.connection.execute("DELETE FROM task WHERE id = ?", (item,))


class _Persist(PersistQueue):
    def get(self) -> object:
        return self.queue.get()

    def done(self, item: object) -> None:
        self.queue.ack(item)


class _Lite(LiteQueue):
    def get(self) -> object:
        return self.queue.pop()

    def done(self, item: object) -> None:
        self.queue.done(item.message_id)  # type: ignore[attr-defined]  # it is no dependency


_PEERS: dict[str, Callable[[Path], _Queue]] = {
    _LIMIT: _Durable,
    "persist-queue": _Persist,
    "litequeue, FULL": _Lite,
}


@dataclass(slots=True)
class _Post:
    """requests as everybody uses it."""

    url: str
    number: int = 0
    session: requests.Session = field(default_factory=requests.Session)

    def __call__(self) -> None:
        self.number += 1
        url = f"{self.url}/tasks/{self.number}"
        self.session.post(url, data=PAYLOAD.encode(), headers=_HEADERS).raise_for_status()


@dataclass(frozen=True, slots=True)
class _Found:
    """Seconds of each round by contender, and of the halves of the bare loop around each."""

    rounds: dict[str, list[float]]
    base: dict[str, list[float]]
    size: int

    def rate(self, name: str) -> Ratio:
        """How much of the bare loop's rate it reaches, round by round."""
        pairs = zip(self.rounds[name], self.base[name], strict=True)
        return Ratio.of([base / took for took, base in pairs])

    def against(self, name: str) -> Ratio:
        pairs = zip(self.rounds[_OURS], self.rounds[name], strict=True)
        return Ratio.of([theirs / took for took, theirs in pairs])


def backlog(setting: Setting) -> Table:
    rounds = setting.pick(tiny=2, small=5, full=10)
    each = setting.pick(tiny=8, small=100, full=200)
    fast = _measured(setting, 0, rounds, each)
    slow = _measured(setting, _SLOW_SECONDS, setting.pick(tiny=1, small=4, full=10), each // 4)
    lines = [
        (f"{name}, server {what}", f"{found.size / min(took):.0f}", str(found.rate(name)))
        for what, found in (("at once", fast), ("20 ms", slow))
        for name, took in found.rounds.items()
    ]
    return Table(
        columns=("", "most tasks/s", "× bare rate (middle half)"),
        lines=tuple(lines),
        goals=(*_goals(fast, slow), _sync_goal(setting)),
        notes=(f"bare: {_BARE}. What arrived was compared: each once, in the order of clicks.",),
    )


def _goals(fast: _Found, slow: _Found) -> tuple[Goal, ...]:
    at_once, late = fast.rate(_OURS), slow.rate(_OURS)
    others = ", ".join(f"{name} {fast.rate(name).mid:.2f}" for name in fast.rounds if name != _OURS)
    goals = [
        Goal(
            wanted=f"at least {_LEAST} × a bare Session.post loop",
            reached=str(at_once),
            is_met=at_once.mid >= _LEAST,
            peers=others,
        ),
        Goal(
            wanted=f"at least {_LEAST_SLOW} × with a 20 ms server",
            reached=str(late),
            is_met=late.mid >= _LEAST_SLOW,
        ),
    ]
    if "persist-queue" in fast.rounds:
        more = fast.against("persist-queue")
        wanted = f"at least {_LEAST_PEER} × persist-queue's ack loop"
        goals.append(Goal(wanted=wanted, reached=str(more), is_met=more.mid >= _LEAST_PEER))
    return tuple(goals)


def _sync_goal(setting: Setting) -> Goal:
    wanted = f"syncs per task at most {_MOST_SYNCS}, by strace"
    tasks = setting.pick(tiny=8, small=200, full=2000)
    if not has_strace():
        return Goal(wanted=wanted, reached="there is no strace", is_met=None)
    with setting.room() as room, answering() as server:
        _filled(room / "ours", server, tasks).close()
        each = syncs_of("deliver", room / "ours", server.url) / tasks
    return Goal(wanted=wanted, reached=f"{each:.2f}", is_met=each <= _MOST_SYNCS)


def _measured(setting: Setting, delay: float, rounds: int, each: int) -> _Found:
    """Each contender's round between two halves of the bare loop's."""
    with setting.room() as room, answering(delay) as server, answering(delay) as other:
        ours = _filled(room / "ours", server, rounds * (each + _BATCH))
        bare = _Post(other.url)
        with ExitStack() as stack:
            stack.callback(ours.close)
            loops = {_OURS: _our_loop(ours), **_peer_loops(stack, room, other, rounds * each)}
            found = _Found({name: [] for name in loops}, {name: [] for name in loops}, each)
            block(bare, 2)
            for _ in range(rounds):
                for name, loop in loops.items():
                    before = sum(block(bare, each // 2))
                    found.rounds[name].append(_seconds(loop, each))
                    found.base[name].append(before + sum(block(bare, each - each // 2)))
            while ours.core.worker.run_once() is None:
                pass
        _compare(ours, server)
        return found


def _filled(folder: Path, server: Answering, tasks: int) -> Ours:
    tokens = MemoryTokenStore(Tokens(access="a", refresh="r"))
    ours = Ours(folder, server_for=lambda _account: over_http(server.url, tokens))
    block(ours.put, tasks)
    return ours


def _our_loop(ours: Ours) -> Callable[[int], int]:
    ours.core.worker.run_once()  # connects

    def loop(tasks: int) -> int:
        """Batch by batch, until so many have left the queue, each durably."""
        before = left = _waiting(ours)
        while before - left < tasks and ours.core.worker.run_once() is None:
            left = _waiting(ours)
        return before - left

    return loop


def _waiting(ours: Ours) -> int:
    return ours.core.status().pending


def _seconds(loop: Callable[[int], int], tasks: int) -> float:
    """What so many tasks took, of those that it delivered."""
    done: list[int] = []
    took = seconds_of(lambda: done.append(loop(tasks)))
    assert done[0] > 0
    return took * tasks / done[0]


def _peer_loops(
    stack: ExitStack, room: Path, server: Answering, tasks: int
) -> dict[str, Callable[[int], int]]:
    installed = {peer.name for peer in peers()} | {_LIMIT}
    loops: dict[str, Callable[[int], int]] = {}
    for name, make in _PEERS.items():
        if name in installed:
            queue = make(room / name)
            stack.callback(queue.close)
            block(queue.put, tasks)
            loops[name] = _ack_loop(queue, _Post(server.url))
    return loops


def _ack_loop(queue: _Queue, post: _Post) -> Callable[[int], int]:
    def loop(tasks: int) -> int:
        for _ in range(tasks):
            item = queue.get()
            post()
            queue.done(item)
        return tasks

    return loop


def _compare(ours: Ours, server: Answering) -> None:
    """Exactly once and in order, or it counts for nothing."""
    reader = QueueReader(ours.paths.database)
    try:
        entries = reversed(reader.recent(10_000))
        clicked = [event.id for one in entries for event in reader.events(one.entry.id)]
    finally:
        reader.close()
    arrived = server.given()
    assert arrived == clicked, json.dumps([arrived[:8], clicked[:8]])
