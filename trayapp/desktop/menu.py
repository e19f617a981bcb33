"""The tray's menu as data: one status in, the rows of the menu out.

Pure: no toolkit, no clock, no I/O, so it runs on any thread. Rows keep their place: what makes no
sense now is disabled, not removed, for a menu that moves under the pointer gets the wrong click.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum

from trayapp.desktop.badge import IconKey, icon_key
from trayapp.i18n import _, pgettext
from trayapp.sync import sentences
from trayapp.sync.status import SyncStatus
from trayapp.tracking.entry import TrackerState

_LABEL_LENGTH = 60


class Action(StrEnum):
    """What a click on a row asks for."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    STOP_AT_GAP = "stop_at_gap"
    KEEP_RUNNING = "keep_running"
    RETRY_ALL = "retry_all"
    FAILED_TASKS = "failed_tasks"
    OPEN_LOG = "open_log"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Item:
    """A row with a text; without an action it only tells something."""

    label: str
    action: Action | None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Separator:
    """A line between two groups of rows."""


Row = Item | Separator


@dataclass(frozen=True, slots=True)
class TrayView:
    """All that the tray shows at one moment."""

    icon: IconKey
    title: str
    rows: tuple[Row, ...]

    def offers(self, action: Action) -> bool:
        """Whether a click on this action is meant: its row is there and enabled."""
        items = (row for row in self.rows if isinstance(row, Item))
        return any(item.enabled and item.action is action for item in items)


def tray_view(status: SyncStatus, *, zone: tzinfo | None = None) -> TrayView:
    """Icon, title and menu for one status; times are told in `zone` (None: the user's own)."""
    rows = build_menu(status, zone=zone)
    return TrayView(icon=icon_key(status), title=sentences.title(status), rows=rows)


def build_menu(status: SyncStatus, *, zone: tzinfo | None = None) -> tuple[Row, ...]:
    """The rows of the menu, from top to bottom; times are told in `zone` (None: the user's own)."""
    return (
        Item(sentences.tracker_line(status), None, enabled=False),
        *_gap_rows(status, zone),
        *_tracker_rows(status),
        Separator(),
        Item(sentences.sync_line(status, zone), None, enabled=False),
        Item(sentences.retry_label(status), Action.RETRY_ALL, _has_own_unsent(status)),
        Item(sentences.failed_label(status), Action.FAILED_TASKS, status.failed > 0),
        Separator(),
        Item(_("Open log"), Action.OPEN_LOG),
        Item(_("Quit"), Action.QUIT),
    )


def _gap_rows(status: SyncStatus, zone: tzinfo | None) -> tuple[Item, ...]:
    if status.gap_since is None:
        return ()
    time = sentences.clock_time(status.gap_since, zone, as_of=status.as_of)
    stop = Item(pgettext("menu", "Stop at {time}").format(time=time), Action.STOP_AT_GAP)
    return stop, Item(_("Keep running"), Action.KEEP_RUNNING)


def _tracker_rows(status: SyncStatus) -> tuple[Item, ...]:
    state = status.tracker
    return (
        Item(_start_label(status), Action.START, state is TrackerState.STOPPED),
        Item(pgettext("menu", "Pause"), Action.PAUSE, state is TrackerState.RUNNING),
        Item(pgettext("menu", "Resume"), Action.RESUME, state is TrackerState.PAUSED),
        Item(pgettext("menu", "Stop"), Action.STOP, state is not TrackerState.STOPPED),
    )


def _start_label(status: SyncStatus) -> str:
    parts = (sentences.one_line(status.last_project), sentences.one_line(status.last_note))
    name = " – ".join(part for part in parts if part)
    if not status.has_history or not name:
        return pgettext("menu", "Start")
    return _shortened(pgettext("menu", "Start: {name}").format(name=name))


def _has_own_unsent(status: SyncStatus) -> bool:
    return status.own_failed + status.own_pending > 0


def _shortened(label: str) -> str:
    """The middle gives way: the project begins a label, and the end of a note tells it apart."""
    if len(label) <= _LABEL_LENGTH:
        return label
    half = (_LABEL_LENGTH - 1) // 2
    return f"{label[: _LABEL_LENGTH - 1 - half].rstrip()}…{label[-half:].lstrip()}"
