"""Without the app: recorded, put back, and sent when somebody waits for it."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.stages import FaultyApp
from tests.fakes import FakeClock
from tests.integration.core_support import Plug, events_on, rows_of
from trayapp import headless
from trayapp.commands import click_request
from trayapp.config import Paths
from trayapp.control.messages import Reply
from trayapp.core import Surroundings
from trayapp.queue.errors import QueueError
from trayapp.queue.task import Account
from trayapp.servers.embedded import EmbeddedServer
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.servers.http import HttpClient
from trayapp.sync.rules import Rules
from trayapp.sync.server import Nothing, TimeServer, Unit, Write
from trayapp.sync.status import RetryResult


class CountedServer(EmbeddedServer):
    """The server inside, that knows whether it was closed."""

    is_closed = False

    def close(self) -> None:
        self.is_closed = True
        super().close()


class Place:
    """Where a command runs, with the server at the other end of a plug."""

    def __init__(self, root: Path) -> None:
        self.paths = Paths.under(root)
        self.clock = FakeClock()
        self.store = EmbeddedStore(root / "remote.db")
        self.plug = Plug(FaultyApp(EmbeddedApp(self.store)))
        self.servers: list[CountedServer] = []
        self.where = Surroundings(
            paths=self.paths,
            clock=self.clock,
            server_for=self._server_for,
            rules=Rules(jitter=lambda wait: wait),
        )

    def _server_for(self, _account: Account) -> TimeServer:
        client = HttpClient("http://embedded.invalid", make_session=self.plug.session)
        self.servers.append(CountedServer(client))
        return self.servers[-1]

    def click(self, name: str, project: str | None = None) -> Reply:
        self.clock.advance(60)
        stamp = self.clock.stamp()
        return headless.record(self.where, click_request(name, stamp, project=project), stamp)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return rows_of(self.paths.database, sql)


def counts(result: RetryResult | None) -> tuple[int, int, int]:
    assert result is not None
    return result.sent, result.failed, result.waiting


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.store.close()


def test_a_click_is_recorded_and_nothing_is_sent(place: Place) -> None:
    assert place.click("start", "Website").changed
    assert not place.click("start", "website").changed
    assert place.click("pause").changed
    assert place.rows("SELECT kind FROM event ORDER BY seq") == [
        ("time_entry_start",),
        ("time_entry_pause",),
    ]
    assert place.servers == []
    assert place.plug.requests == 0


def test_directories_are_made_for_their_owner_only(place: Place) -> None:
    place.click("start")
    for directory in (place.paths.config_dir, place.paths.data_dir, place.paths.state_dir):
        assert directory.stat().st_mode & 0o777 == 0o700


def test_a_log_that_cannot_be_written_keeps_no_click_from_being_recorded(place: Place) -> None:
    place.paths.make()
    place.paths.state_dir.rmdir()
    place.paths.state_dir.write_text("a file where a directory belongs", encoding="utf-8")
    assert place.click("start").changed
    assert place.rows("SELECT COUNT(*) FROM event") == [(1,)]


def test_a_queue_that_cannot_be_made_is_told(place: Place) -> None:
    place.paths.data_dir.parent.mkdir(parents=True, exist_ok=True)
    place.paths.data_dir.write_text("a file where a directory belongs", encoding="utf-8")
    with pytest.raises(QueueError):
        place.click("start")


def test_the_log_is_closed_behind_each_command(place: Place) -> None:
    handlers = list(logging.getLogger().handlers)
    place.click("start")
    assert logging.getLogger().handlers == handlers


def test_everything_is_sent_in_order_when_somebody_waits(place: Place) -> None:
    for name in ("start", "pause", "resume", "stop"):
        place.click(name)
    result = headless.retry_and_wait(place.where, None)
    assert result == RetryResult(number=1, sent=4, failed=0, waiting=0, reason="")
    assert place.rows("SELECT * FROM sync_queue") == []
    assert [event.kind.removeprefix("time_entry_") for event in events_on(place.store)] == [
        *("start", "pause", "resume", "stop")
    ]
    assert [server.is_closed for server in place.servers] == [True]


def test_nothing_to_send_asks_nobody(place: Place) -> None:
    result = headless.retry_and_wait(place.where, None)
    assert result == RetryResult(number=1, sent=0, failed=0, waiting=0, reason="")
    assert place.plug.requests == 0


def test_a_server_that_cannot_be_reached_leaves_everything_waiting(place: Place) -> None:
    place.click("start")
    place.click("pause")
    place.plug.is_in = False
    result = headless.retry_and_wait(place.where, None)
    assert counts(result) == (0, 0, 2)
    assert result is not None
    assert result.reason.startswith("Network error: ")
    assert place.rows("SELECT gate FROM account") == [("offline",)]
    place.plug.is_in = True
    result = headless.retry_and_wait(place.where, None)
    assert counts(result) == (2, 0, 0)


def _fail(place: Place, *task_ids: int) -> None:
    """Make tasks failed, as the worker would have."""
    with contextlib.closing(sqlite3.connect(place.paths.database)) as found, found:
        for task_id in task_ids:
            found.execute(
                "UPDATE sync_queue SET status = 'failed', cause = 'refused', retry_count = 1,"
                " error_message = 'HTTP 422: closed' WHERE id = ?",
                (task_id,),
            )


def test_failed_tasks_are_put_back_and_counted(place: Place) -> None:
    for project in "ABC":
        place.click("start", project)
    _fail(place, 1, 3)
    assert headless.requeue(place.where, [3]) == 1
    assert place.rows("SELECT id FROM sync_queue WHERE status = 'failed'") == [(1,)]
    assert headless.requeue(place.where, None) == 5
    assert place.rows("SELECT id FROM sync_queue WHERE status = 'failed'") == []
    assert place.plug.requests == 0


def test_of_chosen_tasks_only_their_own_result_is_told(place: Place) -> None:
    for project in "ABC":
        place.click("start", project)
    _fail(place, 1, 3)
    result = headless.retry_and_wait(place.where, [3])
    assert counts(result) == (1, 0, 0)
    assert place.rows("SELECT id FROM sync_queue WHERE status = 'failed'") == [(1,)]


def test_more_failed_tasks_than_one_chunk_are_all_sent(place: Place) -> None:
    for number in range(260):
        place.click("start", f"P{number}")
    _fail(place, *range(1, 520))
    result = headless.retry_and_wait(place.where, None)
    assert counts(result) == (519, 0, 0)


class BrokenServer(CountedServer):
    """A server with a defect."""

    def plan(self, unit: Unit) -> Write | Nothing:
        msg = f"no plan for {unit.entry.id}"
        raise RuntimeError(msg)


def test_a_defect_of_a_server_comes_out_and_everything_is_closed(place: Place) -> None:
    place.click("start")
    broken = BrokenServer(HttpClient("http://embedded.invalid", make_session=place.plug.session))
    where = Surroundings(
        paths=place.paths,
        clock=place.clock,
        server_for=lambda _account: broken,
        rules=place.where.rules,
    )
    with pytest.raises(RuntimeError):
        headless.retry_and_wait(where, None)
    assert broken.is_closed
    assert place.rows("SELECT status FROM sync_queue") == [("pending",)]
