"""What menu, notices and the command line say of a clock that is wrong, or was set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from trayapp import shapes
from trayapp.desktop.menu import Action, Item, build_menu, tray_view
from trayapp.desktop.notices import Notice, NoticeRules
from trayapp.queue.task import EntrySync, RecentEntry
from trayapp.sync import clock_words
from trayapp.sync.status import ClockOffer, EntryView, SyncStatus
from trayapp.tracking.entry import Segment, TimeEntry, TrackerState

NOW = datetime(2026, 1, 8, 14, 0, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
CALM = SyncStatus(as_of=NOW)
OFFER = ClockOffer(
    entry_id="e1", step=2 * HOUR, started_at=NOW - HOUR, stopped_at=None, is_whole=True
)
ENTRY = EntryView(
    id="e1",
    project="Website",
    note="",
    started_at=NOW - 3 * HOUR,
    worked=3 * HOUR,
    clock_step=2 * HOUR,
)
SET = replace(CALM, tracker=TrackerState.RUNNING, entry=ENTRY, clock_offer=OFFER)
OVER = replace(SET, tracker=TrackerState.STOPPED, entry=None)
WRONG = replace(CALM, clock_skew=3 * HOUR)


def rows(status: SyncStatus) -> list[tuple[str, object, bool]]:
    found = (row for row in build_menu(status, zone=UTC) if isinstance(row, Item))
    return [(row.label, row.action, row.enabled) for row in found]


def said(statuses: Iterable[SyncStatus]) -> list[Notice]:
    rules = NoticeRules(waiting_after=HOUR, zone=UTC)
    return [notice for status in statuses for notice in rules.on_status(status)]


@pytest.mark.parametrize("status", [SET, OVER], ids=["running", "over"])
def test_the_menu_tells_of_a_set_clock_and_offers_both_answers(status: SyncStatus) -> None:
    assert rows(status)[1:4] == [
        ("The clock was set forward by 2:00:00 during this entry.", None, False),
        ("Correct the begin to 13:00", Action.CORRECT_TIMES, True),
        ("Keep the times", Action.KEEP_TIMES, True),
    ]
    view = tray_view(CALM)
    assert not view.offers(Action.CORRECT_TIMES)
    assert not view.offers(Action.KEEP_TIMES)


@pytest.mark.parametrize(
    ("started", "stopped", "label"),
    [
        (NOW - HOUR, None, "Correct the begin to 13:00"),
        (None, NOW, "Correct the end to 14:00"),
        (NOW - HOUR, NOW, "Correct to 13:00 – 14:00"),
        (None, None, "Correct the times in between"),
        (NOW - 24 * HOUR, None, "Correct the begin to Wed 14:00"),
    ],
    ids=["begin", "end", "both", "neither", "another day"],
)
def test_the_row_says_what_it_makes_of_it(
    started: datetime | None, stopped: datetime | None, label: str
) -> None:
    offer = replace(OFFER, started_at=started, stopped_at=stopped)
    assert clock_words.offer_label(offer, UTC, as_of=NOW) == label


def test_a_wrong_clock_has_a_row_beside_the_sync_and_it_goes_when_it_is_right() -> None:
    row = ("This computer's clock is 3:00 ahead of the server's", None, False)
    assert row in rows(WRONG)
    assert [one for one in rows(WRONG) if one != row] == rows(CALM)


@pytest.mark.parametrize(
    ("skew", "words"),
    [
        (3 * HOUR - SECOND, "This computer's clock is 3:00 ahead of the server's"),
        (-HOUR / 4, "This computer's clock is 0:15 behind the server's"),
        (timedelta(days=1, hours=23), "This computer's clock is 47:00 ahead of the server's"),
        (timedelta(days=-20454), "This computer's clock is 20454 days behind the server's"),
    ],
)
def test_a_skew_is_told_with_its_direction(skew: timedelta, words: str) -> None:
    assert clock_words.skew_line(skew) == words


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (timedelta(seconds=-3), "The clock was set back by 0:00:03 during this entry."),
        (timedelta(days=20454), "The clock was set forward by 20454 days during this entry."),
    ],
)
def test_a_step_is_told_with_its_direction(step: timedelta, words: str) -> None:
    assert clock_words.offer_line(step) == words


def test_a_wrong_clock_is_told_once_in_a_day() -> None:
    (notice,) = said([CALM, WRONG, replace(WRONG, clock_skew=4 * HOUR), CALM, WRONG])
    assert notice.title == "This computer's clock is 3:00 ahead of the server's"
    assert "none is changed by itself" in notice.body
    assert notice.key == "clock-skew"
    again = replace(WRONG, as_of=NOW + 25 * HOUR)
    assert [one.key for one in said([WRONG, CALM, again])] == ["clock-skew"] * 2


def test_a_set_clock_is_told_once_and_once_more_when_it_is_set_again() -> None:
    (notice,) = said([CALM, SET, SET])
    assert notice.title == "The clock was set forward by 2:00:00 during this entry."
    assert "“Correct the begin to 13:00”" in notice.body
    more = replace(SET, clock_offer=replace(OFFER, step=3 * HOUR))
    assert [one.key for one in said([SET, more, CALM])] == ["clock-set", "clock-set"]


def test_the_command_line_gives_the_command_that_corrects_it() -> None:
    assert shapes.status_lines(SET, app_runs=True, zone=UTC)[2:] == [
        "the clock changed by +2:00:00",
        (
            "If the clock is right now, correct the entry: "
            "“trayapp edit --started 2026-01-08T13:00:00+00:00”."
        ),
    ]
    assert shapes.status_lines(OVER, app_runs=True, zone=UTC)[2] == (
        "The clock was set forward by 2:00:00 during this entry."
    )
    shape = shapes.status_shape(SET, app_runs=True)
    assert shape["clock_offer"] == {
        "entry": "e1",
        "step_ms": 7_200_000,
        "started_at": "2026-01-08T13:00:00.000Z",
        "stopped_at": None,
    }


@pytest.mark.parametrize(
    ("offer", "command"),
    [
        (
            replace(OFFER, stopped_at=NOW),
            "trayapp edit --started 2026-01-08T13:00:00+00:00 --stopped 2026-01-08T14:00:00+00:00",
        ),
        (replace(OFFER, is_whole=False), "trayapp edit --by-clock"),
    ],
    ids=["both ends", "also between them"],
)
def test_the_command_names_what_is_other(offer: ClockOffer, command: str) -> None:
    assert f"“{command}”" in clock_words.offer_answer(offer, UTC)


def test_a_wrong_clock_is_in_the_status_of_the_command_line() -> None:
    assert shapes.status_shape(WRONG, app_runs=True)["clock_skew_seconds"] == 10_800
    line, advice = shapes.status_lines(WRONG, app_runs=True)[2:]
    assert line == "This computer's clock is 3:00 ahead of the server's"
    assert "Set the clock right" in advice


def test_the_list_of_entries_offers_it_by_the_entrys_id() -> None:
    segment = Segment(id="s", began_at=NOW - 3 * HOUR, ended_at=NOW)
    entry = TimeEntry(
        id="e1", project="A", note="", segments=(segment,), state=TrackerState.STOPPED
    )
    recent = [RecentEntry(entry=entry, sync=EntrySync.SENT)]
    lines = shapes.recent_lines(recent, now=NOW, zone=UTC, offers={"e1": OFFER})
    assert lines == [
        "11:00 – 14:00 · 3:00 · A · sent",
        (
            "  The clock was set forward by 2:00:00 during this entry. If the clock is right now, "
            "correct the entry: “trayapp edit e1 --started 2026-01-08T13:00:00+00:00”."
        ),
    ]
