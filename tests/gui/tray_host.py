"""A program with nothing but a tray in it; GTK and D-Bus belong to the desktop it is started on.

Reads one JSON command a line: {"show": scene}, {"restyle": true}, {"has_host": true},
{"stop": true}; ends when its input does. Prints "ready", "unavailable TEXT", "action NAME THREAD",
with the project and the note in JSON behind it where they are chosen, the event behind an undo,
"host BOOL", "has_host BOOL", "stopped", "end".
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trayapp.desktop.badge import IconStyle
from trayapp.desktop.menu import Choice, Click, TrayView, Undo, tray_view
from trayapp.desktop.stock_icon import StockIcon
from trayapp.desktop.system import System
from trayapp.desktop.tray import Tray, TrayIcon, TrayUnavailable
from trayapp.sync.status import (
    AccountView,
    ClockOffer,
    EntryView,
    LastCommand,
    Link,
    RecentView,
    SyncStatus,
)
from trayapp.tracking.entry import EventKind, TrackerState

APP_NAME = "Trayapp"
ICON_SIZE = 44
_ACCOUNT = AccountView(kind="hubnity", url="https://hubnity.example/api", user="anna@x.org")
_NOW = datetime(2026, 1, 8, 14, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A status in few words, made alike by the test and by the program it drives."""

    tracker: str = "stopped"
    minutes: int = 0
    note: str = "front page"
    pending: int = 0
    failed: int = 0
    delivered: bool = False
    offline: bool = False
    gap: bool = False
    clock_set: bool = False
    recent: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    signed_in: bool = False
    elsewhere: int = 0
    undo: str = ""

    def status(self) -> SyncStatus:
        """The whole status."""
        worked = timedelta(minutes=self.minutes)
        hour = timedelta(hours=1)
        offer = ClockOffer(
            entry_id="entry-1", step=hour, started_at=_NOW - hour, stopped_at=None, is_whole=True
        )
        entry = EntryView(
            id="entry-1",
            project="Website",
            note=self.note,
            started_at=_NOW - worked,
            worked=worked,
        )
        return SyncStatus(
            as_of=_NOW,
            tracker=TrackerState(self.tracker),
            entry=None if self.tracker == "stopped" else entry,
            last_project="Website",
            last_note=self.note,
            has_history=True,
            pending=self.pending,
            own_pending=self.pending,
            failed=self.failed,
            own_failed=self.failed,
            link=Link.OFFLINE if self.offline else Link.ONLINE,
            last_delivery_at=_NOW if self.delivered else None,
            gap_since=_NOW - timedelta(minutes=58) if self.gap else None,
            clock_offer=offer if self.clock_set else None,
            last_command=LastCommand(event_id=self.undo, kind=EventKind.PAUSE, at=_NOW)
            if self.undo
            else None,
            recent=tuple(RecentView(project="Shop", note=note) for note in self.recent),
            projects=tuple(self.projects),
            signed_in=self.signed_in,
            account=_ACCOUNT,
            elsewhere=(("bob @ https://kimai.example", self.elsewhere),) if self.elsewhere else (),
        )

    def view(self) -> TrayView:
        """What the tray is to show, in UTC."""
        return tray_view(self.status(), zone=UTC)


class StockTray(Tray):
    """A tray that takes pystray as it is, as on Windows."""

    def _open(self, system: System) -> TrayIcon:
        del system
        return StockIcon(self._app_name, draw=self._draw, clicked=self._clicked)


def _say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def _say_click(click: Click) -> None:
    thread = threading.current_thread().name
    if isinstance(click, Choice):
        _say("action", click.action.value, thread, json.dumps([click.project, click.note]))
    elif isinstance(click, Undo):
        _say("action", "undo", thread, click.event_id)
    else:
        _say("action", click.value, thread)


def main() -> None:
    logging.basicConfig(level=logging.INFO)
    kind = StockTray if "TRAY_HOST_STOCK" in os.environ else Tray
    tray = kind(
        post=_say_click,
        icon_size=ICON_SIZE,
        app_name=APP_NAME,
        on_host=lambda there: _say("host", str(there)),
    )
    tray.heed_jumps(lambda: _say("jump"))
    try:
        tray.start(Scene(**json.loads(sys.argv[1])).view())
    except TrayUnavailable as trouble:
        _say("unavailable", str(trouble))
    else:
        _say("ready")
    for line in sys.stdin:
        _obey(tray, json.loads(line))
    tray.stop()
    _say("end")


def _obey(tray: Tray, command: dict[str, dict[str, object]]) -> None:
    match command:
        case {"show": scene}:
            tray.show(Scene(**scene).view())  # type: ignore[arg-type]  # it was a Scene before
        case {"has_host": _}:
            _say("has_host", str(tray.has_host()))
        case {"restyle": _}:
            tray.restyle(IconStyle.SYMBOLIC)
        case {"stop": _}:
            tray.stop()
            _say("stopped")


if __name__ == "__main__":
    main()
