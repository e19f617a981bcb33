"""The worker: one request at a time, and each of its steps."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests import benches
from tests.fake_server import Bench, Call, Step, a_bench
from tests.unit.sync.worker_support import HOUR, MINUTE, OFFLINE, RESET, SECOND
from trayapp.queue.task import Account
from trayapp.sync.claim import Pause
from trayapp.sync.outcome import Absent, Blocked, ServerTrouble, SignedOut
from trayapp.sync.rules import Rules
from trayapp.sync.server import TimeServer
from trayapp.sync.worker import SyncWorker, WorkerPorts
from trayapp.tracking.catalog import Catalog, Project

bench = benches.bench
plain = benches.plain


class TestOneStep:
    def test_it_connects_only_when_there_is_something_to_send(self, bench: Bench) -> None:
        connected: list[Account] = []
        bench.worker = with_ports(bench, connected.append)
        bench.run()
        assert connected == []
        bench.click("a")
        bench.run()
        assert [account.kind for account in connected] == ["embedded"]

    def test_it_tells_what_changed_and_when_it_rests(self, bench: Bench) -> None:
        bench.click("a")
        assert bench.worker.run_once() is None  # connects
        assert bench.worker.run_once() is None  # asks
        assert (bench.changed, bench.rested) == ([], [])
        assert bench.worker.run_once() == Pause(None)  # settles
        assert (len(bench.changed), len(bench.rested)) == (1, 1)

    def test_another_account_gets_a_server_of_its_own_and_nothing_of_the_first(
        self, bench: Bench
    ) -> None:
        bench.click("a")
        bench.server.script.append(OFFLINE)
        bench.run()
        with bench.writing() as writer:
            writer.accounts.use("hubnity", "https://time.example", "me")
        bench.run()
        assert len(bench.server.calls) == 1
        bench.click("b")
        bench.run()
        assert bench.server.ledger == [("b", "b-1")]
        assert bench.server.closed == 1

    def test_what_was_begun_before_a_sign_in_ends_at_the_server_inside(self, bench: Bench) -> None:
        bench.click("a")
        bench.run()
        with bench.writing() as writer:
            writer.accounts.use("hubnity", "https://time.example", "me")
        bench.click("a")
        bench.click("b")
        bench.run()
        assert bench.server.ledger == [("a", "a-1"), ("b", "b-1"), ("a", "a-2")]
        assert bench.worker.run_once() == Pause(None)

    def test_projects_are_listed_once_a_run_and_kept(self, bench: Bench) -> None:
        listed = Catalog(projects=(Project(id="1", name="Website"),), binds=True)
        bench.server.projects = OFFLINE
        with bench.writing() as writer:
            account = writer.accounts.use("hubnity", "https://time.example", "me")
        bench.run()
        assert bench.server.listed == 1
        bench.server.projects = listed
        bench.clock.advance(timedelta(days=1).total_seconds())
        bench.click("a")
        bench.click("b")
        bench.run()
        assert bench.server.listed == 2
        with bench.writing() as writer:
            assert writer.accounts.catalog(account.id) == listed

    def test_new_credentials_get_a_new_server_object(self, bench: Bench) -> None:
        bench.click("a")
        bench.run()
        bench.worker.reconnect()
        bench.run()
        assert bench.server.closed == 1, "it holds a connection and a token, and nobody's now"
        bench.click("a")
        bench.run()
        assert bench.server.closed == 1
        assert bench.all_arrived()

    def test_a_restart_with_only_a_fallen_head_asks_whether_the_server_is_well(
        self, bench: Bench
    ) -> None:
        bench.click("a")
        bench.server.rule = lambda _: ServerTrouble("HTTP 500: Internal Server Error")
        bench.run_for(20 * MINUTE)
        assert len(bench.failed) == 1
        bench.new_worker()
        bench.server.calls.clear()
        bench.run_for(15 * MINUTE)
        assert {call.verb for call in bench.server.calls} == {"check"}

    def test_a_restart_connects_to_nobody_before_somebody_acts_or_anything_is_due(
        self, bench: Bench
    ) -> None:
        bench.click("a")
        bench.server.script.append(RESET)
        bench.run()
        bench.new_worker()
        assert bench.worker.run_once() == Pause(bench.clock.now() + SECOND)

    def test_a_restart_while_signed_out_connects_to_nobody(self, bench: Bench) -> None:
        bench.click("a")
        bench.server.script.append(SignedOut("HTTP 401: Unauthorized"))
        bench.run()
        bench.click("b")
        bench.new_worker()
        assert bench.worker.run_once() == Pause(None)

    def test_a_stop_that_failed_of_trouble_is_tried_again_when_it_blocks_the_next_entry(
        self, tmp_path: Path
    ) -> None:
        def one_active(call: Call) -> Step:
            if is_down:
                return ServerTrouble("HTTP 500: Internal Server Error")
            stopped = len(bench.server.arrived("a")) == 4
            return None if stopped or call.entry_id == "a" else Blocked("HTTP 409: active")

        is_down: list[bool] = []
        with a_bench(tmp_path / "one", one_active=True) as bench:
            bench.server.rule = one_active
            for _ in range(3):
                bench.click("a")
            bench.run()
            is_down.append(True)
            bench.click("a")
            bench.run_for(HOUR)
            assert len(bench.failed) == 1
            bench.click("b")
            is_down.clear()
            bench.run_for(HOUR)
            assert bench.all_arrived()

    @pytest.mark.parametrize("error", [ValueError, LookupError])
    def test_an_account_of_an_unknown_kind_waits_for_somebody_with_one_line_in_the_log(
        self, bench: Bench, error: type[Exception], caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(_: Account) -> None:
            msg = "no server of the kind 'toggl' is built in"
            raise error(msg)

        bench.click("a")
        bench.worker = with_ports(bench, fail)
        assert [bench.worker.run_once() for _ in range(3)] == [Pause(None)] * 3
        (line,) = caplog.messages
        assert "'toggl'" in line

    def test_an_account_of_an_unknown_kind_is_served_once_it_is_known(self, bench: Bench) -> None:
        def fail(_: Account) -> None:
            if unknown:
                raise ValueError

        unknown = [True]
        bench.click("a")
        bench.worker = with_ports(bench, fail)
        assert bench.run() == Pause(None)
        unknown.clear()
        bench.run()
        assert bench.all_arrived()

    def test_a_server_of_an_unknown_kind_is_not_served_by_the_one_before(
        self, bench: Bench
    ) -> None:
        def fail(account: Account) -> None:
            if account.kind != "embedded":
                raise LookupError

        bench.click("a")
        bench.worker = with_ports(bench, fail)
        bench.run()
        with bench.writing() as writer:
            writer.accounts.use("toggl", "https://time.example", "me")
        bench.click("b")
        assert bench.run() == bench.run() == Pause(None)
        assert bench.server.closed == 1
        assert bench.server.ledger == [("a", "a-1")]

    def test_a_twin_is_told(self, plain: Bench, caplog: pytest.LogCaptureFixture) -> None:
        plain.server.script.append(RESET)
        plain.click("a")
        plain.run_for(5 * SECOND)
        plain.server.ledger.append(("a", "a-1"))  # too late for the first look
        plain.server.rule = lambda call: None if call.verb == "send" else Absent()
        plain.run_for(MINUTE)
        assert plain.reader.twins() == 1
        assert "may stand on the server twice" in caplog.text

    def test_a_stopping_worker_looks_for_no_twins(self, plain: Bench) -> None:
        plain.server.script.append(RESET)
        plain.click("a")
        plain.run_for(5 * SECOND)
        plain.server.ledger.append(("a", "a-1"))

        def stop(call: Call) -> None:
            if call.verb == "send":
                plain.worker.stop(0)

        plain.server.during = stop
        plain.server.rule = lambda call: None if call.verb == "send" else Absent()
        plain.run_for(MINUTE)
        assert plain.server.made("twins") == []


def with_ports(bench: Bench, connected: Callable[[Account], None]) -> SyncWorker:
    def server_for(account: Account) -> TimeServer:
        connected(account)
        return bench.server

    ports = WorkerPorts(
        server_for=server_for,
        clock=bench.clock,
        changed=lambda: None,
        rested=lambda: None,
        removed=lambda _: None,
        recover=lambda: None,
    )
    return SyncWorker(bench.mutex, ports, Rules(jitter=lambda wait: wait))


def test_the_log_names_no_payload(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bench.click("a")
    bench.run()
    assert "Website" not in caplog.text
