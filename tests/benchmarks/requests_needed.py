"""How many requests a day of clicks needs that was recorded offline: counted, not timed."""

from __future__ import annotations

from http import HTTPStatus

from tests.benchmarks.frame import Goal, Setting, Table
from tests.fakes import FakeClock
from tests.integration.ledger import PROJECT
from tests.integration.lives import Life, life_of
from tests.integration.scenes import (
    EMBEDDED,
    HUBNITY_DEC,
    HUBNITY_FEB,
    PLAIN,
    TIMETAGGER,
    Scene,
)
from trayapp.demo.proxy import Seen
from trayapp.tracking.tracker import Changed, Pause, Resume, Start, Stop

_CLICKS, _ENTRIES, _SEGMENTS = 40, 10, 20
_MOST = {
    EMBEDDED: (1, "one write per 100 clicks: it keeps clicks, not entries"),
    PLAIN: (_SEGMENTS, "one write a segment"),
    TIMETAGGER: (_SEGMENTS, "one write a segment"),
    HUBNITY_FEB: (1, "one write per 100 entries"),
    HUBNITY_DEC: (_SEGMENTS, "one write a segment"),
}
"""Of each server: how many writes a day may take, and why so many."""


def day_offline(setting: Setting) -> Table:
    found = {kind: _asked(setting, kind) for kind in _MOST}
    lines, goals = [], []
    for kind, (asked, first) in found.items():
        most, why = _MOST[kind]
        writes = sum(one.method != "GET" for one in asked)
        reads = len(asked) - writes
        lines.append((kind, str(writes), str(reads), str(first), str(most)))
        goals.append(
            Goal(
                wanted=f"{kind}: {why}, at most one read more for each",
                reached=f"{writes} writes, {reads} reads",
                is_met=writes <= most and len(asked) <= 2 * most,
            )
        )
    return Table(
        columns=("server", "writes", "reads", "first entry", "most writes"),
        lines=tuple(lines),
        goals=tuple(goals),
        notes=(
            f"{_ENTRIES} entries, {_SEGMENTS} segments, {_CLICKS} clicks, as the proxy counts.",
            "First entry: all that was asked before, to learn of the account and to deliver one.",
            "TimeTagger is read before a write too: what was edited there is not overwritten.",
            "Renewing a token is not counted.",
        ),
    )


def _asked(setting: Setting, kind: str) -> tuple[list[Seen], int]:
    """What was asked for the clicks of the day; and how often for one entry before it."""
    clock = FakeClock()
    with (
        setting.room() as room,
        Scene(kind, room, clock) as scene,
        life_of(scene, room / "ours", clock) as life,
    ):
        _click(life, clock, entries=1)
        life.rest()
        first = len(scene.proxy.ledger)
        _click(life, clock, entries=_ENTRIES)
        life.rest()
        assert not life.unsent()
        assert not scene.complaints(life.log())
        asked = scene.proxy.ledger[first:]
        return [one for one in asked if not _is_sign_in(one)], first


def _is_sign_in(seen: Seen) -> bool:
    """An hour is over: a new token, which has nothing to do with the clicks."""
    return seen.status == HTTPStatus.UNAUTHORIZED or "refresh" in seen.path


def _click(life: Life, clock: FakeClock, *, entries: int) -> None:
    """Each entry is worked on twice, with a break between; the worker does not run meanwhile."""
    for number in range(entries):
        note = f"Task {number} of {entries}"
        for command in (Start(PROJECT, note), Pause(), Resume(), Stop()):
            clock.advance(600)
            assert isinstance(life.core.timer.do(command, clock.stamp()), Changed)
