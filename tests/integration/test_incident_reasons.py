"""What was asked for after the incident: a reason with each task, and what to do about it."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.core_support import Bench, Wire, bench_over_http
from trayapp.accounts.tokens import Tokens
from trayapp.demo.proxy import SAY_404, SAY_429_SECONDS, SAY_500, Fault, Say
from trayapp.desktop.menu import Item, tray_view
from trayapp.queue.task import TaskStatus
from trayapp.sync.cause import Cause
from trayapp.sync.explanations import explain
from trayapp.sync.sentences import failed_label, retry_label
from trayapp.sync.status import FailedCause, Link
from trayapp.tracking.tracker import Pause, Start, Stop

Trouble = Callable[[Wire], None]


def _always(fault: Fault) -> Trouble:
    return lambda wire: wire.proxy.play(itertools.repeat(fault))


def _no_refresh_token(wire: Wire) -> None:
    wire.tokens.save(Tokens(access="an-access-token-long-since-ended"))


def _revoked(wire: Wire) -> None:
    wire.auth.revoke()


def _unplugged(wire: Wire) -> None:
    wire.proxy.stop()


_CLOSED = Say(status=422, body='{"message": "project closed"}')

_REASONS = [
    pytest.param(_no_refresh_token, "HTTP 401: Unauthorized", "failed", Link.SIGNED_OUT, id="401"),
    pytest.param(
        _revoked,
        "Token refresh failed: 400 Bad Request",
        "failed",
        Link.SIGNED_OUT,
        id="refresh-failed",
    ),
    pytest.param(_always(SAY_404), "HTTP 404: Not Found", "failed", Link.WRONG_ADDRESS, id="404"),
    pytest.param(
        _always(SAY_500),
        "HTTP 500: Internal Server Error",
        "failed",
        Link.SERVER_TROUBLE,
        id="500",
    ),
    pytest.param(_always(_CLOSED), "HTTP 422: project closed", "failed", Link.REFUSED, id="422"),
    pytest.param(
        _unplugged, "Network error: connection refused", "pending", Link.OFFLINE, id="network"
    ),
    pytest.param(
        _always(SAY_429_SECONDS),
        "HTTP 429: Too Many Requests",
        "pending",
        Link.THROTTLED,
        id="429",
    ),
]


@pytest.mark.parametrize(("trouble", "reason", "status", "link"), _REASONS)
def test_each_task_keeps_its_reason_word_for_word(
    tmp_path: Path, trouble: Trouble, reason: str, status: str, link: Link
) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        trouble(wire)
        bench.click(Start("Website"))
        bench.live(timedelta(minutes=16))  # five attempts: 1 + 2 + 4 + 8 minutes
        kept = bench.rows("SELECT status, error_message FROM sync_queue")
        assert kept == [(status, reason)]
        assert (bench.status.link, bench.status.reason) == (link, reason)


def test_a_failed_task_shows_kind_attempts_times_reason_and_payload(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        wire.proxy.play(itertools.repeat(SAY_500))
        bench.click(Start("Website"))
        created = bench.clock.now()
        bench.live(timedelta(minutes=16))
        (task,) = bench.failed
        assert (task.kind, task.retry_count) == ("time_entry_start", 5)
        assert (task.status, task.cause) == (TaskStatus.FAILED, Cause.SERVER_TROUBLE)
        assert task.created_at == created
        assert task.last_retry_at == created + timedelta(minutes=1 + 2 + 4 + 8)
        assert json.loads(task.payload)["project"] == "Website"


def test_retry_all_makes_failed_pending_with_no_attempts_and_sends_at_once(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        wire.proxy.play(itertools.repeat(SAY_500))
        bench.clicks(Start("Website"), Pause())
        bench.live(timedelta(minutes=16))
        assert (bench.status.failed, bench.status.pending) == (1, 1)
        assert retry_label(bench.status) == "Retry all (1, 1 waiting)"

        wire.proxy.play([])
        bench.retry_all()
        assert bench.rows("SELECT status, retry_count FROM sync_queue") == [("pending", 0)] * 2
        assert failed_label(bench.status) == "No failed tasks"
        bench.work()  # no time passes
        assert bench.status.all_sent


def test_the_menu_says_how_many_failed_and_a_click_on_it_tells_why(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        _fail_one_by_one(bench, wire, count=100)
        labels = [row.label for row in tray_view(bench.status).rows if isinstance(row, Item)]
        assert "Failed tasks (100)…" in labels
        assert "Retry all (100, 99 waiting)" in labels


def test_the_causes_are_told_apart_by_their_counts(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, wire):
        _fail_one_by_one(bench, wire, count=2)
        wire.auth.revoke()
        bench.click(Start("Website"))
        bench.work()
        assert set(bench.status.failed_causes) == {
            FailedCause(cause=Cause.REFUSED, count=2, reason="HTTP 422: no project named b"),
            FailedCause(
                cause=Cause.SIGNED_OUT, count=1, reason="Token refresh failed: 400 Bad Request"
            ),
        }


@pytest.mark.parametrize(
    ("cause", "advice"),
    [
        pytest.param(Cause.SIGNED_OUT, "Sign in again", id="401"),
        pytest.param(Cause.WRONG_ADDRESS, "Check the server address", id="404"),
        pytest.param(Cause.SERVER_TROUBLE, "administrator", id="500"),
        pytest.param(Cause.NETWORK, "Check the connection", id="network"),
    ],
)
def test_each_cause_says_what_to_do(cause: Cause, advice: str) -> None:
    assert advice in explain(cause, 100).advice


def test_a_refused_refresh_is_healed_by_signing_in_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with bench_over_http(tmp_path) as (bench, wire):
        wire.auth.revoke()
        bench.clicks(Start("Website"), Pause(), Stop(), Start("Support"))
        bench.live(timedelta(days=1))
        assert (bench.status.failed, bench.status.pending) == (1, 3)
        assert "Token expired (401)" in caplog.text

        wire.sign_in()
        bench.core.sign_in_again()
        bench.work()
        assert bench.status.all_sent
        assert [one.id for one in bench.arrived] == [one.id for one in bench.clicked]


def _fail_one_by_one(bench: Bench, wire: Wire, *, count: int) -> None:
    """As many entries, each refused in words of its own."""
    for number in range(count):
        name = _letters(number)
        wire.proxy.play([Say(status=422, body=f'{{"message": "no project named {name}"}}')])
        bench.clicks(Start(name), every=1)
        bench.work()
    wire.proxy.play([])


def _letters(number: int) -> str:
    high, low = divmod(number, 26)
    return (_letters(high - 1) if high else "") + chr(ord("a") + low)
