"""150 clicks through the real worker and a bad network: each has its effect once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.hubnity_server import DIALECTS
from tests.hubnity_server_checks import iso
from tests.hubnity_server_house import House, house_of
from tests.integration.ledger import PROJECT, Diary, Script
from tests.integration.lives import Life, life_of
from tests.integration.scenes import PLAIN, Scene
from trayapp.demo.proxy import (
    CHAOS,
    SAY_404,
    SAY_429_SECONDS,
    SAY_ELSEWHERE,
    SAY_HTML,
    Double,
    Fault,
    chaos,
)
from trayapp.sync.outcome import Cause
from trayapp.tracking.entry import Event, EventKind, TrackerState, to_ms
from trayapp.tracking.replay import replay

EVENTS = 150
FAULTS: tuple[Fault, ...] = (
    *CHAOS,
    Double(),
    SAY_404,
    SAY_429_SECONDS,
    SAY_ELSEWHERE,
    SAY_HTML,
)


def is_no_refresh(_method: str, path: str) -> bool:
    """A lost refresh costs the session there, whatever a client does."""
    return not path.endswith("/auth/refresh")


def wanted(log: Sequence[Event]) -> Counter[tuple[object, ...]]:
    """What the server should show: one record an entry."""
    records: Counter[tuple[object, ...]] = Counter()
    for entry_id in dict.fromkeys(event.entry_id for event in log):
        events = [event for event in log if event.entry_id == entry_id]
        entry = replay(events).entry
        assert entry is not None
        worked = sum(
            (one.ended_at - one.began_at for one in entry.segments if one.ended_at), timedelta()
        )
        stops = [to_ms(event.at) for event in events if event.kind is EventKind.STOP]
        is_stopped = entry.state is TrackerState.STOPPED
        begun = to_ms(entry.segments[0 if is_stopped else -1].began_at)
        end = iso(stops[0]) if is_stopped else None
        state = entry.state.value.upper()
        records[entry.note, iso(begun), end, worked // timedelta(seconds=1), state] += 1
    return records


def complaints(house: House, log: Sequence[Event]) -> list[str]:
    shown: Counter[tuple[object, ...]] = Counter()
    for entry in house.app.books.entries.values():
        times = (iso(entry.start_ms), iso(entry.end_ms), entry.duration)
        shown[(entry.note, *times, entry.status)] += 1
    should = wanted(log)
    missing = [f"missing: {one}" for one in (should - shown).elements()]
    return missing + [f"strange: {one}" for one in (shown - should).elements()]


def causes(life: Life) -> set[str]:
    return {failed.cause for failed in life.core.status().failed_causes}


def rest(life: Life) -> bool:
    """Work for two hours at most; whether all is sent."""
    ends = life.clock.now() + timedelta(hours=2)
    while life.clock.now() < ends:
        pause = life.core.worker.run_once()
        if pause is not None and pause.until is None:
            break
        if pause is not None and pause.until is not None:
            life.clock.advance(pause.until - life.clock.now())
    return life.core.status().all_sent


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", range(20, 32))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_in_chaos_every_click_has_its_effect_once(dialect: str, seed: int, tmp_path: Path) -> None:
    script, dice = Script(seed), random.Random(seed)  # noqa: S311  # a repeatable story
    clock = FakeClock()
    with house_of(dialect, clock) as house, Scene(PLAIN, tmp_path, clock) as scene:
        house.app.add_project(PROJECT)
        with life_of(scene, tmp_path, clock, wrap=lambda _server: house.server) as life:
            diary = Diary()
            life.click(diary, "start", "a first one, so that the address is known to be good")
            assert rest(life)
            house.proxy.play(chaos(seed, share=0.4, faults=FAULTS), only=is_no_refresh)
            while diary.recorded < EVENTS:
                click = script.next()
                clock.advance(dice.uniform(1, 90))
                life.click(diary, click.name, click.note)
                life.work(dice.choice((0, 0, 1, 3, 10)))
                if dice.random() < 0.1:
                    house.app.tokens.expire_access()
                if dice.random() < 0.1:
                    rest(life)
                    assert causes(life) <= {Cause.SERVER_TROUBLE, Cause.NETWORK}
            spoilt = sum(1 for seen in house.proxy.ledger if seen.fault in FAULTS)
            house.proxy.play(())
            rest(life)
            # A finished entry that comes late finds the running one in its way.
            clock.advance(61.25)
            life.click(diary, "stop")
            for _ in range(3):
                if rest(life):
                    break
                life.retry_all()
            assert [*life.unsent(), *diary.complaints(life.log())] == []
            assert complaints(house, life.log()) == []
            assert spoilt > EVENTS / 2
