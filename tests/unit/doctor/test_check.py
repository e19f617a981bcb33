"""Checks are made at once, and none that hangs or breaks keeps the others from being told."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from trayapp.doctor.check import Check, Finding, Findings, State, examine

FINE = Finding(State.OK, "fine")


@pytest.fixture
def end() -> Iterator[threading.Event]:
    """Until then a hanging check hangs."""
    event = threading.Event()
    yield event
    event.set()
    for thread in threading.enumerate():
        if thread.name.startswith("check "):
            thread.join(10)


def fine(*names: str) -> Check:
    return Check(names=names, look=lambda: dict.fromkeys(names, FINE))


def hanging(name: str, end: threading.Event, *, if_late: str = "", seconds: float = 0.05) -> Check:
    def look() -> Findings:
        end.wait()
        return {name: FINE}

    return Check(names=(name,), look=look, if_late=if_late, seconds=seconds)


def test_findings_come_in_the_order_of_the_checks_whoever_is_first() -> None:
    second = threading.Event()

    def slow() -> Findings:
        assert second.wait(10)
        return {"a": FINE}

    def quick() -> Findings:
        second.set()
        return {"b": FINE}

    found = examine([Check(names=("a",), look=slow), Check(names=("b",), look=quick)])
    assert list(found.items()) == [("a", FINE), ("b", FINE)]


def test_one_that_hangs_is_told_with_what_to_do_and_the_others_are_as_they_are(
    end: threading.Event,
) -> None:
    found = examine([hanging("a", end, if_late="Restart it."), fine("b"), hanging("c", end)])
    late = "It did not answer within 1 second. Your hours are safe."
    assert found == {
        "a": Finding(State.WARNING, late, "Restart it."),
        "b": FINE,
        "c": Finding(State.WARNING, late, "Try again."),
    }


def test_one_that_has_more_time_is_waited_for(end: threading.Event) -> None:
    def look() -> Findings:
        assert not end.wait(0.2)
        return {"b": FINE}

    found = examine([hanging("a", end), Check(names=("b",), look=look, seconds=10)])
    assert found["a"].state is State.WARNING
    assert found["b"] == FINE


def test_one_that_breaks_is_unknown_and_shows_nothing_of_what_broke() -> None:
    def look() -> Findings:
        msg = "canary"
        raise ValueError(msg)

    found = examine([Check(names=("a", "b"), look=look), fine("c")])
    unknown = Finding(State.UNKNOWN, "It could not be looked at (ValueError). Your hours are safe.")
    assert found == {"a": unknown, "b": unknown, "c": FINE}
