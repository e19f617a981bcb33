"""The app is a quiet guest: no request to a stranger, none and no wake-up while nothing is due."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from tests.integration.program_support import running, served, wait_until
from tests.integration.recorded_app import Order
from trayapp.demo.proxy import SAY_ELSEWHERE, DropAfter
from trayapp.sync.status import Link


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
            proxy.play([SAY_ELSEWHERE, DropAfter()], only=lambda _method, path: path == "/events")
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
