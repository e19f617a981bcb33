"""The tray's menu as data: one status in, the rows of the menu out.

Pure: no toolkit, no clock, no I/O, so it runs on any thread. Rows keep their place: what makes no
sense now is disabled, not removed, for a menu that moves under the pointer gets the wrong click.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import tzinfo
from enum import StrEnum
from urllib.parse import urlsplit

from trayapp.desktop.badge import IconKey, icon_key
from trayapp.desktop.icon_words import bar_words
from trayapp.i18n import _, ngettext, pgettext
from trayapp.light import dataclass
from trayapp.sync import clock_words, sentences
from trayapp.sync.correction_words import undo_label
from trayapp.sync.status import AccountView, SyncStatus
from trayapp.tracking.entry import TrackerState

_LABEL_LENGTH = 60
_MAX_PROJECTS = 20


class Action(StrEnum):
    """What a click on a row asks for."""

    START = "start"
    START_CHOSEN = "start_chosen"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    STOP_AT_GAP = "stop_at_gap"
    KEEP_RUNNING = "keep_running"
    CORRECT_TIMES = "correct_times"
    KEEP_TIMES = "keep_times"
    START_OTHER = "start_other"
    STARTED_AT = "started_at"
    STOPPED_AT = "stopped_at"
    RETRY_ALL = "retry_all"
    FAILED_TASKS = "failed_tasks"
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    SETTINGS = "settings"
    ABOUT = "about"
    OPEN_LOG = "open_log"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a click in a list asks for: an action, and what it is about."""

    action: Action
    project: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Undo:
    """What a click on the undo row asks for: that the command of this very event be taken back.

    So that a second click, made before the row has changed, takes nothing else back.
    """

    event_id: str


Click = Action | Choice | Undo
"""What is posted when a row is clicked."""


@dataclass(frozen=True, slots=True)
class Item:
    """A row with a text; without an action it only tells something."""

    label: str
    action: Click | None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Separator:
    """A line between two groups of rows."""


@dataclass(frozen=True, slots=True)
class Submenu:
    """A row that opens a list, never an empty one (panels hide those); `name` tells lists apart."""

    name: str
    label: str
    rows: tuple[Item, ...]
    enabled: bool = True


Row = Item | Separator | Submenu


@dataclass(frozen=True, slots=True)
class TrayView:
    """All that the tray shows at one moment."""

    icon: IconKey
    title: str
    rows: tuple[Row, ...]
    label: str = ""  # beside the icon, on systems that have room for it

    def offers(self, click: Click) -> bool:
        """Whether this click is meant: its row is there and enabled, and so is what holds it."""
        return any(item.enabled and item.action == click for item in _items(self.rows))


def _items(rows: tuple[Row, ...]) -> Iterator[Item]:
    """The items that can be reached."""
    for row in rows:
        if isinstance(row, Item):
            yield row
        elif isinstance(row, Submenu) and row.enabled:
            yield from row.rows


def tray_view(status: SyncStatus, *, zone: tzinfo | None = None) -> TrayView:
    """Icon, title and menu for one status; times are told in `zone` (None: the user's own)."""
    rows = build_menu(status, zone=zone)
    return TrayView(icon_key(status), sentences.title(status), rows, bar_words(status))


def build_menu(status: SyncStatus, *, zone: tzinfo | None = None) -> tuple[Row, ...]:
    """The rows of the menu, from top to bottom; times are told in `zone` (None: the user's own)."""
    return (
        Item(sentences.tracker_line(status), None, enabled=False),
        *_gap_rows(status, zone),
        *_offer_rows(status, zone),
        *_tracker_rows(status),
        Separator(),
        Item(pgettext("menu", "Start…"), Action.START_OTHER),
        _continue_row(status),
        *_project_rows(status),
        Separator(),
        *_correction_rows(status, zone),
        Item(sentences.totals_line(status), None, enabled=False),
        Separator(),
        # What waits elsewhere has rows of its own, beside the account.
        Item(sentences.sync_line(replace(status, elsewhere=()), zone), None, enabled=False),
        *_skew_rows(status),
        Item(sentences.retry_label(status), Action.RETRY_ALL, status.own_unsent > 0),
        Item(_failed_label(status), Action.FAILED_TASKS, status.failed > 0),
        Separator(),
        *_elsewhere_rows(status),
        *_account_rows(status),
        Separator(),
        Item(_("Settings…"), Action.SETTINGS),
        Item(_("About Trayapp"), Action.ABOUT),
        Item(_("Open log"), Action.OPEN_LOG),
        Item(_("Quit"), Action.QUIT),
    )


def _failed_label(status: SyncStatus) -> str:
    """With the dots of a row that opens a window."""
    label = sentences.failed_label(status)
    return f"{label}…" if status.failed else label


def _gap_rows(status: SyncStatus, zone: tzinfo | None) -> tuple[Item, ...]:
    if status.gap_since is None:
        return ()
    time = sentences.clock_time(status.gap_since, zone, as_of=status.as_of)
    stop = Item(pgettext("menu", "Stop at {time}").format(time=time), Action.STOP_AT_GAP)
    return stop, Item(_("Keep running"), Action.KEEP_RUNNING)


def _offer_rows(status: SyncStatus, zone: tzinfo | None) -> tuple[Item, ...]:
    offer = status.clock_offer
    if offer is None:
        return ()
    label = clock_words.offer_label(offer, zone, as_of=status.as_of)
    return (
        Item(clock_words.offer_line(offer.step), None, enabled=False),
        Item(label, Action.CORRECT_TIMES),
        Item(pgettext("menu", "Keep the times"), Action.KEEP_TIMES),
    )


def _skew_rows(status: SyncStatus) -> tuple[Item, ...]:
    if status.clock_skew is None:
        return ()
    return (Item(clock_words.skew_line(status.clock_skew), None, enabled=False),)


def _tracker_rows(status: SyncStatus) -> tuple[Item, ...]:
    state = status.tracker
    return (
        Item(_start_label(status), Action.START, state is TrackerState.STOPPED),
        Item(pgettext("menu", "Pause"), Action.PAUSE, state is TrackerState.RUNNING),
        Item(pgettext("menu", "Resume"), Action.RESUME, state is TrackerState.PAUSED),
        Item(pgettext("menu", "Stop"), Action.STOP, state is not TrackerState.STOPPED),
    )


def _start_label(status: SyncStatus) -> str:
    name = _name(status.last_project, status.last_note)
    if not status.has_history or not name:
        return pgettext("menu", "Start")
    return _shortened(pgettext("menu", "Start: {name}").format(name=name))


def _name(project: str, note: str) -> str:
    parts = (sentences.one_line(project), sentences.one_line(note))
    return " – ".join(part for part in parts if part)


def _continue_row(status: SyncStatus) -> Submenu:
    rows = tuple(
        Item(
            _shortened(_name(recent.project, recent.note) or _("Without project and note")),
            Choice(Action.START_CHOSEN, recent.project, recent.note),
        )
        for recent in status.recent
    )
    label = pgettext("menu", "Continue")
    if not rows:
        nothing = Item(_("Nothing else was tracked yet"), None, enabled=False)
        return Submenu("continue", label, (nothing,), enabled=False)
    return Submenu("continue", label, rows)


def _project_rows(status: SyncStatus) -> tuple[Submenu, ...]:
    named = ((sentences.one_line(project), project) for project in status.projects)
    known = sorted((pair for pair in named if pair[0]), key=lambda pair: pair[0].casefold())
    if not known:
        return ()
    rows = [
        Item(_shortened(label), Choice(Action.START_CHOSEN, project))
        for label, project in known[:_MAX_PROJECTS]
    ]
    if more := len(known) - len(rows):
        words = ngettext("{count} more…", "{count} more…", more)
        rows.append(Item(words.format(count=more), Action.START_OTHER))
    return (Submenu("projects", pgettext("menu", "Projects"), tuple(rows)),)


def _correction_rows(status: SyncStatus, zone: tzinfo | None) -> tuple[Item, ...]:
    last = status.last_command
    undo = Item(pgettext("menu", "Undo"), Undo(""), enabled=False)
    if last is not None:
        undo = Item(undo_label(last, zone, as_of=status.as_of), Undo(last.event_id))
    return (
        Item(pgettext("menu", "Started at…"), Action.STARTED_AT, status.has_history),
        Item(pgettext("menu", "Stopped at…"), Action.STOPPED_AT, status.has_history),
        undo,
    )


def _elsewhere_rows(status: SyncStatus) -> tuple[Item, ...]:
    return tuple(
        Item(_elsewhere_label(account, count), None, enabled=False)
        for account, count in status.elsewhere
        if count
    )


def _elsewhere_label(account: str, count: int) -> str:
    words = ngettext("{count} waits for {account}", "{count} wait for {account}", count)
    name = sentences.one_line(account) or _("another account")
    return _shortened(words.format(count=count, account=name))


def _account_rows(status: SyncStatus) -> tuple[Item, ...]:
    if not status.signed_in:
        return (Item(_("Sign in…"), Action.SIGN_IN),)
    account = Item(_shortened(_account_name(status.account)), None, enabled=False)
    again = (Item(_("Sign in again…"), Action.SIGN_IN),) if status.needs_sign_in else ()
    return account, *again, Item(_("Sign out…"), Action.SIGN_OUT)


def _account_name(account: AccountView) -> str:
    """Such as "anna@x.org · hubnity.example"."""
    place = sentences.one_line(_host(account.url) or account.url or account.kind)
    user = sentences.one_line(account.user)
    return f"{user} · {place}" if user else place


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:  # an address with half a bracket is shown as it was typed
        return ""


def _shortened(label: str) -> str:
    """The middle gives way: the project begins a label, and the end of a note tells it apart."""
    if len(label) <= _LABEL_LENGTH:
        return label
    half = (_LABEL_LENGTH - 1) // 2
    return f"{label[: _LABEL_LENGTH - 1 - half].rstrip()}…{label[-half:].lstrip()}"
