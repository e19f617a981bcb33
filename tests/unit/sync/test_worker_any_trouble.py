"""Whatever comes together of trouble, clicks, retries and restarts: no promise is broken."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fake_server import Applied, Bench, Call, FakeServer, Step, a_bench, a_worker
from tests.unit.sync.worker_support import MINUTE, OFFLINE, RESET, SECOND
from trayapp.sync.outcome import (
    AlreadySo,
    Blocked,
    Conflict,
    Doubtful,
    Outcome,
    Refused,
    Removed,
    ServerTrouble,
    Throttled,
    WrongAddress,
)
from trayapp.sync.rules import Rules

ANSWERS: list[Outcome] = [
    OFFLINE,
    RESET,
    Doubtful("Network error: no answer in time", timed_out=True),
    Doubtful("HTTP 502: Bad Gateway", answered=True),
    ServerTrouble("HTTP 500: Internal Server Error"),
    ServerTrouble("HTTP 503: Busy", retry_after=timedelta(seconds=30)),
    Throttled("HTTP 429: Too Many Requests", retry_after=timedelta(seconds=2)),
    Blocked("HTTP 409: already active"),
    WrongAddress("HTTP 404: Not Found"),
    Refused("HTTP 422: project closed"),
    Conflict("Conflict: the server shows 09:00"),
    AlreadySo("HTTP 409: already stopped"),
    Removed("HTTP 404: no such entry"),
]
# Those that end an entry are left out where everything has to arrive.
PASSING = [one for one in ANSWERS if not isinstance(one, Conflict | Removed)]
DOUBTS = [one for one in ANSWERS if isinstance(one, Doubtful)]


def steps_of(answers: list[Outcome]) -> st.SearchStrategy[list[Step]]:
    step = st.one_of(st.none(), st.sampled_from(answers), st.sampled_from(DOUBTS).map(Applied))
    return st.lists(step, max_size=40)


MOVES = st.lists(
    st.one_of(
        st.integers(min_value=0, max_value=3),  # a click on this entry
        st.sampled_from([SECOND, 15 * SECOND, 20 * MINUTE]),
        st.sampled_from(["retry", "restart", "restart in a request"]),
    ),
    max_size=25,
)


def play(bench: Bench, script: list[Step], moves: list[int | timedelta | str]) -> None:
    """Clicks, time, retries and restarts, against a server that answers by the script."""
    bench.server.script.extend(script)
    for move in moves:
        if isinstance(move, int):
            bench.click(f"entry-{move}")
        elif isinstance(move, timedelta):
            bench.run_for(move)
        elif move == "retry":
            bench.retry_all()
        else:
            if move == "restart in a request":
                bench.worker.run_once()
                bench.worker.run_once()
            bench.new_worker()
        in_order(bench)


def in_order(bench: Bench) -> None:
    """What arrived of each entry is in the order of its clicks, and nothing twice."""
    assert bench.server.most_in_flight <= 1
    for entry_id, events in bench.clicked.items():
        arrived = bench.server.arrived(entry_id)
        assert arrived == [event for event in events if event in arrived]


HYPOTHESIS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class ReadingServer(FakeServer):
    """Looks are never scripted: whether something arrived can always be told."""

    def _step(self, call: Call) -> Step:
        return None if call.verb == "look" else super()._step(call)


class TestAnyMixOfTrouble:
    @HYPOTHESIS
    @given(script=steps_of(ANSWERS), moves=MOVES, repeatable=st.booleans())
    def test_order_within_an_entry_is_never_broken_and_nothing_arrives_twice(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        script: list[Step],
        moves: list[int | timedelta | str],
        repeatable: bool,  # noqa: FBT001
    ) -> None:
        with a_bench(tmp_path_factory.mktemp("queue"), repeatable=repeatable) as bench:
            bench.new_worker(ReadingServer(bench.clock, repeatable=repeatable))
            play(bench, script, moves)
            bench.server.script.clear()
            bench.run_for(timedelta(days=1))
            in_order(bench)

    @HYPOTHESIS
    @given(script=steps_of(PASSING), moves=MOVES, repeatable=st.booleans())
    def test_once_the_server_is_well_a_retry_brings_everything_there_once(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        script: list[Step],
        moves: list[int | timedelta | str],
        repeatable: bool,  # noqa: FBT001
    ) -> None:
        with a_bench(tmp_path_factory.mktemp("queue"), repeatable=repeatable) as bench:
            bench.new_worker(ReadingServer(bench.clock, repeatable=repeatable))
            play(bench, script, moves)
            bench.server.script.clear()
            bench.run_for(timedelta(days=31))
            bench.retry_all()
            bench.run_for(timedelta(days=1))
            assert bench.all_arrived()


def test_jitter_of_a_real_day_never_breaks_a_promise(tmp_path: Path) -> None:
    spread = random.Random(7)  # noqa: S311  # spreads waits
    rules = Rules(jitter=lambda wait: wait * spread.uniform(0.9, 1.1))
    with a_bench(tmp_path / "queue") as bench:
        bench.worker = a_worker(bench, bench.server, rules=replace(rules, max_attempts=3))
        bench.server.rule = lambda _: OFFLINE
        bench.fill(entries=5, clicks=4)
        bench.run_for(timedelta(hours=3))
        times = [call.at for call in bench.server.calls]
        waits = [b - a for a, b in itertools.pairwise(times)]
        assert all(4.5 * SECOND <= wait <= 5.5 * MINUTE for wait in waits)
        bench.server.rule = lambda _: None
        bench.run_for(6 * MINUTE)
        assert bench.all_arrived()
