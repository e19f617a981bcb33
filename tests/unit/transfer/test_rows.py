"""What the rows of the older queue mean: which start belongs to which entry, what is placed."""

from __future__ import annotations

import base64
import json

import pytest

from tests.unit.transfer.support import AT, ENTRY, OTHER_ENTRY, Row, start, step
from trayapp.queue.legacy_rows import Group, Nature, OldRow, grouped, old_row, placed, redact
from trayapp.tracking.entry import EventKind

CIPHERTEXT = base64.b64encode(bytes(range(60))).decode()


def rows_of(*rows: Row) -> list[OldRow]:
    made = (
        old_row(
            (
                number,
                row.kind,
                row.payload if isinstance(row.payload, str) else json.dumps(row.payload),
                row.status,
                5,
                AT + row.at,
                None,
                None,
            )
        )
        for number, row in enumerate(rows, 1)
    )
    return [row for row in made if row is not None]


def entries_of(*rows: Row) -> list[tuple[str, list[int]]]:
    groups = grouped(rows_of(*rows), owner="me")
    return [(group.entry, [row.id for row in group.rows]) for group in groups]


def placed_ids(*rows: Row) -> list[int]:
    (group,) = grouped(rows_of(*rows), owner="me")
    return [row.id for row, _event in placed(group, ())]


@pytest.mark.parametrize(
    ("rows", "entries"),
    [
        pytest.param([start(), step("pause", 9)], [(ENTRY, [1, 2])], id="the next that names one"),
        pytest.param(
            [start(), start(1), start(30), step("stop", 40)],
            [(ENTRY, [1, 2, 3, 4])],
            id="clicked again and again",
        ),
        pytest.param(
            [start(), start(3600), step("stop", 4000)],
            [("", [1]), (ENTRY, [2, 3])],
            id="an hour later it is another one",
        ),
        pytest.param(
            [start(), start(5, note="other"), step("stop", 9)],
            [("", [1]), (ENTRY, [2, 3])],
            id="for something else",
        ),
        pytest.param(
            [step("pause"), start(1), step("stop", 2)],
            [(ENTRY, [1, 3]), ("", [2])],
            id="an entry that was known before",
        ),
        pytest.param(
            [start(), Row("time_entry_start", 5, CIPHERTEXT), step("stop", 9)],
            [("", [1]), (ENTRY, [3])],
            id="a start nobody can read lies between",
        ),
        pytest.param(
            [start(), Row("time_entry_pause", 5, CIPHERTEXT), step("stop", 9)],
            [(ENTRY, [1, 3])],
            id="a pause nobody can read lies between",
        ),
        pytest.param(
            [
                start(user="a"),
                Row("time_entry_stop", 5, {"id": ENTRY, "userId": "b"}),
            ],
            [("", [1]), (ENTRY, [2])],
            id="another user's",
        ),
        pytest.param(
            [start(), Row("screenshot", 5, {"id": ENTRY}), Row("time_entry_stop", 9, {})],
            [("", [1]), ("", [3])],
            id="no click, and one without an entry",
        ),
        pytest.param(
            [start(), step("stop", 5), start(9), step("stop", 12, entry=OTHER_ENTRY)],
            [(ENTRY, [1, 2]), (OTHER_ENTRY, [3, 4])],
            id="one after the other",
        ),
        pytest.param(
            [start(status="sent"), step("stop", 5, status="cancelled")], [], id="nothing waits"
        ),
    ],
)
def test_a_start_belongs_to_the_entry_that_is_named_next(
    rows: list[Row], entries: list[tuple[str, list[int]]]
) -> None:
    assert entries_of(*rows) == entries


@pytest.mark.parametrize(
    ("rows", "ids"),
    [
        pytest.param([start(), step("pause", 5), step("pause", 5)], [1, 2, 3], id="repeats too"),
        pytest.param([start(), step("pause", 5), step("resume", 9)], [1, 2], id="left running"),
        pytest.param([step("pause"), step("resume", 9)], [], id="no segment is left"),
        pytest.param([step("stop")], [], id="no beginning"),
        pytest.param(
            [start(), step("pause", 5), step("resume", 9, status="cancelled"), step("stop", 12)],
            [1, 2, 3, 4],
            id="cancelled ones are kept where the rest is whole",
        ),
        pytest.param(
            [start(), step("pause", 5), step("resume", 8), step("stop", 9, status="cancelled")],
            [1, 2],
            id="a cancelled stop ends nothing",
        ),
    ],
)
def test_only_what_is_whole_becomes_events(rows: list[Row], ids: list[int]) -> None:
    assert placed_ids(*rows) == ids


def test_clicks_of_no_entry_become_no_events() -> None:
    assert placed(Group(entry="", user="", rows=tuple(rows_of(start()))), ()) == []


def test_a_clock_that_was_set_back_does_not_change_the_order_of_clicks() -> None:
    (group,) = grouped(rows_of(start(60), step("pause", 0), step("stop", 90)), owner="")
    assert [event.kind for _row, event in placed(group, ())] == [
        EventKind.START,
        EventKind.PAUSE,
        EventKind.STOP,
    ]


@pytest.mark.parametrize(
    ("payload", "nature"),
    [
        pytest.param(CIPHERTEXT, Nature.ENCRYPTED, id="ciphertext"),
        pytest.param(CIPHERTEXT + "\n", Nature.ENCRYPTED, id="with a line break"),
        pytest.param(base64.b64encode(bytes(28)).decode(), Nature.ENCRYPTED, id="28 bytes"),
        pytest.param(base64.b64encode(bytes(27)).decode(), Nature.UNREADABLE, id="27 bytes"),
        pytest.param('"' + CIPHERTEXT + '"', Nature.UNREADABLE, id="a text is JSON"),
        pytest.param("q29kZQ==é", Nature.UNREADABLE, id="no base64"),
        pytest.param("{}", Nature.READABLE, id="an object"),
        pytest.param(None, Nature.UNREADABLE, id="nothing"),
    ],
)
def test_what_a_payload_is(payload: str | None, nature: Nature) -> None:
    row = old_row((1, "time_entry_stop", payload, "failed", 5, AT, None, None))
    assert row is not None
    assert row.nature is nature


def test_a_row_of_nonsense_is_read_as_far_as_it_goes() -> None:
    assert old_row((None, "screenshot", "{}", "failed", 5, AT, None, "")) is None
    row = old_row((1, 7, b"x", None, "five", 3.5, "now", 8))
    assert row is not None
    assert (row.kind, row.payload, row.status, row.retries) == ("", "", "", 0)
    assert (row.created_ms, row.retried_ms, row.reason) == (0, None, "")
    assert not row.waits


@pytest.mark.parametrize(
    ("created", "at_ms"),
    [
        pytest.param(AT, AT * 1000, id="seconds"),
        pytest.param(AT * 1000 + 123, AT * 1000 + 123, id="milliseconds"),
        pytest.param(0, 0, id="none"),
        pytest.param(5_000_000_000, 0, id="seconds of a far year"),
        pytest.param(5_000_000_000_000, 0, id="milliseconds of a far year"),
        pytest.param(-AT, 0, id="before 1970"),
    ],
)
def test_seconds_and_milliseconds_are_told_apart_by_their_size(created: int, at_ms: int) -> None:
    row = old_row((1, "time_entry_stop", "{}", "failed", 5, created, created, ""))
    assert row is not None
    assert (row.created_ms, row.retried_ms or 0) == (at_ms, at_ms)
    assert row.waits is bool(at_ms)


def test_a_fingerprint_is_that_of_the_click_and_not_of_what_became_of_it() -> None:
    one = old_row((1, "time_entry_stop", '{"id": "e", "token": "a"}', "failed", 5, AT, 1, "no"))
    later = old_row((1, "time_entry_stop", '{"id": "e", "token": "b"}', "sent", 6, AT, 2, None))
    other = old_row((2, "time_entry_stop", '{"id": "e"}', "failed", 5, AT, 1, "no"))
    assert one is not None
    assert later is not None
    assert other is not None
    assert one.fingerprint == later.fingerprint != other.fingerprint


def test_a_payload_too_deep_to_walk_is_cleaned_as_text() -> None:
    deep = "[" * 900 + '{"accessToken": "CANARY-1"}' + "]" * 900
    assert "CANARY" not in redact(deep)
