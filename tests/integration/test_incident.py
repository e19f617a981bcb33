"""What stood behind the incident, clause by clause; each test is named by what it guarantees."""

from __future__ import annotations

import itertools
import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.core_support import (
    bench_inside,
    bench_over_http,
    made_paths,
    rows_of,
)
from trayapp.demo.proxy import SAY_500, DropAfter, Say
from trayapp.sync.sentences import sync_line
from trayapp.sync.status import AccountView, Link
from trayapp.tracking.entry import EventKind, to_ms
from trayapp.tracking.replay import replay
from trayapp.tracking.tracker import Pause, Resume, Start, Stop

MANY = 1203


def test_the_refresh_request_uses_the_field_the_server_reads(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with bench_over_http(tmp_path) as (bench, wire):
        before = wire.tokens.load()
        wire.auth.expire_access()
        bench.click(Start("Website"))
        bench.work()
        refreshes = [seen.status for seen in wire.proxy.ledger if seen.path == "/token/refresh"]
        assert refreshes == [200]
        assert wire.tokens.load() not in {before, None}
        assert bench.status.all_sent
    assert "Token expired (401)" in caplog.text


def test_network_errors_use_up_no_attempts_so_six_minutes_offline_fail_nothing(
    tmp_path: Path,
) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        wire.proxy.stop()
        bench.clicks(Start("Website"), Pause(), Resume(), Pause(), Stop(), every=1)
        for _ in range(6):
            bench.live(timedelta(minutes=1))
            bench.retry_all()
        tried = "SELECT status, retry_count FROM sync_queue"
        assert bench.rows(tried) == [("pending", 0)] * 5
        attempts = bench.rows("SELECT outcome FROM attempt")
        assert len(attempts) > 5
        assert set(attempts) == {("Offline",)}
        assert bench.status.link is Link.OFFLINE

        wire.proxy.start()
        bench.live(timedelta(minutes=6))
        assert bench.status.all_sent
        assert [one.id for one in bench.arrived] == [one.id for one in bench.clicked]


def test_pause_and_resume_are_sent_in_the_order_they_were_clicked_before_the_stop(
    tmp_path: Path,
) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        wire.proxy.stop()
        bench.clicks(Start("Website"), Pause(), Resume(), Pause(), Resume(), Stop())
        bench.clicks(Start("Support"), Pause(), Stop())
        bench.work()
        wire.proxy.start()
        bench.live(timedelta(minutes=10))
        assert wire.sent == [event.id for event in bench.clicked]


def test_a_held_event_is_not_overtaken_during_a_backoff(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        wire.proxy.play([SAY_500])
        bench.clicks(Start("Website"), Pause())
        bench.work()
        bench.click(Stop())
        bench.work()
        tried = [event.id for event in bench.clicked[:2]]
        assert wire.requests == [tried]
        bench.live(timedelta(minutes=2))
        assert wire.requests == [tried, [event.id for event in bench.clicked]]


def test_what_follows_a_refused_event_is_held_and_other_entries_go_on(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        bench.clicks(Start("Website"))
        bench.work()
        refused = Say(status=422, body='{"message": "project closed"}')
        wire.proxy.play([refused, refused])  # both entries together, and then the first alone
        bench.clicks(Pause(), Resume(), Start("Support"), Pause())
        bench.live(timedelta(days=1))
        start, pause, resume, stop, other, other_pause = (event.id for event in bench.clicked)
        first, second = [pause, resume, stop], [other, other_pause]
        assert wire.requests == [[start], [*first, *second], first, second]
        assert (bench.status.failed, bench.status.pending) == (1, 2)
        bench.retry_all()
        bench.work()
        # A day is longer than a token lasts, so one of them was sent twice: refused, then taken.
        assert list(dict.fromkeys(map(tuple, wire.requests[4:]))) == [tuple(first)]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Say(status=400, body='{"message": "already stopped"}'), id="already-stopped"),
        pytest.param(Say(status=409, body='{"message": "not running"}'), id="not-running"),
        pytest.param(Say(status=422, body='{"message": "already paused"}'), id="already-paused"),
        pytest.param(Say(status=403, body='{"message": "already exists"}'), id="already-exists"),
    ],
)
def test_a_refusal_never_counts_as_success(tmp_path: Path, answer: Say) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        wire.proxy.play([answer])
        bench.click(Start("Website"))
        bench.work()
        (task,) = bench.failed
        words = json.loads(answer.body)["message"]
        assert task.reason == f"HTTP {answer.status}: {words}"
        assert not bench.status.all_sent
        assert bench.status.last_delivery_at is None
        assert bench.arrived == []


def test_every_event_carries_its_own_time_so_late_delivery_adds_no_working_time(
    tmp_path: Path,
) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        wire.proxy.stop()
        bench.clicks(Start("Website"), Pause(), Resume(), Stop(), every=61.25)
        bench.live(timedelta(days=3))
        wire.proxy.start()
        bench.live(timedelta(minutes=10))
        arrived = [(one.id, one.kind, one.at_ms, one.zone, one.offset_s) for one in bench.arrived]
        assert arrived == [
            (one.id, one.kind.value, to_ms(one.at), "Asia/Yekaterinburg", 5 * 3600)
            for one in bench.clicked
        ]
        entry = replay(bench.clicked).entry
        assert entry is not None
        assert entry.worked(bench.clock.now()) == timedelta(seconds=2 * 61.25)


def test_a_second_honest_pause_is_not_taken_for_the_first(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, _wire):
        bench.click(Start("Website"))
        # In one millisecond, so that nothing but its id tells one from the other.
        for command in (Pause(), Resume(), Pause()):
            bench.click(command)
        bench.work()
        pauses = [one for one in bench.arrived if one.kind == EventKind.PAUSE.value]
        assert len({pause.id for pause in pauses}) == len(pauses) == 2


def test_a_click_is_sent_by_one_sender_only(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        bench.clicks(Start("Website"), Pause(), Resume(), Stop())
        assert wire.proxy.ledger == ()  # whoever clicks sends nothing
        bench.work()
        assert wire.sent == [event.id for event in bench.clicked]


def test_a_lost_answer_is_looked_up_and_not_sent_again(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        wire.proxy.play([DropAfter()])
        bench.click(Start("Website"))
        bench.live(timedelta(minutes=1))
        assert [seen.method for seen in wire.proxy.ledger] == ["POST", "GET"]
        assert bench.status.all_sent


def test_the_payload_shown_is_readable_and_has_no_token(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        wire.proxy.play([Say(status=422, body='{"message": "project closed"}')])
        bench.click(Start("Вёрстка", "Ночь 🌙"))
        bench.work()
        (task,) = bench.failed
        (event,) = bench.clicked
        assert json.loads(task.payload) == {
            "event": event.id,
            "entry": event.entry_id,
            "at": "2026-01-08T09:00:00.000Z",
            "project": "Вёрстка",
            "note": "Ночь 🌙",
        }
        assert "Вёрстка" in task.payload  # as text, not as escapes
        tokens = wire.tokens.load()
        assert tokens is not None
        assert tokens.access not in task.payload


def test_last_delivery_is_only_the_servers_yes(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        bench.work()  # an empty queue is no delivery
        assert (bench.status.last_delivery_at, bench.status.all_sent) == (None, False)
        bench.click(Start("Website"))
        bench.work()
        delivered_at = bench.clock.now()
        assert bench.status.last_delivery_at == delivered_at

        wire.proxy.play(itertools.repeat(SAY_500))
        bench.clicks(Pause())
        bench.live(timedelta(hours=1))
        bench.retry_all()
        bench.live(timedelta(hours=1))
        assert bench.status.last_delivery_at == delivered_at
        assert not bench.status.all_sent
        assert "All sent" not in sync_line(bench.status)


def test_changing_the_account_deletes_nothing_and_sends_nothing_as_another(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        wire.proxy.play([Say(status=422, body='{"message": "project closed"}')])
        bench.clicks(Start("Website"), Pause())
        bench.work()
        before = bench.rows("SELECT id, account, status, payload FROM sync_queue")
        asked = len(wire.proxy.ledger)

        bench.core.use_account(AccountView(kind="embedded", url="http://b.invalid", user="b"))
        bench.live(timedelta(days=1))
        assert bench.rows("SELECT id, account, status, payload FROM sync_queue") == before
        assert len(wire.proxy.ledger) == asked
        status = bench.status
        assert (status.pending, status.failed) == (1, 1)
        assert status.elsewhere == (("embedded", 2),)
        assert not status.all_sent
        assert bench.retry_all() == 0  # of the signed-in account, which has none

        bench.core.use_account(AccountView(kind="embedded", url="", user=""))
        bench.retry_all()
        bench.live(timedelta(days=1))
        assert bench.status.all_sent
        assert [one.id for one in bench.arrived] == [one.id for one in bench.clicked]


def _use(root: Path) -> None:
    with bench_inside(root) as (bench, _plug):
        bench.work()
        bench.click(Start("Something else"))


@pytest.mark.parametrize("where", ["header", "middle", "cut short", "not a database"])
def test_a_damaged_database_is_not_replaced_by_an_empty_one(tmp_path: Path, where: str) -> None:
    paths = made_paths(tmp_path)
    with bench_inside(tmp_path) as (bench, _plug):
        bench.clicks(Start("Website"), Pause(), Stop())
    whole = paths.database.read_bytes()
    damaged = {
        "header": b"\0" * 100 + whole[100:],
        "middle": whole[:4096] + b"\xff" * 4096 + whole[8192:],
        "cut short": whole[: len(whole) // 2],
        "not a database": b"a list of groceries\n" * 1000,
    }[where]
    paths.database.write_bytes(damaged)
    _use(tmp_path)
    beside = ("-wal", "-shm")
    found = paths.data_dir.glob("*.damaged-*")
    kept = [path for path in found if not path.name.endswith(beside)]
    assert [path.read_bytes() for path in kept] == [damaged]
    if where == "header":
        assert len(rows_of(paths.database, "SELECT entry FROM event")) == 4
    assert rows_of(paths.database, "SELECT key FROM meta WHERE key = 'salvage'")
