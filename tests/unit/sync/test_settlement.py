"""What is written down of an outcome, and what is left to do afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests import benches
from tests.fake_server import Bench, Call, a_bench
from trayapp.queue.task import Doubt, GateKind, Known
from trayapp.sync.outcome import (
    Absent,
    AlreadySo,
    Conflict,
    Doubtful,
    Offline,
    Outcome,
    Refused,
    Removed,
    ServerTrouble,
)
from trayapp.sync.rules import Rules
from trayapp.sync.waiting import Waits
from trayapp.tracking.entry import to_ms

MINUTE = timedelta(minutes=1)
RESET = Doubtful("Network error: connection reset")
OFFLINE = Offline("Network error: connection refused")

bench = benches.bench


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path / "plain", repeatable=False, at_once=2) as made:
        yield made


def known(bench: Bench, entry_id: str) -> dict[str, Known]:
    with bench.writing() as writer:
        return writer.segments.known(entry_id)


def attempts(bench: Bench) -> list[tuple[int, str, str]]:
    with bench.writing() as writer:
        rows = writer.rows("SELECT task, outcome, reason FROM attempt ORDER BY id")
    return [(row["task"], row["outcome"], row["reason"]) for row in rows]


def test_what_arrived_leaves_and_the_server_is_said_to_work(bench: Bench) -> None:
    bench.fill(entries=1, clicks=2)
    bench.run()
    assert bench.tasks() == []
    with bench.writing() as writer:
        assert writer.accounts.active().last_delivery_at == bench.clock.now()
    assert known(bench, "entry-000") == {}


def test_what_the_server_confirmed_is_kept_with_the_segment(plain: Bench) -> None:
    plain.fill(entries=1, clicks=4)
    plain.run()
    assert known(plain, "entry-000") == {
        "entry-000-1": Known(remote_id="remote-entry-000-1", base="{}"),
        "entry-000-3": Known(remote_id="remote-entry-000-3", base="{}"),
    }


def test_a_segment_the_entry_does_not_have_begins_with_it_and_is_not_watched(
    plain: Bench,
) -> None:
    plain.server.segment_id = "another"
    plain.server.script.extend([RESET, Absent(), Absent()])
    plain.click("a")
    began_ms = to_ms(plain.clock.now())
    plain.run_for(MINUTE)
    with plain.writing() as writer:
        (row,) = writer.rows("SELECT id, began_ms, watched_until_ms FROM segment")
    assert tuple(row) == ("another", began_ms, None)


def test_what_was_removed_there_is_marked_and_told(bench: Bench) -> None:
    bench.fill(entries=1, clicks=1)
    bench.server.script.append(Removed("HTTP 404: no such entry"))
    bench.run()
    assert known(bench, "entry-000") == {"entry-000-1": Known(removed=True)}
    assert bench.removed == ["entry-000"]
    with bench.writing() as writer:
        assert writer.accounts.active().last_delivery_at is None


def test_of_several_events_in_a_request_only_the_first_fails(plain: Bench) -> None:
    plain.fill(entries=1, clicks=2)
    plain.server.script.append(Conflict("Conflict: the server shows 09:00"))
    plain.run()
    assert [(task.status.value, task.doubt) for task in plain.tasks()] == [
        ("failed", Doubt.NONE),
        ("pending", Doubt.NONE),
    ]


def test_of_several_events_in_a_request_all_are_in_doubt(plain: Bench) -> None:
    plain.fill(entries=1, clicks=2)
    plain.server.script.append(RESET)
    plain.run()
    assert {task.doubt for task in plain.tasks()} == {Doubt.SENT}
    plain.run_for(MINUTE)
    assert plain.all_arrived()


def test_each_attempt_is_remembered_while_the_task_is_here(bench: Bench) -> None:
    bench.fill(entries=1, clicks=1)
    bench.server.script.extend([OFFLINE, Refused("HTTP 422: no")])
    bench.run()
    bench.run_for(MINUTE)
    assert attempts(bench) == [(1, "Offline", OFFLINE.reason), (1, "Refused", "HTTP 422: no")]


@pytest.mark.parametrize(
    ("outcome", "sends"), [(RESET, 1), (AlreadySo("HTTP 409: no"), 1), (OFFLINE, 0)]
)
def test_a_request_counts_until_an_answer_settles_it(
    bench: Bench, outcome: Outcome, sends: int
) -> None:
    bench.fill(entries=1, clicks=1)
    bench.server.script.extend([outcome, OFFLINE])
    bench.run()
    assert bench.task(1).sends == sends


def test_a_look_does_not_count_as_a_request(plain: Bench) -> None:
    plain.fill(entries=1, clicks=1)
    plain.server.script.extend([RESET, Absent(), Absent(), OFFLINE])
    plain.run_for(timedelta(seconds=2))
    assert (plain.task(1).sends, plain.task(1).looks) == (1, 1)


def test_what_is_sent_again_after_two_looks_is_watched_for_ten_minutes(plain: Bench) -> None:
    plain.fill(entries=1, clicks=1)
    plain.server.script.extend([RESET, Absent(), Absent()])
    plain.run_for(timedelta(seconds=12))
    with plain.writing() as writer:
        rows = writer.rows("SELECT id, watched_until_ms - began_ms AS ms FROM segment")
    assert [row["id"] for row in rows] == ["entry-000-1"]
    assert 600_000 <= rows[0]["ms"] <= 615_000


def test_a_delivery_lets_what_is_blocked_try_again(tmp_path: Path) -> None:
    with a_bench(tmp_path / "one", one_active=True) as bench:
        bench.click("a")
        with bench.writing() as writer:
            writer.run("UPDATE sync_queue SET due_ms = 9000000000000, cause = 'blocked'")
        bench.click("b")
        bench.run()
        assert bench.all_arrived()


def test_a_gate_nobody_touched_stays_as_decided(bench: Bench) -> None:
    bench.fill(entries=1, clicks=1)
    bench.server.script.extend([OFFLINE, OFFLINE])
    bench.run()
    bench.run_for(timedelta(seconds=5))
    assert bench.gate is not None
    assert bench.gate.due_at == bench.clock.now() + timedelta(seconds=10)


def test_a_click_during_a_probe_asks_for_one_more(bench: Bench) -> None:
    def click(_: Call) -> None:
        bench.server.during = lambda _: None
        bench.clock.advance(1)
        bench.click("later")

    bench.fill(entries=1, clicks=1)
    bench.server.script.extend([OFFLINE, OFFLINE])
    bench.run()
    bench.clock.advance(5)
    bench.server.during = click
    bench.run()
    assert bench.all_arrived()


def test_a_retry_during_a_probe_asks_for_one_more_but_not_against_the_servers_word(
    bench: Bench,
) -> None:
    def retry(_: Call) -> None:
        bench.server.during = lambda _: None
        bench.clock.advance(1)
        bench.retry_all()

    bench.fill(entries=1, clicks=1)
    bench.server.script.extend([OFFLINE, ServerTrouble("HTTP 503: Busy", MINUTE * 60)])
    bench.run()
    bench.clock.advance(5)
    bench.server.during = retry
    bench.run()
    assert bench.gate is not None
    assert bench.gate.kind is GateKind.SERVER_TROUBLE
    assert bench.gate.due_at == bench.clock.now() + MINUTE * 60


def test_the_log_says_what_became_of_each_request(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bench.fill(entries=1, clicks=1)
    bench.server.script.append(OFFLINE)
    bench.run()
    bench.run_for(timedelta(seconds=5))
    assert [(record.levelname, record.getMessage().strip()) for record in caplog.records] == [
        ("WARNING", f"#1 time_entry_start: Offline {OFFLINE.reason}"),
        ("INFO", "#1 time_entry_start: Delivered"),
    ]


def test_the_log_tells_a_look_at_the_account(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.fill(entries=2, clicks=1)
    bench.server.rule = lambda _: Refused("HTTP 403: Forbidden")
    bench.run()
    assert caplog.records[-1].getMessage() == "The account: Refused HTTP 403: Forbidden"


def test_rules_are_patient_unless_told_otherwise() -> None:
    rules = Rules(jitter=lambda wait: wait)
    assert (rules.max_attempts, rules.waits) == (5, Waits())
