"""Statuses whose menus the tests look at, and eyes for a menu."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trayapp.desktop.menu import Action, Click, Item, Submenu, build_menu
from trayapp.sync.status import (
    AccountView,
    EntryView,
    LastCommand,
    Link,
    RecentView,
    SyncStatus,
)
from trayapp.tracking.entry import EventKind, TrackerState
from trayapp.tracking.totals import Totals

NOW = datetime(2026, 1, 8, 14, 0, tzinfo=UTC)
FRESH = SyncStatus(as_of=NOW)
LAST = LastCommand(event_id="e9", kind=EventKind.PAUSE, at=NOW - timedelta(minutes=5))
STOPPED = replace(
    FRESH,
    has_history=True,
    last_project="Website",
    last_note="front page",
    last_command=LAST,
    totals=Totals(today=timedelta(hours=3, minutes=5), week=timedelta(hours=21, minutes=40)),
)
RUNNING = replace(
    STOPPED,
    tracker=TrackerState.RUNNING,
    entry=EntryView(
        id="e1",
        project="Website",
        note="front page",
        started_at=NOW - timedelta(minutes=84),
        worked=timedelta(minutes=84),
    ),
)
PAUSED = replace(RUNNING, tracker=TrackerState.PAUSED)
WAITING = replace(
    RUNNING, pending=3, own_pending=3, waiting_since=NOW - timedelta(hours=1), link=Link.OFFLINE
)
FAILED = replace(WAITING, failed=1, own_failed=1)
RECENT = replace(
    RUNNING,
    recent=(
        RecentView(project="Shop", note=""),
        RecentView(project="Website", note="a_b & c"),
        RecentView(project="", note=""),
    ),
)
ACCOUNT = AccountView(kind="hubnity", url="https://hubnity.example/api/v1", user="anna@x.org")
SIGNED_IN = replace(RUNNING, account=ACCOUNT, signed_in=True, projects=("shop", "App", "Ёлка"))
SIGNED_OUT = replace(
    WAITING, account=ACCOUNT, signed_in=True, needs_sign_in=True, link=Link.SIGNED_OUT
)
ELSEWHERE = replace(WAITING, elsewhere=(("bob @ https://kimai.example", 3), ("", 1), ("eve", 0)))
GAP = replace(RUNNING, gap_since=datetime(2026, 1, 8, 13, 2, tzinfo=UTC))


def items_of(status: SyncStatus) -> list[Item]:
    return [row for row in build_menu(status, zone=UTC) if isinstance(row, Item)]


def list_of(status: SyncStatus, name: str) -> Submenu:
    rows = build_menu(status, zone=UTC)
    (found,) = (row for row in rows if isinstance(row, Submenu) and row.name == name)
    return found


def every_item(status: SyncStatus) -> list[Item]:
    lists = [row for row in build_menu(status, zone=UTC) if isinstance(row, Submenu)]
    below = [
        replace(item, enabled=row.enabled and item.enabled) for row in lists for item in row.rows
    ]
    return items_of(status) + below


def label_of(status: SyncStatus, action: Action) -> str:
    (label,) = (item.label for item in items_of(status) if item.action is action)
    return label


def offered_by(status: SyncStatus) -> set[Click]:
    return {item.action for item in every_item(status) if item.enabled and item.action is not None}
