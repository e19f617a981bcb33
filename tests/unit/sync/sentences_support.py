"""What the tests of the sentences share: a noon, a zone, and statuses to tell of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from trayapp.sync.status import EntryView, Link, SyncStatus
from trayapp.tracking.entry import TrackerState

ZONE = ZoneInfo("Asia/Yekaterinburg")
NOON = datetime(2026, 1, 8, 9, 4, tzinfo=UTC)  # 14:04 on a Thursday there
MINUTE = timedelta(minutes=1)

EMPTY = SyncStatus(as_of=NOON)
SENT = replace(EMPTY, last_delivery_at=NOON - MINUTE, link=Link.ONLINE)
WAITING = replace(
    EMPTY,
    pending=3,
    own_pending=3,
    link=Link.OFFLINE,
    waiting_since=NOON - 2 * MINUTE,
    next_attempt_at=NOON + MINUTE,
)


def entry(project: str = "Website", note: str = "", worked: timedelta = 84 * MINUTE) -> EntryView:
    return EntryView(id="e", project=project, note=note, started_at=NOON - worked, worked=worked)


def running(view: EntryView, status: SyncStatus = EMPTY) -> SyncStatus:
    return replace(status, tracker=TrackerState.RUNNING, entry=view)
