"""What left and may be there, though no doubt remains, is neither discarded nor forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fake_server import Applied, Bench, a_bench
from trayapp.queue.reader import QueueReader
from trayapp.queue.task import Doubt
from trayapp.sync.discard import CannotDiscard, Discarder
from trayapp.sync.discard import Refusal as Why
from trayapp.sync.outcome import (
    Conflict,
    Offline,
    Ours,
    Outcome,
    Refused,
    ServerTrouble,
    Throttled,
    Unasked,
    WrongAddress,
    may_have_acted,
)
from trayapp.sync.units import unit_of

TROUBLE = ServerTrouble("HTTP 500: Internal Server Error")
READ_ONLY = ServerTrouble("HTTP 402: read-only", acted=False)
PAGE = WrongAddress("HTTP 200: a web page where the server's answer belongs", acted=True)
REFUSED = Refused("HTTP 422: project closed")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path / "queue") as made:
        made.click("ok")
        made.run()  # the address is known to be good
        yield made


def discard(bench: Bench, task_id: int) -> None:
    reader = QueueReader(bench.folder / "queue.db")
    try:
        Discarder(bench.mutex, reader).discard([task_id], bench.clock.now())
    finally:
        reader.close()


def meet(bench: Bench, *answers: Outcome | Applied) -> int:
    """A click meets these, one after the other; its task."""
    bench.server.script.extend(answers)
    bench.click("a")
    for _ in answers:
        bench.run()
        bench.clock.advance(600)
    return bench.tasks()[-1].id


@pytest.mark.parametrize("first", [TROUBLE, PAGE], ids=["500", "a web page"])
def test_refused_after_what_may_have_arrived_it_is_discarded_only_after_a_look(
    bench: Bench, first: Outcome
) -> None:
    one = meet(bench, Applied(first), REFUSED)
    assert (bench.task(one).status, bench.task(one).doubt) == ("failed", Doubt.SENT)
    with pytest.raises(CannotDiscard) as caught:
        discard(bench, one)
    assert caught.value.why is Why.DOUBTFUL
    bench.server.calls.clear()
    bench.retry_all()
    bench.run()
    assert [call.verb for call in bench.server.calls] == ["look"]
    assert bench.all_arrived()


def test_a_look_that_finds_nothing_allows_it(bench: Bench) -> None:
    one = meet(bench, TROUBLE, REFUSED)
    bench.server.rule = lambda call: REFUSED if call.verb == "send" else None
    bench.retry_all()
    bench.run()
    assert (bench.task(one).doubt, bench.task(one).left_at) == (Doubt.NONE, None)
    discard(bench, one)
    assert bench.task(one).status == "discarded"


@pytest.mark.parametrize(
    "first",
    [Offline("Network error: x"), Throttled("HTTP 429: x"), READ_ONLY],
    ids=["offline", "429", "402"],
)
def test_what_had_no_effect_before_the_refusal_needs_no_look(bench: Bench, first: Outcome) -> None:
    one = meet(bench, first, REFUSED)
    assert (bench.task(one).doubt, bench.task(one).left_at) == (Doubt.NONE, None)
    discard(bench, one)


def test_a_refusal_alone_needs_no_look(bench: Bench) -> None:
    one = meet(bench, REFUSED)
    assert bench.task(one).doubt is Doubt.NONE
    discard(bench, one)


def test_what_used_up_its_attempts_may_be_there(bench: Bench) -> None:
    bench.server.rule = lambda _: TROUBLE
    bench.click("a")
    bench.run_for(timedelta(minutes=20))
    (one,) = bench.failed
    assert (one.retry_count, one.doubt) == (5, Doubt.SENT)


@pytest.mark.parametrize(
    "last", [Conflict("Conflict: the server shows 09:00"), Ours("Internal error: x")]
)
def test_what_was_seen_there_or_could_not_be_sent_is_in_no_doubt(
    bench: Bench, last: Outcome
) -> None:
    one = meet(bench, TROUBLE, last)
    assert (bench.task(one).status, bench.task(one).doubt) == ("failed", Doubt.NONE)
    assert bench.task(one).left_at is not None


def test_what_may_be_there_is_not_taken_for_somebody_elses(bench: Bench) -> None:
    meet(bench, TROUBLE)
    bench.click("b")
    newest = bench.tasks()[-1]
    with bench.writing() as writer:
        unit = unit_of(writer, writer.accounts.active(), (newest,))
    assert "a-1" in unit.taken
    assert unit.unsure


def test_once_it_is_delivered_that_is_forgotten(bench: Bench) -> None:
    meet(bench, Applied(TROUBLE))
    bench.run()
    bench.click("b")
    newest = bench.tasks()[-1]
    with bench.writing() as writer:
        unit = unit_of(writer, writer.accounts.active(), (newest,))
    assert (unit.taken, unit.unsure) == (frozenset(), False)


@pytest.mark.parametrize(
    ("outcome", "may"),
    [
        (TROUBLE, True),
        (READ_ONLY, False),
        (PAGE, True),
        (WrongAddress("HTTP 404: Not Found"), False),
        (Unasked(), False),
        (Unasked(acted=True), True),
        (REFUSED, False),
    ],
)
def test_which_answers_leave_open_what_the_server_did(outcome: Outcome, may: bool) -> None:  # noqa: FBT001
    assert may_have_acted(outcome) is may
