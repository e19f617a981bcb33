"""The app as a user has it, killed at random moments while the control channel brings clicks."""

from __future__ import annotations

import contextlib
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from tests.integration.ledger import embedded_complaints, log_of
from tests.integration.program import PATIENCE_SECONDS, app_answers, command, running_app, until
from tests.soak import Soak
from trayapp import commands
from trayapp.clock import SystemClock
from trayapp.config import Paths
from trayapp.control.client import ControlClient
from trayapp.control.endpoint import ChannelError
from trayapp.queue.reader import QueueReader
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.sync.snapshot import read_status
from trayapp.tracking.entry import to_ms

KILLS = 10
STARTING_SECONDS = 0.8
LIFE_SECONDS = 0.5
NAMES = ("start", "pause", "resume", "stop")


@dataclass(slots=True)
class User:
    """Clicks, and remembers what was said."""

    clicked: set[int] = field(default_factory=set)
    told: Counter[tuple[str, int]] = field(default_factory=Counter)
    clock: SystemClock = field(default_factory=SystemClock)
    number: int = 0

    def click(self) -> None:
        """Raises ChannelError when nobody answers."""
        stamp = self.clock.stamp()
        name = NAMES[self.number % len(NAMES)]
        self.number += 1
        # A project of its own each time: else a start may be one that runs already.
        project = f"No {self.number}" if name == "start" else None
        self.clicked.add(to_ms(stamp.at))
        request = commands.click_request(name, stamp, project=project)
        reply = ControlClient(Paths.of_user().channel_dir).ask(request, PATIENCE_SECONDS)
        if reply.ok and reply.changed:
            self.told[f"time_entry_{name}", to_ms(stamp.at)] += 1


@contextlib.contextmanager
def killed_after(process: subprocess.Popen[str], seconds: float) -> Iterator[None]:
    killer = threading.Timer(seconds, process.kill)
    killer.start()
    try:
        yield
    finally:
        killer.join()
        process.communicate(timeout=PATIENCE_SECONDS)


def live(user: User, dice: random.Random, *, starts: bool) -> None:
    """One life; `starts`: killed while it starts."""
    process = command("--no-tray")
    if not starts:
        until(lambda: process.poll() is not None or app_answers(), "the app answers")
    seconds = dice.uniform(0, STARTING_SECONDS if starts else LIFE_SECONDS)
    with killed_after(process, seconds), contextlib.suppress(ChannelError):
        while not starts:
            user.click()


def is_all_sent(now: datetime) -> bool:
    reader = QueueReader(Paths.of_user().database)
    try:
        return read_status(reader, now).all_sent
    finally:
        reader.close()


@pytest.mark.slow
@pytest.mark.soak(6)
@pytest.mark.timeout(300)
def test_the_app_is_killed_again_and_again_and_every_acknowledged_click_arrives_once(
    soak: Soak,
) -> None:
    user = User()
    for seed in soak.rounds(f"rounds of {KILLS} kills of the app", ci=1, full=20):
        dice = random.Random(seed)  # noqa: S311  # a repeatable choice of moments
        for number in range(KILLS):
            live(user, dice, starts=number % 4 == 3)
        with running_app():
            user.click()
            until(lambda: is_all_sent(user.clock.now()), "all is sent")
        log = log_of(Paths.of_user().database)
        store = EmbeddedStore(Paths.of_user().embedded_database)
        try:
            assert embedded_complaints(store, log) == [], seed
        finally:
            store.close()
        found = Counter((event.kind.value, to_ms(event.at)) for event in log)
        assert {one: found[one] for one in user.told} == dict(user.told), seed
        assert set(found.values()) == {1}, seed
        assert {at_ms for _kind, at_ms in found} <= user.clicked, seed
        assert len(user.told) > KILLS
