"""What is kept about the clock, and what is made of it when it is damaged."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes import START, FakeClock
from tests.unit.queue.support import Queue
from trayapp.queue.clock_meta import (
    ANCHOR,
    KEPT,
    SKEW,
    Anchor,
    Skew,
    anchor_of,
    kept_of,
    skew_of,
)

DAMAGED = [None, "", "soon", "7", "[]", '["a"]', "[[1]]", '["a", "b"]', '[["a", "b"]]', "[" * 9999]


@pytest.mark.parametrize("text", DAMAGED)
def test_what_is_damaged_is_nothing(text: str | None) -> None:
    assert (anchor_of(text), skew_of(text), kept_of(text)) == (None, None, {})


def test_all_of_it_is_read_as_it_was_written(queue: Queue) -> None:
    with queue.writing() as writer:
        assert (writer.clock.anchor(), writer.clock.skew()) == (None, None)
        anchor, skew = Anchor.of(FakeClock().stamp()), Skew(1, -7)
        writer.clock.set_anchor(anchor)
        writer.clock.set_skew(skew)
        writer.clock.keep("e1", 5)
        writer.clock.keep("e2", -5)
        writer.clock.keep("e1", 6)
        assert (writer.clock.anchor(), writer.clock.skew()) == (anchor, skew)
    assert anchor_of(queue.reader.kept(ANCHOR)) == anchor
    assert skew_of(queue.reader.kept(SKEW)) == skew
    assert kept_of(queue.reader.kept(KEPT)) == {"e1": 6, "e2": -5}
    with queue.writing() as writer:
        writer.clock.set_skew(None)
    assert queue.reader.kept(SKEW) is None


def test_a_step_is_told_within_a_boot_alone() -> None:
    clock = FakeClock()
    anchor = Anchor.of(clock.stamp())
    clock.advance(60)
    assert anchor.step_to(clock.stamp()) == timedelta()
    clock.set_wall(START)
    assert anchor.step_to(clock.stamp()) == timedelta(minutes=-1)
    assert Anchor("another", anchor.offset_ms).step_to(clock.stamp()) is None


def test_a_wait_never_becomes_none(queue: Queue) -> None:
    """Zero stands for "at once"."""
    queue.click("a")
    with queue.writing() as writer:
        writer.run("UPDATE sync_queue SET due_ms = 5")
        writer.clock.move(timedelta(seconds=-1))
        assert writer.rows("SELECT due_ms FROM sync_queue")[0]["due_ms"] == 1
