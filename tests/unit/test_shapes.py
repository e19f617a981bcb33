"""What status, failed and recent print: every field of the specification, and the lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta, timezone

from tests.fakes import START
from trayapp import __version__, i18n, shapes
from trayapp.control.messages import JSON
from trayapp.sync.status import AccountView, EntryView, Link, SyncStatus
from trayapp.tracking.entry import TrackerState
from trayapp.tracking.totals import Totals

MINUTE = timedelta(minutes=1)
EKATERINBURG = timezone(timedelta(hours=5))
EMPTY = SyncStatus(as_of=START)
ENTRY = EntryView(
    id="e1",
    project="Website",
    note="Front page",
    started_at=START,
    worked=timedelta(hours=1, minutes=24, seconds=5, milliseconds=999),
    clock_step=timedelta(hours=-1),
)
FULL = SyncStatus(
    as_of=START + 90 * MINUTE,
    tracker=TrackerState.RUNNING,
    entry=ENTRY,
    pending=3,
    failed=1,
    doubtful=2,
    own_pending=3,
    own_failed=1,
    possible_doubles=1,
    link=Link.SERVER_TROUBLE,
    reason="HTTP 500: Internal Server Error",
    waiting_since=START + 2 * MINUTE,
    next_attempt_at=START + 91 * MINUTE,
    last_delivery_at=START + timedelta(milliseconds=7),
    account=AccountView(kind="embedded", url="http://localhost", user="somebody"),
    elsewhere=(("a @ hubnity", 4), ("b @ hubnity", 1)),
    gap_since=START + 30 * MINUTE,
    totals=Totals(today=timedelta(hours=3, minutes=5), week=timedelta(seconds=77_999.9)),
)


def plain(value: Mapping[str, JSON]) -> object:
    """As a script reads it."""
    found: object = json.loads(json.dumps(value, default=dict))
    return found


# -- status --------------------------------------------------------------------------------


def test_a_full_status_has_every_field() -> None:
    assert plain(shapes.status_shape(FULL, app_runs=True)) == {
        "changed": False,
        "version": __version__,
        "tracker": "running",
        "entry": {
            "id": "e1",
            "project": "Website",
            "note": "Front page",
            "started_at": "2026-01-08T09:00:00.000Z",
            "worked_seconds": 5045,
            "clock_step_ms": -3_600_000,
        },
        "pending": 3,
        "failed": 1,
        "doubtful": 2,
        "link": "server_trouble",
        "reason": "HTTP 500: Internal Server Error",
        "waiting_since": "2026-01-08T09:02:00.000Z",
        "next_attempt_at": "2026-01-08T10:31:00.000Z",
        "last_delivery_at": "2026-01-08T09:00:00.007Z",
        "account": {"kind": "embedded", "url": "http://localhost", "user": "somebody"},
        "elsewhere": {"a @ hubnity": 4, "b @ hubnity": 1},
        "all_sent": False,
        "possible_doubles": 1,
        "gap_since": "2026-01-08T09:30:00.000Z",
        "clock_skew_seconds": None,
        "clock_offer": None,
        "today_seconds": 11_100,
        "week_seconds": 77_999,
        "app_runs": True,
    }


def test_an_empty_status_says_null_where_there_is_nothing() -> None:
    assert plain(shapes.status_shape(EMPTY, app_runs=False)) == {
        "changed": False,
        "version": __version__,
        "tracker": "stopped",
        "entry": None,
        "pending": 0,
        "failed": 0,
        "doubtful": 0,
        "link": "unknown",
        "reason": None,
        "waiting_since": None,
        "next_attempt_at": None,
        "last_delivery_at": None,
        "account": {"kind": "embedded", "url": "", "user": ""},
        "elsewhere": {},
        "all_sent": False,
        "possible_doubles": 0,
        "gap_since": None,
        "clock_skew_seconds": None,
        "clock_offer": None,
        "today_seconds": 0,
        "week_seconds": 0,
        "app_runs": False,
    }


def test_the_words_for_tracker_and_link_are_those_of_the_specification() -> None:
    links = (
        "unknown|online|offline|untrusted|signed_out|wrong_address|server_trouble|throttled|refused"
    )
    told = [shapes.status_shape(replace(EMPTY, link=link), app_runs=True)["link"] for link in Link]
    # Scripts know no other words; the reason says that it is the keyring.
    assert set(told) == set(links.split("|"))
    locked = replace(EMPTY, link=Link.LOCKED, reason="Keyring: it is locked")
    shown = shapes.status_shape(locked, app_runs=True)
    assert (shown["link"], shown["reason"]) == ("offline", "Keyring: it is locked")
    told = [
        shapes.status_shape(replace(EMPTY, tracker=state), app_runs=True)["tracker"]
        for state in TrackerState
    ]
    assert told == ["stopped", "running", "paused"]


def test_a_full_status_is_told_in_lines() -> None:
    assert shapes.status_lines(FULL, app_runs=True, zone=EKATERINBURG) == [
        "Running 1:24 · Website – Front page",
        "Today 3:05 · this week 21:39",
        (
            "Server trouble: 3 waiting since 14:02, next try at 15:31 · 1 failed"
            " · 2 sent, not confirmed yet · 1 possible double"
            " · 4 wait until a @ hubnity signs in · 1 waits until b @ hubnity signs in"
        ),
        "HTTP 500: Internal Server Error",
        "Still running; not watched since 14:30",
        "Stop it there: “trayapp stop --at 2026-01-08T14:30:00+05:00”. Keep it: “trayapp resume”.",
        "the clock changed by -1:00:00",
    ]


def test_without_the_app_nobody_is_about_to_try() -> None:
    online = replace(
        EMPTY,
        pending=1,
        own_pending=1,
        link=Link.ONLINE,
        waiting_since=START,
        next_attempt_at=START + MINUTE,
    )
    assert shapes.status_lines(online, app_runs=True, zone=UTC) == [
        "Not tracking",
        "1 waiting since 09:00, next try at 09:01",
    ]
    assert shapes.status_lines(online, app_runs=False, zone=UTC) == [
        "Not tracking",
        "1 waiting since 09:00",
        "Trayapp is not running: start it with “trayapp” to send what waits.",
    ]
    offline = replace(online, link=Link.OFFLINE)
    assert shapes.status_lines(offline, app_runs=False, zone=UTC)[1] == (
        "Offline: 1 waiting since 09:00"
    )


def test_the_offered_stop_lies_behind_the_last_moment_it_was_seen() -> None:
    status = replace(FULL, gap_since=START + timedelta(milliseconds=1))
    line = shapes.status_lines(status, app_runs=True, zone=UTC)[5]
    assert "--at 2026-01-08T09:00:01+00:00”" in line


def test_a_reason_of_many_lines_is_told_on_one() -> None:
    status = replace(FULL, reason="HTTP 500: a\nb\x1b[0m")
    assert shapes.status_lines(status, app_runs=True)[3] == "HTTP 500: a b [0m"


def test_a_status_is_told_in_russian() -> None:
    i18n.use_language("ru")
    said = "\n".join(shapes.status_lines(FULL, app_runs=False, zone=UTC))
    assert said.startswith("Идёт 1:24 · Website – Front page\n")
    assert "Trayapp не запущен" in said
