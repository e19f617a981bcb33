"""The machine: clicks, weather, hands on the server, kills, clocks and repairs in any order.

After every step all that is said and sent is compared with the model; in the end everything is
healed, and what was acknowledged has to be there.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests import ram
from tests.integration.lives import Killed
from tests.integration.model_checks import check_books, check_link, check_status
from tests.integration.model_world import ANN, BEN, EMBEDDED, INSIDE, PLAIN, Parts, World
from trayapp import i18n
from trayapp.demo.proxy import (
    SAY_401,
    SAY_403,
    SAY_404,
    SAY_429_SECONDS,
    SAY_500,
    SAY_503,
    SAY_ELSEWHERE,
    SAY_HTML,
    Delay,
    Double,
    DropAfter,
    DropBefore,
    Fault,
    Pass,
    Say,
)
from trayapp.sync.discard import CannotDiscard
from trayapp.sync.resolve import CannotResolve, Keep
from trayapp.sync.sentences import sync_line
from trayapp.tracking.corrections import Correction, Delete, Edit, Undo
from trayapp.tracking.tracker import CannotDo, Changed, Command, Pause, Resume, Start, Stop

COMMANDS: tuple[Command, ...] = (Start("A"), Start("B"), Pause(), Resume(), Stop())
CLOSED = Say(status=422, body='{"message": "project closed"}')
FAULTS: tuple[Fault, ...] = (
    Pass(),
    DropBefore(),
    DropAfter(),
    Delay(),
    Delay(after=True),
    SAY_401,
    SAY_403,
    SAY_404,
    SAY_429_SECONDS,
    SAY_500,
    SAY_503,
    SAY_HTML,
    SAY_ELSEWHERE,
    CLOSED,
    Say(status=409, body='{"message": "already stopped"}'),
    Say(status=502, after=True),
)
COMMON = {
    repr(SAY_401): "signed_out",
    repr(SAY_404): "wrong_address",
    repr(SAY_ELSEWHERE): "wrong_address",
    repr(SAY_HTML): "wrong_address",
    repr(SAY_500): "server_trouble",
    repr(SAY_503): "server_trouble",
    repr(SAY_403): "refused",
    repr(CLOSED): "refused",
    repr(DropBefore()): "network",
    repr(Delay()): "network",
}
"""Trouble that all tasks share, and the cause that tells it."""
_MAY_FAIL: dict[int, frozenset[str]] = {
    200: frozenset({"wrong_address", "server_trouble"}),
    302: frozenset({"wrong_address"}),
    401: frozenset({"signed_out"}),
    403: frozenset({"refused"}),
    404: frozenset({"wrong_address"}),
    409: frozenset({"refused", "conflict"}),
    422: frozenset({"refused"}),
    429: frozenset(),
    500: frozenset({"server_trouble"}),
    502: frozenset({"server_trouble"}),
    503: frozenset({"server_trouble"}),
}
"""For which causes a task may fail after an answer of this status."""
_LONGEST_WAIT = timedelta(hours=1)
_NO_BATTERY = datetime(2001, 1, 1, tzinfo=UTC)
"""What a machine's clock starts with that was forgotten by it."""
_ENOUGH = 8


class ModelMachine(RuleBasedStateMachine):
    """What may happen, and what must be so afterwards."""

    kind: ClassVar[str] = EMBEDDED
    parts: ClassVar[Parts] = Parts()

    def __init__(self) -> None:
        super().__init__()
        i18n.use_language("en")
        self._stack = contextlib.ExitStack()
        root = self._stack.enter_context(tempfile.TemporaryDirectory(dir=ram.directory()))
        self.world = World(Path(root), self.kind, self.parts)
        self._stack.callback(self.world.close)
        self.clock = self.world.clock
        self.was_set = False
        self.may_fail: set[str] = set()
        self.spell: tuple[str, set[int]] | None = None

    def teardown(self) -> None:
        with self._stack:
            if sys.exception() is None:
                self.heal()

    # -- the user ----------------------------------------------------------------------------

    @initialize(user=st.sampled_from([ANN, ANN, ANN, INSIDE]))
    def begin(self, user: str) -> None:
        if user:
            self.world.enter(user)

    @rule(
        commands=st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=4),
        later=st.sampled_from([0.001, 0.4, 30.0, 4000.0]),
        times=st.integers(1, 2),
    )
    def click(self, commands: list[Command], later: float, times: int) -> None:
        """Each twice, perhaps: at the same instant, as by a finger that trembles."""
        for command in commands:
            self.clock.advance(later)
            for _ in range(times):
                self._click(command, None)

    @rule(command=st.sampled_from(COMMANDS), ago=st.sampled_from([-30.0, 0.0, 15.0, 3000.0]))
    def click_at(self, command: Command, ago: float) -> None:
        """With a time that the user names."""
        self.clock.advance(20)
        self._click(command, self.clock.now() - timedelta(seconds=ago))

    def _click(self, command: Command, given: datetime | None) -> None:
        model, now = self.world.model, self.clock.now()
        must = model.must(command, given or now, given_now=given and now)
        user = self.world.user
        try:
            result = self.world.core.timer.do(command, self.clock.stamp(), given_at=given)
        except CannotDo:
            assert must is None, f"turned away: {command}"
            return
        events = result.events if isinstance(result, Changed) else ()
        assert tuple((event.kind, event.at) for event in events) == must, "not what was clicked"
        if events:
            model.told_of(events, user)

    @rule(
        what=st.sampled_from(
            ["note", "note", "start", "stop", "delete", "undo", "undo"],
        )
    )
    def correct(self, what: str) -> None:
        self.clock.advance(25)
        now, model = self.clock.now(), self.world.model
        wanted: dict[str, Correction] = {
            "note": Edit("", note=f"mended at {now:%M:%S}"),
            "start": Edit("", started_at=now - timedelta(seconds=5)),
            "stop": Edit("", stopped_at=now - timedelta(seconds=5)),
            "delete": Delete(""),
            "undo": Undo(),
        }
        before = model.before_the_last() if model.can_undo else None
        try:
            result = self.world.core.timer.correct(wanted[what], self.clock.stamp())
        except CannotDo:
            assert what != "undo" or before is None, "an undo was turned away"
            return
        model.told_of(getattr(result, "events", ()), self.world.user)
        assert what != "undo" or model.seen() == before, "an undo left something else"

    @rule(user=st.sampled_from([ANN, BEN, INSIDE]))
    def sign_in_or_out(self, user: str) -> None:
        self.spell = None
        if user:
            self.world.enter(user)
        else:
            self.world.core.leave()

    @rule()
    def send_earlier(self) -> None:
        if self.world.core.send_earlier():
            self.spell = None
            self.world.model.handed_over(self.world.user)

    @rule()
    def retry_all(self) -> None:
        self.spell = None
        doubtful = "SELECT COUNT(*) FROM sync_queue WHERE doubt <> 'none'"
        before = self.world.rows(doubtful)
        self.world.retry_all()
        assert self.world.rows(doubtful) == before, "a retry forgot a doubt"

    @rule(first=st.booleans())
    def discard(self, first: bool) -> None:  # noqa: FBT001  # drawn
        failed = self._ids("status = 'failed'")
        with contextlib.suppress(CannotDiscard):
            self.spell = None
            self.world.core.discarder.discard(failed[:1] if first else failed[-1:], self._now)

    @rule()
    def bring_back(self) -> None:
        self.spell = None
        for one in self._ids("status = 'discarded'")[:1]:
            with contextlib.suppress(CannotDiscard):
                self.world.core.discarder.undo([one], self._now)

    @rule(keep=st.sampled_from(Keep))
    def resolve(self, keep: Keep) -> None:
        self.spell = None
        self._resolve(keep)

    def _resolve(self, keep: Keep) -> None:
        for one in self._ids("status = 'failed' AND cause = 'conflict'")[:1]:
            with contextlib.suppress(CannotResolve):
                self.world.core.resolve([one], keep)

    # -- the world ---------------------------------------------------------------------------

    @rule(faults=st.lists(st.sampled_from(FAULTS), max_size=4), for_ever=st.booleans())
    def weather(self, faults: list[Fault], for_ever: bool) -> None:  # noqa: FBT001  # drawn
        if self.kind == EMBEDDED:  # where a request doubled on the way is no harm
            faults = [Double() if isinstance(one, Pass) else one for one in faults]
        for fault in faults:
            if not isinstance(fault, Pass | Double):
                causes = _MAY_FAIL[fault.status] if isinstance(fault, Say) else {"network"}
                self.may_fail |= causes
        self._play(itertools.cycle(faults) if for_ever else faults)
        cause = COMMON.get(repr(faults[0])) if for_ever and len(faults) == 1 else None
        self.world.core.worker.settle()
        self.spell = (cause, set(self._ids("status = 'failed'"))) if cause else None

    def _play(self, faults: Sequence[Fault] | itertools.cycle[Fault]) -> None:
        for user in (ANN, BEN):
            self.world.houses[user].wire.play(faults)

    @rule(is_cut=st.booleans())
    def cut_or_mend(self, is_cut: bool) -> None:  # noqa: FBT001  # drawn
        for user in (ANN, BEN):
            self.world.houses[user].wire.is_cut = is_cut

    @rule(how=st.sampled_from(["remove", "edit", "add"]), user=st.sampled_from([ANN, ANN, BEN]))
    def meddle(self, how: str, user: str) -> None:
        self.may_fail |= {"conflict", "refused"}
        self.world.houses[user].meddle(how, self._now)

    @rule(
        step=st.sampled_from(
            [timedelta(days=1), timedelta(hours=-2), timedelta(days=730), timedelta(days=-9000)]
        )
    )
    def set_clock(self, step: timedelta) -> None:
        self.was_set = True
        self.clock.set_wall(max(self._now + step, _NO_BATTERY))

    # -- the program -------------------------------------------------------------------------

    @rule()
    def one_step(self) -> None:
        self.world.core.worker.run_once()

    @rule(seconds=st.sampled_from([1, 61, 1000, 5000]))
    def live(self, seconds: int) -> None:
        self.world.live(timedelta(seconds=seconds))

    @rule(days=st.sampled_from([1, 3]))
    def days_pass(self, days: int) -> None:
        """The lid is closed meanwhile: a probe every five minutes takes too long for a test."""
        self.world.work()
        self.clock.advance(timedelta(days=days))
        self.world.work()

    @rule(finish=st.booleans())
    def restart(self, finish: bool) -> None:  # noqa: FBT001  # drawn
        if finish:
            self.world.core.worker.settle()
        self.world.reopen()

    @rule(where=st.sampled_from(["before", "after"]))
    def kill(self, where: str) -> None:
        """Between the bytes of a request."""
        self.world.seen.killing = where
        with contextlib.suppress(Killed):
            self.world.work()
        self.world.seen.killing = ""
        self.world.reopen()

    @rule()
    def rest(self) -> None:
        """At rest the status says when it goes on, and until then nothing is asked."""
        until = self.world.work()
        asked, status = self.world.requests, self.world.status
        assert "sending now" not in sync_line(status)
        if status.own_pending:
            assert status.next_attempt_at == until
        if until is None:
            return
        assert until - self._now <= _LONGEST_WAIT, f"frozen until {until}"
        self.clock.advance((until - self._now) * 0.99)
        self.world.work()
        assert self.world.requests == asked, "somebody could not wait"
        self.clock.advance(until - self._now)
        self.world.work()
        assert self.world.requests > asked, "woken up for nothing"

    # -- what must be so ---------------------------------------------------------------------

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        check_status(self.world, was_set=self.was_set)
        check_link(self.world)
        check_books(self.world)
        rows = self.world.rows("SELECT DISTINCT cause FROM sync_queue WHERE status = 'failed'")
        for_nothing = {str(row[0]) for row in rows} - self.may_fail
        assert not for_nothing, f"failed without need: {for_nothing}"
        if self.spell is not None:
            cause, before = self.spell
            failed = set(self._ids(f"status = 'failed' AND cause = '{cause}'"))
            assert len(failed - before) <= 2, f"common trouble failed {len(failed - before)}"

    def heal(self) -> None:
        """The weather clears, and the user does what the window advises."""
        self._play(())
        self.cut_or_mend(is_cut=False)
        for round_ in range(_ENOUGH):
            for user in (ANN, BEN, INSIDE):
                self._heal(user, Keep.SERVER if round_ else Keep.CLICKED)
            if not self._ids("status IN ('pending', 'failed')"):
                break
        open_tasks = self.world.rows("SELECT * FROM sync_queue WHERE status <> 'discarded'")
        assert not open_tasks, f"does not heal: {open_tasks}"
        self.everything_is_as_the_model_says()
        check_books(self.world, at_last=True)

    def _heal(self, user: str, keep: Keep) -> None:
        _entry, newest = self.world.model.current()
        running = newest.spans[-1] if newest else None
        self.world.houses[user].calm(running, only_theirs=keep is Keep.CLICKED)
        self.sign_in_or_out(user)
        self.retry_all()
        self.world.live(timedelta(hours=2))
        for _ in self._ids("status = 'failed' AND cause = 'conflict'"):
            self._resolve(keep)
        if keep is Keep.SERVER:
            self.discard(first=True)

    @property
    def _now(self) -> datetime:
        return self.clock.now()

    def _ids(self, where: str) -> list[int]:
        rows = self.world.rows(f"SELECT id FROM sync_queue WHERE {where} ORDER BY id")  # noqa: S608
        return [int(str(row[0])) for row in rows]


class PlainModelMachine(ModelMachine):
    """The same, where creating twice makes two, and one entry may be active."""

    kind = PLAIN
