"""The status never lies, whatever happens in whatever order; and the app is a quiet guest."""

from __future__ import annotations

import contextlib
import itertools
import re
import tempfile
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.integration.core_support import Bench, Plug, bench_inside
from tests.integration.program_support import running, served, wait_until
from tests.integration.recorded_app import Order
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
    DropAfter,
    DropBefore,
    Fault,
    Pass,
    Say,
)
from trayapp.sync.sentences import sync_line, title
from trayapp.sync.status import Link
from trayapp.tracking.tracker import CannotDo, Changed, Command, Pause, Resume, Start, Stop

COMMANDS: tuple[Command, ...] = (Start("A"), Start("B"), Pause(), Resume(), Stop())
FAULTS: tuple[Fault, ...] = (
    Pass(),
    DropBefore(),
    DropAfter(),
    SAY_401,
    SAY_403,
    SAY_404,
    SAY_429_SECONDS,
    SAY_500,
    SAY_503,
    SAY_HTML,
    SAY_ELSEWHERE,
    Say(status=422, body='{"message": "project closed"}'),
    Say(status=409, body='{"message": "already stopped"}'),
)


class StatusMachine(RuleBasedStateMachine):
    """Clicks, weather, time and repairs in any order; after each the status is compared."""

    def __init__(self) -> None:
        super().__init__()
        i18n.use_language("en")
        self._stack = contextlib.ExitStack()
        root = self._stack.enter_context(tempfile.TemporaryDirectory())
        self.bench: Bench
        self.plug: Plug
        self.bench, self.plug = self._stack.enter_context(bench_inside(Path(root)))
        self.clicked_at: datetime | None = None

    def teardown(self) -> None:
        self._stack.close()

    # -- what may happen -------------------------------------------------------------------

    @rule(command=st.sampled_from(COMMANDS), later=st.sampled_from([0.0, 0.4, 30.0]))
    def click(self, command: Command, later: float) -> None:
        self.bench.clock.advance(later)
        with contextlib.suppress(CannotDo):
            if isinstance(self.bench.click(command), Changed):
                self.clicked_at = self.bench.clock.now()

    @rule(faults=st.lists(st.sampled_from(FAULTS), max_size=4), for_ever=st.booleans())
    def weather(self, faults: list[Fault], for_ever: bool) -> None:  # noqa: FBT001  # drawn
        self.plug.play(itertools.cycle(faults) if for_ever else faults)

    @rule(is_in=st.booleans())
    def plug_or_unplug(self, is_in: bool) -> None:  # noqa: FBT001  # drawn
        self.plug.is_in = is_in

    @rule()
    def one_step(self) -> None:
        self.bench.core.worker.run_once()

    @rule(seconds=st.sampled_from([1, 61, 1000, 8000]))
    def live(self, seconds: int) -> None:
        self.bench.live(timedelta(seconds=seconds))

    @rule()
    def retry_all(self) -> None:
        self.bench.retry_all()

    @rule()
    def sign_in(self) -> None:
        self.bench.core.sign_in_again()

    @rule()
    def removed_there(self) -> None:
        for event in self.bench.arrived[:1]:
            self.bench.store.remove(event.entry_id)

    @rule()
    def rest(self) -> None:
        """At rest the status says when it goes on, and until then nothing is asked."""
        until = self.bench.work()
        asked = self.plug.requests
        status = self.bench.status
        assert "sending now" not in sync_line(status)
        if status.own_pending:
            assert status.next_attempt_at == until
        if until is not None:
            self.bench.clock.advance((until - self.bench.clock.now()) * 0.99)
            self.bench.work()
            assert self.plug.requests == asked, "somebody could not wait"
            self.bench.clock.advance(until - self.bench.clock.now())
            self.bench.work()
            assert self.plug.requests > asked, "woken up for nothing"

    # -- what must be so -------------------------------------------------------------------

    @invariant()
    def counts_are_those_of_the_database(self) -> None:
        status = self.bench.status
        rows = self.bench.rows("SELECT status, doubt <> 'none', cause FROM sync_queue")
        assert status.pending == status.own_pending == sum(row[0] == "pending" for row in rows)
        assert status.failed == status.own_failed == sum(row[0] == "failed" for row in rows)
        assert status.doubtful == sum(bool(row[1]) for row in rows)
        assert sum(found.count for found in status.failed_causes) == status.failed
        for found in status.failed_causes:
            assert ["failed", found.cause] in [[row[0], row[2]] for row in rows]

    @invariant()
    def all_sent_means_that_the_server_has_it_all(self) -> None:
        status = self.bench.status
        said = "all sent" in title(status).lower() or "All sent" in sync_line(status)
        assert said == status.all_sent
        if not status.all_sent:
            return
        assert self.bench.rows("SELECT id FROM sync_queue") == []
        clicked, arrived = self.bench.clicked, self.bench.arrived
        kept = [one for one in clicked if not self.bench.store.is_removed(one.entry_id)]
        assert {one.id for one in arrived} == {one.id for one in kept}
        assert self.clicked_at is not None
        assert status.last_delivery_at is not None
        if kept == clicked:
            assert status.last_delivery_at >= self.clicked_at

    @invariant()
    def what_is_not_sent_is_waiting_or_failed(self) -> None:
        arrived = {one.id for one in self.bench.arrived}
        open_tasks = {str(row[0]) for row in self.bench.rows("SELECT event FROM sync_queue")}
        for event in self.bench.clicked:
            is_removed = self.bench.store.is_removed(event.entry_id)
            assert event.id in arrived or event.id in open_tasks or is_removed

    @invariant()
    def link_reason_and_next_attempt_are_those_of_the_gate(self) -> None:
        status = self.bench.status
        gate = self.bench.core.reader.gate(1)
        if gate is not None:
            assert status.link == Link(gate.kind.value)
            assert status.reason == gate.reason
        if status.own_pending + status.own_failed == 0:
            assert status.waiting_since is None
            assert status.next_attempt_at is None
        else:
            oldest = self.bench.rows("SELECT created_at FROM sync_queue ORDER BY id LIMIT 1")
            assert status.waiting_since is not None
            assert [(int(status.waiting_since.timestamp() * 1000),)] == oldest


TestTheStatusNeverLies = pytest.mark.timeout(120)(StatusMachine.TestCase)
StatusMachine.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("fault", FAULTS[1:], ids=repr)
def test_the_status_follows_trouble_to_its_end(fault: Fault) -> None:
    machine = StatusMachine()
    try:
        for step in _steps_of_trouble(machine, fault):
            step()
            machine.counts_are_those_of_the_database()
            machine.all_sent_means_that_the_server_has_it_all()
            machine.what_is_not_sent_is_waiting_or_failed()
            machine.link_reason_and_next_attempt_are_those_of_the_gate()
        assert machine.bench.status.all_sent
    finally:
        machine.teardown()


def _steps_of_trouble(machine: StatusMachine, fault: Fault) -> list[Callable[[], None]]:
    """All is well, then one click and more of them meet trouble, then all is well again."""
    return [
        lambda: machine.click(Start("A"), 1),
        machine.rest,
        lambda: machine.weather([fault], for_ever=True),
        lambda: machine.click(Pause(), 1),
        *[machine.one_step] * 4,
        lambda: machine.live(8000),
        machine.rest,
        lambda: machine.click(Start("B"), 1),
        machine.rest,
        lambda: machine.live(8000),
        machine.rest,
        lambda: machine.weather([], for_ever=False),
        *[lambda: machine.live(8000)] * 2,
        machine.rest,
        machine.sign_in,
        machine.retry_all,
        *[machine.one_step] * 8,
        lambda: machine.live(8000),
    ]


# -- a quiet guest -----------------------------------------------------------------------------


def test_the_server_inside_needs_no_network_at_all(tmp_path: Path) -> None:
    with running(tmp_path) as app:
        app.click("start", project="Website")
        app.click("pause")
        app.wait_until_all_sent()
        assert app.ask("retry", wait=True).ok
    assert (app.record.contacted, app.record.looked_up) == ([], [])


def test_no_request_goes_to_anyone_but_the_configured_server(tmp_path: Path) -> None:
    with served(tmp_path) as (proxy, auth):
        pair = auth.issue()
        order = Order(root="", record="", url=proxy.url, access=pair.access, refresh=pair.refresh)
        with running(tmp_path, order=order) as app:
            app.click("start", project="Website")
            app.wait_until_all_sent()
            auth.expire_access()
            proxy.play([SAY_ELSEWHERE, DropAfter()], only=lambda method, _path: method == "PUT")
            app.click("pause")
            app.wait_for(lambda status: status.link is Link.WRONG_ADDRESS)
            assert app.ask("retry").ok
            app.wait_until_all_sent()
    port = int(proxy.url.rpartition(":")[2])
    assert set(app.record.contacted) == {repr(("127.0.0.1", port))}
    assert all(one.startswith(f"('127.0.0.1', {port},") for one in app.record.looked_up)


def test_nothing_is_asked_while_the_queue_is_empty(tmp_path: Path) -> None:
    with served(tmp_path) as (proxy, auth):
        pair = auth.issue()
        order = Order(root="", record="", url=proxy.url, access=pair.access, refresh=pair.refresh)
        with running(tmp_path, order=order) as app:
            assert not app.click("stop").changed
            assert not app.click("pause").ok
            assert app.ask("retry").ok
            assert app.ask("retry", wait=True).ok
            assert app.status().link is Link.UNKNOWN
        assert proxy.ledger == ()
    assert (app.record.contacted, app.record.looked_up) == ([], [])


def test_an_idle_app_does_not_wake_up(tmp_path: Path) -> None:
    with running(tmp_path) as app:
        app.click("start", project="Website")
        app.click("stop")
        app.wait_until_all_sent()
        # Whatever still has to come to rest does so within a few looks.
        wait_until(lambda: _wakes(app.process.pid, for_seconds=1.0) == 0)


def _wakes(pid: int, *, for_seconds: float) -> int:
    """How often any thread of the process ran meanwhile."""
    before = _switches(pid)
    threading.Event().wait(for_seconds)
    return _switches(pid) - before


def _switches(pid: int) -> int:
    found = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        status = (task / "status").read_text(encoding="ascii")
        found += sum(
            int(count) for count in re.findall(r"voluntary_ctxt_switches:\s+(\d+)", status)
        )
    return found
