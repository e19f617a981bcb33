"""What is asked when there is nothing to send: a server that wants a pause gets it here, too."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fake_server import Bench, Call, a_bench
from trayapp.queue.task import GateKind
from trayapp.sync.outcome import Doubtful, Offline, Outcome, ServerTrouble, Throttled

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
BUSY = Throttled("HTTP 429: Too Many Requests", retry_after=MINUTE)
DOWN = ServerTrouble("HTTP 503: Service Unavailable", retry_after=MINUTE)
OFFLINE = Offline("Network error: connection refused")
BROKEN = ServerTrouble("HTTP 500: Internal Server Error")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Something was sent twice, and is looked for from now on."""
    with a_bench(tmp_path / "queue", repeatable=False) as made:
        made.server.script.append(Doubtful("Network error: connection reset"))
        made.click("a")
        made.run_for(20 * SECOND)
        assert [call.verb for call in made.server.calls] == [
            "send",
            "look",
            "look",
            "send",
            "twins",
        ]
        made.server.calls.clear()
        yield made


def click(bench: Bench, *answers: Outcome) -> None:
    """A click, and the look for doubles that follows it."""
    bench.server.script.extend([None, *answers])
    bench.click("a")
    bench.run()


def verbs(bench: Bench) -> list[str]:
    return [call.verb for call in bench.server.calls]


@pytest.mark.parametrize("pause", [BUSY, DOWN], ids=["429", "503"])
def test_a_look_for_doubles_that_is_told_to_wait_holds_all_and_is_made_again(
    bench: Bench, pause: Outcome
) -> None:
    click(bench, pause)
    closed = bench.gate
    assert closed is not None
    assert (closed.kind, closed.by_server) == (GateKind.THROTTLED, True)
    bench.click("a")
    bench.run_for(59 * SECOND)
    assert verbs(bench) == ["send", "twins"]
    bench.run_for(2 * SECOND)
    assert verbs(bench) == ["send", "twins", "send", "twins"]
    assert bench.gate is None
    assert bench.all_arrived()


def test_with_nothing_else_to_do_it_is_made_again_when_the_pause_is_over(bench: Bench) -> None:
    click(bench, BUSY)
    bench.run_for(2 * MINUTE)
    assert verbs(bench) == ["send", "twins", "twins"]
    assert bench.gate is None


@pytest.mark.parametrize("trouble", [OFFLINE, BROKEN], ids=["offline", "500"])
def test_other_trouble_holds_nothing_and_waits_for_the_next_contact(
    bench: Bench, trouble: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    click(bench, trouble)
    assert bench.gate is None
    assert "Doubles could not be looked for" in caplog.text
    bench.run_for(2 * MINUTE)
    assert verbs(bench) == ["send", "twins"]
    click(bench)
    assert verbs(bench) == ["send", "twins"] * 2


def test_who_is_to_stop_looks_for_no_further_double(bench: Bench) -> None:
    bench.server.script.append(Doubtful("Network error: connection reset"))
    bench.click("b")
    bench.server.during = lambda call: stop_at(bench, call)
    bench.run_for(20 * SECOND)
    assert verbs(bench) == ["send", "look", "look", "send", "twins"]


def stop_at(bench: Bench, call: Call) -> None:
    if call.verb == "twins":
        bench.worker.stop(0)


def test_a_list_of_projects_that_is_told_to_wait_holds_all(tmp_path: Path) -> None:
    with a_bench(tmp_path / "listed") as bench:
        with bench.writing() as writer:
            account = writer.accounts.use("hubnity", "https://time.example", "me")
        bench.server.projects = BUSY
        bench.run()
        with bench.writing() as writer:
            held = writer.accounts.gate(account.id)
        assert held is not None
        assert held.due_at == bench.clock.now() + MINUTE
