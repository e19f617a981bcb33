"""The menu as data: what each state offers, and what it says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest

from tests.unit.desktop.menus import (
    ELSEWHERE,
    FAILED,
    FRESH,
    GAP,
    LAST,
    PAUSED,
    RECENT,
    RUNNING,
    SIGNED_IN,
    SIGNED_OUT,
    STOPPED,
    WAITING,
    every_item,
    items_of,
    label_of,
    offered_by,
)
from trayapp import i18n
from trayapp.desktop.badge import icon_key
from trayapp.desktop.menu import (
    Action,
    Choice,
    Click,
    Item,
    Row,
    Separator,
    Submenu,
    Undo,
    build_menu,
    tray_view,
)
from trayapp.sync import sentences
from trayapp.sync.status import SyncStatus
from trayapp.tracking.entry import EventKind

STATES = [
    pytest.param(FRESH, id="fresh"),
    pytest.param(STOPPED, id="stopped"),
    pytest.param(RUNNING, id="running"),
    pytest.param(PAUSED, id="paused"),
    pytest.param(WAITING, id="waiting"),
    pytest.param(FAILED, id="failed"),
    pytest.param(GAP, id="after a gap"),
    pytest.param(RECENT, id="with recent entries"),
    pytest.param(SIGNED_IN, id="signed in"),
    pytest.param(SIGNED_OUT, id="signed out"),
    pytest.param(ELSEWHERE, id="waiting elsewhere"),
]
LANGUAGES = pytest.mark.parametrize("language", ["en", "ru"])

ALWAYS = {Action.START_OTHER, Action.SETTINGS, Action.ABOUT, Action.OPEN_LOG, Action.QUIT}
INSIDE = {*ALWAYS, Action.SIGN_IN}
CORRECTIONS: set[Click] = {Action.STARTED_AT, Action.STOPPED_AT, Undo("e9")}
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
_TEXT = "text"
_LINE = "line"
TRACKER_COMMANDS = (
    Action.START,
    Action.PAUSE,
    Action.RESUME,
    Action.STOP,
    Action.STOP_AT_GAP,
)
CLICKS = (Action.START, Action.PAUSE, Action.RESUME, Action.STOP)
TRACKER = (*CLICKS, _LINE, Action.START_OTHER, "continue")
CORRECTING = (_LINE, Action.STARTED_AT, Action.STOPPED_AT, "undo", _TEXT)
SYNC = (_LINE, _TEXT, Action.RETRY_ALL, Action.FAILED_TASKS, _LINE)
END = (_LINE, Action.SETTINGS, Action.ABOUT, Action.OPEN_LOG, Action.QUIT)
SHAPE = (_TEXT, *TRACKER, *CORRECTING, *SYNC, Action.SIGN_IN, *END)


def _kind(row: Row) -> str:
    match row:
        case Separator():
            return _LINE
        case Submenu(name=name):
            return name
        case Item(action=Action() as action):
            return action
        case Item(action=Undo()):
            return "undo"
    return _TEXT


@LANGUAGES
@pytest.mark.parametrize(
    ("status", "shape"),
    [
        *(
            pytest.param(status, SHAPE, id=name)
            for name, status in {
                "fresh": FRESH,
                "stopped": STOPPED,
                "running": RUNNING,
                "paused": PAUSED,
                "waiting": WAITING,
                "failed": FAILED,
                "recent": RECENT,
            }.items()
        ),
        pytest.param(
            GAP, (_TEXT, Action.STOP_AT_GAP, Action.KEEP_RUNNING, *SHAPE[1:]), id="after a gap"
        ),
        pytest.param(
            SIGNED_IN,
            (_TEXT, *TRACKER, "projects", *CORRECTING, *SYNC, _TEXT, Action.SIGN_OUT, *END),
            id="signed in",
        ),
        pytest.param(
            SIGNED_OUT,
            (_TEXT, *TRACKER, *CORRECTING, *SYNC, _TEXT, Action.SIGN_IN, Action.SIGN_OUT, *END),
            id="signed out",
        ),
        pytest.param(
            ELSEWHERE,
            (_TEXT, *TRACKER, *CORRECTING, *SYNC, _TEXT, _TEXT, Action.SIGN_IN, *END),
            id="waiting elsewhere",
        ),
    ],
)
def test_rows_keep_their_place_and_few_come_and_go(
    status: SyncStatus, shape: tuple[str, ...], language: str
) -> None:
    i18n.use_language(language)
    assert tuple(_kind(row) for row in build_menu(status, zone=UTC)) == shape


@LANGUAGES
@pytest.mark.parametrize(
    ("status", "offered"),
    [
        pytest.param(FRESH, {Action.START}, id="fresh"),
        pytest.param(STOPPED, {Action.START}, id="stopped"),
        pytest.param(RUNNING, {Action.PAUSE, Action.STOP}, id="running"),
        pytest.param(PAUSED, {Action.RESUME, Action.STOP}, id="paused"),
        pytest.param(WAITING, {Action.PAUSE, Action.STOP, Action.RETRY_ALL}, id="waiting"),
        pytest.param(
            FAILED,
            {Action.PAUSE, Action.STOP, Action.RETRY_ALL, Action.FAILED_TASKS},
            id="failed",
        ),
        pytest.param(
            GAP,
            {Action.PAUSE, Action.STOP, Action.STOP_AT_GAP, Action.KEEP_RUNNING},
            id="after a gap",
        ),
        pytest.param(
            replace(STOPPED, failed=2), {Action.START, Action.FAILED_TASKS}, id="others failed"
        ),
        pytest.param(
            replace(STOPPED, failed=2, own_failed=2),
            {Action.START, Action.FAILED_TASKS, Action.RETRY_ALL},
            id="only failed",
        ),
    ],
)
def test_a_state_offers_what_makes_sense_in_it(
    status: SyncStatus, offered: set[Action], language: str
) -> None:
    i18n.use_language(language)
    corrections = CORRECTIONS if status.has_history else set()
    assert offered_by(status) == offered | INSIDE | corrections


@pytest.mark.parametrize("status", STATES)
def test_a_russian_menu_is_russian_in_every_row(status: SyncStatus) -> None:
    i18n.use_language("ru")
    told = [item.label for item in items_of(status) if item.label != "anna@x.org · hubnity.example"]
    labels = told + [row.label for row in build_menu(status) if isinstance(row, Submenu)]
    assert [label for label in labels if not _CYRILLIC.search(label)] == []


def test_in_russian_the_commands_of_the_menu_are_verbs() -> None:
    i18n.use_language("ru")
    commands = {item.action: item.label for item in items_of(GAP)}
    assert {action: commands[action] for action in TRACKER_COMMANDS} == {
        Action.START: "Старт: Website – front page",
        Action.PAUSE: "Пауза",
        Action.RESUME: "Продолжить",
        Action.STOP: "Остановить",
        Action.STOP_AT_GAP: "Остановить в 13:02",
    }


@pytest.mark.parametrize("status", STATES)
def test_a_view_offers_exactly_its_enabled_rows(status: SyncStatus) -> None:
    view = tray_view(status, zone=UTC)
    choices = {Choice(Action.START_CHOSEN, name) for name in ("Shop", "shop", "App", "elsewhere")}
    asked: set[Click] = {item.action for item in every_item(status) if item.action is not None}
    asked |= choices | set(Action) | {Undo("e9"), Undo("e8")}
    assert {click for click in asked if view.offers(click)} == offered_by(status)


def test_a_choice_is_offered_for_its_own_note_only() -> None:
    view = tray_view(RECENT, zone=UTC)
    assert view.offers(Choice(Action.START_CHOSEN, "Website", "a_b & c"))
    assert not view.offers(Choice(Action.START_CHOSEN, "Website"))


def test_a_disabled_list_offers_nothing_of_what_it_holds() -> None:
    choice = Choice(Action.START_CHOSEN, "Shop")
    view = replace(
        tray_view(FRESH), rows=(Submenu("l", "List", (Item("Shop", choice),), enabled=False),)
    )
    assert not view.offers(choice)


@pytest.mark.parametrize("status", STATES)
def test_a_view_is_the_icon_the_title_and_the_menu_of_one_status(status: SyncStatus) -> None:
    view = tray_view(status, zone=UTC)
    assert view.icon == icon_key(status)
    assert view.title == sentences.title(status)
    assert view.rows == build_menu(status, zone=UTC)


@pytest.mark.parametrize("status", STATES)
def test_rows_without_an_action_tell_the_tracker_and_the_sync_and_are_disabled(
    status: SyncStatus,
) -> None:
    texts = [item for item in items_of(status) if item.action is None]
    assert texts[:3] == [
        Item(sentences.tracker_line(status), None, enabled=False),
        Item(sentences.totals_line(status), None, enabled=False),
        Item(sentences.sync_line(replace(status, elsewhere=()), UTC), None, enabled=False),
    ]
    assert not any(item.enabled for item in texts)


def test_the_running_menu_reads_as_written() -> None:
    assert [item.label for item in items_of(FAILED)] == [
        "Running 1:24 · Website – front page",
        "Start: Website – front page",
        "Pause",
        "Resume",
        "Stop",
        "Start…",
        "Started at…",
        "Stopped at…",
        "Undo: pause 13:55",
        "Today 3:05 · this week 21:40",
        sentences.sync_line(FAILED, UTC),
        "Retry all (1, 3 waiting)",
        "Failed tasks (1)…",
        "Sign in…",
        "Settings…",
        "About Trayapp",
        "Open log",
        "Quit",
    ]


@pytest.mark.parametrize(
    ("project", "note", "label"),
    [
        pytest.param("Website", "front page", "Start: Website – front page", id="both"),
        pytest.param("Website", "", "Start: Website", id="project"),
        pytest.param("", "front page", "Start: front page", id="note"),
        pytest.param("", "", "Start", id="neither"),
        pytest.param("{a}", "100 %s\n\x00b", "Start: {a} – 100 %s b", id="signs"),
    ],
)
def test_start_names_what_it_would_start(project: str, note: str, label: str) -> None:
    status = replace(STOPPED, last_project=project, last_note=note)
    assert label_of(status, Action.START) == label


def test_start_names_nothing_before_anything_was_tracked() -> None:
    status = replace(STOPPED, has_history=False)
    assert label_of(status, Action.START) == "Start"


def test_a_start_of_sixty_characters_is_shown_whole() -> None:
    note = "n" * (60 - len("Start: Website – "))
    assert label_of(replace(STOPPED, last_note=note), Action.START) == f"Start: Website – {note}"


def test_a_longer_start_loses_its_middle() -> None:
    status = replace(STOPPED, last_note=f"{'word ' * 40}the end")
    label = label_of(status, Action.START)
    assert len(label) <= 60
    assert label.startswith("Start: Website – word")
    assert "…" in label
    assert label.endswith("word the end")


def test_the_gap_is_told_in_the_users_zone() -> None:
    rows = build_menu(GAP, zone=timezone(timedelta(hours=6)))
    assert Item("Stop at 19:02", Action.STOP_AT_GAP) in rows
    assert Item("Keep running", Action.KEEP_RUNNING) in rows


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        pytest.param(EventKind.START, "Undo: start 13:55", id="start"),
        pytest.param(EventKind.STOP, "Undo: stop 13:55", id="stop"),
        pytest.param(EventKind.EDIT, "Undo: correction 13:55", id="edit"),
        pytest.param(EventKind.DELETE, "Undo: deletion 13:55", id="delete"),
    ],
)
def test_undo_names_what_it_takes_back(kind: EventKind, label: str) -> None:
    status = replace(STOPPED, last_command=replace(LAST, kind=kind))
    assert Item(label, Undo("e9")) in build_menu(status, zone=UTC)


def test_a_click_on_an_undo_that_was_done_is_not_meant() -> None:
    view = tray_view(STOPPED, zone=UTC)
    assert view.offers(Undo("e9"))
    assert not view.offers(Undo("e8"))
