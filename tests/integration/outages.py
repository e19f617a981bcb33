"""What the tests of long trouble share: spans of time, outcomes, and rules of a server."""

from __future__ import annotations

from datetime import timedelta

from tests.fake_server import Bench, Call, FakeServer, Rule, Step, honest
from trayapp.queue.task import Gate, GateKind
from trayapp.sync.outcome import (
    Doubtful,
    Offline,
    Outcome,
    Refused,
    ServerTrouble,
    SignedOut,
    WrongAddress,
)
from trayapp.sync.retry import release

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)

OFFLINE = Offline("Network error: host name not found")
TROUBLE = ServerTrouble("HTTP 500: Internal Server Error")
BAD_REQUEST = Refused("HTTP 400: Bad Request")
SIGNED_OUT = SignedOut("Token refresh failed: HTTP 401: Unauthorized")
NO_ROUTE = WrongAddress("HTTP 404: Not Found")
UNANSWERED = Doubtful("Network error: no answer in time", timed_out=True)
BROKEN = Doubtful("HTTP 500: Internal Server Error", answered=True)


def to_everything(outcome: Outcome, server: FakeServer) -> None:
    server.rule = lambda _: outcome


def heal(server: FakeServer) -> None:
    server.rule = honest


def for_entry(entry_id: str, outcome: Step, verb: str = "send") -> Rule:
    def rule(call: Call) -> Step:
        return outcome if call.entry_id == entry_id and call.verb == verb else None

    return rule


def gate_of(bench: Bench) -> Gate:
    gate = bench.gate
    assert gate is not None
    return gate


def signed_in(bench: Bench) -> None:
    with bench.writing() as writer:
        release(writer, GateKind.SIGNED_OUT)
    bench.worker.reconnect()
