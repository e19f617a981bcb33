"""The menu as data: what each state offers, and what it says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from trayapp import i18n
from trayapp.desktop.badge import icon_key
from trayapp.desktop.menu import Action, Item, Row, Separator, build_menu, tray_view
from trayapp.sync import sentences
from trayapp.sync.status import EntryView, Link, SyncStatus
from trayapp.tracking.entry import TrackerState

NOW = datetime(2026, 1, 8, 14, 0, tzinfo=UTC)
FRESH = SyncStatus(as_of=NOW)
STOPPED = replace(FRESH, has_history=True, last_project="Website", last_note="front page")
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
GAP = replace(RUNNING, gap_since=datetime(2026, 1, 8, 13, 2, tzinfo=UTC))

STATES = [
    pytest.param(FRESH, id="fresh"),
    pytest.param(STOPPED, id="stopped"),
    pytest.param(RUNNING, id="running"),
    pytest.param(PAUSED, id="paused"),
    pytest.param(WAITING, id="waiting"),
    pytest.param(FAILED, id="failed"),
    pytest.param(GAP, id="after a gap"),
]
LANGUAGES = pytest.mark.parametrize("language", ["en", "ru"])

ALWAYS = {Action.OPEN_LOG, Action.QUIT}
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
_TEXT = "text"
_LINE = "line"
SHAPE = (
    _TEXT,
    Action.START,
    Action.PAUSE,
    Action.RESUME,
    Action.STOP,
    _LINE,
    _TEXT,
    Action.RETRY_ALL,
    Action.FAILED_TASKS,
    _LINE,
    Action.OPEN_LOG,
    Action.QUIT,
)
SHAPE_AFTER_A_GAP = (_TEXT, Action.STOP_AT_GAP, Action.KEEP_RUNNING, *SHAPE[1:])


def _kind(row: Row) -> str:
    if isinstance(row, Separator):
        return _LINE
    return row.action or _TEXT


def _items(status: SyncStatus) -> list[Item]:
    return [row for row in build_menu(status, zone=UTC) if isinstance(row, Item)]


def _label(status: SyncStatus, action: Action) -> str:
    (label,) = (item.label for item in _items(status) if item.action is action)
    return label


def _offered(status: SyncStatus) -> set[Action]:
    return {item.action for item in _items(status) if item.enabled and item.action is not None}


@LANGUAGES
@pytest.mark.parametrize("status", STATES)
def test_every_state_has_the_same_rows_and_only_a_gap_adds_two(
    status: SyncStatus, language: str
) -> None:
    i18n.use_language(language)
    shape = SHAPE_AFTER_A_GAP if status.gap_since else SHAPE
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
    assert _offered(status) == offered | ALWAYS


@pytest.mark.parametrize("status", STATES)
def test_a_russian_menu_is_russian_in_every_row(status: SyncStatus) -> None:
    i18n.use_language("ru")
    labels = [item.label for item in _items(status)]
    assert [label for label in labels if not _CYRILLIC.search(label)] == []


def test_in_russian_the_commands_of_the_menu_are_verbs() -> None:
    i18n.use_language("ru")
    commands = {item.action: item.label for item in _items(GAP)}
    assert {action: commands[action] for action in list(Action)[:5]} == {
        Action.START: "Старт: Website – front page",
        Action.PAUSE: "Пауза",
        Action.RESUME: "Продолжить",
        Action.STOP: "Остановить",
        Action.STOP_AT_GAP: "Остановить в 13:02",
    }


@pytest.mark.parametrize("status", STATES)
def test_a_view_offers_exactly_its_enabled_rows(status: SyncStatus) -> None:
    view = tray_view(status, zone=UTC)
    assert {action for action in Action if view.offers(action)} == _offered(status)


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
    texts = [item for item in _items(status) if item.action is None]
    assert texts == [
        Item(sentences.tracker_line(status), None, enabled=False),
        Item(sentences.sync_line(status, UTC), None, enabled=False),
    ]


def test_the_running_menu_reads_as_written() -> None:
    assert [item.label for item in _items(FAILED)] == [
        "Running 1:24 · Website – front page",
        "Start: Website – front page",
        "Pause",
        "Resume",
        "Stop",
        sentences.sync_line(FAILED, UTC),
        "Retry all (1, 3 waiting)",
        "Failed tasks (1)",
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
    assert _label(status, Action.START) == label


def test_start_names_nothing_before_anything_was_tracked() -> None:
    status = replace(STOPPED, has_history=False)
    assert _label(status, Action.START) == "Start"


def test_a_start_of_sixty_characters_is_shown_whole() -> None:
    note = "n" * (60 - len("Start: Website – "))
    assert _label(replace(STOPPED, last_note=note), Action.START) == f"Start: Website – {note}"


def test_a_longer_start_loses_its_middle() -> None:
    status = replace(STOPPED, last_note=f"{'word ' * 40}the end")
    label = _label(status, Action.START)
    assert len(label) <= 60
    assert label.startswith("Start: Website – word")
    assert "…" in label
    assert label.endswith("word the end")


def test_the_gap_is_told_in_the_users_zone() -> None:
    rows = build_menu(GAP, zone=timezone(timedelta(hours=6)))
    assert Item("Stop at 19:02", Action.STOP_AT_GAP) in rows
    assert Item("Keep running", Action.KEEP_RUNNING) in rows
