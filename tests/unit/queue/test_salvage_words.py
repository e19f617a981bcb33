"""Salvage: what the user is told of it."""

from __future__ import annotations

import json
from datetime import UTC, timedelta, timezone

import pytest

from trayapp.queue import salvage_words
from trayapp.queue.salvaged import Salvage

DONE = Salvage(
    kept="/data/trayapp.db.damaged-now",
    clicks=212,
    all_clicks=215,
    first_ms=1_772_528_400_000,
    last_ms=1_773_075_600_000,
    lost_after_ms=1_772_700_000_000,
    lost_before_ms=1_772_710_000_000,
    tasks=2,
)
ZONE = timezone(timedelta(hours=5))


def test_the_user_is_told_what_is_back_and_what_is_gone() -> None:
    assert salvage_words.title(DONE) == "The database was damaged"
    assert salvage_words.text(DONE, ZONE) == (
        "212 of 215 clicks, made from 3 Mar 2026 14:00 to 9 Mar 2026 22:00, are back."
        " 3 clicks made between 5 Mar 2026 13:40 and 5 Mar 2026 16:26 are gone: enter their hours"
        " again. 2 clicks may have been sent already: the server is asked before they are sent."
        " The damaged file is kept at /data/trayapp.db.damaged-now. It holds what was clicked, and"
        " neither passwords nor tokens; delete it when you miss nothing."
    )


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (Salvage(kept="x", all_clicks=1), "1 click is gone: enter its hours again."),
        (
            Salvage(kept="x", clicks=1, all_clicks=2, lost_after_ms=0),
            "1 click made after 1 Jan 1970 00:00 is gone: enter its hours again.",
        ),
        (Salvage(kept=""), "the WAL of the database) was taken away"),
    ],
)
def test_the_words_fit_what_is_known(done: Salvage, words: str) -> None:
    assert words in salvage_words.text(done, UTC)


def test_a_salvage_survives_as_text() -> None:
    assert Salvage.from_json(DONE.to_json()) == DONE
    assert json.loads(DONE.to_json())["clicks"] == 212
