"""The port's values: what is written down of a request can be read again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trayapp.sync.server import Capabilities, Known, Nothing, Unit, Write
from trayapp.tracking.entry import Segment, TimeEntry, TrackerState

BEGAN_AT = datetime(2026, 1, 8, 9, 0, tzinfo=UTC)


@given(
    body=st.text(),
    settles=st.lists(st.text()).map(tuple),
    segment_id=st.text(),
    repeatable=st.booleans(),
    more=st.booleans(),
)
def test_a_write_comes_back_from_the_database_as_it_was(
    body: str,
    settles: tuple[str, ...],
    segment_id: str,
    repeatable: bool,  # noqa: FBT001
    more: bool,  # noqa: FBT001
) -> None:
    write = Write(
        body=body, settles=settles, segment_id=segment_id, repeatable=repeatable, more=more
    )
    assert Write.from_json(write.to_json()) == write


def test_a_write_from_before_there_were_steps_is_whole() -> None:
    kept = '{"body": "b", "settles": ["e"], "segment_id": "s", "repeatable": true}'
    assert not Write.from_json(kept).more


def test_a_write_is_kept_as_readable_text() -> None:
    write = Write(body="Пауза", settles=("e1",), segment_id="s1", repeatable=True)
    assert "Пауза" in write.to_json()
    assert json.loads(write.to_json())["settles"] == ["e1"]


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "null", '{"body": "b", "settles": 1}'])
def test_what_is_no_write_is_told(text: str) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        Write.from_json(text)


def test_several_writes_are_one_with_all_they_settle() -> None:
    one = Write(body="1", settles=("a", "b"), segment_id="a", repeatable=True)
    two = Write(body="2", settles=("c",), segment_id="c", repeatable=False)
    together = Write.together((one, two))
    assert (together.parts, together.settles) == ((one, two), ("a", "b", "c"))
    assert not together.repeatable
    assert one.parts == ()


def test_a_server_is_taken_for_simple_and_exact_unless_it_says_otherwise() -> None:
    assert Capabilities() == Capabilities(
        one_active=False, resolution=timedelta(milliseconds=1), batch=1, keeps_events=False
    )


def test_a_unit_knows_nothing_of_the_server_unless_told() -> None:
    segment = Segment(id="s1", began_at=BEGAN_AT, ended_at=None)
    entry = TimeEntry(id="a", project="", note="", segments=(segment,), state=TrackerState.RUNNING)
    unit = Unit(entry=entry, pending=())
    assert (dict(unit.known), unit.taken) == ({}, frozenset())
    assert Known() == Known(remote_id=None, base=None, removed=False)
    assert Nothing(settles=("e1",)).settles == ("e1",)
