"""What a later request of a write came to, once the record was put."""

from __future__ import annotations

from datetime import timedelta

import pytest

from trayapp.servers.timetagger_answers import in_doubt
from trayapp.sync.outcome import (
    Doubtful,
    Locked,
    Offline,
    Outcome,
    ServerTrouble,
    SignedOut,
    Throttled,
    Untrusted,
)

PAUSE = timedelta(seconds=556)


@pytest.mark.parametrize("kind", [ServerTrouble, Throttled])
def test_a_pause_the_server_wants_is_kept(kind: type[ServerTrouble | Throttled]) -> None:
    found = in_doubt(kind("HTTP 503: x", retry_after=PAUSE))
    assert found == Doubtful("HTTP 503: x", answered=True, retry_after=PAUSE)


@pytest.mark.parametrize("outcome", [Offline("x"), Untrusted("x"), Locked("x")], ids=repr)
def test_what_was_never_asked_was_not_answered(outcome: Outcome) -> None:
    assert in_doubt(outcome) == Doubtful("x")


def test_anything_else_was_answered_without_a_pause() -> None:
    assert in_doubt(SignedOut("x")) == Doubtful("x", answered=True)


def test_a_doubt_stays_what_it_is() -> None:
    doubt = Doubtful("x", timed_out=True)
    assert in_doubt(doubt) is doubt
