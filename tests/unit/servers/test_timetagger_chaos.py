"""100 clicks through the real worker and a bad network to the real server, with edits there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.integration.ledger import Diary, Script
from tests.integration.lives import Life, life_of
from tests.integration.scenes import PLAIN, Scene
from tests.timetagger_house import House, house_of, wanted_times
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
from trayapp.servers.timetagger_account import TimeTaggerKind
from trayapp.servers.timetagger_records import description
from trayapp.sync.outcome import Cause
from trayapp.tracking.entry import Event
from trayapp.tracking.replay import replay

EVENTS = 100
FAULTS: tuple[Fault, ...] = (
    *CHAOS,
    Double(),
    SAY_404,
    SAY_429_SECONDS,
    SAY_ELSEWHERE,
    SAY_HTML,
)


@dataclass(slots=True)
class Editor:
    """Somebody at the web app, who changes texts and removes records that have arrived."""

    house: House
    dice: random.Random
    texts: dict[str, str] = field(default_factory=dict)
    removed: dict[str, dict[str, object]] = field(default_factory=dict)

    def touch(self) -> None:
        records = self.house.web.records
        if not records:
            return
        record = self.dice.choice((records[-1], self.dice.choice(records)))
        if self.dice.random() < 0.3:
            self.house.web.remove(record)
            found = {str(one["key"]): one for one in self.house.web.everything}
            self.removed[str(record["key"])] = found[str(record["key"])]
            return
        text = self.texts[str(record["key"])] = f"edited № {len(self.texts)}"
        self.house.web.edit(record, ds=text)

    def complaints(self, log: Sequence[Event]) -> list[str]:
        """Where the server does not show one record a segment, with what was changed there."""
        wanted: dict[str, object] = {}
        for entry_id in dict.fromkeys(event.entry_id for event in log):
            entry = replay([event for event in log if event.entry_id == entry_id]).entry
            assert entry is not None
            for segment, times in zip(entry.segments, wanted_times(entry), strict=True):
                text = self.texts.get(segment.id, description(entry.project, entry.note))
                wanted[segment.id] = (*times, text)
        wanted |= self.removed
        shown: dict[str, object] = {
            str(one["key"]): (*times, one["ds"])
            for one, times in zip(self.house.web.records, self.house.times(), strict=True)
        }
        for one in self.house.web.everything:
            shown.setdefault(str(one["key"]), one)
        return [
            f"{key}: wanted {wanted.get(key)}, shown {shown.get(key)}"
            for key in wanted | shown
            if wanted.get(key) != shown.get(key)
        ]


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
def test_in_chaos_every_click_has_its_effect_once_and_no_edit_is_lost(tmp_path: Path) -> None:
    script, dice = Script(7), random.Random(7)  # noqa: S311  # a repeatable story
    clock = FakeClock()
    with house_of(clock) as house, Scene(PLAIN, tmp_path, clock) as scene:
        connect = TimeTaggerKind().connect
        with life_of(
            scene, tmp_path, clock, wrap=lambda _server: connect(house.url, house.tokens)
        ) as life:
            diary, editor = Diary(), Editor(house, dice)
            life.click(diary, "start", "a first one, so that the address is known to be good")
            assert rest(life)
            house.proxy.play(chaos(7, share=0.35, faults=FAULTS))
            while diary.recorded < EVENTS:
                click = script.next()
                clock.advance(dice.uniform(1, 90))
                life.click(diary, click.name, click.note)
                life.work(dice.choice((0, 0, 1, 3, 10)))
                if dice.random() < 0.05:
                    life.core.worker.reconnect()  # what the client remembers is lost
                if dice.random() < 0.2 and rest(life):
                    editor.touch()
                assert causes(life) <= {Cause.SERVER_TROUBLE, Cause.NETWORK}
            spoilt = sum(1 for seen in house.proxy.ledger if seen.fault in FAULTS)
            house.proxy.play(())
            while not rest(life):
                assert life.core.status().failed
                life.retry_all()
            assert [*life.unsent(), *diary.complaints(life.log())] == []
            assert editor.complaints(life.log()) == []
            assert spoilt > EVENTS / 2
            assert editor.texts
            assert editor.removed
