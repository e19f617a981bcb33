"""A round: clicks while a storm spoils requests, until all has arrived; and what was wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from tests.fakes import FakeClock
from tests.integration.core_support import rows_of
from tests.integration.ledger import EVERYTHING, Diary, Script
from tests.integration.lies import HASTY, WEATHER, Storm
from tests.integration.lives import Life, Relay, Worker, Wrap, life_of
from tests.integration.scenes import HUBNITY, Scene
from trayapp.servers.http import Timeouts
from trayapp.sync.cause import TROUBLE, Cause
from trayapp.sync.outcome import Outcome, Several
from trayapp.sync.server import TimeServer, Unit, Write
from trayapp.sync.worker import SyncWorker

SHARE = 0.45
_HOURS = 2


def causes(life: Life) -> set[Cause]:
    return {failed.cause for failed in life.core.status().failed_causes}


def told(life: Life) -> set[str]:
    """All the reasons the user can read."""
    failed = {task.reason for task in life.core.reader.failed(limit=10)}
    waiting = life.core.status().reason
    return {*failed, *([waiting] if waiting else [])}


def is_one_request_in_doubt(life: Life, scene: Scene) -> bool:
    """Whether what is in doubt is one entry at most, or all of it went in one request."""
    sql = "SELECT DISTINCT entry FROM sync_queue WHERE doubt <> 'none'"
    in_doubt = {row[0] for row in rows_of(life.paths.database, sql)}
    if len(in_doubt) <= 1:
        return True
    bodies = [json.loads(one.content) for one in scene.proxy.ledger if one.path == "/events"]
    return any(in_doubt <= {event["entry"] for event in body["events"]} for body in bodies)


def tried(life: Life) -> int:
    """How many tasks have used up an attempt."""
    return _count(life, "COUNT(*) FROM sync_queue WHERE retry_count > 0")


def _count(life: Life, what: str) -> int:
    ((count,),) = rows_of(life.paths.database, f"SELECT {what}")
    assert isinstance(count, int)
    return count


def work_for(life: Life, hours: int) -> bool:
    """Work, and let time pass, for so long at most; whether all is sent."""
    ends = life.clock.now() + timedelta(hours=hours)
    while life.clock.now() < ends:
        pause = life.core.worker.run_once()
        if pause is None:
            continue
        if pause.until is None:
            break
        assert pause.until > life.clock.now(), "the worker spins"
        life.clock.advance(min(pause.until, ends) - life.clock.now())
    return life.core.status().all_sent


class Round:
    """Driven by hand, by a seed. `found` is what should not be.

    `too_early`: requests before the time that the server had named. `meddled`: how often somebody
    else changed something there.
    """

    def __init__(self, scene: Scene, life: Life, storm: Storm, seed: int) -> None:
        self._scene = scene
        self._life = life
        self._dice = random.Random(seed)  # noqa: S311  # a repeatable story
        self._script = Script(seed)
        self._storm = storm
        self._diary = Diary()
        self.found: list[str] = []
        self.too_early: list[str] = []
        self.meddled = 0

    def play(self, events: int) -> None:
        life, dice = self._life, self._dice
        life.click(self._diary, "start", "a first one, so that the address is known to be good")
        life.rest()
        self._scene.proxy.play(self._storm, only=self._storm.hears, in_turn=True)
        while self._diary.recorded < events:
            self._click()
            life.work(dice.choice((0, 0, 1, 3, 10)))
            self._note(self._strange())
            if dice.random() < 0.1:
                self._scene.auth.expire_access()
            if dice.random() < 0.05:
                life.core.worker.reconnect()
                self._storm.forget_renewals()
            if dice.random() < 0.1:
                self._pause()
        self._scene.proxy.play(())
        self._end()

    def _click(self) -> None:
        click = self._script.next()
        self._life.clock.advance(self._dice.uniform(1, 90))
        self._life.click(self._diary, click.name, click.note)

    def _pause(self) -> None:
        """Nobody clicks for hours; when all is sent others may change what is there."""
        if work_for(self._life, _HOURS):
            self.meddled += self._scene.site.meddle(self._dice)
        self._note(self._strange())
        self._sign_in()

    def _sign_in(self) -> None:
        """A refresh token good for one use, of which the answer was lost, needs the user."""
        if Cause.SIGNED_OUT in causes(self._life) and self._scene.kind in HUBNITY:
            self._scene.sign_in(self._scene.tokens)
            self._life.core.sign_in_again()

    def _strange(self) -> Iterable[str]:
        allowed = {*TROUBLE} | ({Cause.SIGNED_OUT} if self._scene.kind in HUBNITY else set())
        for cause in causes(self._life) - allowed:
            yield f"needlessly failed: {cause}"

    def _end(self) -> None:
        """All is well again: what could heal has, and everything arrives."""
        life = self._life
        life.clock.advance(61.25)
        # A finished entry that comes late may find the running one in its way.
        life.click(self._diary, "stop")
        work_for(life, _HOURS)
        self._sign_in()
        work_for(life, _HOURS)
        self._note(self._untried())
        life.retry_all()
        work_for(life, _HOURS)
        log = life.log()
        self._note([*life.unsent(), *self._diary.complaints(log), *self._scene.complaints(log)])
        self.too_early = self._storm.too_early
        if self._storm.spoilt <= self._diary.recorded / 2:
            self._note(["too quiet: hardly anything was spoilt"])

    def _untried(self) -> Iterable[str]:
        """Five attempts and, after a success, one more: then a task does need the user."""
        for task in self._life.core.reader.failed(limit=EVERYTHING):
            if (task.cause, task.retry_count) not in {(cause, 5) for cause in TROUBLE}:
                yield f"needlessly failed: {task.cause} {task.reason}"
        with self._life.core._queue.lock() as guard:
            if guard.value.tasks.has_untried(guard.value.accounts.active().id, TROUBLE):
                yield "needlessly failed: not tried again"

    def _note(self, words: Iterable[str]) -> None:
        self.found += words


class _Listening(Relay):
    """Tells the storm when this client, who is hasty, did not wait for the answer."""

    def __init__(self, inner: TimeServer, storm: Storm) -> None:
        super().__init__(inner)
        self._storm = storm

    def send(self, write: Write) -> Outcome:
        return self._heard(self.inner.send(write))

    def look(self, unit: Unit, write: Write) -> Outcome:
        return self._heard(self.inner.look(unit, write))

    def _heard(self, outcome: Outcome) -> Outcome:
        parts = outcome.parts if isinstance(outcome, Several) else (outcome,)
        if any("no answer in time" in part.reason for part in parts):
            self._storm.was_unheard()
        return outcome


def play_round(
    server: str,
    seed: int,
    root: Path,
    events: int,
    *,
    wrap: Wrap = lambda server: server,
    worker: Worker = SyncWorker,
) -> Round:
    """A round on a server of its own."""
    clock = FakeClock()
    storm = Storm(seed, clock, WEATHER, SHARE)
    root.mkdir(exist_ok=True)
    with (
        # Who renews is patient: a Hubnity takes a refresh token once, and a machine that stands
        # still would cost the session.
        Scene(server, root, clock, timeouts=HASTY, renewal_timeouts=Timeouts()) as scene,
        life_of(
            scene, root, clock, wrap=lambda inner: _Listening(wrap(inner), storm), worker=worker
        ) as life,
    ):
        played = Round(scene, life, storm, seed)
        played.play(events)
        return played
