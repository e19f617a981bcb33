"""The summary of an import, in words and as JSON."""

from __future__ import annotations

import json

import pytest

from tests.unit.transfer.support import AT
from trayapp.queue.legacy_rows import OldRow, old_row
from trayapp.transfer.summary import Left, Summary, kinds_of, left_of

HELD = (
    "They wait until this user signs in to a Hubnity server: u.",
    "Some may have arrived there before, so each is looked for before it is sent.",
)


def row(kind: str, status: str = "failed", payload: str = '{"id": "e"}') -> OldRow:
    made = old_row((1, kind, payload, status, 5, AT, None, None))
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        pytest.param(row("time_entry_stop"), None, id="imported"),
        pytest.param(row("time_entry_stop", "sending"), None, id="under way"),
        pytest.param(row("time_entry_stop", "sent"), Left.SENT, id="sent"),
        pytest.param(row("time_entry_stop", "synced"), Left.SENT, id="synced"),
        pytest.param(row("time_entry_stop", "cancelled"), Left.CANCELLED, id="cancelled"),
        pytest.param(row("time_entry_stop", payload="x"), Left.UNREADABLE, id="unreadable"),
        pytest.param(row("time_entry_stop", payload="QUFB" * 20), Left.ENCRYPTED, id="encrypted"),
        pytest.param(row("screenshot"), Left.SCREENSHOT, id="screenshot"),
        pytest.param(row("activity", "sent"), Left.ACTIVITY, id="activity"),
        pytest.param(row("heartbeat"), Left.UNKNOWN_KIND, id="unknown kind"),
    ],
)
def test_every_row_is_imported_or_left_for_one_reason(one: OldRow, reason: Left | None) -> None:
    left, unknown = left_of([one])
    assert left == ({} if reason is None else {reason: 1})
    assert unknown == (("heartbeat",) if reason is Left.UNKNOWN_KIND else ())


def test_kinds_are_counted_in_the_order_of_a_day() -> None:
    rows = [row("time_entry_stop"), row("time_entry_start"), row("time_entry_stop")]
    assert list(kinds_of(rows).items()) == [("time_entry_start", 1), ("time_entry_stop", 2)]


@pytest.mark.parametrize(
    ("summary", "lines"),
    [
        pytest.param(
            Summary(imported={}, left={}), ("There was nothing in it to import.",), id="nothing"
        ),
        pytest.param(
            Summary(imported={}, left={}, already=3),
            ("Nothing new: everything in it was imported before.",),
            id="again",
        ),
        pytest.param(
            Summary(
                imported={"time_entry_start": 1, "time_entry_pause": 2, "time_entry_stop": 1},
                left={},
                users=("u",),
                already=1,
            ),
            ("4 tasks imported: start 1, pause 2, stop 1. 1 was imported before.", *HELD),
            id="some",
        ),
        pytest.param(
            Summary(imported={"time_entry_resume": 1}, left={}, undecided=1, users=("u",)),
            (
                "1 task imported: resume 1.",
                "1 of them is for you to decide about: its reason says why.",
                *HELD,
            ),
            id="undecided",
        ),
        pytest.param(
            Summary(imported={}, left={}, mended=2, users=("u",)),
            ("2 tasks that were imported before are complete now.", *HELD),
            id="mended",
        ),
        pytest.param(
            Summary(imported={}, left={}, damaged=True, lost=2),
            (
                "There was nothing in it to import.",
                "The file is damaged: at least 2 rows could not be read.",
            ),
            id="lost",
        ),
        pytest.param(
            Summary(imported={}, left={}, damaged=True),
            (
                "There was nothing in it to import.",
                "The file is damaged: what could be read was, and rows may be missing.",
            ),
            id="damaged",
        ),
    ],
)
def test_what_happened_is_said(summary: Summary, lines: tuple[str, ...]) -> None:
    assert summary.lines() == lines


def test_every_reason_is_said_with_its_count() -> None:
    left = {reason: number for number, reason in enumerate(Left, 2)}
    summary = Summary(imported={}, left=left, unknown_kinds=("beat", "a\nb"))
    _first, *lines = summary.lines()
    assert len(lines) == len(Left)
    for number, line in enumerate(lines, 2):
        assert f": {number}." in line
        assert line.startswith("Not imported, ")
    assert "(beat, a\\nb)" in lines[-1]


def test_json_holds_every_number() -> None:
    summary = Summary(
        imported={"time_entry_stop": 1},
        left={Left.SENT: 2},
        unknown_kinds=(),
        already=3,
        mended=4,
        undecided=5,
        users=("u",),
        lost=6,
        damaged=True,
    )
    assert json.loads(json.dumps(summary.to_json())) == {
        "changed": True,
        "imported": {"time_entry_stop": 1},
        "left": {"sent": 2},
        "unknown_kinds": [],
        "already": 3,
        "mended": 4,
        "undecided": 5,
        "users": ["u"],
        "lost": 6,
        "damaged": True,
    }
