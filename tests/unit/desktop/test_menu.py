"""The menu as data: what each state offers, and what it says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

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
    build_menu,
    tray_view,
)
from trayapp.sync import sentences
from trayapp.sync.status import AccountView, EntryView, Link, RecentView, SyncStatus
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

ALWAYS = {Action.OPEN_LOG, Action.QUIT}
INSIDE = {*ALWAYS, Action.SIGN_IN}
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
TRACKER = (Action.START, Action.PAUSE, Action.RESUME, Action.STOP, "continue")
SYNC = (_LINE, _TEXT, Action.RETRY_ALL, Action.FAILED_TASKS, _LINE)
END = (_LINE, Action.OPEN_LOG, Action.QUIT)
SHAPE = (_TEXT, *TRACKER, *SYNC, Action.SIGN_IN, *END)


def _kind(row: Row) -> str:
    match row:
        case Separator():
            return _LINE
        case Submenu(name=name):
            return name
        case Item(action=Action() as action):
            return action
    return _TEXT


def _items(status: SyncStatus) -> list[Item]:
    return [row for row in build_menu(status, zone=UTC) if isinstance(row, Item)]


def _list(status: SyncStatus, name: str) -> Submenu:
    rows = build_menu(status, zone=UTC)
    (found,) = (row for row in rows if isinstance(row, Submenu) and row.name == name)
    return found


def _every_item(status: SyncStatus) -> list[Item]:
    lists = [row for row in build_menu(status, zone=UTC) if isinstance(row, Submenu)]
    below = [
        replace(item, enabled=row.enabled and item.enabled) for row in lists for item in row.rows
    ]
    return _items(status) + below


def _label(status: SyncStatus, action: Action) -> str:
    (label,) = (item.label for item in _items(status) if item.action is action)
    return label


def _offered(status: SyncStatus) -> set[Click]:
    return {item.action for item in _every_item(status) if item.enabled and item.action is not None}


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
            (_TEXT, *TRACKER, "projects", *SYNC, _TEXT, Action.SIGN_OUT, *END),
            id="signed in",
        ),
        pytest.param(
            SIGNED_OUT,
            (_TEXT, *TRACKER, *SYNC, _TEXT, Action.SIGN_IN, Action.SIGN_OUT, *END),
            id="signed out",
        ),
        pytest.param(
            ELSEWHERE,
            (_TEXT, *TRACKER, *SYNC, _TEXT, _TEXT, Action.SIGN_IN, *END),
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
    assert _offered(status) == offered | INSIDE


@pytest.mark.parametrize("status", STATES)
def test_a_russian_menu_is_russian_in_every_row(status: SyncStatus) -> None:
    i18n.use_language("ru")
    told = [item.label for item in _items(status) if item.label != "anna@x.org · hubnity.example"]
    labels = told + [row.label for row in build_menu(status) if isinstance(row, Submenu)]
    assert [label for label in labels if not _CYRILLIC.search(label)] == []


def test_in_russian_the_commands_of_the_menu_are_verbs() -> None:
    i18n.use_language("ru")
    commands = {item.action: item.label for item in _items(GAP)}
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
    asked: set[Click] = {item.action for item in _every_item(status) if item.action is not None}
    asked |= choices | set(Action)
    assert {click for click in asked if view.offers(click)} == _offered(status)


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
    texts = [item for item in _items(status) if item.action is None]
    assert texts[:2] == [
        Item(sentences.tracker_line(status), None, enabled=False),
        Item(sentences.sync_line(replace(status, elsewhere=()), UTC), None, enabled=False),
    ]
    assert not any(item.enabled for item in texts)


def test_the_running_menu_reads_as_written() -> None:
    assert [item.label for item in _items(FAILED)] == [
        "Running 1:24 · Website – front page",
        "Start: Website – front page",
        "Pause",
        "Resume",
        "Stop",
        sentences.sync_line(FAILED, UTC),
        "Retry all (1, 3 waiting)",
        "Failed tasks (1)…",
        "Sign in…",
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


# -- lists ---------------------------------------------------------------------------------


def test_what_was_tracked_before_is_continued_with_one_click() -> None:
    assert _list(RECENT, "continue") == Submenu(
        "continue",
        "Continue",
        (
            Item("Shop", Choice(Action.START_CHOSEN, "Shop", "")),
            Item("Website – a_b & c", Choice(Action.START_CHOSEN, "Website", "a_b & c")),
            Item("Without project and note", Choice(Action.START_CHOSEN, "", "")),
        ),
    )


def test_with_nothing_to_continue_the_list_is_disabled_and_says_why() -> None:
    nothing = Item("Nothing else was tracked yet", None, enabled=False)
    assert _list(FRESH, "continue") == Submenu("continue", "Continue", (nothing,), enabled=False)


def test_projects_are_listed_by_name_and_start_without_a_note() -> None:
    assert _list(SIGNED_IN, "projects") == Submenu(
        "projects",
        "Start…",
        (
            Item("App", Choice(Action.START_CHOSEN, "App")),
            Item("shop", Choice(Action.START_CHOSEN, "shop")),
            Item("Ёлка", Choice(Action.START_CHOSEN, "Ёлка")),
        ),
    )


def test_a_server_whose_projects_have_no_readable_name_gives_no_list() -> None:
    names = [
        row.name
        for row in build_menu(replace(SIGNED_IN, projects=(" \n",)))
        if isinstance(row, Submenu)
    ]
    assert names == ["continue"]


@pytest.mark.parametrize(
    ("count", "last"),
    [
        pytest.param(20, Item("P019", Choice(Action.START_CHOSEN, "P019")), id="twenty"),
        pytest.param(21, Item("… and 1 more: trayapp start NAME", None, enabled=False), id="21"),
        pytest.param(
            500, Item("… and 480 more: trayapp start NAME", None, enabled=False), id="500"
        ),
    ],
)
def test_after_twenty_projects_the_rest_is_counted(count: int, last: Item) -> None:
    names = tuple(f"P{number:03}" for number in reversed(range(count)))
    rows = _list(replace(SIGNED_IN, projects=names), "projects").rows
    assert [row.label for row in rows[:20]] == [f"P{number:03}" for number in range(20)]
    assert (rows[-1], len(rows)) == (last, min(count, 21))


def test_a_long_name_is_shown_short_and_chosen_whole() -> None:
    project = f"{'word ' * 40}the\nend"
    (row,) = _list(replace(SIGNED_IN, projects=(project,)), "projects").rows
    assert row.action == Choice(Action.START_CHOSEN, project)
    assert len(row.label) <= 60
    assert row.label.endswith("the end")


# -- the account ---------------------------------------------------------------------------


def _after_the_tasks(status: SyncStatus) -> list[Item]:
    items = _items(status)
    (place,) = (number for number, item in enumerate(items) if item.action is Action.FAILED_TASKS)
    return items[place + 1 : -2]


def test_without_an_account_the_menu_offers_to_sign_in() -> None:
    assert _after_the_tasks(RUNNING) == [Item("Sign in…", Action.SIGN_IN)]


def test_with_an_account_the_menu_names_it_and_offers_to_sign_out() -> None:
    assert _after_the_tasks(SIGNED_IN) == [
        Item("anna@x.org · hubnity.example", None, enabled=False),
        Item("Sign out…", Action.SIGN_OUT),
    ]


def test_an_account_whose_session_ended_is_asked_to_sign_in_again() -> None:
    assert _after_the_tasks(SIGNED_OUT)[1:] == [
        Item("Sign in again…", Action.SIGN_IN),
        Item("Sign out…", Action.SIGN_OUT),
    ]


def test_what_waits_elsewhere_is_named_once_with_its_account() -> None:
    assert _after_the_tasks(ELSEWHERE) == [
        Item("3 wait for bob @ https://kimai.example", None, enabled=False),
        Item("1 waits for another account", None, enabled=False),
        Item("Sign in…", Action.SIGN_IN),
    ]
    labels = [item.label for item in _items(ELSEWHERE)]
    assert len([label for label in labels if "bob" in label]) == 1


def test_a_long_account_elsewhere_loses_its_middle() -> None:
    status = replace(RUNNING, elsewhere=((f"bob @ https://{'x' * 90}.example", 3),))
    label = _after_the_tasks(status)[0].label
    assert len(label) <= 60
    assert label.startswith("3 wait for bob @ https://x")
    assert label.endswith("x.example")


@pytest.mark.parametrize(
    ("account", "name"),
    [
        pytest.param(AccountView(kind="timetagger", url="", user="eve"), "eve · timetagger"),
        pytest.param(AccountView(kind="hubnity", url="http://[::1]:81/api", user=""), "[::1]:81"),
        pytest.param(
            AccountView(kind="hubnity", url="http://[half", user="eve"), "eve · http://[half"
        ),
        pytest.param(
            AccountView(kind="hubnity", url="https://a:b@h.example", user=""), "h.example"
        ),
    ],
    ids=["no address", "no user", "no real address", "a password in the address"],
)
def test_an_account_is_named_by_user_and_host(account: AccountView, name: str) -> None:
    assert _after_the_tasks(replace(SIGNED_IN, account=account))[0].label == name
