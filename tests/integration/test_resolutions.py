"""What the user answers to a conflict, as it is asked for over the channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.core_support import Bench, bench_inside
from trayapp.control.messages import Reply, Request
from trayapp.resolutions import resolve_reply
from trayapp.sync.cause import Cause
from trayapp.tracking.entry import to_ms
from trayapp.tracking.tracker import Pause, Start


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A pause that stands on the server at another time."""
    with bench_inside(tmp_path) as (made, _plug):
        made.clicks(Start("Website"))
        made.work()
        made.clicks(Pause())
        ours = made.clicked[-1]
        theirs = made.store.events(ours.entry_id)[-1]
        at_ms = to_ms(ours.at) + 60_000
        made.store.put(replace(theirs, id=ours.id, kind=ours.kind.value, at_ms=at_ms))
        made.work()
        yield made


def answer(bench: Bench, keep: str, *ids: int) -> Reply:
    request = Request("resolve", {"ids": ids, "keep": keep})
    return resolve_reply(bench.core, Request.parse(request.line()))


def test_the_servers_is_kept_and_what_was_clicked_stays_in_the_log(bench: Bench) -> None:
    (task,) = bench.failed
    assert task.cause == Cause.CONFLICT
    reply = answer(bench, "server", task.id)
    assert (reply.ok, reply.changed, reply.value["count"]) == (True, True, 1)
    assert "not sent" in reply.message
    bench.work()
    assert bench.failed == ()
    assert len(bench.clicked) == 2


def test_what_was_clicked_is_sent_and_compared_again(bench: Bench) -> None:
    (task,) = bench.failed
    assert answer(bench, "clicked", task.id, task.id).changed
    bench.work()
    (again,) = bench.failed
    assert again.cause == Cause.CONFLICT  # this server lets nobody overrule it


def test_what_is_no_conflict_is_told_and_nothing_changes(bench: Bench) -> None:
    (task,) = bench.failed
    assert "no conflict any more" in answer(bench, "server", 999).message
    assert not answer(bench, "server", task.id, 999).ok
    assert [one.id for one in bench.failed] == [task.id]
    assert answer(bench, "server").ok


def test_while_a_retry_runs_nothing_is_decided(bench: Bench) -> None:
    (task,) = bench.failed
    bench.core.retrier.begin(bench.clock.now())
    reply = answer(bench, "server", task.id)
    assert not reply.ok
    assert "retry is under way" in reply.message
