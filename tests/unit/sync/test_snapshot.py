"""The one status: read at one moment, counted over all accounts, and never better than it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.queue.support import Queue, a_queue
from trayapp.queue.task import Doubt, Gate, GateKind
from trayapp.sync.cause import Cause
from trayapp.sync.snapshot import Extras, read_status
from trayapp.sync.status import (
    AccountView,
    FailedCause,
    Link,
    RecentView,
    RetryResult,
    SyncStatus,
)
from trayapp.tracking.catalog import Catalog, Project
from trayapp.tracking.entry import EventKind, TrackerState


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with a_queue(tmp_path) as opened:
        yield opened


def status(queue: Queue, extras: Extras | None = None) -> SyncStatus:
    return read_status(queue.reader, queue.now, extras)


def close(queue: Queue, kind: GateKind, *, waits: bool = True) -> Gate:
    due = queue.now + timedelta(minutes=5) if waits else None
    closed = Gate(kind=kind, reason="because", since=queue.now, due_at=due)
    queue.do(lambda writer: writer.accounts.set_gate(1, closed))
    return closed


def deliver(queue: Queue, *ids: int) -> None:
    tasks = [queue.task(task_id) for task_id in ids]
    queue.do(lambda writer: writer.tasks.remove(tasks))
    queue.do(lambda writer: writer.accounts.delivered(1, queue.now))


def test_nothing_was_ever_tracked(queue: Queue) -> None:
    assert status(queue) == SyncStatus(as_of=queue.now)


def test_a_running_entry_is_told_with_its_time_and_clock(queue: Queue) -> None:
    started = queue.click("one", note="Landing page")
    queue.clock.advance(90)
    queue.clock.set_wall(queue.now + timedelta(hours=1))
    queue.click("one", EventKind.PAUSE)
    found = status(queue)
    assert found.tracker is TrackerState.PAUSED
    assert found.entry is not None
    assert (found.entry.id, found.entry.project, found.entry.note) == (
        "one",
        "Website",
        "Landing page",
    )
    assert found.entry.started_at == started.at
    assert found.entry.worked == timedelta(hours=1, seconds=91)
    assert found.entry.clock_step == timedelta(hours=1)
    assert (found.last_project, found.last_note) == ("Website", "Landing page")
    assert found.has_history


def test_a_stopped_entry_is_only_remembered(queue: Queue) -> None:
    queue.click("one")
    queue.click("one", EventKind.STOP)
    found = status(queue)
    assert (found.tracker, found.entry) == (TrackerState.STOPPED, None)
    assert (found.last_project, found.has_history) == ("Website", True)


def test_what_is_open_is_counted_and_the_oldest_says_since_when_and_why(queue: Queue) -> None:
    first = queue.click("one")
    queue.click("two")
    queue.click("three")
    queue.change(1, cause="network", doubt=Doubt.SENT, reason="Network error: timed out", due_in=9)
    queue.fail(2, reason="HTTP 422: closed")
    found = status(queue)
    assert (found.pending, found.failed, found.doubtful) == (2, 1, 1)
    assert (found.own_pending, found.own_failed) == (2, 1)
    assert found.waiting_since == first.at
    assert (found.link, found.reason) == (Link.OFFLINE, "Network error: timed out")
    assert found.next_attempt_at == queue.now + timedelta(seconds=9)
    assert found.failed_causes == (
        FailedCause(cause=Cause.REFUSED, count=1, reason="HTTP 422: closed"),
    )
    assert not found.all_sent


def test_all_sent_needs_the_servers_word(queue: Queue) -> None:
    queue.click("one")
    assert not status(queue).all_sent
    deliver(queue, 1)
    found = status(queue)
    assert found.all_sent
    assert (found.link, found.last_delivery_at) == (Link.ONLINE, queue.now)
    assert (found.waiting_since, found.next_attempt_at, found.reason) == (None, None, None)


@pytest.mark.parametrize("kind", list(GateKind))
def test_a_closed_gate_is_the_trouble(queue: Queue, kind: GateKind) -> None:
    queue.click("one")
    closed = close(queue, kind)
    found = status(queue)
    assert (found.link.value, found.reason) == (kind.value, "because")
    assert found.next_attempt_at == closed.due_at


def test_a_gate_that_waits_for_somebody_names_no_time(queue: Queue) -> None:
    queue.click("one")
    close(queue, GateKind.SIGNED_OUT, waits=False)
    assert status(queue).next_attempt_at is None


@pytest.mark.parametrize(
    ("cause", "link"),
    [
        pytest.param("signed_out", Link.SIGNED_OUT, id="signed out"),
        pytest.param("wrong_address", Link.WRONG_ADDRESS, id="wrong address"),
        pytest.param("server_trouble", Link.SERVER_TROUBLE, id="server trouble"),
        pytest.param("refused", Link.REFUSED, id="refused"),
        pytest.param("conflict", Link.REFUSED, id="conflict"),
        pytest.param("internal", Link.UNKNOWN, id="a defect of ours tells nothing of the link"),
        pytest.param("blocked", Link.UNKNOWN, id="another entry is in the way"),
    ],
)
def test_without_a_gate_the_oldest_tasks_trouble_is_told(
    queue: Queue, cause: str, link: Link
) -> None:
    queue.click("one")
    queue.change(1, cause=cause)
    assert status(queue).link is link


def test_what_waits_for_somebody_else_is_named_and_counted(queue: Queue) -> None:
    mine = queue.click("one")
    queue.do(lambda writer: writer.accounts.use("hubnity", "https://h.example/api", "ada"))
    queue.click("two")
    queue.fail(1)
    found = status(queue)
    assert (found.pending, found.failed) == (1, 1)
    assert (found.own_pending, found.own_failed) == (1, 0)
    assert found.elsewhere == (("embedded", 1),)
    assert found.account == AccountView(kind="hubnity", url="https://h.example/api", user="ada")
    assert found.waiting_since == mine.at
    assert found.link is Link.UNKNOWN


def test_with_nothing_of_ones_own_what_waits_elsewhere_is_signed_out(queue: Queue) -> None:
    queue.do(lambda writer: writer.accounts.use("hubnity", "", "ada"))
    queue.click("one")
    queue.do(lambda writer: writer.accounts.use("embedded", "", ""))
    found = status(queue)
    assert found.elsewhere == (("ada @ hubnity", 1),)
    assert found.link is Link.SIGNED_OUT
    assert found.next_attempt_at is None
    assert not found.all_sent


def test_a_possible_double_is_never_hidden(queue: Queue) -> None:
    started = queue.click("one")
    deliver(queue, 1)
    queue.sql(
        "INSERT INTO segment (id, account, entry, began_ms, twin) VALUES (?, 1, 'one', 0, 'r2')",
        started.id,
    )
    found = status(queue)
    assert found.possible_doubles == 1
    assert not found.all_sent


def test_what_only_the_program_knows_is_passed_on(queue: Queue) -> None:
    queue.click("one")
    retry = RetryResult(number=3, sent=1, failed=0, waiting=0, reason="")
    extras = Extras(gap_since=queue.now, removed=2, retrying=True, retry=retry)
    found = status(queue, extras)
    assert (found.gap_since, found.removed, found.retry) == (queue.now, 2, retry)
    assert found.retrying
    queue.click("one", EventKind.STOP)
    assert status(queue, extras).gap_since is None, "nothing runs that could have a gap"


def recent(queue: Queue) -> list[tuple[str, str]]:
    return [(one.project, one.note) for one in status(queue).recent]


def test_recent_activities_are_told_newest_first_and_once(queue: Queue) -> None:
    for number, note in enumerate(("a", "b", "a", "c")):
        queue.click(f"e{number}", note=note)
        queue.click(f"e{number}", EventKind.STOP, note=note)
    assert recent(queue) == [("Website", "c"), ("Website", "a"), ("Website", "b")]


@pytest.mark.parametrize("pauses", [0, 1], ids=["running", "paused"])
def test_what_is_under_way_is_not_among_the_recent(queue: Queue, pauses: int) -> None:
    for entry in ("one", "two"):
        for kind in (EventKind.START, EventKind.STOP):
            queue.click(entry, kind, note=entry)
    queue.click("three", note="one")
    for _ in range(pauses):
        queue.click("three", EventKind.PAUSE, note="one")
    assert recent(queue) == [("Website", "two")]


def test_ten_recent_activities_are_enough(queue: Queue) -> None:
    for number in range(30):
        queue.click(f"e{number}", note=f"note {number}")
        queue.click(f"e{number}", EventKind.STOP, note=f"note {number}")
    assert status(queue).recent == tuple(
        RecentView(project="Website", note=f"note {number}") for number in range(29, 19, -1)
    )


def test_projects_are_passed_on(queue: Queue) -> None:
    assert status(queue).projects == ()
    projects = (Project(id="1", name="Shop"), Project(id="2", name="App"))
    queue.do(lambda writer: writer.accounts.set_catalog(1, Catalog(projects=projects), queue.now))
    assert status(queue).projects == ("App", "Shop")


def test_the_server_inside_needs_no_sign_in(queue: Queue) -> None:
    queue.click("one")
    queue.change(1, cause="signed_out")
    found = status(queue)
    assert (found.link, found.signed_in, found.needs_sign_in) == (Link.SIGNED_OUT, False, False)


def test_an_account_signs_in_again_when_its_own_server_says_so(queue: Queue) -> None:
    queue.do(lambda writer: writer.accounts.use("hubnity", "https://h.example/api", "ada"))
    queue.click("one")
    assert (status(queue).signed_in, status(queue).needs_sign_in) == (True, False)
    queue.change(1, cause="signed_out")
    assert status(queue).needs_sign_in


def test_a_closed_gate_asks_to_sign_in_again_with_nothing_waiting(queue: Queue) -> None:
    queue.do(lambda writer: writer.accounts.use("hubnity", "", "ada"))
    closed = Gate(kind=GateKind.SIGNED_OUT, reason="because", since=queue.now, due_at=None)
    queue.do(lambda writer: writer.accounts.set_gate(2, closed))
    assert status(queue).needs_sign_in


def test_what_waits_elsewhere_does_not_sign_this_account_out(queue: Queue) -> None:
    queue.click("one")
    queue.do(lambda writer: writer.accounts.use("hubnity", "", "ada"))
    found = status(queue)
    assert (found.link, found.signed_in, found.needs_sign_in) == (Link.SIGNED_OUT, True, False)
